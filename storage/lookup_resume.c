/* SPDX-License-Identifier: MIT */
/* What a starting monitor reads, and how the last run ended. */
#include <errno.h>
#include <string.h>

#include "storage/bucket.h"
#include "storage/history.h"
#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_row.h"
#include "storage/pulse.h"

/* Points come by number, so that each block of pulses is read once. */
struct pulse_block {
	int64_t block;
	size_t len;
	uint8_t data[PULSE_DATA_MAX];
};

static int load_block(struct store *store, int64_t block, struct pulse_block *ret_block)
{
	struct query query =
		query_begin(store, "SELECT data FROM pulse WHERE block = ?1");
	query_int(&query, block);
	ret_block->block = block;
	ret_block->len = 0;
	bool damaged = false;
	if (query_next(&query)) {
		size_t len;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		damaged = data == NULL || len > sizeof ret_block->data;
		if (!damaged) {
			memcpy(ret_block->data, data, len);
			ret_block->len = len;
		}
	}
	int error = query_end(&query);
	return error < 0 ? error : damaged ? -EUCLEAN : 0;
}

/* Whether the bucket that the pulse was filling has been recorded in full since. */
static bool is_recorded(
	struct store *store, const struct point *point, const struct pulse *pulse)
{
	static const char get[] =
		"SELECT data FROM bucket"
		" WHERE point = ?1 AND length_ms = ?2 AND chunk_at = ?3";
	if (pulse->bucket_at == 0 || point->bucket_ms <= 0)
		return false;
	int64_t chunk_at = bucket_chunk_at(pulse->bucket_at, point->bucket_ms);
	struct query query = query_begin(store, get);
	query_int(&query, point->number);
	query_int(&query, point->bucket_ms);
	query_int(&query, chunk_at);
	bool recorded = false;
	if (query_next(&query)) {
		size_t len;
		struct bucket bucket;
		uint64_t version;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		recorded = bucket_find(
			data, len, chunk_at, pulse->bucket_at, NULL, &bucket, &version);
	}
	query_end(&query);
	return recorded;
}

static int read_pulse(struct store *store, struct pulse_block *block,
	const struct point *point, struct pulse *ret_pulse)
{
	int64_t wanted = (point->number - 1) / PULSE_BLOCK;
	int error = block->block == wanted ? 0 : load_block(store, wanted, block);
	if (error == 0)
		error = pulse_unpack(block->data, block->len,
			(size_t)((point->number - 1) % PULSE_BLOCK), ret_pulse);
	if (error == 0 && is_recorded(store, point, ret_pulse)) {
		ret_pulse->bucket_at = 0;
		ret_pulse->bucket_polls = 0;
		ret_pulse->bucket_usable = 0;
		ret_pulse->bucket_longest_ms = 0;
	}
	return error;
}

/* A pulse from before the open span began says when the last poll was at least; what it says of
 * the span is that of the one before. */
static void fit_pulse(const struct span *span, struct pulse *pulse)
{
	if (pulse_is_of(pulse, span->first_at))
		return;
	pulse->confirmed_at = span->first_at;
	pulse->polls = span->polls;
	pulse->ttl_min = span->ttl_min;
	pulse->ttl_max = span->ttl_max;
	if (pulse->last_at < span->first_at)
		pulse->last_at = span->first_at;
}

static int give_point(struct store *store, struct query *query, struct pulse_block *block,
	struct lookup_span *row, const struct lookup_resume *resume)
{
	enum {
		SPAN = 10
	};
	bool damaged = false;
	struct point point = {
		.number = query_column_int(query, 0),
		.domain = query_column_name(query, 1, &damaged),
		.view = query_column_text(query, 2),
		.interval_ms = query_column_int(query, 3),
		.timeout_ms = query_column_int(query, 4),
		.bucket_ms = query_column_int(query, 5),
		.watched = query_column_int(query, 6) != 0,
		.rrtype = lookup_rrtype(query, 9),
	};
	bool has_span = !query_column_is_null(query, SPAN);
	struct pulse pulse;
	int result = damaged ? -EUCLEAN : read_pulse(store, block, &point, &pulse);
	if (result == 0 && has_span)
		result = lookup_read_span(query, SPAN, row);
	if (result != 0)
		return result;
	if (has_span) {
		pulse_overlay(&pulse, &row->span);
		fit_pulse(&row->span, &pulse);
	}
	/* The end of a gap is durable at once, the pulse of that poll only with its block. */
	if (pulse.last_at < query_column_int(query, 8))
		pulse.last_at = query_column_int(query, 8);
	return resume->on_point(resume->owner, &point, &pulse,
		has_span ? &row->span : NULL, query_column_int(query, 7));
}

static int give_points(struct store *store, const struct lookup_resume *resume)
{
	static const char get[] =
		"SELECT p.number, n.wire, v.name, p.interval_ms, p.timeout_ms, "
		"p.bucket_ms,"
		" p.watched, p.unwatched_at,"
		" (SELECT g.to_at FROM gap g WHERE g.point = p.number AND g.server = 0"
		" ORDER BY g.from_at DESC LIMIT 1), p.rrtype, " LOOKUP_SPAN_COLUMNS
		" FROM point p"
		" CROSS JOIN name n ON n.id = p.name JOIN view v ON v.id = p.view"
		" LEFT JOIN span t ON t.point = p.number AND t.server = 0 AND t.open = 1"
		" LEFT JOIN server sv ON sv.id = t.server"
		" LEFT JOIN answer a ON a.id = t.answer"
		" LEFT JOIN name al ON al.id = t.alias ORDER BY p.number";
	struct pulse_block block = {.block = -1};
	struct lookup_span row = {0};
	struct query query = query_begin(store, get);
	int result = 0;
	while (result == 0 && query_next(&query))
		result = give_point(store, &query, &block, &row, resume);
	int error = query_end(&query);
	lookup_finish_span(&row);
	return result != 0 ? result : error;
}

static int give_server_spans(struct store *store, const struct lookup_resume *resume)
{
	static const char get[] = "SELECT " LOOKUP_SPAN_COLUMNS
				  " FROM span t" LOOKUP_PLACE_JOINS LOOKUP_SPAN_JOINS
				  " WHERE t.open = 1 AND t.server <> 0"
				  " ORDER BY t.point, sv.text";
	struct lookup_span row = {0};
	struct query query = query_begin(store, get);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		result = lookup_read_span(&query, 0, &row);
		if (result == 0)
			result = resume->on_server_span(
				resume->owner, row.point, &row.span);
	}
	int error = query_end(&query);
	lookup_finish_span(&row);
	return result != 0 ? result : error;
}

static int give_gaps(struct store *store, const struct lookup_resume *resume)
{
	static const char get[] =
		"SELECT t.point, n.wire, v.name, sv.text, t.from_at, t.reason, p.rrtype"
		" FROM gap_open t" LOOKUP_PLACE_JOINS " ORDER BY t.point, sv.text";
	struct query query = query_begin(store, get);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		struct gap gap = {
			.domain = query_column_name(&query, 1, &damaged),
			.view = query_column_text(&query, 2),
			.server = lookup_server(&query, 3),
			.from_at = query_column_int(&query, 4),
			.reason = (unsigned)query_column_int(&query, 5),
			.rrtype = lookup_rrtype(&query, 6),
		};
		result = damaged ? -EUCLEAN
				 : resume->on_gap(resume->owner,
					   query_column_int(&query, 0), &gap);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int lookup_resume(struct store *store, const struct lookup_resume *resume)
{
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0 && resume->on_point != NULL)
		result = give_points(store, resume);
	if (result == 0 && resume->on_server_span != NULL)
		result = give_server_spans(store, resume);
	if (result == 0 && resume->on_gap != NULL)
		result = give_gaps(store, resume);
	return lookup_end(store, mine, result);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int read_latest_pulse(struct store *store, int64_t *latest_at)
{
	struct query query = query_begin(store, "SELECT data FROM pulse");
	int error = 0;
	while (error == 0 && query_next(&query)) {
		size_t len;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		for (size_t i = 0; error == 0 && i < PULSE_BLOCK; i++) {
			struct pulse pulse;
			error = pulse_unpack(data, len, i, &pulse);
			*latest_at = later(*latest_at, pulse.last_at);
		}
	}
	int ended = query_end(&query);
	return ended < 0 ? ended : error;
}

/* Everything else that is durable was chained at its commit's instant, or was a run's beat. */
static int read_latest(struct store *store, int64_t *ret_latest_at)
{
	static const char get[] =
		"SELECT max((SELECT ifnull(max(beat_at), 0) FROM run),"
		" ifnull((SELECT at FROM ledger ORDER BY tx DESC LIMIT 1), 0))";
	int64_t latest_at = 0;
	struct query query = query_begin(store, get);
	if (query_next(&query))
		latest_at = query_column_int(&query, 0);
	int error = query_end(&query);
	if (error == 0)
		error = read_latest_pulse(store, &latest_at);
	if (error == 0)
		*ret_latest_at = latest_at;
	return error;
}

int lookup_last_run(struct store *store, struct run_end *ret_end)
{
	static const char get[] = "SELECT started_at, beat_at, stopped_at FROM run"
				  " ORDER BY number DESC LIMIT 1";
	struct run_end end = {0};
	bool mine;
	int error = lookup_begin(store, &mine);
	if (error < 0)
		return error;
	struct query query = query_begin(store, get);
	if (query_next(&query)) {
		end.any = true;
		end.started_at = query_column_int(&query, 0);
		end.stopped = !query_column_is_null(&query, 2);
		end.last_at = query_column_int(&query, end.stopped ? 2 : 1);
	}
	error = query_end(&query);
	if (error == 0)
		error = read_latest(store, &end.latest_at);
	error = lookup_end(store, mine, error);
	if (error == 0)
		*ret_end = end;
	return error;
}
