/* SPDX-License-Identifier: MIT */
/* Reading of incidents. */
#include <errno.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/bytes.h"
#include "storage/incidents.h"
#include "storage/inside.h"
#include "storage/lookup_row.h"

#define COLUMNS                                                                          \
	"SELECT i.number, n.wire, i.kind, i.kind_at_open, i.severity, i.severity_now,"   \
	" i.state, i.suspected_at, i.opened_at, i.change_at, i.change_not_before,"       \
	" i.first_bounce_at, i.last_bounce_at, i.reverted_at, i.closed_at,"              \
	" i.updated_at, i.acked_at, i.from_operators, i.to_operators, i.view,"           \
	" i.recipients, i.bounces, i.deferrals, i.deliveries, i.summary"                 \
	" FROM incident i LEFT JOIN name n ON n.id = i.name "

/* The evidence of one incident: rows, and the texts that they point into. */
struct evidence_rows {
	struct incident_evidence rows[INCIDENT_EVIDENCE_MOST];
	size_t names[INCIDENT_EVIDENCE_MOST]; /* offsets into text */
	size_t texts[INCIDENT_EVIDENCE_MOST];
	size_t len;
	struct bytes text;
};

static size_t keep_text(
	struct evidence_rows *evidence, const struct query *query, int column)
{
	const size_t at = evidence->text.len;
	const char *text = query_column_text(query, column);
	text = text != NULL ? text : "";
	bytes_add(&evidence->text, text, strlen(text) + 1);
	return at;
}

static int read_evidence(
	struct store *store, int64_t number, struct evidence_rows *evidence)
{
	static const char get[] = "SELECT name, weight, at, text FROM incident_evidence"
				  " WHERE incident = ?1 ORDER BY ordinal";
	evidence->len = 0;
	evidence->text.len = 0;
	struct query query = query_begin(store, get);
	query_int(&query, number);
	while (evidence->len < INCIDENT_EVIDENCE_MOST && query_next(&query)) {
		const size_t i = evidence->len++;
		evidence->names[i] = keep_text(evidence, &query, 0);
		evidence->rows[i].weight = query_column_double(&query, 1);
		evidence->rows[i].at = query_column_int(&query, 2);
		evidence->texts[i] = keep_text(evidence, &query, 3);
	}
	int error = query_end(&query);
	if (evidence->text.failed)
		return -ENOMEM;
	for (size_t i = 0; i < evidence->len; i++) {
		evidence->rows[i].name =
			(const char *)evidence->text.data + evidence->names[i];
		evidence->rows[i].text =
			(const char *)evidence->text.data + evidence->texts[i];
	}
	return error;
}

static bool is_between(const struct query *query, int column, int64_t least, int64_t most)
{
	const int64_t value = query_column_int(query, column);
	return value >= least && value <= most;
}

/* Whether the numbers are words that this program knows. */
static bool has_words(const struct query *query)
{
	return is_between(query, 2, 1, INCIDENT_KINDS - 1) &&
		is_between(query, 3, 0, INCIDENT_KINDS - 1) &&
		is_between(query, 4, SEVERITY_INFO, SEVERITY_CRITICAL) &&
		is_between(query, 5, SEVERITY_INFO, SEVERITY_CRITICAL) &&
		is_between(query, 6, INCIDENT_SUSPECTED, INCIDENT_CLOSED);
}

/* Borrowed until the query's next step. Returns 0 or -EUCLEAN. */
static int read_row(const struct query *query, struct incident *ret_incident)
{
	bool damaged = false;
	const uint8_t *domain = query_column_name(query, 1, &damaged);
	if (damaged || !has_words(query))
		return -EUCLEAN;
	*ret_incident = (struct incident){
		.number = query_column_int(query, 0),
		.domain = domain,
		.kind = (enum incident_kind)query_column_int(query, 2),
		.kind_at_open = (enum incident_kind)query_column_int(query, 3),
		.severity = (enum incident_severity)query_column_int(query, 4),
		.severity_now = (enum incident_severity)query_column_int(query, 5),
		.state = (enum incident_state)query_column_int(query, 6),
		.suspected_at = query_column_int(query, 7),
		.opened_at = query_column_int(query, 8),
		.change_at = query_column_int(query, 9),
		.change_not_before = query_column_int(query, 10),
		.first_bounce_at = query_column_int(query, 11),
		.last_bounce_at = query_column_int(query, 12),
		.reverted_at = query_column_int(query, 13),
		.closed_at = query_column_int(query, 14),
		.updated_at = query_column_int(query, 15),
		.acked_at = query_column_int(query, 16),
		.from_operators = query_column_text(query, 17),
		.to_operators = query_column_text(query, 18),
		.view = query_column_text(query, 19),
		.recipients = (uint64_t)query_column_int(query, 20),
		.bounces = (uint64_t)query_column_int(query, 21),
		.deferrals = (uint64_t)query_column_int(query, 22),
		.deliveries = (uint64_t)query_column_int(query, 23),
		.summary = query_column_text(query, 24),
	};
	return 0;
}

static int hand_over(struct store *store, const struct query *query,
	struct evidence_rows *evidence, incidents_fn fn, void *owner)
{
	struct incident incident;
	int error = read_row(query, &incident);
	if (error == 0)
		error = read_evidence(store, incident.number, evidence);
	if (error < 0)
		return error;
	incident.evidence = evidence->rows;
	incident.evidence_len = evidence->len;
	return fn(owner, &incident);
}

/* Hands over every row of a query, and ends it. */
static int each_row(struct store *store, struct query *query, incidents_fn fn,
	void *owner, size_t *ret_rows)
{
	struct evidence_rows evidence = {0};
	int result = 0;
	*ret_rows = 0;
	for (; result == 0 && query_next(query); (*ret_rows)++)
		result = hand_over(store, query, &evidence, fn, owner);
	int error = query_end(query);
	bytes_finish(&evidence.text);
	return result != 0 ? result : error;
}

#define IN_WINDOW                                                                        \
	" AND (?3 = 0 OR i.opened_at < ?3)"                                              \
	" AND (?2 = 0 OR i.state <> 4 OR i.closed_at >= ?2 OR i.opened_at >= ?2)"        \
	" AND (?4 = 0 OR i.state <> 4) AND i.number > ?5"                                \
	" ORDER BY i.opened_at, i.number LIMIT ?6"

int incidents_each(struct store *store, const struct incidents_filter *filter,
	incidents_fn fn, void *owner)
{
	static const char of_all[] = COLUMNS "WHERE ?1 IS NULL" IN_WINDOW;
	static const char of_domain[] =
		COLUMNS "WHERE i.name = (SELECT id FROM name WHERE wire = ?1)" IN_WINDOW;
	bool mine;
	size_t rows;
	int result = lookup_begin(store, &mine);
	if (result < 0)
		return result;
	struct query query =
		query_begin(store, filter->domain != NULL ? of_domain : of_all);
	query_blob(&query, filter->domain,
		filter->domain != NULL ? name_length(filter->domain) : 0);
	query_int(&query, filter->from);
	query_int(&query, filter->to);
	query_int(&query, filter->open_only);
	query_int(&query, filter->after);
	query_int(&query, filter->most > 0 ? (int64_t)filter->most : -1);
	result = each_row(store, &query, fn, owner, &rows);
	return lookup_end(store, mine, result);
}

int incidents_get(struct store *store, int64_t number, incidents_fn fn, void *owner)
{
	static const char get[] = COLUMNS "WHERE i.number = ?1";
	bool mine;
	size_t rows;
	int result = lookup_begin(store, &mine);
	if (result < 0)
		return result;
	struct query query = query_begin(store, get);
	query_int(&query, number);
	result = each_row(store, &query, fn, owner, &rows);
	if (result == 0 && rows == 0)
		result = -ENOENT;
	return lookup_end(store, mine, result);
}

static int read_recipient(
	const struct query *query, incidents_recipient_fn fn, void *owner)
{
	size_t len;
	const uint8_t *hash = query_column_blob(query, 0, &len);
	struct incident_recipient recipient = {
		.address = query_column_text(query, 1),
		.relay_host = query_column_text(query, 2),
		.first_bounce_at = query_column_int(query, 3),
		.last_bounce_at = query_column_int(query, 4),
		.bounces = (uint64_t)query_column_int(query, 5),
		.accepted_before = query_column_int(query, 6) != 0,
		.advice = (enum incident_advice)query_column_int(query, 7),
	};
	if (hash == NULL || len != sizeof recipient.hash ||
		!is_between(query, 7, ADVICE_REACTIVATE, ADVICE_LEAVE))
		return -EUCLEAN;
	memcpy(recipient.hash, hash, len);
	return fn(owner, &recipient);
}

int incidents_recipients(struct store *store, int64_t number, enum incident_advice advice,
	incidents_recipient_fn fn, void *owner)
{
	static const char get[] =
		"SELECT r.hash, r.address, h.text, r.first_at, r.last_at, r.bounces,"
		" r.accepted_before, r.advice FROM incident_recipient r"
		" JOIN host h ON h.id = r.host WHERE r.incident = ?1"
		" AND (?2 = 0 OR r.advice = ?2) ORDER BY r.first_at, r.hash";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, number);
	query_int(&query, (int64_t)advice);
	while (result == 0 && query_next(&query))
		result = read_recipient(&query, fn, owner);
	int error = query_end(&query);
	return result != 0 ? result : error;
}
