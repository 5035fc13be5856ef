/* SPDX-License-Identifier: MIT */
#include "storage/history.h"

#include <assert.h>
#include <errno.h>

#include "storage/bucket.h"
#include "storage/history_row.h"
#include "storage/inside.h"
#include "storage/intern.h"
#include "storage/lookup_row.h"
#include "storage/pulse.h"

int64_t history_put_point(struct store *store, struct point *point)
{
	static const char put[] =
		"INSERT INTO point(number, name, view, interval_ms, timeout_ms, "
		"bucket_ms,"
		" watched, rrtype) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT(name, view, ifnull(rrtype, 15)) DO UPDATE SET"
		" interval_ms = excluded.interval_ms, timeout_ms = excluded.timeout_ms,"
		" bucket_ms = iif(interval_ms > 0, bucket_ms, excluded.bucket_ms),"
		" watched = excluded.watched, unwatched_at = NULL"
		" RETURNING number, bucket_ms";
	int64_t name = intern_name(store, point->domain);
	int64_t view = intern_view(store, point->view);
	struct query query = query_begin(store, put);
	query_int(&query, store->next[SEQUENCE_POINT]);
	query_int(&query, name);
	query_int(&query, view);
	query_int(&query, point->interval_ms);
	query_int(&query, point->timeout_ms);
	query_int(&query, point->bucket_ms);
	query_int(&query, point->watched);
	query_int_or_null(&query, store_rrtype(point->rrtype));
	int64_t number = 0;
	if (query_next(&query)) {
		number = query_column_int(&query, 0);
		point->bucket_ms = query_column_int(&query, 1);
	}
	if (query_run(&query) < 0)
		return 0;
	if (number == store->next[SEQUENCE_POINT])
		store_next(store, SEQUENCE_POINT);
	return number;
}

int64_t history_find_point(
	struct store *store, const uint8_t *domain, const char *view, uint16_t rrtype)
{
	static const char get[] = "SELECT number FROM point WHERE name = ?1 AND view = ?2"
				  " AND rrtype IS ?3";
	int64_t name = intern_name(store, domain);
	int64_t view_id = intern_view(store, view);
	struct query query = query_begin(store, get);
	query_int(&query, name);
	query_int(&query, view_id);
	query_int_or_null(&query, store_rrtype(rrtype));
	int64_t number = query_next(&query) ? query_column_int(&query, 0) : 0;
	return query_end(&query) < 0 ? 0 : number;
}

void history_unwatch_point(struct store *store, int64_t point, int64_t at)
{
	static const char put[] = "UPDATE point SET watched = 0, unwatched_at = ?2"
				  " WHERE number = ?1 AND watched = 1";
	struct query query = query_begin(store, put);
	query_int(&query, point);
	query_int(&query, at);
	query_run(&query);
}

void history_pack_counters(const struct pulse *pulse, uint8_t ret_counters[12])
{
	const uint32_t values[] = {pulse->polls, pulse->ttl_min, pulse->ttl_max};
	for (size_t i = 0; i < 12; i++)
		ret_counters[i] = (uint8_t)(values[i / 4] >> (24 - 8 * (i % 4)));
}

int64_t history_insert_span(struct store *store, int64_t point, const struct span *span)
{
	static const char put[] =
		"INSERT INTO span(number, point, server, rrtype, answer, alias, first_at,"
		" not_before_ms, last_at, open, flags, counters)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
	uint8_t counters[12];
	history_pack_counters(&(struct pulse){.polls = span->polls,
				      .ttl_min = span->ttl_min,
				      .ttl_max = span->ttl_max},
		counters);
	int64_t server = intern_server(store, span->server);
	int64_t answer = intern_answer(store, &span->answer);
	int64_t alias = span->alias != NULL ? intern_name(store, span->alias) : 0;
	int64_t number = store_next(store, SEQUENCE_SPAN);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, point);
	query_int(&query, server);
	query_int_or_null(&query, store_rrtype(span->rrtype));
	query_int(&query, answer);
	query_int_or_null(&query, alias);
	query_int(&query, span->first_at);
	query_int_or_null(&query,
		span->not_before_at != 0 ? span->first_at - span->not_before_at : 0);
	query_int(&query, span->last_at);
	query_int(&query, span->open);
	query_int(&query, span->flags);
	query_blob(&query, counters, sizeof counters);
	if (query_run(&query) < 0)
		return 0;
	chain_note(&store->chain.opened, number);
	return number;
}

int64_t history_open_span(struct store *store, int64_t point, const struct span *span)
{
	struct span begun = *span;
	begun.last_at = span->first_at;
	begun.polls = 1;
	begun.open = true;
	return history_insert_span(store, point, &begun);
}

void history_note_closed(struct store *store, int64_t number)
{
	if (chain_note_closed(&store->chain, number) < 0)
		store_fail(store, -ENOMEM, "out of memory");
}

static int64_t update_open_span(struct store *store, const char *sql, int64_t point,
	const char *server, const struct pulse *pulse)
{
	uint8_t counters[12];
	history_pack_counters(pulse, counters);
	int64_t server_id = intern_server(store, server);
	struct query query = query_begin(store, sql);
	query_int(&query, point);
	query_int(&query, server_id);
	query_int(&query, pulse->confirmed_at);
	query_blob(&query, counters, sizeof counters);
	int64_t number = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_run(&query);
	if (number == 0)
		store_fail(store, -EINVAL, "there is no open span to write to");
	return number;
}

void history_close_span(
	struct store *store, int64_t point, const char *server, const struct pulse *final)
{
	static const char put[] =
		"UPDATE span INDEXED BY span_open SET open = 0, last_at = max(first_at, "
		"?3), counters = ?4"
		" WHERE point = ?1 AND server = ?2 AND open = 1 RETURNING number";
	int64_t number = update_open_span(store, put, point, server, final);
	if (number != 0)
		history_note_closed(store, number);
}

void history_touch_span(
	struct store *store, int64_t point, const char *server, const struct pulse *pulse)
{
	static const char put[] =
		"UPDATE span INDEXED BY span_open SET last_at = max(first_at, ?3), "
		"counters = ?4"
		" WHERE point = ?1 AND server = ?2 AND open = 1 RETURNING number";
	update_open_span(store, put, point, server, pulse);
}

void history_open_answer(struct store *store, int64_t point, const char *server,
	enum answer_state *ret_state, struct mxset *ret_set)
{
	static const char get[] =
		"SELECT a.bytes FROM span t JOIN answer a ON a.id = t.answer"
		" WHERE t.point = ?1 AND t.server = ?2 AND t.open = 1";
	*ret_state = ANSWER_NONE;
	int64_t server_id = intern_server(store, server);
	struct query query = query_begin(store, get);
	query_int(&query, point);
	query_int(&query, server_id);
	struct mxset set = {.hosts = NULL};
	struct answer_value answer = {.state = ANSWER_NONE};
	int error = 0;
	if (query_next(&query))
		error = lookup_read_answer(&query, 0, &set, &answer);
	if (query_end(&query) < 0 || error < 0 || answer.state == ANSWER_NONE) {
		mxset_finish(&set);
		if (error < 0)
			store_fail(store, error, "an answer cannot be read back");
		return;
	}
	*ret_state = answer.state;
	*ret_set = set;
}

void history_amend_span(struct store *store, int64_t point, const char *server,
	const uint8_t *alias, unsigned flags)
{
	static const char put[] =
		"UPDATE span INDEXED BY span_open SET alias = ?3, flags = ?4"
		" WHERE point = ?1 AND server = ?2 AND open = 1";
	int64_t server_id = intern_server(store, server);
	int64_t alias_id = alias != NULL ? intern_name(store, alias) : 0;
	struct query query = query_begin(store, put);
	query_int(&query, point);
	query_int(&query, server_id);
	query_int_or_null(&query, alias_id);
	query_int(&query, flags);
	query_run(&query);
}

void history_open_gap(struct store *store, int64_t point, const char *server,
	int64_t from_at, unsigned reason)
{
	static const char put[] = "INSERT INTO gap_open(point, server, from_at, reason)"
				  " VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
	int64_t server_id = intern_server(store, server);
	struct query query = query_begin(store, put);
	query_int(&query, point);
	query_int(&query, server_id);
	query_int(&query, from_at);
	query_int(&query, reason);
	query_run(&query);
}

void history_close_gap(
	struct store *store, int64_t point, const char *server, int64_t to_at)
{
	static const char take[] = "DELETE FROM gap_open WHERE point = ?1 AND server = ?2"
				   " RETURNING from_at, reason";
	int64_t server_id = intern_server(store, server);
	struct query query = query_begin(store, take);
	query_int(&query, point);
	query_int(&query, server_id);
	bool found = query_next(&query);
	int64_t from_at = found ? query_column_int(&query, 0) : 0;
	unsigned reason = found ? (unsigned)query_column_int(&query, 1) : 0;
	query_run(&query);
	if (found)
		history_add_gap(store, point, server, from_at, to_at, reason);
}

int64_t history_insert_gap(struct store *store, int64_t point, const struct gap *gap)
{
	static const char put[] =
		"INSERT INTO gap(number, point, server, from_at, to_at, reason, imported)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	int64_t server = intern_server(store, gap->server);
	int64_t number = store_next(store, SEQUENCE_GAP);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, point);
	query_int(&query, server);
	query_int(&query, gap->from_at);
	query_int(&query, gap->to_at);
	query_int(&query, gap->reason);
	query_int(&query, gap->imported);
	if (query_run(&query) < 0)
		return 0;
	chain_note(&store->chain.gaps, number);
	return number;
}

void history_add_gap(struct store *store, int64_t point, const char *server,
	int64_t from_at, int64_t to_at, unsigned reason)
{
	history_insert_gap(store, point,
		&(struct gap){.server = server,
			.from_at = from_at,
			.to_at = to_at,
			.reason = reason});
}

/* The packed row that the bucket belongs to; empty where there is none yet. */
static void read_chunk(struct store *store, const struct bucket *bucket, int64_t chunk_at,
	struct bytes *data)
{
	static const char get[] =
		"SELECT data FROM bucket"
		" WHERE point = ?1 AND length_ms = ?2 AND chunk_at = ?3";
	struct query query = query_begin(store, get);
	query_int(&query, bucket->point);
	query_int(&query, bucket->length_ms);
	query_int(&query, chunk_at);
	if (query_next(&query)) {
		size_t len;
		const uint8_t *old = query_column_blob(&query, 0, &len);
		bytes_add(data, old, len);
	}
	query_end(&query);
}

void history_add_bucket(struct store *store, const struct bucket *bucket)
{
	static const char put[] = "INSERT INTO bucket(point, length_ms, chunk_at, data)"
				  " VALUES(?1, ?2, ?3, ?4)"
				  " ON CONFLICT DO UPDATE SET data = excluded.data";
	struct bytes data = {0};
	struct bucket last;
	uint64_t last_version;
	struct chain_place place = {.point = bucket->point,
		.length_ms = bucket->length_ms,
		.from_at = bucket->from_at};
	assert(bucket->length_ms > 0 && bucket->length_ms <= BUCKET_LENGTH_MAX_MS);
	int64_t chunk_at = bucket_chunk_at(bucket->from_at, bucket->length_ms);
	read_chunk(store, bucket, chunk_at, &data);
	if (bucket_find(data.data, data.len, chunk_at, bucket->from_at, NULL, &last,
		    &last_version))
		place.version = last_version + 1;
	bucket_pack(bucket, place.version, chunk_at, &data);
	if (data.failed || chain_note_bucket(&store->chain, &place) < 0)
		store_fail(store, -ENOMEM, "out of memory");
	struct query query = query_begin(store, put);
	query_int(&query, bucket->point);
	query_int(&query, bucket->length_ms);
	query_int(&query, chunk_at);
	query_blob(&query, data.data, data.len);
	query_run(&query);
	bytes_finish(&data);
}

void history_put_pulses(
	struct store *store, int64_t block, const struct pulse *pulses, size_t len)
{
	static const char put[] = "INSERT INTO pulse(block, data) VALUES(?1, ?2)"
				  " ON CONFLICT DO UPDATE SET data = excluded.data";
	uint8_t data[PULSE_DATA_MAX];
	size_t data_len = pulse_pack(pulses, len, data);
	struct query query = query_begin(store, put);
	query_int(&query, block);
	query_blob(&query, data, data_len);
	query_run(&query);
}

int64_t history_start_run(struct store *store, int64_t at, const char *version)
{
	static const char put[] =
		"INSERT INTO run(started_at, beat_at, version) VALUES(?1, ?1, ?2)";
	struct query query = query_begin(store, put);
	query_int(&query, at);
	query_text(&query, version);
	return query_run(&query) < 0 ? 0 : sqlite3_last_insert_rowid(store->db);
}

static void update_run(struct store *store, const char *sql, int64_t run, int64_t at)
{
	struct query query = query_begin(store, sql);
	query_int(&query, run);
	query_int(&query, at);
	query_run(&query);
}

void history_beat_run(struct store *store, int64_t run, int64_t at)
{
	update_run(store, "UPDATE run SET beat_at = ?2 WHERE number = ?1", run, at);
}

void history_stop_run(struct store *store, int64_t run, int64_t at)
{
	update_run(store,
		"UPDATE run SET beat_at = ?2, stopped_at = ?2 WHERE number = ?1", run,
		at);
}
