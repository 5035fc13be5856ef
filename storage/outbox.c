/* SPDX-License-Identifier: MIT */
/* Notices, and what channels know of incidents. */
#include "storage/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "storage/inside.h"

char *outbox_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX])
{
	snprintf(ret_text, STORE_ID_MAX, "%s-a%" PRId64, store_site(store), number);
	return ret_text;
}

int outbox_id_parse(const struct store *store, const char *id, int64_t *ret_number)
{
	return store_parse_number(store, "-a", id, ret_number);
}

/* --- notices --- */

void outbox_put_notice(struct store *store, const struct outbox_notice *notice)
{
	static const char put[] =
		"INSERT INTO notice(incident, channel, event, severity, at)"
		" VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		" event = excluded.event, severity = max(severity, excluded.severity)";
	struct query query = query_begin(store, put);
	query_int(&query, notice->incident);
	query_text(&query, notice->channel);
	query_int(&query, notice->event);
	query_int(&query, (int64_t)notice->severity);
	query_int(&query, notice->at);
	query_run(&query);
}

void outbox_drop_notice(struct store *store, const char *channel, int64_t incident)
{
	struct query query = query_begin(
		store, "DELETE FROM notice WHERE incident = ?1 AND channel = ?2");
	query_int(&query, incident);
	query_text(&query, channel);
	query_run(&query);
}

void outbox_drop_notices(struct store *store, const char *channel)
{
	struct query query = query_begin(store, "DELETE FROM notice WHERE channel = ?1");
	query_text(&query, channel);
	query_run(&query);
}

int outbox_notices(struct store *store, const char *channel, int64_t incident,
	outbox_notice_fn fn, void *owner)
{
	static const char of_channel[] =
		"SELECT channel, incident, event, severity, at FROM notice"
		" WHERE channel = ?1 ORDER BY severity DESC, incident";
	static const char of_incident[] =
		"SELECT channel, incident, event, severity, at FROM notice"
		" WHERE incident = ?1 ORDER BY channel";
	int result = 0;
	struct query query =
		query_begin(store, channel != NULL ? of_channel : of_incident);
	if (channel != NULL)
		query_text(&query, channel);
	else
		query_int(&query, incident);
	while (result == 0 && query_next(&query)) {
		const struct outbox_notice notice = {
			.channel = query_column_text(&query, 0),
			.incident = query_column_int(&query, 1),
			.event = (int)query_column_int(&query, 2),
			.severity = (enum incident_severity)query_column_int(&query, 3),
			.at = query_column_int(&query, 4),
		};
		result = fn(owner, &notice);
	}
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

int outbox_groups(struct store *store, const char *channel, size_t most,
	outbox_group_fn fn, void *owner)
{
	static const char get[] =
		"SELECT kind, to_operators, count(*) FROM notice, incident"
		" WHERE channel = ?1 AND incident = number GROUP BY kind, to_operators"
		" ORDER BY count(*) DESC, kind, to_operators LIMIT ?2";
	int result = 0;
	struct query query = query_begin(store, get);
	query_text(&query, channel);
	query_int(&query, (int64_t)most);
	while (result == 0 && query_next(&query)) {
		const struct outbox_group group = {
			.kind = (enum incident_kind)query_column_int(&query, 0),
			.to_operators = query_column_text(&query, 1),
			.count = (uint64_t)query_column_int(&query, 2),
		};
		result = fn(owner, &group);
	}
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

int outbox_each_named(
	struct store *store, const char *channel, outbox_named_fn fn, void *owner)
{
	static const char get[] =
		"SELECT incident, wire, kind, to_operators"
		" FROM notice JOIN incident ON number = incident"
		" LEFT JOIN name ON name.id = incident.name WHERE channel = ?1"
		" ORDER BY notice.severity DESC, number";
	int result = 0;
	bool damaged = false;
	struct query query = query_begin(store, get);
	query_text(&query, channel);
	while (result == 0 && query_next(&query)) {
		const struct outbox_named named = {
			.incident = query_column_int(&query, 0),
			.domain = query_column_name(&query, 1, &damaged),
			.kind = (enum incident_kind)query_column_int(&query, 2),
			.to_operators = query_column_text(&query, 3),
		};
		result = damaged ? -EUCLEAN : fn(owner, &named);
	}
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

int outbox_each_pending(struct store *store, outbox_pending_fn fn, void *owner)
{
	static const char get[] = "SELECT channel, count(*), min(at),"
				  " ifnull(min(CASE WHEN severity = 3 THEN at END), 0)"
				  " FROM notice GROUP BY channel ORDER BY channel";
	int result = 0;
	struct query query = query_begin(store, get);
	while (result == 0 && query_next(&query)) {
		const struct outbox_pending pending = {
			.channel = query_column_text(&query, 0),
			.count = (uint64_t)query_column_int(&query, 1),
			.first_at = query_column_int(&query, 2),
			.critical_at = query_column_int(&query, 3),
		};
		result = fn(owner, &pending);
	}
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

/* --- what a channel knows --- */

void outbox_tell(struct store *store, const struct outbox_told *told)
{
	static const char put[] =
		"INSERT INTO told(incident, channel, at, kind, severity, state,"
		" recipients, first_alert, last_alert)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET"
		" at = excluded.at, kind = excluded.kind, severity = excluded.severity,"
		" state = excluded.state, recipients = excluded.recipients,"
		" last_alert = excluded.last_alert";
	struct query query = query_begin(store, put);
	query_int(&query, told->incident);
	query_text(&query, told->channel);
	query_int(&query, told->at);
	query_int(&query, (int64_t)told->kind);
	query_int(&query, (int64_t)told->severity);
	query_int(&query, (int64_t)told->state);
	query_int(&query, (int64_t)told->recipients);
	query_int(&query, told->first_alert);
	query_int(&query, told->last_alert);
	query_run(&query);
}

static int hand_over_told(struct query *query, outbox_told_fn fn, void *owner)
{
	int result = 0;
	while (result == 0 && query_next(query)) {
		const struct outbox_told told = {
			.channel = query_column_text(query, 0),
			.incident = query_column_int(query, 1),
			.at = query_column_int(query, 2),
			.kind = (enum incident_kind)query_column_int(query, 3),
			.severity = (enum incident_severity)query_column_int(query, 4),
			.state = (enum incident_state)query_column_int(query, 5),
			.recipients = (uint64_t)query_column_int(query, 6),
			.first_alert = query_column_int(query, 7),
			.last_alert = query_column_int(query, 8),
		};
		result = fn(owner, &told);
	}
	const int error = query_end(query);
	return result != 0 ? result : error;
}

#define TOLD                                                                             \
	"SELECT t.channel, t.incident, t.at, t.kind, t.severity, t.state, t.recipients," \
	" t.first_alert, t.last_alert FROM told t "

int outbox_each_told(
	struct store *store, int64_t incident, outbox_told_fn fn, void *owner)
{
	static const char get[] = TOLD "WHERE t.incident = ?1 ORDER BY t.channel";
	struct query query = query_begin(store, get);
	query_int(&query, incident);
	return hand_over_told(&query, fn, owner);
}

int outbox_stale(struct store *store, const char *channel, int64_t before, size_t most,
	outbox_told_fn fn, void *owner)
{
	static const char get[] = TOLD
		"JOIN incident i ON i.number = t.incident WHERE t.channel = ?1"
		" AND t.at <= ?2 AND t.state <> 4 AND i.state < 3 AND i.acked_at = 0"
		" AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.incident = t.incident"
		" AND n.channel = t.channel) ORDER BY t.at LIMIT ?3";
	struct query query = query_begin(store, get);
	query_text(&query, channel);
	query_int(&query, before);
	query_int(&query, (int64_t)most);
	return hand_over_told(&query, fn, owner);
}

int outbox_each_open(struct store *store, outbox_number_fn fn, void *owner)
{
	static const char get[] = "SELECT number FROM incident WHERE state <> 4 UNION"
				  " SELECT incident FROM told WHERE state <> 4";
	int result = 0;
	struct query query = query_begin(store, get);
	while (result == 0 && query_next(&query))
		result = fn(owner, query_column_int(&query, 0));
	const int error = query_end(&query);
	return result != 0 ? result : error;
}

/* --- from notices to what is known --- */

static void settle_by(struct store *store, const char *sql, const char *channel,
	int64_t incident, int64_t alert, int64_t at)
{
	struct query query = query_begin(store, sql);
	query_text(&query, channel);
	query_int(&query, incident);
	query_int(&query, alert);
	query_int(&query, at);
	query_run(&query);
}

void outbox_settle(struct store *store, const char *channel, int64_t incident,
	int64_t alert, int64_t at)
{
	static const char cases[] =
		"INSERT INTO alert_case(alert, incident, event)"
		" SELECT ?3, incident, event FROM notice"
		" WHERE channel = ?1 AND (?2 = 0 OR incident = ?2) AND ?4 = ?4";
	static const char known[] =
		"INSERT INTO told(incident, channel, at, kind, severity, state,"
		" recipients, first_alert, last_alert)"
		" SELECT i.number, n.channel, ?4, i.kind, i.severity_now, i.state,"
		" i.recipients, ?3, ?3 FROM notice n JOIN incident i"
		" ON i.number = n.incident"
		" WHERE n.channel = ?1 AND (?2 = 0 OR n.incident = ?2)"
		" ON CONFLICT DO UPDATE SET at = excluded.at, kind = excluded.kind,"
		" severity = max(severity, excluded.severity), state = excluded.state,"
		" recipients = excluded.recipients, last_alert = excluded.last_alert";
	static const char gone[] =
		"DELETE FROM notice WHERE channel = ?1 AND (?2 = 0 OR incident = ?2)"
		" AND ?3 = ?3 AND ?4 = ?4";
	settle_by(store, cases, channel, incident, alert, at);
	settle_by(store, known, channel, incident, alert, at);
	settle_by(store, gone, channel, incident, alert, at);
}

/* --- marks --- */

void outbox_put_mark(struct store *store, const char *key, int64_t value)
{
	struct query query = query_begin(store,
		"INSERT INTO mark(key, value) VALUES(?1, ?2)"
		" ON CONFLICT DO UPDATE SET value = excluded.value");
	query_text(&query, key);
	query_int(&query, value);
	query_run(&query);
}

int outbox_mark(struct store *store, const char *key, int64_t *ret_value)
{
	int64_t value = 0;
	struct query query = query_begin(store, "SELECT value FROM mark WHERE key = ?1");
	query_text(&query, key);
	if (query_next(&query))
		value = query_column_int(&query, 0);
	const int error = query_end(&query);
	if (error == 0)
		*ret_value = value;
	return error;
}
