/* SPDX-License-Identifier: MIT */
/* Alerts as they were composed, and their handovers. */
#include <errno.h>

#include "storage/inside.h"
#include "storage/outbox.h"

/* --- alerts --- */

int64_t outbox_next_alert(struct store *store)
{
	return store_next(store, SEQUENCE_ALERT);
}

void outbox_put_alert(struct store *store, const struct outbox_alert *alert)
{
	static const char put[] =
		"INSERT INTO alert(number, channel, fallback, event, at, thread, subject,"
		" note, incidents, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT DO UPDATE SET subject = excluded.subject,"
		" body = excluded.body";
	struct query query = query_begin(store, put);
	query_int(&query, alert->number);
	query_text(&query, alert->channel);
	query_text(&query, alert->fallback);
	query_int(&query, alert->event);
	query_int(&query, alert->at);
	query_int(&query, alert->thread);
	query_text(&query, alert->subject);
	query_text(&query, alert->note);
	query_int(&query, (int64_t)alert->incidents);
	query_blob(&query, alert->body, alert->body_len);
	query_run(&query);
}

void outbox_put_case(struct store *store, int64_t alert, int64_t incident, int event)
{
	struct query query = query_begin(store,
		"INSERT INTO alert_case(alert, incident, event) VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET event = excluded.event");
	query_int(&query, alert);
	query_int(&query, incident);
	query_int(&query, event);
	query_run(&query);
}

int outbox_get_alert(struct store *store, int64_t number, outbox_alert_fn fn, void *owner)
{
	static const char get[] = "SELECT number, channel, fallback, event, at, thread,"
				  " subject, note, incidents, body FROM alert"
				  " WHERE number = ?1";
	int result = -ENOENT;
	struct query query = query_begin(store, get);
	query_int(&query, number);
	if (query_next(&query)) {
		struct outbox_alert alert = {
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
		alert.body = query_column_blob(&query, 9, &alert.body_len);
		result = fn(owner, &alert);
	}
	const int error = query_end(&query);
	return error != 0 ? error : result;
}

int outbox_cases(struct store *store, int64_t alert, outbox_case_fn fn, void *owner)
{
	static const char get[] =
		"SELECT c.incident, c.event FROM alert_case c"
		" JOIN incident i ON i.number = c.incident WHERE c.alert = ?1"
		" ORDER BY i.severity_now DESC, c.incident";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, alert);
	while (result == 0 && query_next(&query))
		result = fn(owner, query_column_int(&query, 0),
			(int)query_column_int(&query, 1));
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

static int64_t nth_alert_at(struct query *query, const char *channel, uint64_t nth)
{
	int64_t at = 0;
	query_text(query, channel);
	query_int(query, (int64_t)nth - 1);
	if (query_next(query))
		at = query_column_int(query, 0);
	return at;
}

int outbox_pace(struct store *store, const char *channel, uint64_t nth,
	struct outbox_pace *ret_pace)
{
	static const char get[] = "SELECT at FROM alert WHERE channel = ?1"
				  " AND incidents > 0"
				  " ORDER BY at DESC LIMIT 1 OFFSET ?2";
	struct outbox_pace pace;
	struct query query = query_begin(store, get);
	pace.last_at = nth_alert_at(&query, channel, 1);
	query_again(&query);
	pace.nth_at = nth_alert_at(&query, channel, nth);
	const int error = query_end(&query);
	if (error == 0)
		*ret_pace = pace;
	return error;
}

/* --- handovers --- */

const char *outbox_state_name(enum outbox_state state)
{
	switch (state) {
	case OUTBOX_WAITING:
		return "waiting";
	case OUTBOX_SENT:
		return "sent";
	case OUTBOX_REFUSED:
		return "refused";
	case OUTBOX_EXPIRED:
		return "expired";
	}
	return "unknown";
}

int64_t outbox_put_handover(struct store *store, int64_t alert, const char *channel,
	const char *recipient, int64_t at)
{
	static const char put[] =
		"INSERT INTO handover(number, alert, channel, recipient, state, attempts,"
		" made_at, next_at, done_at, code, error)"
		" VALUES(?1, ?2, ?3, ?4, 1, 0, ?5, ?5, 0, 0, '')";
	const int64_t number = store_next(store, SEQUENCE_HANDOVER);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, alert);
	query_text(&query, channel);
	query_text(&query, recipient);
	query_int(&query, at);
	query_run(&query);
	return number;
}

#define HANDOVER                                                                         \
	"SELECT number, alert, channel, recipient, state, attempts, made_at, next_at,"   \
	" done_at, code, error FROM handover "

static int hand_over(struct query *query, outbox_handover_fn fn, void *owner)
{
	const struct outbox_handover handover = {
		.number = query_column_int(query, 0),
		.alert = query_column_int(query, 1),
		.channel = query_column_text(query, 2),
		.recipient = query_column_text(query, 3),
		.state = (enum outbox_state)query_column_int(query, 4),
		.attempts = (uint64_t)query_column_int(query, 5),
		.made_at = query_column_int(query, 6),
		.next_at = query_column_int(query, 7),
		.done_at = query_column_int(query, 8),
		.code = (int)query_column_int(query, 9),
		.error = query_column_text(query, 10),
	};
	return fn(owner, &handover);
}

int outbox_due(struct store *store, const char *channel, int64_t now, size_t most,
	outbox_handover_fn fn, void *owner)
{
	static const char get[] =
		HANDOVER "WHERE channel = ?1 AND state = 1 AND next_at <= ?2"
			 " ORDER BY next_at, number LIMIT ?3";
	int result = 0;
	struct query query = query_begin(store, get);
	query_text(&query, channel);
	query_int(&query, now);
	query_int(&query, (int64_t)most);
	while (result == 0 && query_next(&query))
		result = hand_over(&query, fn, owner);
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

int outbox_next_at(struct store *store, int64_t *ret_at)
{
	int64_t at = 0;
	struct query query = query_begin(
		store, "SELECT ifnull(min(next_at), 0) FROM handover WHERE state = 1");
	if (query_next(&query))
		at = query_column_int(&query, 0);
	const int error = query_end(&query);
	if (error == 0)
		*ret_at = at;
	return error;
}

int outbox_get_handover(
	struct store *store, int64_t number, outbox_handover_fn fn, void *owner)
{
	static const char get[] = HANDOVER "WHERE number = ?1";
	int result = -ENOENT;
	struct query query = query_begin(store, get);
	query_int(&query, number);
	if (query_next(&query))
		result = hand_over(&query, fn, owner);
	const int error = query_end(&query);
	return error != 0 ? error : result;
}

void outbox_record(struct store *store, const struct outbox_handover *handover)
{
	static const char put[] =
		"UPDATE handover SET state = ?2, attempts = ?3, next_at = ?4,"
		" done_at = ?5, code = ?6, error = ?7 WHERE number = ?1";
	struct query query = query_begin(store, put);
	query_int(&query, handover->number);
	query_int(&query, (int64_t)handover->state);
	query_int(&query, (int64_t)handover->attempts);
	query_int(&query, handover->next_at);
	query_int(&query, handover->done_at);
	query_int(&query, handover->code);
	query_text(&query, handover->error);
	query_run(&query);
}
