/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * span — a piece of somebody else's bytes, and taking it apart from the front.
 *
 * Never owns, never looks outside; NULs are bytes like others. The take functions move the span
 * only where they return true. The smallest are inline: with a literal they are a compare of
 * words, and a log of a million lines asks some ten million times. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *at; /* borrowed */
	size_t len;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

/* len at most span.len. */
static inline struct span span_head(struct span span, size_t len)
{
	return (struct span){span.at, len};
}

/* at at most span.len. */
static inline struct span span_from(struct span span, size_t at)
{
	return (struct span){span.at + at, span.len - at};
}

static inline bool span_starts(struct span span, struct span prefix)
{
	return span.len >= prefix.len && memcmp(span.at, prefix.at, prefix.len) == 0;
}

static inline bool span_is(struct span span, struct span other)
{
	return span.len == other.len &&
		(span.len == 0 || memcmp(span.at, other.at, span.len) == 0);
}

static inline bool span_take(struct span *span, struct span prefix)
{
	if (!span_starts(*span, prefix))
		return false;
	*span = span_from(*span, prefix.len);
	return true;
}

static inline bool span_ends(struct span span, struct span suffix)
{
	return span.len >= suffix.len &&
		memcmp(span.at + span.len - suffix.len, suffix.at, suffix.len) == 0;
}

/* Exactly count digits. */
static inline bool span_take_digits(struct span *span, size_t count, int *ret_value)
{
	int value = 0;
	if (span->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (span->at[i] < '0' || span->at[i] > '9')
			return false;
		value = value * 10 + (span->at[i] - '0');
	}
	*ret_value = value;
	*span = span_from(*span, count);
	return true;
}

struct span span_of(const char *text);
bool span_is_nocase(struct span span, struct span other);
/* Where mark first, or last, begins; span.len where it does not occur. */
size_t span_find(struct span span, struct span mark);
size_t span_find_last(struct span span, struct span mark);
struct span span_trim(struct span span); /* blanks at both ends */

/* Takes what stands before the first mark, and the mark. */
bool span_take_before(struct span *span, struct span mark, struct span *ret_before);
/* Takes up to the first blank, or all; blanks after it too. False where the span is empty. */
bool span_take_word(struct span *span, struct span *ret_word);
/* As many digits as there are, at most 18. */
bool span_take_number(struct span *span, uint64_t *ret_value);
/* What stands in `<...>`, where the span begins with it: a quoted local part may hold any byte. */
bool span_take_angle(struct span *span, struct span *ret_inside);

/* Copies, cut to size - 1 bytes, with spaces for NULs. size is at least 1. */
void span_copy(struct span span, char *ret_text, size_t size);
void span_copy_lower(struct span span, char *ret_text, size_t size);
