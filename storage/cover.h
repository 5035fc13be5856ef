/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * cover — what can be sworn to about the polls of one point in a window.
 *
 * Some usable polls are known to the millisecond: the edges of spans, brackets and gaps, and the
 * last one. Of those between only buckets tell how many they were and how far apart at most. So a
 * window whose edge cuts a bucket gets a lower bound of polls and an upper bound of the longest
 * distance; everything else is exact. Two usable polls further apart than `threshold_ms` have a
 * gap between them, always. Pure. Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/record.h"

struct cover {
	int64_t from; /* the window */
	int64_t to;
	int64_t first_at; /* first and last usable poll ever; 0 without one */
	int64_t last_at;
	int64_t known_to; /* after last_at, the time up to which no further poll is known not
			     to have been: the window's end but for a running monitor */
	int64_t threshold_ms; /* 2 x interval + time-out */
	const struct gap *gaps; /* of the view as a whole, by from_at; those that last end
				   at `to` or later */
	size_t gaps_len;
	const struct bucket
		*buckets; /* by from_at; those that touch the window, and the one
					 that follows */
	size_t buckets_len;
	int64_t filling_to; /* last poll that the filling bucket, the last one, has counted;
			       INT64_MAX where all are full */
	const int64_t *polls; /* known to the millisecond, ascending, each once */
	size_t polls_len;
};

struct cover_sum {
	uint64_t polls;
	bool polls_exact;
	int64_t covered_ms;
	int64_t largest_ms;
	int64_t largest_at;
};
struct cover_sum cover_sum(const struct cover *cover);

/* The longest distance that two usable polls around `at` can have. */
int64_t cover_within(const struct cover *cover, int64_t at);
