/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/span.h"

#include <strings.h>

struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

bool span_is_nocase(struct span span, struct span other)
{
	return span.len == other.len &&
		(span.len == 0 || strncasecmp(span.at, other.at, span.len) == 0);
}

size_t span_find(struct span span, struct span mark)
{
	if (span.len == 0)
		return 0;
	const char *found = memmem(span.at, span.len, mark.at, mark.len);
	return found != NULL ? (size_t)(found - span.at) : span.len;
}

size_t span_find_last(struct span span, struct span mark)
{
	for (size_t at = span.len - (span.len < mark.len ? span.len : mark.len) + 1;
		at-- > 0;)
		if (span_starts(span_from(span, at), mark))
			return at;
	return span.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && is_blank(*span.at))
		span = span_from(span, 1);
	while (span.len > 0 && is_blank(span.at[span.len - 1]))
		span.len--;
	return span;
}

bool span_take_before(struct span *span, struct span mark, struct span *ret_before)
{
	const size_t at = span_find(*span, mark);
	if (at == span->len)
		return false;
	*ret_before = span_head(*span, at);
	*span = span_from(*span, at + mark.len);
	return true;
}

bool span_take_word(struct span *span, struct span *ret_word)
{
	size_t end = 0;
	while (end < span->len && !is_blank(span->at[end]))
		end++;
	if (end == 0)
		return false;
	*ret_word = span_head(*span, end);
	while (end < span->len && is_blank(span->at[end]))
		end++;
	*span = span_from(*span, end);
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool span_take_number(struct span *span, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t digits = 0;
	while (digits < span->len && is_digit(span->at[digits])) {
		if (digits == 18)
			return false;
		value = value * 10 + (uint64_t)(span->at[digits++] - '0');
	}
	if (digits == 0)
		return false;
	*ret_value = value;
	*span = span_from(*span, digits);
	return true;
}

/* Behind a quoted string that begins at `at`, or at where it is none or has no end. */
static size_t quoted_end(struct span span, size_t at)
{
	if (at >= span.len || span.at[at] != '"')
		return at;
	for (size_t i = at + 1; i < span.len; i++) {
		if (span.at[i] == '\\')
			i++;
		else if (span.at[i] == '"')
			return i + 1;
	}
	return at;
}

bool span_take_angle(struct span *span, struct span *ret_inside)
{
	if (span->len < 2 || *span->at != '<')
		return false;
	const size_t from = quoted_end(*span, 1);
	const char *close = memchr(span->at + from, '>', span->len - from);
	if (close == NULL)
		return false;
	const size_t end = (size_t)(close - span->at);
	*ret_inside = (struct span){span->at + 1, end - 1};
	*span = span_from(*span, end + 1);
	return true;
}

void span_copy(struct span span, char *ret_text, size_t size)
{
	const size_t len = span.len < size ? span.len : size - 1;
	if (len > 0)
		memcpy(ret_text, span.at, len);
	ret_text[len] = '\0';
	for (char *nul = memchr(ret_text, '\0', len); nul != NULL;
		nul = memchr(nul, '\0', len - (size_t)(nul - ret_text)))
		*nul = ' ';
}

void span_copy_lower(struct span span, char *ret_text, size_t size)
{
	const size_t len = span.len < size ? span.len : size - 1;
	span_copy(span, ret_text, size);
	/* Without a branch, so that many are done at once. */
	for (size_t i = 0; i < len; i++)
		ret_text[i] = (char)(ret_text[i] +
			(ret_text[i] >= 'A' && ret_text[i] <= 'Z' ? 'a' - 'A' : 0));
}
