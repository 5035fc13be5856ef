/* SPDX-License-Identifier: MIT */
/* Changes and suspicions, with their evidence. */
#include <errno.h>

#include "storage/history.h"
#include "storage/history_row.h"
#include "storage/inside.h"
#include "storage/intern.h"

enum evidence_kind {
	OF_CHANGE = 0,
	OF_SUSPICION = 1,
};

static void add_evidence(struct store *store, enum evidence_kind kind, int64_t number,
	const struct evidence *evidence, size_t evidences)
{
	static const char put[] =
		"INSERT INTO evidence(kind, number, ordinal, message, server, at, rtt_us,"
		" port, flags) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
	for (size_t i = 0; i < evidences; i++) {
		const struct evidence *one = &evidence[i];
		int64_t message = intern_message(store, one->message, one->len);
		int64_t server = intern_server(store, one->server);
		struct query query = query_begin(store, put);
		query_int(&query, kind);
		query_int(&query, number);
		query_int(&query, (int64_t)i);
		query_int(&query, message);
		query_int(&query, server);
		query_int(&query, one->at);
		query_int(&query, one->rtt_us);
		query_int(&query, one->local_port);
		query_int(&query, (one->tcp ? 1 : 0) | (one->clock_synchronised ? 2 : 0));
		query_run(&query);
	}
}

/* Writes the change into the row of the span that it opened, where that was opened in this
 * transaction and says the same. Returns the span's number, or 0. */
static int64_t merge(struct store *store, int64_t point, const struct change *change)
{
	static const char put[] =
		"UPDATE span INDEXED BY span_open SET from_answer = ?7, confirmed_by = "
		"?8, confirmed_ms = ?9"
		" WHERE point = ?1 AND server = ?2 AND open = 1 AND number >= ?3"
		" AND first_at = ?4 AND not_before_ms IS ?5 AND answer = ?6"
		" AND rrtype IS ?10 AND from_answer IS NULL RETURNING number";
	const struct chain_range *opened = &store->chain.opened;
	if (opened->count == 0 || change->imported)
		return 0;
	int64_t server = intern_server(store, change->server);
	int64_t from = intern_answer(store, &change->from);
	int64_t to = intern_answer(store, &change->to);
	struct query query = query_begin(store, put);
	query_int(&query, point);
	query_int(&query, server);
	query_int(&query, opened->first);
	query_int(&query, change->at);
	query_int_or_null(&query,
		change->not_before_at != 0 ? change->at - change->not_before_at : 0);
	query_int(&query, to);
	query_int(&query, from);
	query_int(&query, change->confirmed_by);
	if (change->confirmed_at != 0)
		query_int(&query, change->confirmed_at - change->at);
	else
		query_int_or_null(&query, 0);
	query_int_or_null(&query, store_rrtype(change->rrtype));
	int64_t number = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_run(&query);
	return number;
}

int64_t history_insert_change(
	struct store *store, int64_t point, const struct change *change)
{
	static const char put[] =
		"INSERT INTO change(number, point, server, rrtype, at, not_before_at,"
		" from_answer, to_answer, confirmed_by, confirmed_at, imported)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
	int64_t server = intern_server(store, change->server);
	int64_t from = intern_answer(store, &change->from);
	int64_t to = intern_answer(store, &change->to);
	int64_t number = store_next(store, SEQUENCE_CHANGE);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, point);
	query_int(&query, server);
	query_int_or_null(&query, store_rrtype(change->rrtype));
	query_int(&query, change->at);
	query_int_or_null(&query, change->not_before_at);
	query_int(&query, from);
	query_int(&query, to);
	query_int(&query, change->confirmed_by);
	query_int_or_null(&query, change->confirmed_at);
	query_int(&query, change->imported);
	if (query_run(&query) < 0)
		return 0;
	chain_note(&store->chain.changes, number);
	return 2 * number + 1;
}

int64_t history_add_change(struct store *store, int64_t point,
	const struct change *change, const struct evidence *evidence, size_t evidences)
{
	int64_t number = 2 * merge(store, point, change);
	if (number == 0)
		number = history_insert_change(store, point, change);
	add_evidence(store, OF_CHANGE, number, evidence, evidences);
	return store->error.code == 0 ? number : 0;
}

int64_t history_add_suspicion(struct store *store, int64_t point,
	const struct suspicion *suspicion, const struct evidence *evidence,
	size_t evidences)
{
	static const char put[] =
		"INSERT INTO suspicion(number, point, server, at, held_answer,"
		" seen_answer, why) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
	int64_t server = intern_server(store, suspicion->server);
	int64_t held = intern_answer(store, &suspicion->held);
	int64_t seen = intern_answer(store, &suspicion->seen);
	int64_t number = store_next(store, SEQUENCE_SUSPICION);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, point);
	query_int(&query, server);
	query_int(&query, suspicion->at);
	query_int(&query, held);
	query_int(&query, seen);
	query_text(&query, suspicion->why);
	if (query_run(&query) < 0)
		return 0;
	chain_note(&store->chain.suspicions, number);
	add_evidence(store, OF_SUSPICION, number, evidence, evidences);
	return store->error.code == 0 ? number : 0;
}
