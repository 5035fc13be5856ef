/* SPDX-License-Identifier: MIT */
#include "storage/outbox_list.h"

#include <stdio.h>

#include "storage/inside.h"

#define DAY_MS INT64_C(86400000)
#define RETRY_DAYS 5
#define BODY_DAYS 7
#define ALERT_DAYS 90
#define PRUNE_MOST "200"

int outbox_each(struct store *store, const struct outbox_filter *filter, outbox_row_fn fn,
	void *owner)
{
	static const char get[] =
		"SELECT a.number, a.channel, a.fallback, a.event, a.at, a.thread,"
		" a.subject, a.note, a.incidents, h.number, h.channel, h.recipient,"
		" h.state, h.attempts, h.made_at, h.next_at, h.done_at, h.code, h.error"
		" FROM alert a JOIN handover h ON h.alert = a.number"
		" WHERE (?1 = 0 OR a.number = ?1) AND a.at >= ?2"
		" AND (?3 = 0 OR h.state = 1) ORDER BY a.number, h.number";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, filter->alert);
	query_int(&query, filter->from);
	query_int(&query, filter->waiting_only);
	while (result == 0 && query_next(&query)) {
		const struct outbox_alert alert = {
			.number = query_column_int(&query, 0),
			.channel = query_column_text(&query, 1),
			.fallback = query_column_text(&query, 2),
			.event = (int)query_column_int(&query, 3),
			.at = query_column_int(&query, 4),
			.thread = query_column_int(&query, 5),
			.subject = query_column_text(&query, 6),
			.note = query_column_text(&query, 7),
			.incidents = (uint64_t)query_column_int(&query, 8),
		};
		const struct outbox_handover handover = {
			.number = query_column_int(&query, 9),
			.alert = alert.number,
			.channel = query_column_text(&query, 10),
			.recipient = query_column_text(&query, 11),
			.state = (enum outbox_state)query_column_int(&query, 12),
			.attempts = (uint64_t)query_column_int(&query, 13),
			.made_at = query_column_int(&query, 14),
			.next_at = query_column_int(&query, 15),
			.done_at = query_column_int(&query, 16),
			.code = (int)query_column_int(&query, 17),
			.error = query_column_text(&query, 18),
		};
		result = fn(owner, &alert, &handover);
	}
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

uint64_t outbox_retry(struct store *store, int64_t alert, int64_t now)
{
	static const char of_one[] =
		"UPDATE handover SET state = 1, attempts = 0, made_at = ?2, next_at = ?2,"
		" done_at = 0 WHERE alert = ?1 AND state <> 2";
	static const char of_all[] =
		"UPDATE handover SET state = 1, attempts = 0, made_at = ?2, next_at = ?2,"
		" done_at = 0 WHERE (state = 1 OR (state > 2 AND done_at >= ?1))";
	struct query query = query_begin(store, alert != 0 ? of_one : of_all);
	query_int(&query, alert != 0 ? alert : now - RETRY_DAYS * DAY_MS);
	query_int(&query, now);
	if (query_run(&query) != 0)
		return 0;
	return (uint64_t)sqlite3_changes(store->db);
}

static void read_error(struct store *store, struct outbox_totals *totals)
{
	struct query query = query_begin(store,
		"SELECT channel, error FROM handover WHERE state = 1 AND error <> ''"
		" ORDER BY next_at DESC LIMIT 1");
	if (query_next(&query)) {
		snprintf(totals->error_channel, sizeof totals->error_channel, "%s",
			query_column_text(&query, 0));
		snprintf(totals->error, sizeof totals->error, "%s",
			query_column_text(&query, 1));
	}
	query_end(&query);
}

int outbox_totals(struct store *store, int64_t now, struct outbox_totals *ret_totals)
{
	static const char get[] =
		"SELECT (SELECT count(*) FROM notice),"
		" (SELECT count(*) FROM handover WHERE state = 1),"
		" (SELECT count(*) FROM handover WHERE state > 2 AND done_at >= ?1),"
		" (SELECT ifnull(min(made_at), 0) FROM handover WHERE state = 1),"
		" (SELECT ifnull(max(done_at), 0) FROM handover WHERE state = 2)";
	struct outbox_totals totals = {0};
	struct query query = query_begin(store, get);
	query_int(&query, now - DAY_MS);
	if (query_next(&query)) {
		totals.notices = (uint64_t)query_column_int(&query, 0);
		totals.waiting = (uint64_t)query_column_int(&query, 1);
		totals.given_up = (uint64_t)query_column_int(&query, 2);
		totals.oldest_at = query_column_int(&query, 3);
		totals.sent_at = query_column_int(&query, 4);
	}
	const int error = query_end(&query);
	if (error != 0)
		return error;
	if (totals.waiting > 0)
		read_error(store, &totals);
	*ret_totals = totals;
	return 0;
}

void outbox_prune(struct store *store, int64_t now)
{
	static const char bodies[] =
		"UPDATE alert SET body = NULL WHERE number IN"
		" (SELECT number FROM alert a WHERE a.at < ?1 AND a.body IS NOT NULL"
		" AND NOT EXISTS (SELECT 1 FROM handover h WHERE h.alert = a.number"
		" AND (h.state = 1 OR h.done_at >= ?1)) ORDER BY a.at LIMIT " PRUNE_MOST
		")";
	static const char alerts[] =
		"DELETE FROM alert WHERE number IN"
		" (SELECT number FROM alert a WHERE a.at < ?1"
		" AND NOT EXISTS (SELECT 1 FROM handover h WHERE h.alert = a.number"
		" AND h.state = 1) ORDER BY a.at LIMIT " PRUNE_MOST ")";
	struct query query = query_begin(store, bodies);
	query_int(&query, now - BODY_DAYS * DAY_MS);
	query_run(&query);
	query = query_begin(store, alerts);
	query_int(&query, now - ALERT_DAYS * DAY_MS);
	query_run(&query);
}
