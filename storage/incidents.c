/* SPDX-License-Identifier: MIT */
/* Writing of incidents. */
#include "storage/incidents.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/deliveries_inside.h"
#include "storage/inside.h"
#include "storage/intern.h"

char *incidents_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX])
{
	snprintf(ret_text, STORE_ID_MAX, "%s-i%" PRId64, store_site(store), number);
	return ret_text;
}

int incidents_id_parse(const struct store *store, const char *id, int64_t *ret_number)
{
	return store_parse_number(store, "-i", id, ret_number);
}

/* What tells whether something became of an incident. */
struct standing {
	bool found;
	int64_t kind;
	int64_t state;
};

static struct standing find_standing(struct store *store, int64_t number)
{
	struct standing standing = {0};
	struct query query =
		query_begin(store, "SELECT kind, state FROM incident WHERE number = ?1");
	query_int(&query, number);
	if (query_next(&query)) {
		standing.found = true;
		standing.kind = query_column_int(&query, 0);
		standing.state = query_column_int(&query, 1);
	}
	query_end(&query);
	return standing;
}

/* Records in the ledger what the incident is now. */
static void note_event(struct store *store, int64_t incident)
{
	static const char put[] =
		"INSERT INTO incident_event(number, incident, name, at, kind,"
		" kind_at_open, severity, severity_now, state, suspected_at, opened_at,"
		" change_at, change_not_before, first_bounce_at, last_bounce_at,"
		" reverted_at, closed_at, from_operators, to_operators, view,"
		" recipients, bounces, deferrals, deliveries)"
		" SELECT ?1, number, name, updated_at, kind,"
		" kind_at_open, severity, severity_now, state, suspected_at, opened_at,"
		" change_at, change_not_before, first_bounce_at, last_bounce_at,"
		" reverted_at, closed_at, from_operators, to_operators, view,"
		" recipients, bounces, deferrals, deliveries FROM incident"
		" WHERE number = ?2";
	const int64_t number = store_next(store, SEQUENCE_INCIDENT_EVENT);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, incident);
	if (query_run(&query) == 0)
		chain_note(&store->chain.incidents, number);
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a == 0 ? b : a;
	return a < b ? a : b;
}

/* The earliest instant that the incident refers to. */
static int64_t since(const struct incident *incident)
{
	int64_t at = earlier(incident->suspected_at, incident->opened_at);
	at = earlier(at, earlier(incident->change_at, incident->change_not_before));
	return earlier(at, incident->first_bounce_at);
}

static void put_row(struct store *store, int64_t number, const struct incident *incident)
{
	static const char put[] =
		"INSERT INTO incident(number, name, kind, kind_at_open, severity,"
		" severity_now, state, suspected_at, opened_at, change_at,"
		" change_not_before, first_bounce_at, last_bounce_at, reverted_at,"
		" closed_at, updated_at, acked_at, from_operators, to_operators, view,"
		" recipients, bounces, deferrals, deliveries, summary, since_at)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)"
		" ON CONFLICT DO UPDATE SET name = excluded.name, kind = excluded.kind,"
		" kind_at_open = excluded.kind_at_open, severity = excluded.severity,"
		" severity_now = excluded.severity_now, state = excluded.state,"
		" suspected_at = excluded.suspected_at, opened_at = excluded.opened_at,"
		" change_at = excluded.change_at,"
		" change_not_before = excluded.change_not_before,"
		" first_bounce_at = excluded.first_bounce_at,"
		" last_bounce_at = excluded.last_bounce_at,"
		" reverted_at = excluded.reverted_at, closed_at = excluded.closed_at,"
		" updated_at = excluded.updated_at,"
		" from_operators = excluded.from_operators,"
		" to_operators = excluded.to_operators, view = excluded.view,"
		" recipients = excluded.recipients, bounces = excluded.bounces,"
		" deferrals = excluded.deferrals, deliveries = excluded.deliveries,"
		" summary = excluded.summary, since_at = excluded.since_at";
	const int64_t ints[] = {
		incident->kind,
		incident->kind_at_open,
		incident->severity,
		incident->severity_now,
		incident->state,
		incident->suspected_at,
		incident->opened_at,
		incident->change_at,
		incident->change_not_before,
		incident->first_bounce_at,
		incident->last_bounce_at,
		incident->reverted_at,
		incident->closed_at,
		incident->updated_at,
		incident->acked_at,
	};
	const int64_t name =
		incident->domain != NULL ? intern_name(store, incident->domain) : 0;
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int_or_null(&query, name);
	for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
		query_int(&query, ints[i]);
	query_text(&query, incident->from_operators);
	query_text(&query, incident->to_operators);
	query_text(&query, incident->view);
	query_int(&query, (int64_t)incident->recipients);
	query_int(&query, (int64_t)incident->bounces);
	query_int(&query, (int64_t)incident->deferrals);
	query_int(&query, (int64_t)incident->deliveries);
	query_text(&query, incident->summary);
	query_int(&query, since(incident));
	query_run(&query);
}

static void put_evidence(struct store *store, int64_t number, size_t ordinal,
	const struct incident_evidence *evidence)
{
	static const char put[] =
		"INSERT INTO incident_evidence(incident, ordinal, name, weight, at, text)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
		" name = excluded.name, weight = excluded.weight, at = excluded.at,"
		" text = excluded.text";
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, (int64_t)ordinal);
	query_text(&query, evidence->name);
	query_double(&query, evidence->weight);
	query_int(&query, evidence->at);
	query_text(&query, evidence->text);
	query_run(&query);
}

static void drop_evidence(struct store *store, int64_t number, size_t from)
{
	struct query query = query_begin(store,
		"DELETE FROM incident_evidence WHERE incident = ?1 AND ordinal >= ?2");
	query_int(&query, number);
	query_int(&query, (int64_t)from);
	query_run(&query);
}

int64_t incidents_put(struct store *store, const struct incident *incident)
{
	assert(incident->evidence_len <= INCIDENT_EVIDENCE_MOST);
	int64_t number = incident->number;
	if (number == 0)
		number = store_next(store, SEQUENCE_INCIDENT);
	const struct standing before = find_standing(store, number);
	put_row(store, number, incident);
	for (size_t i = 0; i < incident->evidence_len; i++)
		put_evidence(store, number, i, &incident->evidence[i]);
	if (before.found)
		drop_evidence(store, number, incident->evidence_len);
	const bool became = !before.found || before.kind != (int64_t)incident->kind ||
		before.state != (int64_t)incident->state;
	if (became && incident->state != INCIDENT_SUSPECTED)
		note_event(store, number);
	return number;
}

void incidents_put_recipient(
	struct store *store, int64_t number, const struct incident_recipient *recipient)
{
	static const char put[] =
		"INSERT INTO incident_recipient(incident, hash, address, host, first_at,"
		" last_at, bounces, accepted_before, advice) VALUES(?1, ?2, ifnull(?3,"
		" (SELECT address FROM refused r JOIN incident i ON i.name = r.name"
		"  WHERE i.number = ?1 AND r.hash = ?2 AND address IS NOT NULL"
		"  ORDER BY r.last_at DESC LIMIT 1)), ?4, ?5, ?6, ?7, ?8, ?9)"
		" ON CONFLICT DO UPDATE SET address = ifnull(excluded.address, address),"
		" host = excluded.host, first_at = excluded.first_at,"
		" last_at = excluded.last_at, bounces = excluded.bounces,"
		" accepted_before = excluded.accepted_before, advice = excluded.advice";
	const int64_t host = deliveries_intern_host(store, recipient->relay_host);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_blob(&query, recipient->hash, sizeof recipient->hash);
	query_text(&query, recipient->address);
	query_int(&query, host);
	query_int(&query, recipient->first_bounce_at);
	query_int(&query, recipient->last_bounce_at);
	query_int(&query, (int64_t)recipient->bounces);
	query_int(&query, recipient->accepted_before);
	query_int(&query, recipient->advice);
	query_run(&query);
}

void incidents_ack(struct store *store, int64_t number, int64_t at)
{
	if (!find_standing(store, number).found) {
		store_fail(store, -ENOENT, "no such incident");
		return;
	}
	struct query query = query_begin(store,
		"UPDATE incident SET acked_at = ?2 WHERE number = ?1 AND acked_at = 0");
	query_int(&query, number);
	query_int(&query, at);
	query_run(&query);
}

static size_t count_evidence(struct store *store, int64_t number)
{
	struct query query = query_begin(
		store, "SELECT count(*) FROM incident_evidence WHERE incident = ?1");
	query_int(&query, number);
	const size_t count = query_next(&query) ? (size_t)query_column_int(&query, 0) : 0;
	query_end(&query);
	return count;
}

bool incidents_close(struct store *store, int64_t number, int64_t at)
{
	static const char close[] =
		"UPDATE incident SET state = 4, severity_now = 1, closed_at = ?2,"
		" updated_at = ?2 WHERE number = ?1";
	const struct incident_evidence reason = {
		.name = "closed-by-hand",
		.at = at,
		.text = "Somebody closed the incident by hand.",
	};
	const struct standing before = find_standing(store, number);
	if (!before.found)
		store_fail(store, -ENOENT, "no such incident");
	if (!before.found || before.state == INCIDENT_CLOSED)
		return false;
	struct query query = query_begin(store, close);
	query_int(&query, number);
	query_int(&query, at);
	query_run(&query);
	size_t ordinal = count_evidence(store, number);
	if (ordinal == INCIDENT_EVIDENCE_MOST)
		ordinal--; /* the latest makes room */
	put_evidence(store, number, ordinal, &reason);
	note_event(store, number);
	return true;
}
