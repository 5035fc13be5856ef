/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * nearest — which known word somebody may have meant. Pure.
 */
#include <stddef.h>

/* The candidate that takes the fewest insertions, deletions, replacements and swaps of
 * neighbours to get from word, the first of several; NULL where there is none. *ret_edits
 * (NULL allowed) is their number. */
const char *nearest_word(
	const char *word, const char *const *candidates, size_t len, size_t *ret_edits);
