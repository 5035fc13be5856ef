/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * describe — the nouns of the history in words and figures for people.
 * All texts made here are safe for a terminal. No I/O but to `out`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "resolvers/name.h"

struct answer_value;
struct coverage;
struct operators;

#define DESCRIBE_TEXT_MAX 48

/* "2023-08-29 10:12:09.123"; "-" for 0. */
char *describe_instant(int64_t at, char ret_text[DESCRIBE_TEXT_MAX]);
/* "250 ms", "3.4 s", "11 s", "12 min", "5 h 3 min", "3 d 4 h". */
char *describe_duration(int64_t ms, char ret_text[DESCRIBE_TEXT_MAX]);
/* "4,137". */
char *describe_count(uint64_t count, char ret_text[DESCRIBE_TEXT_MAX]);

/* The A-label, and where it has one and utf8 allows, the U-label: "xn--mnchen-3ya.de
 * (muenchen.de)". Blanks are tabs, for table_wrap. */
#define DESCRIBE_NAME_MAX (2 * NAME_TEXT_MAX + 4)
char *describe_name(const uint8_t *name, bool utf8, char ret_text[DESCRIBE_NAME_MAX]);

/* "10 mx00.ionos.de, 10 mx01.ionos.de [IONOS]", or the answer's name; for table_wrap.
 * Without operators where they are NULL. Returned; free with free(). NULL when there is no
 * memory. */
char *describe_answer(struct operators *operators, uint16_t rrtype,
	const struct answer_value *answer, bool utf8);

/* What the history can swear to, as a sentence and a list of gaps. */
void describe_coverage(const struct coverage *coverage, FILE *out);
