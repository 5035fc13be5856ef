/* SPDX-License-Identifier: MIT */
/* What the views said at an instant. */
#include <errno.h>

#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_point.h"
#include "storage/lookup_row.h"
#include "storage/pulse.h"

struct instant_call {
	struct store *store;
	int64_t at;
	int64_t now;
	lookup_instant_fn fn;
	void *owner;
};

#define SPANS_OF_POINT                                                                   \
	"SELECT " LOOKUP_SPAN_COLUMNS                                                    \
	" FROM span t" LOOKUP_PLACE_JOINS LOOKUP_SPAN_JOINS " WHERE t.point = ?1"

/* A span beside the instant; its query stays open so that its names live. */
struct neighbour {
	struct query query;
	struct lookup_span row;
	bool found;
};

static int open_neighbour(struct store *store, const char *sql,
	const struct lookup_point *point, int64_t at, struct neighbour *neighbour)
{
	neighbour->query = query_begin(store, sql);
	query_int(&neighbour->query, point->number);
	query_int(&neighbour->query, at);
	neighbour->found = query_next(&neighbour->query);
	if (!neighbour->found)
		return neighbour->query.error;
	int error = lookup_read_span(&neighbour->query, 0, &neighbour->row);
	if (error == 0 && neighbour->row.span.open)
		pulse_overlay(&point->pulse, &neighbour->row.span);
	return error;
}

static int close_neighbour(struct neighbour *neighbour)
{
	lookup_finish_span(&neighbour->row);
	return query_end(&neighbour->query);
}

/* Edges of a gap may be polls themselves: it lies between them. */
static const struct gap *gap_over(struct lookup_point *point, int64_t at, int64_t now)
{
	for (size_t i = 0; i < point->gaps_len; i++) {
		struct gap *gap = &point->gaps[i];
		if (gap->from_at >= at || gap->to_at <= at)
			continue;
		if (gap->to_at >= now)
			gap->to_at = 0; /* it lasts */
		return gap;
	}
	return NULL;
}

/* The known polls next to the instant. */
static void find_polls(const struct lookup_point *point, struct lookup_instant *instant)
{
	for (size_t i = 0; i < point->polls_len; i++) {
		if (point->polls[i] <= instant->at)
			instant->poll_before_at = point->polls[i];
		else if (instant->poll_after_at == 0)
			instant->poll_after_at = point->polls[i];
	}
}

/* How exactly the instant is known. Nothing that was imported says when anybody looked. */
static void judge(const struct lookup_point *point, const struct gap *gap,
	struct lookup_instant *instant)
{
	instant->gap = gap;
	const struct span *before = instant->before;
	bool inside = before != NULL && instant->at <= before->last_at;
	if (point->first_at == 0 || (before != NULL && before->imported)) {
		instant->within_ms = inside ? before->last_at - before->first_at : 0;
		return;
	}
	find_polls(point, instant);
	instant->exact = !inside || gap != NULL || instant->poll_before_at == instant->at;
	struct cover cover = lookup_cover(point, instant->at, instant->at + 1);
	instant->within_ms = instant->exact ? 0 : cover_within(&cover, instant->at);
	int64_t length_ms = inside ? before->last_at - before->first_at : 0;
	if (instant->within_ms > length_ms)
		instant->within_ms = length_ms;
}

static int give_view(const struct instant_call *call, struct lookup_point *point)
{
	static const char get_before[] =
		SPANS_OF_POINT " AND t.server = 0 AND t.first_at <= ?2"
			       " ORDER BY t.first_at DESC, t.number DESC LIMIT 1";
	static const char get_after[] = SPANS_OF_POINT
		" AND t.server = 0 AND t.first_at > ?2 ORDER BY t.first_at LIMIT 1";
	struct neighbour before = {0};
	struct neighbour after = {0};
	struct lookup_instant instant = {
		.view = point->view, .rrtype = point->rrtype, .at = call->at};
	int result = open_neighbour(call->store, get_before, point, call->at, &before);
	if (result == 0)
		result = open_neighbour(call->store, get_after, point, call->at, &after);
	if (result == 0 && before.found) {
		bool inside = call->at <= before.row.span.last_at;
		instant.known = true;
		instant.before = &before.row.span;
		instant.after = after.found && !inside ? &after.row.span : NULL;
		judge(point, gap_over(point, call->at, call->now), &instant);
	}
	if (result == 0)
		result = call->fn(call->owner, &instant);
	int error_before = close_neighbour(&before);
	int error_after = close_neighbour(&after);
	if (result == 0)
		result = error_before < 0 ? error_before : error_after;
	return result;
}

/* The servers that differed from their view. */
static int give_servers(const struct instant_call *call, const struct lookup_point *point)
{
	static const char get[] =
		SPANS_OF_POINT " AND t.server <> 0 AND t.first_at <= ?2"
			       " AND (t.last_at >= ?2 OR t.open = 1) ORDER BY sv.text";
	struct lookup_span row = {0};
	struct query query = query_begin(call->store, get);
	query_int(&query, point->number);
	query_int(&query, call->at);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		result = lookup_read_span(&query, 0, &row);
		if (result != 0)
			break;
		const struct lookup_instant instant = {
			.view = point->view,
			.rrtype = point->rrtype,
			.server = row.span.server,
			.at = call->at,
			.known = true,
			.before = &row.span,
			.within_ms = row.span.last_at - row.span.first_at,
		};
		result = call->fn(call->owner, &instant);
	}
	int error = query_end(&query);
	lookup_finish_span(&row);
	return result != 0 ? result : error;
}

static int on_point(void *owner, struct lookup_point *point)
{
	const struct instant_call *call = owner;
	int result = give_view(call, point);
	return result != 0 ? result : give_servers(call, point);
}

int lookup_at(struct store *store, const struct lookup_window *window, int64_t at,
	lookup_instant_fn fn, void *owner)
{
	struct instant_call call = {
		.store = store, .at = at, .now = window->now, .fn = fn, .owner = owner};
	/* Far enough that the polls on both sides of a gap are read. */
	const struct lookup_reach reach = {
		.domain = window->domain,
		.view = window->view,
		.rrtype = window->rrtype,
		.from = at,
		.to = at + 1,
		.now = window->now,
	};
	return lookup_each_point(store, &reach, on_point, &call);
}
