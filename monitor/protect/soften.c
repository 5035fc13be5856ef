/* SPDX-License-Identifier: MIT */
#include "monitor/protect/soften.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 253 /* bytes of a name as it is written in a reply */

struct soften {
	struct soften_entry *entries; /* owned; by host, then domain */
	size_t len;
	char *texts; /* owned; what entries point into */
};

static int compare(const void *a, const void *b)
{
	const struct soften_entry *const one = a;
	const struct soften_entry *const other = b;
	const int order = strcmp(one->host, other->host);
	return order != 0 ? order : strcmp(one->domain, other->domain);
}

int soften_create(
	const struct soften_entry *entries, size_t len, struct soften **ret_soften)
{
	size_t bytes = 1;
	for (size_t i = 0; i < len; i++)
		bytes += strlen(entries[i].host) + strlen(entries[i].domain) + 2;
	struct soften *const soften = calloc(1, sizeof *soften);
	if (!soften)
		return -ENOMEM;
	soften->entries = calloc(len + 1, sizeof *entries);
	soften->texts = malloc(bytes);
	if (!soften->entries || !soften->texts) {
		soften_destroy(soften);
		return -ENOMEM;
	}
	char *end = soften->texts;
	for (size_t i = 0; i < len; i++) {
		soften->entries[i] = entries[i];
		soften->entries[i].host = end;
		end = stpcpy(end, entries[i].host) + 1;
		soften->entries[i].domain = end;
		end = stpcpy(end, entries[i].domain) + 1;
	}
	soften->len = len;
	qsort(soften->entries, len, sizeof *soften->entries, compare);
	*ret_soften = soften;
	return 0;
}

void soften_destroy(struct soften *soften)
{
	if (!soften)
		return;
	free(soften->entries);
	free(soften->texts);
	free(soften);
}

/* --- reading the key --- */

struct text {
	const char *at;
	size_t len;
};

static void skip(struct text *text, size_t len)
{
	text->at += len;
	text->len -= len;
}

static bool take(struct text *text, const char *words)
{
	const size_t len = strlen(words);
	if (text->len < len || memcmp(text->at, words, len) != 0)
		return false;
	skip(text, len);
	return true;
}

static size_t digits_at(const struct text *text)
{
	size_t len = 0;
	while (len < text->len && text->at[len] >= '0' && text->at[len] <= '9')
		len++;
	return len;
}

/* ".1" of "5.1.1": a dot and up to three digits. */
static bool take_number(struct text *text)
{
	if (!take(text, "."))
		return false;
	const size_t digits = digits_at(text);
	if (digits == 0 || digits > 3)
		return false;
	skip(text, digits);
	return true;
}

static bool take_status(struct text *text, char ret_status[SOFTEN_STATUS_MAX])
{
	const char *const start = text->at;
	if (!take(text, "5") || !take_number(text) || !take_number(text))
		return false;
	const size_t len = (size_t)(text->at - start);
	memcpy(ret_status, start, len);
	ret_status[0] = '4';
	ret_status[len] = '\0';
	return take(text, " ");
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

/* A name in lower case, without the dots at its end; "" for none. *ret_taken is what was read. */
static void read_name(
	const struct text *text, char ret_name[NAME_MAX_LEN + 1], size_t *ret_taken)
{
	size_t len = 0;
	while (len < text->len && is_name_byte(text->at[len]))
		len++;
	*ret_taken = len;
	while (len > 0 && text->at[len - 1] == '.')
		len--;
	if (len > NAME_MAX_LEN)
		len = 0;
	for (size_t i = 0; i < len; i++)
		ret_name[i] = (char)tolower((unsigned char)text->at[i]);
	ret_name[len] = '\0';
}

/* "host mx.example.net[192.0.2.1] said: ", and what is said behind it. */
static bool take_host(struct text *text, char ret_host[NAME_MAX_LEN + 1])
{
	size_t len;
	if (!take(text, "host "))
		return false;
	read_name(text, ret_host, &len);
	skip(text, len);
	if (*ret_host == '\0' || !take(text, "["))
		return false;
	const char *const end = memchr(text->at, ']', text->len);
	if (!end)
		return false;
	skip(text, (size_t)(end - text->at) + 1);
	if (take(text, ":"))
		skip(text, digits_at(text));
	return take(text, " said: ") || take(text, " refused to talk to me: ");
}

/* --- whom it was about --- */

/* Whether name is the other, or lies below it. */
static bool is_below(const char *name, const char *other)
{
	const size_t name_len = strlen(name);
	const size_t other_len = strlen(other);
	return name_len >= other_len && strcmp(name + name_len - other_len, other) == 0 &&
		(name_len == other_len || name[name_len - other_len - 1] == '.');
}

/* What the operator of the host says of itself: postmaster@example.net by mx.example.net. */
static bool is_its_own(const char *host, const char *domain)
{
	const char *last = strrchr(host, '.');
	while (last && last > host && last[-1] != '.')
		last--;
	return is_below(host, domain) || (last && is_below(domain, last));
}

static const struct soften_entry *first_of_host(
	const struct soften *soften, const char *host)
{
	size_t low = 0;
	size_t high = soften->len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (strcmp(soften->entries[middle].host, host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return soften->entries + low;
}

/* domain NULL: any, of an operator that takes nobody else's mail. */
static bool is_held(
	const struct soften *soften, const char *host, const char *domain, int64_t now)
{
	const struct soften_entry *const end = soften->entries + soften->len;
	for (const struct soften_entry *entry = first_of_host(soften, host);
		entry < end && strcmp(entry->host, host) == 0; entry++) {
		if (now >= entry->until_at)
			continue;
		if (domain ? strcmp(entry->domain, domain) == 0 : entry->alone)
			return true;
	}
	return false;
}

/* The first address in the reply is the recipient's, unless it is one of the operator's own. */
static bool is_of_held(
	const struct soften *soften, const char *host, struct text reply, int64_t now)
{
	const char *sign;
	while ((sign = memchr(reply.at, '@', reply.len)) != NULL) {
		const bool has_local =
			sign > reply.at && !isspace((unsigned char)sign[-1]);
		char domain[NAME_MAX_LEN + 1];
		size_t len;
		skip(&reply, (size_t)(sign - reply.at) + 1);
		read_name(&reply, domain, &len);
		if (!has_local || !strchr(domain, '.'))
			continue;
		if (is_held(soften, host, domain, now))
			return true;
		if (!is_its_own(host, domain))
			return false;
	}
	return is_held(soften, host, NULL, now);
}

bool soften_judge(const struct soften *soften, const char *key, size_t len, int64_t now,
	char ret_status[SOFTEN_STATUS_MAX])
{
	struct text text = {key, len};
	char status[SOFTEN_STATUS_MAX];
	char host[NAME_MAX_LEN + 1];
	if (soften->len == 0 || !take_status(&text, status) || !take_host(&text, host) ||
		!is_of_held(soften, host, text, now))
		return false;
	memcpy(ret_status, status, sizeof status);
	return true;
}
