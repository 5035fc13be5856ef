/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "resolvers/name.h"
#include "storage/bucket.h"
#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_row.h"

struct bucket_call {
	const struct lookup_window *window;
	lookup_bucket_fn fn;
	void *owner;
};

static bool fits(const struct lookup_window *window, const struct bucket *bucket)
{
	return (window->to == 0 || bucket->from_at < window->to) &&
		bucket->from_at + bucket->length_ms > window->from;
}

/* Gives the entries of one row that no later entry of the row replaces. */
static int give_chunk(
	const struct query *query, const struct bucket_call *call, int64_t *latest_at)
{
	struct bytes_reader reader = {0};
	struct bucket last;
	uint64_t version;
	bool damaged = false;
	int64_t point = query_column_int(query, 0);
	const uint8_t *domain = query_column_name(query, 1, &damaged);
	const char *view = query_column_text(query, 2);
	int64_t length_ms = query_column_int(query, 3);
	int64_t chunk_at = query_column_int(query, 4);
	struct bucket bucket = {.point = point,
		.rrtype = lookup_rrtype(query, 6),
		.length_ms = length_ms};
	int result = damaged ? -EUCLEAN : 0;
	reader.data = query_column_blob(query, 5, &reader.len);
	while (result == 0 && bucket_unpack(&reader, chunk_at, &bucket, &version)) {
		if (!bucket_find(reader.data + reader.at, reader.len - reader.at,
			    chunk_at, bucket.from_at, NULL, &last, &version) &&
			fits(call->window, &bucket))
			result = call->fn(call->owner, domain, view, &bucket);
		if (bucket.from_at > *latest_at)
			*latest_at = bucket.from_at;
	}
	return result == 0 && reader.failed ? -EUCLEAN : result;
}

static int give_filling(struct store *store, const struct query *query,
	const struct bucket_call *call, int64_t latest_at)
{
	struct pulse pulse;
	bool damaged = false;
	int64_t number = query_column_int(query, 0);
	const uint8_t *domain = query_column_name(query, 1, &damaged);
	int error = lookup_read_pulse(store, number, &pulse);
	if (error < 0 || damaged)
		return error < 0 ? error : -EUCLEAN;
	struct bucket filling = {
		.point = number,
		.rrtype = lookup_rrtype(query, 4),
		.from_at = pulse.bucket_at,
		.length_ms = query_column_int(query, 3),
		.polls = pulse.bucket_polls,
		.usable = pulse.bucket_usable,
		.longest_ms = pulse.bucket_longest_ms,
	};
	if (filling.from_at == 0 || filling.from_at <= latest_at ||
		!fits(call->window, &filling))
		return 0;
	return call->fn(call->owner, domain, query_column_text(query, 2), &filling);
}

static int give_point(
	struct store *store, const struct query *point, const struct bucket_call *call)
{
	static const char get[] =
		"SELECT b.point, n.wire, v.name, b.length_ms, b.chunk_at, b.data, "
		"p.rrtype"
		" FROM bucket b JOIN point p ON p.number = b.point"
		" JOIN name n ON n.id = p.name JOIN view v ON v.id = p.view"
		" WHERE b.point = ?1 ORDER BY b.length_ms, b.chunk_at";
	int64_t latest_at = 0;
	struct query query = query_begin(store, get);
	query_int(&query, query_column_int(point, 0));
	int result = 0;
	while (result == 0 && query_next(&query))
		result = give_chunk(&query, call, &latest_at);
	int error = query_end(&query);
	if (result != 0 || error < 0)
		return result != 0 ? result : error;
	return give_filling(store, point, call, latest_at);
}

static int give_points(struct store *store, const struct bucket_call *call)
{
	static const char get[] =
		"SELECT p.number, n.wire, v.name, p.bucket_ms, p.rrtype FROM point p"
		" JOIN name n ON n.id = p.name JOIN view v ON v.id = p.view"
		" WHERE (?1 IS NULL OR n.wire = ?1) AND (?2 IS NULL OR v.name = "
		"?2)" LOOKUP_OF_TYPE("?3") " ORDER BY p.number";
	const uint8_t *domain = call->window->domain;
	struct query query = query_begin(store, get);
	query_blob(&query, domain, domain != NULL ? name_length(domain) : 0);
	query_text(&query, call->window->view);
	lookup_bind_type(&query, call->window->rrtype);
	int result = 0;
	while (result == 0 && query_next(&query))
		result = give_point(store, &query, call);
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int lookup_buckets(struct store *store, const struct lookup_window *window,
	lookup_bucket_fn fn, void *owner)
{
	const struct bucket_call call = {.window = window, .fn = fn, .owner = owner};
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, window->domain, window->rrtype);
	if (result == 0)
		result = give_points(store, &call);
	return lookup_end(store, mine, result);
}
