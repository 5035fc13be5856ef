/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/dsnfield.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 40
#define VALUE_MAX_BYTES 2048

struct reader {
	struct dsn_message message;
	struct dsn_recipient recipient;
	bool ended; /* a blank line came after the recipient's fields */
	unsigned recipients;
	dsn_recipient_fn fn;
	void *owner;
};

static void copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

/* Skips "type;", which is a word. */
static const char *after_type(const char *value)
{
	size_t len = strspn(value,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	len += strspn(value + len, " ");
	if (len > 0 && value[len] == ';')
		value += len + 1;
	return value + strspn(value, " \t");
}

static bool is_type(const char *value, const char *type)
{
	size_t len = strlen(type);

	return strncasecmp(value, type, len) == 0 &&
		(value[len] == ';' || value[len] == ' ');
}

/* Appends a code point as UTF-8. NUL, control codes and surrogates are refused. */
static bool put_rune(char *to, size_t size, size_t *used, unsigned long rune)
{
	unsigned char bytes[4];
	size_t len = 0;

	if (rune < 0x20 || rune == 0x7f || rune > 0x10ffff ||
		(rune >= 0xd800 && rune < 0xe000))
		return false;
	if (rune < 0x80) {
		bytes[len++] = (unsigned char)rune;
	} else {
		int rest = rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
		static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
		bytes[len++] = (unsigned char)(lead[rest] | rune >> (6 * rest));
		while (rest-- > 0)
			bytes[len++] =
				(unsigned char)(0x80 | ((rune >> (6 * rest)) & 0x3f));
	}
	if (*used + len >= size)
		return false;
	memcpy(to + *used, bytes, len);
	*used += len;
	return true;
}

/* The escape at text: "\x{20AC}", or "+2B" where xtext is. Returns its length, or 0. */
static size_t read_escape(const char *text, bool xtext, unsigned long *ret_rune)
{
	size_t start = 0;
	size_t digits;

	if (strncmp(text, "\\x{", 3) == 0)
		start = 3;
	else if (xtext && text[0] == '+')
		start = 1;
	if (start == 0)
		return 0;
	digits = strspn(text + start, "0123456789ABCDEFabcdef");
	if (start == 3 && (digits < 2 || digits > 6 || text[3 + digits] != '}'))
		return 0;
	if (start == 1) {
		char pair[3] = {0};
		/* Capitals only (RFC 3461): user+ab@ is how people write sub-addresses. */
		if (digits < 2 || islower((unsigned char)text[1]) ||
			islower((unsigned char)text[2]))
			return 0;
		memcpy(pair, text + 1, 2);
		*ret_rune = strtoul(pair, NULL, 16);
		/* What needs no escape was not escaped. */
		return isalnum((int)*ret_rune) || *ret_rune >= 0x7f ? 0 : 3;
	}
	*ret_rune = strtoul(text + 3, NULL, 16);
	return digits + 4;
}

static bool is_address(const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0')
		return false;
	for (const char *c = at + 1; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-._[]:", *c) == NULL &&
			(unsigned char)*c < 0x80)
			return false;
	return true;
}

bool dsnfield_address(const char *value, char *address, size_t size)
{
	size_t used = 0;
	const char *open;

	address[0] = '\0';
	value = after_type(value);
	open = strchr(value, '<');
	if (open != NULL && strchr(open, '>') != NULL)
		value = open + 1;
	/* With an "@" written out the value is no xtext, whatever its "+" means. */
	bool xtext = strchr(value, '@') == NULL;
	bool quoted = false;
	while (*value != '\0' && *value != '>' &&
		(quoted || strchr(" ,;", *value) == NULL)) {
		unsigned long rune = 0;
		size_t escape = read_escape(value, xtext, &rune);
		quoted ^= *value == '"';
		if (escape > 0) {
			if (!put_rune(address, size, &used, rune))
				break;
			value += escape;
		} else if (used + 1 < size) {
			address[used++] = *value++;
		} else {
			used = 0;
			break;
		}
	}
	address[used] = '\0';
	if (!is_address(address))
		address[0] = '\0';
	return address[0] != '\0';
}

static bool is_ip(const char *text)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 ||
		inet_pton(AF_INET6, text, bytes) == 1;
}

/* The next word of host characters, cut to size. Returns what follows it. */
static const char *next_word(const char *text, char *word, size_t size)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
	size_t len;

	text += strcspn(text, chars);
	len = strspn(text, chars);
	snprintf(word, size, "%.*s", (int)len, text);
	for (size_t i = strlen(word); i > 0 && strchr(".:", word[i - 1]) != NULL; i--)
		word[i - 1] = '\0';
	return text + len;
}

static bool is_host(const char *text)
{
	const char *dot = strchr(text, '.');

	return dot != NULL && dot != text && strchr(text, ':') == NULL;
}

void dsnfield_host(
	const char *value, char *host, size_t host_size, char *ip, size_t ip_size)
{
	char word[REPORT_HOST_MAX];

	host[0] = '\0';
	ip[0] = '\0';
	value = after_type(value);
	for (int words = 0; *value != '\0' && words < 3; words++) {
		value = next_word(value, word, sizeof word);
		const char *bare = strncasecmp(word, "IPv6:", 5) == 0 ? word + 5 : word;
		if (is_ip(bare)) {
			if (ip[0] == '\0' && strlen(bare) < ip_size)
				copy(ip, ip_size, bare);
		} else if (host[0] == '\0' && words == 0 && is_host(word)) {
			copy(host, host_size, word);
		}
	}
	for (char *c = host; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static enum dsn_action read_action(const char *value)
{
	static const struct {
		const char *word;
		enum dsn_action action;
	} actions[] = {
		{"failed", DSN_ACTION_FAILED},
		{"failure", DSN_ACTION_FAILED},
		{"delayed", DSN_ACTION_DELAYED},
		{"delivered", DSN_ACTION_DELIVERED},
		{"relayed", DSN_ACTION_RELAYED},
		{"expanded", DSN_ACTION_EXPANDED},
	};

	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (strncasecmp(value, actions[i].word, strlen(actions[i].word)) == 0)
			return actions[i].action;
	return DSN_ACTION_NONE;
}

/* "5.1.1 (comment)", "#5.1.1": class 2, 4 or 5, and up to three digits twice. */
static void read_status(const char *value, char *status, size_t size)
{
	unsigned class, subject, detail;

	value += strcspn(value, "0123456789");
	if (sscanf(value, "%1u.%3u.%3u", &class, &subject, &detail) == 3 &&
		(class == 2 || class == 4 || class == 5))
		snprintf(status, size, "%u.%u.%u", class, subject, detail);
}

static void take_diagnostic(struct dsn_recipient *recipient, const char *value)
{
	if (recipient->text[0] != '\0')
		return;
	recipient->smtp = is_type(value, "smtp");
	copy(recipient->text, sizeof recipient->text, after_type(value));
}

static int flush(struct reader *reader)
{
	struct dsn_recipient *recipient = &reader->recipient;
	int rc = 0;

	if ((recipient->final[0] != '\0' || recipient->original[0] != '\0') &&
		reader->recipients < DSNFIELD_RECIPIENTS_MAX) {
		reader->recipients++;
		rc = reader->fn(reader->owner, &reader->message, recipient);
	}
	*recipient = (struct dsn_recipient){0};
	reader->ended = false;
	return rc;
}

static int take_address(struct reader *reader, const char *value, bool final)
{
	struct dsn_recipient *recipient = &reader->recipient;
	char address[REPORT_ADDRESS_MAX];
	int rc = 0;

	if (reader->ended || (final ? recipient->final : recipient->original)[0] != '\0')
		rc = flush(reader);
	if (rc == 0 && dsnfield_address(value, address, sizeof address))
		copy(final ? recipient->final : recipient->original, REPORT_ADDRESS_MAX,
			address);
	return rc;
}

static void take_message_field(
	struct dsn_message *message, const char *name, const char *value)
{
	char ip[48];

	if (strcasecmp(name, "Arrival-Date") == 0)
		copy(message->arrival, sizeof message->arrival, value);
	else if (strcasecmp(name, "X-Postfix-Queue-ID") == 0 ||
		(strcasecmp(name, "Original-Envelope-Id") == 0 && message->id[0] == '\0'))
		copy(message->id, sizeof message->id, value);
	else if (strcasecmp(name, "Reporting-MTA") == 0)
		dsnfield_host(value, message->reporter, sizeof message->reporter, ip,
			sizeof ip);
}

static int take_field(struct reader *reader, const char *name, const char *value)
{
	struct dsn_recipient *recipient = &reader->recipient;

	if (strcasecmp(name, "Final-Recipient") == 0)
		return take_address(reader, value, true);
	if (strcasecmp(name, "Original-Recipient") == 0)
		return take_address(reader, value, false);
	if (strcasecmp(name, "Action") == 0)
		recipient->action = read_action(value);
	else if (strcasecmp(name, "Status") == 0)
		read_status(value, recipient->status, sizeof recipient->status);
	else if (strcasecmp(name, "Remote-MTA") == 0)
		dsnfield_host(value, recipient->host, sizeof recipient->host,
			recipient->ip, sizeof recipient->ip);
	else if (strcasecmp(name, "Diagnostic-Code") == 0)
		take_diagnostic(recipient, value);
	else if (strcasecmp(name, "Last-Attempt-Date") == 0)
		copy(recipient->attempt, sizeof recipient->attempt, value);
	else
		take_message_field(&reader->message, name, value);
	return 0;
}

/* "Name: value" of the line and those that continue it. Returns whether it is a field. */
static bool split_field(const char *line, size_t len, char *name, char *value)
{
	size_t name_len = 0;
	size_t used = 0;

	while (name_len < len && name_len < NAME_MAX_BYTES &&
		(isalnum((unsigned char)line[name_len]) || line[name_len] == '-'))
		name_len++;
	size_t colon = name_len;
	while (colon < len && line[colon] == ' ')
		colon++;
	if (name_len == 0 || name_len == NAME_MAX_BYTES || colon == len ||
		line[colon] != ':')
		return false;
	memcpy(name, line, name_len);
	name[name_len] = '\0';
	for (size_t i = colon + 1; i < len && used + 1 < VALUE_MAX_BYTES; i++) {
		bool gap = line[i] == ' ' || line[i] == '\t' || line[i] == '\n';
		if (!gap)
			value[used++] = line[i];
		else if (used > 0 && value[used - 1] != ' ')
			value[used++] = ' ';
	}
	while (used > 0 && value[used - 1] == ' ')
		used--;
	value[used] = '\0';
	return true;
}

static size_t line_end(const char *text, size_t len, size_t at)
{
	const char *end = memchr(text + at, '\n', len - at);

	return end == NULL ? len : (size_t)(end - text) + 1;
}

int dsnfield_read(const char *text, size_t len, dsn_recipient_fn fn, void *owner)
{
	struct reader reader = {.fn = fn, .owner = owner};
	char name[NAME_MAX_BYTES + 1];
	char value[VALUE_MAX_BYTES];
	size_t end;

	for (size_t at = 0; at < len; at = end) {
		end = line_end(text, len, at);
		while (end < len && (text[end] == ' ' || text[end] == '\t'))
			end = line_end(text, len, end);
		int rc = 0;
		if (text[at] == '\n')
			reader.ended = reader.recipient.final[0] != '\0' ||
				reader.recipient.original[0] != '\0';
		else if (split_field(text + at, end - at, name, value))
			rc = take_field(&reader, name, value);
		if (rc != 0)
			return rc;
	}
	return flush(&reader);
}
