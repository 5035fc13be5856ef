/* SPDX-License-Identifier: MIT */
#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_row.h"

int lookup_totals(struct store *store, struct lookup_totals *ret_totals)
{
	static const char get[] =
		"SELECT (SELECT count(DISTINCT name) FROM point WHERE rrtype IS NULL),"
		" (SELECT count(*) FROM point WHERE rrtype IS NULL),"
		" (SELECT count(*) FROM point WHERE watched = 1 AND rrtype IS NULL),"
		" (SELECT count(*) FROM span WHERE rrtype IS NULL),"
		" (SELECT count(*) FROM gap g JOIN point p ON p.number = g.point"
		" WHERE p.rrtype IS NULL),"
		" (SELECT count(*) FROM gap_open g JOIN point p ON p.number = g.point"
		" WHERE p.rrtype IS NULL),"
		" (SELECT count(*) FROM span WHERE from_answer IS NOT NULL"
		" AND rrtype IS NULL)"
		" + (SELECT count(*) FROM change WHERE rrtype IS NULL), (SELECT count(*) "
		"FROM suspicion),"
		" (SELECT count(*) FROM ledger), (SELECT min(first_at) FROM span),"
		" (SELECT count(DISTINCT name) FROM point"
		" WHERE watched = 1 AND rrtype IS NOT NULL)";
	struct lookup_totals totals = {0};
	struct run_end end = {0};
	bool mine;
	int error = lookup_begin(store, &mine);
	if (error < 0)
		return error;
	struct query query = query_begin(store, get);
	if (query_next(&query)) {
		totals.domains = (uint64_t)query_column_int(&query, 0);
		totals.points = (uint64_t)query_column_int(&query, 1);
		totals.watched_points = (uint64_t)query_column_int(&query, 2);
		totals.spans = (uint64_t)query_column_int(&query, 3);
		totals.gaps = (uint64_t)query_column_int(&query, 4);
		totals.gaps_open = (uint64_t)query_column_int(&query, 5);
		totals.changes = (uint64_t)query_column_int(&query, 6);
		totals.suspicions = (uint64_t)query_column_int(&query, 7);
		totals.ledger = (uint64_t)query_column_int(&query, 8);
		totals.first_at = query_column_int(&query, 9);
		totals.hosts = (uint64_t)query_column_int(&query, 10);
	}
	error = query_end(&query);
	if (error == 0)
		error = lookup_last_run(store, &end);
	totals.latest_at = end.latest_at;
	error = lookup_end(store, mine, error);
	if (error == 0)
		*ret_totals = totals;
	return error;
}
