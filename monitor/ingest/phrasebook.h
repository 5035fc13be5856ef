/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * phrasebook — many phrases, looked for in one pass over an answer's words.
 *
 * A phrase is words with a blank between: `a|b` stands for either word, `[a b|c]` may be
 * missing, and `..` and `...` stand for up to PHRASEBOOK_SMALL_GAP and PHRASEBOOK_GAP other
 * words. Words are letters and digits as reply_text leaves them; characters that are words by
 * themselves (monitor/ingest/letter.h) need no blanks between. All phrases share one tree of
 * words, so that a text costs its length times the longest phrase, whatever it holds. Immutable
 * while it is matched; then any thread.
 */
#include <stddef.h>
#include <stdint.h>

struct phrasebook;
struct reply_text;

#define PHRASEBOOK_GAP 8
#define PHRASEBOOK_SMALL_GAP 3
#define PHRASEBOOK_MARKS_MAX 2048 /* marks are below this */

/* Returns NULL without memory; free with phrasebook_destroy(). */
struct phrasebook *phrasebook_create(void);
void phrasebook_destroy(struct phrasebook *book);

/* Returns 0, -ENOMEM, or -EINVAL for what is no phrase: then *ret_expected says what one is. */
int phrasebook_add(struct phrasebook *book, const char *phrase, uint16_t mark,
	const char **ret_expected) __attribute__((warn_unused_result));

/* Sets ret_marks[mark] to 1 for each phrase that the text has; others are left alone. */
void phrasebook_match(const struct phrasebook *book, const struct reply_text *text,
	uint8_t ret_marks[PHRASEBOOK_MARKS_MAX]);
