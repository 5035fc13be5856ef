/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/bounceline.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "monitor/ingest/dsnfield.h"

#define REPLY_REACH 2048 /* bytes of a notice in which a host is looked for */

bool bounceline_next(const char *text, size_t len, struct bounceline *line)
{
	size_t start = line->next;
	const char *end;

	if (start >= len)
		return false;
	end = memchr(text + start, '\n', len - start);
	size_t stop = end == NULL ? len : (size_t)(end - text);
	line->next = stop + 1;
	while (start < stop && isspace((unsigned char)text[start]))
		start++;
	while (stop > start && isspace((unsigned char)text[stop - 1]))
		stop--;
	line->text = text + start;
	line->len = stop - start;
	return true;
}

const char *bounceline_find(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	int first = tolower((unsigned char)word[0]);

	for (size_t i = 0; i + word_len <= len; i++)
		if (tolower((unsigned char)text[i]) == first &&
			strncasecmp(text + i, word, word_len) == 0)
			return text + i;
	return NULL;
}

static bool is_local_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
		(c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_domain_char(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '-' ||
		c == '.';
}

/* The address that begins exactly there; returns its length or 0. */
static size_t address_length(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && is_local_char(text[at]))
		at++;
	if (at == 0 || at == len || text[at] != '@')
		return 0;
	size_t domain = ++at;
	while (at < len && is_domain_char(text[at]))
		at++;
	while (at > domain && (text[at - 1] == '.' || text[at - 1] == '-'))
		at--;
	return at > domain ? at : 0;
}

static bool copy_address(const char *text, size_t len, char *address, size_t size)
{
	char whole[REPORT_ADDRESS_MAX];

	if (len >= sizeof whole || len >= size)
		return false;
	memcpy(whole, text, len);
	whole[len] = '\0';
	return dsnfield_address(whole, address, size);
}

static bool is_code(const char *text)
{
	return strchr("245", text[0]) != NULL && text[0] != '\0' &&
		isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[2]);
}

/* Closing marks, and an address that is there twice ("<mailto:...>"). */
static size_t skip_marks(const char *text, size_t len, size_t at)
{
	if (len - at > 8 && strncasecmp(text + at, "<mailto:", 8) == 0) {
		const char *end = memchr(text + at, '>', len - at);
		if (end != NULL)
			at = (size_t)(end - text) + 1;
	}
	while (at < len && strchr(">\"':. \t", text[at]) != NULL)
		at++;
	return at;
}

size_t bounceline_address(const char *text, size_t len, char *address, size_t size)
{
	size_t at = 0;

	while (at < len && strchr("*-\" \t", text[at]) != NULL)
		at++;
	if (len - at > 5 && is_code(text + at) && text[at + 3] == ' ' &&
		text[at + 4] == '<')
		at += 4;
	if (at < len && text[at] == '<')
		at++;
	size_t used = address_length(text + at, len - at);
	if (used == 0 || !copy_address(text + at, used, address, size))
		return 0;
	return skip_marks(text, len, at + used);
}

size_t bounceline_any_address(const char *text, size_t len, char *address, size_t size)
{
	for (size_t at = 0; at < len;) {
		size_t used = address_length(text + at, len - at);
		if (used > 0 && copy_address(text + at, used, address, size))
			return at + used;
		/* On to the next word. */
		while (at < len && is_local_char(text[at]))
			at++;
		at++;
	}
	return 0;
}

/* Whether what stands before may stand before a reply: "said: 550 ...", "error 550-'5.1.1". */
static bool opens_reply(const char *text, const char *at)
{
	if (at == text || strchr("'\"([", at[-1]) != NULL)
		return true;
	bool dashed = at[3] == '-' && (!isdigit((unsigned char)at[4]) || at[5] == '.');
	return at[-1] == ' ' &&
		(dashed || at - text < 2 || strchr(":.,)]>", at[-2]) != NULL);
}

const char *bounceline_reply(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (!is_code(at) || at[0] == '2' || strchr(" -", at[3]) == NULL ||
			at[3] == '\0')
			continue;
		/* "550 <a@b>...", "421-4.7.0", "554 no": but no number of days or bytes. */
		if (opens_reply(text, at) && at[1] <= '7')
			return at;
	}
	return NULL;
}

/* The word before mark: the start of "NAME [" or "NAME[". */
static const char *word_before(const char *text, const char *mark)
{
	while (mark > text && mark[-1] == ' ')
		mark--;
	while (mark > text && (is_domain_char(mark[-1]) || mark[-1] == '_'))
		mark--;
	return mark;
}

void bounceline_host(
	const char *text, char *host, size_t host_size, char *ip, size_t ip_size)
{
	size_t len = strnlen(text, REPLY_REACH);
	char piece[256];
	const char *reply = bounceline_reply(text);
	const char *from;
	const char *bracket;

	host[0] = '\0';
	ip[0] = '\0';
	if (reply != NULL && (size_t)(reply - text) < len)
		len = (size_t)(reply - text);
	bracket = memchr(text, '[', len);
	if (bracket != NULL)
		from = word_before(text, bracket);
	else if ((from = bounceline_find(text, len, "host: ")) != NULL)
		from += 6;
	else if ((from = bounceline_find(text, len, "Connected to ")) != NULL)
		from += 13;
	else if ((from = bounceline_find(text, len, " does not like ")) != NULL)
		from = word_before(text, from);
	if (from == NULL)
		return;
	snprintf(piece, sizeof piece, "%.*s", (int)strcspn(from, "]\n"), from);
	dsnfield_host(piece, host, host_size, ip, ip_size);
}
