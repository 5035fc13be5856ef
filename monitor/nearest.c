/* SPDX-License-Identifier: MIT */
#include "monitor/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 48 /* bytes compared; longer words are cut */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment distance, three rows at a time. */
static size_t edits_between(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t a_len = strnlen(a, WORD_MAX);
	size_t b_len = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] && above2[j - 2] + 1 < row[j])
				row[j] = above2[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *nearest_word(
	const char *word, const char *const *candidates, size_t len, size_t *ret_edits)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < len; i++) {
		size_t edits = edits_between(word, candidates[i]);

		if (edits < least) {
			least = edits;
			nearest = candidates[i];
		}
	}
	if (nearest != NULL && ret_edits != NULL)
		*ret_edits = least;
	return nearest;
}
