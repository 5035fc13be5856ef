/* SPDX-License-Identifier: MIT */
#include "storage/vigil.h"

#include <stdbool.h>

#include "storage/inside.h"

int vigil_beat(struct store *store, int64_t *ret_beat_at)
{
	int64_t beat_at = 0;
	struct query query = query_begin(
		store, "SELECT beat_at FROM run ORDER BY number DESC LIMIT 1");
	if (query_next(&query))
		beat_at = query_column_int(&query, 0);
	const int error = query_end(&query);
	if (error == 0)
		*ret_beat_at = beat_at;
	return error;
}

static int64_t overlap(int64_t from, int64_t to, int64_t begin, int64_t end)
{
	begin = begin > from ? begin : from;
	end = end < to ? end : to;
	return end > begin ? end - begin : 0;
}

/* Runs one after the other; what lies between two of them is down time. */
static int look_at_runs(
	struct store *store, int64_t from, int64_t to, struct vigil *vigil)
{
	static const char get[] =
		"SELECT started_at, beat_at, stopped_at IS NULL,"
		" number = (SELECT max(number) FROM run) FROM run ORDER BY number";
	int64_t ended_at = 0;
	struct query query = query_begin(store, get);
	while (query_next(&query)) {
		const int64_t started_at = query_column_int(&query, 0);
		const bool silent = query_column_int(&query, 2) != 0;
		const bool last = query_column_int(&query, 3) != 0;
		if (ended_at != 0)
			vigil->down_ms += overlap(from, to, ended_at, started_at);
		vigil->starts += started_at >= from && started_at < to;
		vigil->beat_at = query_column_int(&query, 1);
		ended_at = silent && last ? to : vigil->beat_at;
		vigil->crashes += silent && !last && ended_at >= from && ended_at < to;
	}
	if (ended_at != 0)
		vigil->down_ms += overlap(from, to, ended_at, to);
	return query_end(&query);
}

static int count_changes(
	struct store *store, int64_t from, int64_t to, uint64_t *ret_count)
{
	static const char get[] =
		"SELECT (SELECT count(*) FROM span WHERE from_answer IS NOT NULL"
		"  AND first_at >= ?1 AND first_at < ?2 AND rrtype IS NULL)"
		" + (SELECT count(*) FROM change"
		"  WHERE at >= ?1 AND at < ?2 AND rrtype IS NULL AND imported = 0)";
	struct query query = query_begin(store, get);
	query_int(&query, from);
	query_int(&query, to);
	if (query_next(&query))
		*ret_count = (uint64_t)query_column_int(&query, 0);
	return query_end(&query);
}

int vigil_look(struct store *store, int64_t from, int64_t to, struct vigil *ret_vigil)
{
	struct vigil vigil = {0};
	int error = look_at_runs(store, from, to, &vigil);
	if (error == 0)
		error = count_changes(store, from, to, &vigil.changes);
	if (error == 0)
		*ret_vigil = vigil;
	return error;
}
