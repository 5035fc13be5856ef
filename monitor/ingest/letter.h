/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * letter — the letters of an answer, plain: lower case, Latin ones without accents.
 *
 * Text is taken for UTF-8; where it is none, a byte from 0xC0 on is a letter of Latin-1. Letters
 * of Cyrillic are lowered. A character of Chinese or Japanese or a syllable of Korean stands
 * alone: those are written without blanks, and each is taken for a word. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

struct letter {
	size_t taken; /* bytes of the text, 1 at least */
	size_t len; /* of bytes, at most taken; 0 for what divides words */
	char bytes[4];
	bool is_word; /* by itself */
};

/* len: 1 at least. */
void letter_read(const char *text, size_t len, struct letter *ret_letter);
