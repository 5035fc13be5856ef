/* SPDX-License-Identifier: MIT */
#include "tests/storage/reading.h"

#include "storage/ledger.h"
#include "storage/watchlist.h"
#include "tests/storage/fixture.h"

static int ignore_span(void *owner, const struct span *span)
{
	(void)owner;
	(void)span;
	return 0;
}

static int ignore_gap(void *owner, const struct gap *gap)
{
	(void)owner;
	(void)gap;
	return 0;
}

static int ignore_change(void *owner, const struct change *change)
{
	(void)owner;
	(void)change;
	return 0;
}

static int ignore_suspicion(void *owner, const struct suspicion *suspicion)
{
	(void)owner;
	(void)suspicion;
	return 0;
}

static int ignore_coverage(void *owner, const struct coverage *coverage)
{
	(void)owner;
	(void)coverage;
	return 0;
}

static int ignore_instant(void *owner, const struct lookup_instant *instant)
{
	(void)owner;
	(void)instant;
	return 0;
}

static int ignore_bucket(
	void *owner, const uint8_t *domain, const char *view, const struct bucket *bucket)
{
	(void)owner;
	(void)domain;
	(void)view;
	(void)bucket;
	return 0;
}

static int ignore_point(void *owner, const struct point *point, const struct pulse *pulse,
	const struct span *span, int64_t unwatched_at)
{
	(void)owner;
	(void)point;
	(void)pulse;
	(void)span;
	(void)unwatched_at;
	return 0;
}

static int ignore_server_span(void *owner, int64_t point, const struct span *span)
{
	(void)point;
	return ignore_span(owner, span);
}

static int ignore_open_gap(void *owner, int64_t point, const struct gap *gap)
{
	(void)point;
	return ignore_gap(owner, gap);
}

static int ignore_watched(void *owner, const struct watched *watched)
{
	(void)owner;
	(void)watched;
	return 0;
}

/* Reads everything there is; returns whether all of it could be read. */
bool reading_everything(struct store *store)
{
	const struct lookup_window all = {.now = T0 + 3 * HOUR};
	const struct lookup_window one = {
		.domain = wire("a.example"), .now = T0 + 3 * HOUR};
	const struct lookup_resume resume = {.on_point = ignore_point,
		.on_server_span = ignore_server_span,
		.on_gap = ignore_open_gap};
	struct lookup_totals totals;
	struct run_end end;
	int failed = 0;
	failed += lookup_spans(store, &all, ignore_span, NULL) != 0;
	failed += lookup_spans(store, &one, ignore_span, NULL) != 0;
	failed += lookup_gaps(store, &all, ignore_gap, NULL) != 0;
	failed += lookup_changes(store, &all, ignore_change, NULL) != 0;
	failed += lookup_suspicions(store, &all, ignore_suspicion, NULL) != 0;
	failed += lookup_coverage(store, &one, ignore_coverage, NULL) != 0;
	failed += lookup_at(store,
			  &(struct lookup_window){
				  .domain = one.domain, .view = NULL, .now = T0 + HOUR},
			  T0 + SECOND, ignore_instant, NULL) != 0;
	failed += lookup_buckets(store, &all, ignore_bucket, NULL) != 0;
	failed += lookup_resume(store, &resume) != 0;
	failed += lookup_totals(store, &totals) != 0;
	failed += lookup_last_run(store, &end) != 0;
	failed += watchlist_each(store, ignore_watched, NULL) != 0;
	return failed == 0;
}

bool reading_holds(struct store *store)
{
	struct ledger_verdict verdict;
	int error = ledger_verify(store, 0, 0, NULL, NULL, &verdict);
	return error == 0 && verdict.holds;
}
