/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_point.h"
#include "storage/lookup_row.h"

struct coverage_call {
	const struct lookup_window *window;
	int64_t to;
	lookup_coverage_fn fn;
	void *owner;
};

/* Cuts gaps to the window and drops those outside. Returns how many are left. */
static size_t clip(struct gap *gaps, size_t len, int64_t from, int64_t to)
{
	size_t kept = 0;
	for (size_t i = 0; i < len; i++) {
		struct gap gap = gaps[i];
		gap.from_at = gap.from_at > from ? gap.from_at : from;
		gap.to_at = gap.to_at < to ? gap.to_at : to;
		/* Swapped, so that what is dropped still finds its owner. */
		if (gap.from_at >= gap.to_at)
			continue;
		gaps[i] = gaps[kept];
		gaps[kept++] = gap;
	}
	return kept;
}

/* An open beginning is the first poll, also one that failed: that is where the first gap begins.
 * Without either it is the first of anything. */
static int64_t beginning(const struct lookup_point *point, int64_t to)
{
	int64_t from = point->first_at != 0 ? point->first_at : point->seen_at;
	int64_t gap_at = 0;
	if (point->gaps_len > 1)
		gap_at = point->gaps[1].from_at; /* the first is that before anything */
	if (from == 0 || (gap_at != 0 && gap_at < from))
		from = gap_at;
	return from != 0 && from < to ? from : to;
}

static int on_point(void *owner, struct lookup_point *point)
{
	const struct coverage_call *call = owner;
	int64_t from = call->window->from;
	if (from == 0)
		from = beginning(point, call->to);
	else if (from > call->to)
		from = call->to;
	struct cover cover = lookup_cover(point, from, call->to);
	struct cover_sum sum = cover_sum(&cover);
	struct coverage coverage = {
		.view = point->view,
		.rrtype = point->rrtype,
		.from = from,
		.to = call->to,
		.polls = sum.polls,
		.polls_exact = sum.polls_exact,
		.covered_ms = sum.covered_ms,
		.largest_gap_ms = sum.largest_ms,
		.largest_gap_at = sum.largest_at,
		.gaps = point->gaps,
		.gaps_len = clip(point->gaps, point->gaps_len, from, call->to),
		.server_gaps = point->server_gaps,
		.server_gaps_len =
			clip(point->server_gaps, point->server_gaps_len, from, call->to),
		.interval_ms = point->interval_ms,
	};
	return call->fn(call->owner, &coverage);
}

int lookup_coverage(struct store *store, const struct lookup_window *window,
	lookup_coverage_fn fn, void *owner)
{
	int64_t to = lookup_window_end(window);
	struct coverage_call call = {
		.window = window, .to = to, .fn = fn, .owner = owner};
	const struct lookup_reach reach = {
		.domain = window->domain,
		.view = window->view,
		.rrtype = window->rrtype,
		.from = window->from != 0 ? window->from : 1,
		.to = to,
		.now = window->now != 0 ? window->now : to,
	};
	return lookup_each_point(store, &reach, on_point, &call);
}
