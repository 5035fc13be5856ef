/* SPDX-License-Identifier: MIT */
#include "storage/lookup_point.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/inside.h"
#include "storage/lookup_row.h"

/* A monitor that lives says so at each flush of its pulses; one that has not for so long is taken
 * for stuck. */
#define BEAT_ALLOWANCE_MS 120000

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The earlier of two instants, 0 being none. */
static int64_t earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* What is known of the monitor itself. */
struct run_state {
	bool any;
	bool alive;
	bool stopped;
	int64_t beat_at;
};

/* One number of the point, 0 for NULL or no row. */
static int ask(struct store *store, const char *sql, int64_t point, int64_t *ret_value)
{
	struct query query = query_begin(store, sql);
	query_int(&query, point);
	*ret_value = query_next(&query) ? query_column_int(&query, 0) : 0;
	return query_end(&query);
}

/* First and last usable poll. Gaps end at one, and the first span begins at one. */
static int read_life(struct store *store, struct lookup_point *point)
{
	int64_t span_first_at;
	int64_t span_last_at;
	int64_t gap_first_at;
	int64_t gap_last_at;
	int error = ask(store,
		"SELECT min(first_at) FROM span WHERE point = ?1 AND server = 0",
		point->number, &point->seen_at);
	if (error == 0)
		error = ask(store,
			"SELECT t.first_at" LOOKUP_OWN_SPANS
			" ORDER BY t.first_at LIMIT 1",
			point->number, &span_first_at);
	if (error == 0)
		error = ask(store,
			"SELECT max(t.first_at, t.last_at)" LOOKUP_OWN_SPANS
			" ORDER BY t.first_at DESC LIMIT 1",
			point->number, &span_last_at);
	if (error == 0)
		error = ask(store,
			"SELECT to_at FROM gap WHERE point = ?1 AND server = 0"
			" ORDER BY from_at LIMIT 1",
			point->number, &gap_first_at);
	if (error == 0)
		error = ask(store,
			"SELECT to_at FROM gap WHERE point = ?1 AND server = 0"
			" ORDER BY from_at DESC LIMIT 1",
			point->number, &gap_last_at);
	if (error == 0)
		error = lookup_read_pulse(store, point->number, &point->pulse);
	if (error < 0)
		return error;
	const struct pulse *pulse = &point->pulse;
	point->first_at = earlier(earlier(span_first_at, gap_first_at), pulse->last_at);
	point->last_at = later(later(span_last_at, gap_last_at), pulse->last_at);
	return 0;
}

static int compare_gaps(const void *a, const void *b)
{
	const struct gap *first = a;
	const struct gap *second = b;
	return (first->from_at > second->from_at) - (first->from_at < second->from_at);
}

static unsigned tail_reason(const struct lookup_point *point, const struct run_state *run)
{
	if (!point->watched)
		return GAP_UNWATCHED;
	if (run->alive)
		return GAP_OVERLOAD;
	return run->stopped ? GAP_STOPPED : GAP_CRASHED;
}

/* Where no row says so: nobody looked before the first poll, and perhaps not after the last. */
static int add_silences(const struct lookup_reach *reach, const struct run_state *run,
	struct lookup_point *point)
{
	int64_t begin_at = point->first_at;
	int64_t told_at = 0;
	for (size_t i = 0; i < point->gaps_len; i++) {
		begin_at = earlier(begin_at, point->gaps[i].from_at);
		told_at = later(told_at, point->gaps[i].to_at);
	}
	if (begin_at == 0 || begin_at > reach->to)
		begin_at = reach->to;
	int error = 0;
	if (begin_at > reach->from)
		error = lookup_add_gap(point,
			&(struct gap){.from_at = reach->from,
				.to_at = begin_at,
				.reason = GAP_UNWATCHED});
	int64_t now = later(reach->now, reach->to);
	int64_t known_to = run->alive && point->watched ? run->beat_at : now;
	point->known_to = known_to < reach->to ? known_to : reach->to;
	if (error < 0 || point->last_at == 0 || point->last_at >= reach->to ||
		told_at >= reach->to || known_to - point->last_at <= point->threshold_ms)
		return error;
	return lookup_add_gap(point,
		&(struct gap){.from_at = point->last_at,
			.to_at = now,
			.reason = tail_reason(point, run)});
}

static int load_point(struct store *store, const struct lookup_reach *reach,
	const struct run_state *run, struct lookup_point *point)
{
	int error = read_life(store, point);
	if (error == 0)
		error = lookup_read_gaps(store, reach, point);
	if (error == 0)
		error = lookup_read_buckets(store, reach, point);
	if (error == 0)
		error = lookup_read_polls(store, reach, point);
	if (error == 0)
		error = add_silences(reach, run, point);
	if (error == 0 && point->gaps_len > 1)
		qsort(point->gaps, point->gaps_len, sizeof *point->gaps, compare_gaps);
	return error;
}

static int read_run(struct store *store, int64_t now, struct run_state *ret_run)
{
	static const char get[] = "SELECT beat_at, stopped_at IS NOT NULL FROM run"
				  " ORDER BY number DESC LIMIT 1";
	struct run_state run = {0};
	struct query query = query_begin(store, get);
	if (query_next(&query)) {
		run.any = true;
		run.beat_at = query_column_int(&query, 0);
		run.stopped = query_column_int(&query, 1) != 0;
	}
	int error = query_end(&query);
	run.alive = run.any && !run.stopped && now - run.beat_at <= BEAT_ALLOWANCE_MS &&
		store_is_held(store->path, NULL);
	if (error == 0)
		*ret_run = run;
	return error;
}

/* One walk over the points of a domain. */
struct walk {
	struct store *store;
	const struct lookup_reach *reach;
	struct run_state run;
	lookup_point_fn fn;
	void *owner;
};

static int give_point(const struct walk *walk, const struct query *query)
{
	struct lookup_point point = {
		.number = query_column_int(query, 0),
		.domain = walk->reach->domain,
		.interval_ms = query_column_int(query, 2),
		.bucket_ms = query_column_int(query, 4),
		.watched = query_column_int(query, 5) != 0,
		.rrtype = lookup_rrtype(query, 6),
	};
	const char *view = query_column_text(query, 1);
	/* A point that was only imported has no interval. */
	if (point.interval_ms > 0)
		point.threshold_ms = 2 * point.interval_ms + query_column_int(query, 3);
	point.view = strdup(view != NULL ? view : "");
	int result = point.view != NULL
		? load_point(walk->store, walk->reach, &walk->run, &point)
		: -ENOMEM;
	if (result == 0)
		result = walk->fn(walk->owner, &point);
	lookup_finish_point(&point);
	return result;
}

static int give_points(const struct walk *walk)
{
	static const char get[] =
		"SELECT p.number, v.name, p.interval_ms, p.timeout_ms, p.bucket_ms,"
		" p.watched, p.rrtype FROM name n JOIN point p ON p.name = n.id"
		" JOIN view v ON v.id = p.view"
		" WHERE n.wire = ?1 AND (?2 IS NULL OR v.name = ?2)" LOOKUP_OF_TYPE(
			"?3") " ORDER BY v.name, p.rrtype";
	const struct lookup_reach *reach = walk->reach;
	struct query query = query_begin(walk->store, get);
	query_blob(&query, reach->domain, name_length(reach->domain));
	query_text(&query, reach->view);
	lookup_bind_type(&query, reach->rrtype);
	int result = 0;
	while (result == 0 && query_next(&query))
		result = give_point(walk, &query);
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int lookup_each_point(struct store *store, const struct lookup_reach *reach,
	lookup_point_fn fn, void *owner)
{
	struct walk walk = {.store = store, .reach = reach, .fn = fn, .owner = owner};
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, reach->domain, reach->rrtype);
	if (result == 0)
		result = read_run(store, reach->now, &walk.run);
	if (result == 0)
		result = give_points(&walk);
	return lookup_end(store, mine, result);
}

struct cover lookup_cover(const struct lookup_point *point, int64_t from, int64_t to)
{
	return (struct cover){
		.from = from,
		.to = to,
		.first_at = point->first_at,
		.last_at = point->last_at,
		.known_to = point->known_to,
		.threshold_ms =
			point->threshold_ms > 0 ? point->threshold_ms : INT64_MAX / 4,
		.gaps = point->gaps,
		.gaps_len = point->gaps_len,
		.buckets = point->buckets,
		.buckets_len = point->buckets_len,
		.filling_to = point->filling_to,
		.polls = point->polls,
		.polls_len = point->polls_len,
	};
}
