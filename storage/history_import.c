/* SPDX-License-Identifier: MIT */
/* Rows that came from elsewhere. A row that is there already is left alone. */
#include <errno.h>

#include "storage/bucket.h"
#include "storage/history.h"
#include "storage/history_row.h"
#include "storage/inside.h"
#include "storage/intern.h"

#define BUCKET_MS INT64_C(3600000)

/* What a point that may be there says of itself; number is 0 where it is not. */
static struct point look_for_point(
	struct store *store, const uint8_t *domain, const char *view, uint16_t rrtype)
{
	static const char get[] = "SELECT number, interval_ms, watched FROM point"
				  " WHERE name = ?1 AND view = ?2 AND rrtype IS ?3";
	struct point point = {0};
	int64_t name = intern_name(store, domain);
	int64_t view_id = intern_view(store, view);
	struct query query = query_begin(store, get);
	query_int(&query, name);
	query_int(&query, view_id);
	query_int_or_null(&query, store_rrtype(rrtype));
	if (query_next(&query)) {
		point.number = query_column_int(&query, 0);
		point.interval_ms = query_column_int(&query, 1);
		point.watched = query_column_int(&query, 2) != 0;
	}
	query_end(&query);
	return point;
}

static int64_t find_point(
	struct store *store, const uint8_t *domain, const char *view, uint16_t rrtype)
{
	int64_t number = look_for_point(store, domain, view, rrtype).number;
	if (number != 0 || store->error.code != 0)
		return number;
	return history_put_point(store,
		&(struct point){.domain = domain,
			.view = view,
			.rrtype = rrtype,
			.bucket_ms = BUCKET_MS});
}

int64_t history_import_point(struct store *store, const struct point *point)
{
	struct point own = *point;
	const struct point there =
		look_for_point(store, point->domain, point->view, point->rrtype);
	const bool says_more = there.interval_ms == 0 && point->interval_ms > 0;
	if ((there.number != 0 && !says_more) || store->error.code != 0)
		return 0;
	own.watched = false;
	return history_put_point(store, &own);
}

/* Whether the query finds a row. After an error nothing more is to be written. */
static bool is_there(struct store *store, struct query *query)
{
	bool there = query_next(query);
	query_end(query);
	return there || store->error.code != 0;
}

static bool has_span(struct store *store, int64_t point, const struct span *span)
{
	static const char get[] =
		"SELECT 1 FROM span WHERE point = ?1 AND server = ?2 AND first_at = ?3"
		" AND (last_at >= ?4 OR open = 1) AND answer = ?5 AND rrtype IS ?6";
	int64_t server = intern_server(store, span->server);
	int64_t answer = intern_answer(store, &span->answer);
	struct query query = query_begin(store, get);
	query_int(&query, point);
	query_int(&query, server);
	query_int(&query, span->first_at);
	query_int(&query, span->last_at);
	query_int(&query, answer);
	query_int_or_null(&query, store_rrtype(span->rrtype));
	return is_there(store, &query);
}

static void note_source(struct store *store, int64_t number, const char *source)
{
	static const char put[] = "INSERT INTO imported(span, source) VALUES(?1, ?2)";
	int64_t source_id = intern_source(store, source);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, source_id);
	query_run(&query);
}

int64_t history_import_span(
	struct store *store, const struct span *span, const char *source)
{
	struct span closed = *span;
	closed.open = false;
	int64_t point = find_point(store, span->domain, span->view, span->rrtype);
	if (has_span(store, point, &closed))
		return 0;
	int64_t number = history_insert_span(store, point, &closed);
	if (number == 0)
		return 0;
	if (span->imported)
		note_source(store, number, source);
	history_note_closed(store, number);
	return store->error.code == 0 ? number : 0;
}

/* A watched point knows better what it sees now. */
static int64_t import_lasting_gap(struct store *store, const struct gap *gap)
{
	static const char get[] =
		"SELECT 1 FROM gap_open WHERE point = ?1 AND server = ?2";
	const struct point point =
		look_for_point(store, gap->domain, gap->view, gap->rrtype);
	int64_t server = intern_server(store, gap->server);
	struct query query = query_begin(store, get);
	query_int(&query, point.number);
	query_int(&query, server);
	if (is_there(store, &query) || point.watched)
		return 0;
	history_open_gap(store, point.number, gap->server, gap->from_at, gap->reason);
	return store->error.code == 0 ? point.number : 0;
}

int64_t history_import_gap(struct store *store, const struct gap *gap)
{
	static const char get[] = "SELECT 1 FROM gap WHERE point = ?1 AND from_at = ?2"
				  " AND server = ?3 AND to_at = ?4 AND reason = ?5";
	int64_t point = find_point(store, gap->domain, gap->view, gap->rrtype);
	if (gap->to_at == 0 && point != 0)
		return import_lasting_gap(store, gap);
	int64_t server = intern_server(store, gap->server);
	struct query query = query_begin(store, get);
	query_int(&query, point);
	query_int(&query, gap->from_at);
	query_int(&query, server);
	query_int(&query, gap->to_at);
	query_int(&query, gap->reason);
	if (is_there(store, &query))
		return 0;
	return history_insert_gap(store, point, gap);
}

int64_t history_import_bucket(struct store *store, const uint8_t *domain,
	const char *view, const struct bucket *bucket)
{
	static const char get[] =
		"SELECT data FROM bucket"
		" WHERE point = ?1 AND length_ms = ?2 AND chunk_at = ?3";
	struct bucket own = *bucket;
	struct bucket there;
	uint64_t version;
	if (bucket->length_ms <= 0 || bucket->length_ms > BUCKET_LENGTH_MAX_MS) {
		store_fail(store, -EINVAL, "a bucket is longer than a day");
		return 0;
	}
	int64_t chunk_at = bucket_chunk_at(bucket->from_at, bucket->length_ms);
	own.point = find_point(store, domain, view, bucket->rrtype);
	struct query query = query_begin(store, get);
	query_int(&query, own.point);
	query_int(&query, own.length_ms);
	query_int(&query, chunk_at);
	bool same = false;
	if (query_next(&query)) {
		size_t len;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		same = bucket_find(data, len, chunk_at, own.from_at, NULL, &there,
			       &version) &&
			there.polls == own.polls && there.usable == own.usable &&
			there.longest_ms == own.longest_ms;
	}
	query_end(&query);
	if (same)
		return 0;
	history_add_bucket(store, &own);
	return store->error.code == 0 ? own.point : 0;
}

static bool has_change(struct store *store, int64_t point, const struct change *change)
{
	static const char get[] =
		"SELECT 1 FROM span WHERE point = ?1 AND server = ?2 AND first_at = ?3"
		" AND from_answer = ?4 AND answer = ?5 AND rrtype IS ?6 UNION ALL"
		" SELECT 1 FROM change WHERE point = ?1 AND server = ?2 AND at = ?3"
		" AND from_answer = ?4 AND to_answer = ?5 AND rrtype IS ?6";
	int64_t server = intern_server(store, change->server);
	int64_t from = intern_answer(store, &change->from);
	int64_t to = intern_answer(store, &change->to);
	struct query query = query_begin(store, get);
	query_int(&query, point);
	query_int(&query, server);
	query_int(&query, change->at);
	query_int(&query, from);
	query_int(&query, to);
	query_int_or_null(&query, store_rrtype(change->rrtype));
	return is_there(store, &query);
}

int64_t history_import_change(struct store *store, const struct change *change)
{
	int64_t point = find_point(store, change->domain, change->view, change->rrtype);
	if (has_change(store, point, change))
		return 0;
	return history_insert_change(store, point, change);
}
