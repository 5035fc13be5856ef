/* SPDX-License-Identifier: MIT */
#include "storage/retention.h"

#include <errno.h>
#include <string.h>

#include "storage/bucket.h"
#include "storage/inside.h"

/* One pruning: whole links go, from the oldest on, with the records that they name. A span that
 * is still open, or was closed by a later link, stays; its change goes. */
struct pruning {
	struct store *store;
	int64_t last_tx; /* the newest link, which stays */
	int64_t cut_tx; /* the last link that goes; 0 while none does */
	uint8_t cut_hash[CHAIN_HASH];
	struct chain chain; /* of the link at hand */
};

static void run_between(struct store *store, const char *sql, int64_t first, int64_t last)
{
	struct query query = query_begin(store, sql);
	query_int(&query, first);
	query_int(&query, last);
	query_run(&query);
}

/* Deletes evidence, and the messages that were kept for nothing else. */
static void drop_evidence(
	struct store *store, const char *sql, int64_t first, int64_t last)
{
	static const char sweep[] = "DELETE FROM message WHERE id = ?1 AND NOT EXISTS("
				    "SELECT 1 FROM evidence WHERE message = ?1)";
	struct query query = query_begin(store, sql);
	query_int(&query, first);
	query_int(&query, last);
	while (query_next(&query)) {
		struct query message = query_begin(store, sweep);
		query_int(&message, query_column_int(&query, 0));
		query_run(&message);
	}
	query_end(&query);
}

static int64_t last_of(const struct chain_range *range)
{
	return range->first + (int64_t)range->count - 1;
}

static void drop_opened(struct store *store, const struct chain_range *range)
{
	static const char forget[] =
		"UPDATE span SET from_answer = NULL, confirmed_by = NULL,"
		" confirmed_ms = NULL WHERE number BETWEEN ?1 AND ?2"
		" AND from_answer IS NOT NULL";
	static const char evidence[] =
		"DELETE FROM evidence WHERE kind = 0 AND number BETWEEN 2 * ?1 AND 2 * ?2"
		" AND number % 2 = 0 RETURNING message";
	if (range->count == 0)
		return;
	run_between(store, forget, range->first, last_of(range));
	drop_evidence(store, evidence, range->first, last_of(range));
}

static void drop_closed(struct store *store, int64_t number)
{
	run_between(store, "DELETE FROM imported WHERE span BETWEEN ?1 AND ?2", number,
		number);
	run_between(
		store, "DELETE FROM span WHERE number BETWEEN ?1 AND ?2", number, number);
}

static void drop_changes(struct store *store, const struct chain_range *range)
{
	static const char evidence[] =
		"DELETE FROM evidence WHERE kind = 0"
		" AND number BETWEEN 2 * ?1 + 1 AND 2 * ?2 + 1 AND number % 2 = 1"
		" RETURNING message";
	if (range->count == 0)
		return;
	run_between(store, "DELETE FROM change WHERE number BETWEEN ?1 AND ?2",
		range->first, last_of(range));
	drop_evidence(store, evidence, range->first, last_of(range));
}

static void drop_suspicions(struct store *store, const struct chain_range *range)
{
	static const char evidence[] =
		"DELETE FROM evidence WHERE kind = 1 AND number BETWEEN ?1 AND ?2"
		" RETURNING message";
	if (range->count == 0)
		return;
	run_between(store, "DELETE FROM suspicion WHERE number BETWEEN ?1 AND ?2",
		range->first, last_of(range));
	drop_evidence(store, evidence, range->first, last_of(range));
}

/* The entries of a packed row but one. */
static void copy_others(const uint8_t *data, size_t len, int64_t chunk_at,
	const struct chain_place *place, struct bytes *kept)
{
	struct bytes_reader reader = {.data = data, .len = len};
	struct bucket bucket;
	uint64_t version;
	while (bucket_unpack(&reader, chunk_at, &bucket, &version))
		if (bucket.from_at != place->from_at || version != place->version)
			bucket_pack(&bucket, version, chunk_at, kept);
}

static void drop_bucket(struct store *store, const struct chain_place *place)
{
	static const char get[] =
		"SELECT data FROM bucket"
		" WHERE point = ?1 AND length_ms = ?2 AND chunk_at = ?3";
	static const char put[] =
		"UPDATE bucket SET data = ?4"
		" WHERE point = ?1 AND length_ms = ?2 AND chunk_at = ?3";
	static const char drop[] =
		"DELETE FROM bucket WHERE point = ?1 AND length_ms = ?2"
		" AND chunk_at = ?3 AND ?4 IS NULL";
	struct bytes kept = {0};
	int64_t chunk_at = bucket_chunk_at(place->from_at, place->length_ms);
	struct query query = query_begin(store, get);
	query_int(&query, place->point);
	query_int(&query, place->length_ms);
	query_int(&query, chunk_at);
	if (query_next(&query)) {
		size_t len;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		copy_others(data, len, chunk_at, place, &kept);
	}
	query_end(&query);
	if (kept.failed)
		store_fail(store, -ENOMEM, "out of memory");
	query = query_begin(store, kept.len > 0 ? put : drop);
	query_int(&query, place->point);
	query_int(&query, place->length_ms);
	query_int(&query, chunk_at);
	query_blob(&query, kept.len > 0 ? kept.data : NULL, kept.len);
	query_run(&query);
	bytes_finish(&kept);
}

/* What became of incidents, and those of which nothing is left in the ledger. */
static void drop_incidents(struct store *store, const struct chain_range *range)
{
	if (range->count == 0)
		return;
	run_between(store,
		"DELETE FROM incident WHERE state = 4 AND number IN"
		" (SELECT incident FROM incident_event WHERE number BETWEEN ?1 AND ?2)"
		" AND NOT EXISTS (SELECT 1 FROM incident_event e"
		" WHERE e.incident = incident.number AND e.number > ?2)",
		range->first, last_of(range));
	run_between(store, "DELETE FROM incident_event WHERE number BETWEEN ?1 AND ?2",
		range->first, last_of(range));
}

static void drop_records(struct store *store, const struct chain *chain)
{
	drop_opened(store, &chain->opened);
	for (size_t i = 0; i < chain->closed_len; i++)
		drop_closed(store, chain->closed[i]);
	if (chain->gaps.count > 0)
		run_between(store, "DELETE FROM gap WHERE number BETWEEN ?1 AND ?2",
			chain->gaps.first, last_of(&chain->gaps));
	drop_changes(store, &chain->changes);
	drop_suspicions(store, &chain->suspicions);
	for (size_t i = 0; i < chain->buckets_len; i++)
		drop_bucket(store, &chain->buckets[i]);
	drop_incidents(store, &chain->incidents);
	if (chain->erasures.count > 0)
		run_between(store, "DELETE FROM erasure WHERE number BETWEEN ?1 AND ?2",
			chain->erasures.first, last_of(&chain->erasures));
}

static void drop_links(struct pruning *pruning, int64_t before, size_t limit)
{
	static const char get[] = "SELECT tx, at, hash, refs FROM ledger"
				  " WHERE tx < ?1 AND tx <= ?2 ORDER BY tx";
	struct store *store = pruning->store;
	int64_t first_tx = 0;
	struct query query = query_begin(store, "SELECT min(tx) FROM ledger");
	if (query_next(&query))
		first_tx = query_column_int(&query, 0);
	query_end(&query);

	query = query_begin(store, get);
	query_int(&query, pruning->last_tx);
	query_int(&query, first_tx + (int64_t)limit - 1);
	while (query_next(&query) && query_column_int(&query, 1) < before) {
		size_t hash_len;
		size_t refs_len;
		const uint8_t *hash = query_column_blob(&query, 2, &hash_len);
		const uint8_t *refs = query_column_blob(&query, 3, &refs_len);
		int error = chain_unpack(
			refs, refs_len, query_column_int(&query, 1), &pruning->chain);
		if (error == 0 && hash_len != CHAIN_HASH)
			error = -EUCLEAN;
		if (error < 0) {
			store_fail(store, error == -ENOMEM ? error : -EUCLEAN,
				"a link of the ledger is damaged: nothing is pruned");
			break;
		}
		memcpy(pruning->cut_hash, hash, CHAIN_HASH);
		pruning->cut_tx = query_column_int(&query, 0);
		drop_records(store, &pruning->chain);
	}
	query_end(&query);
	run_between(store, "DELETE FROM ledger WHERE tx BETWEEN ?1 AND ?2", first_tx,
		pruning->cut_tx);
	run_between(store, "DELETE FROM pruning WHERE tx BETWEEN ?1 AND ?2", first_tx,
		pruning->cut_tx);
}

static void note_cut(struct pruning *pruning, int64_t before)
{
	static const char put[] = "INSERT INTO pruning(tx, before_at, cut_tx, cut_hash)"
				  " VALUES(?1, ?2, ?3, ?4)";
	struct query query = query_begin(pruning->store, put);
	query_int(&query, pruning->last_tx + 1);
	query_int(&query, before);
	query_int(&query, pruning->cut_tx);
	query_blob(&query, pruning->cut_hash, CHAIN_HASH);
	query_run(&query);
	pruning->store->chain.pruning = true;
}

static int64_t ask(struct store *store, const char *sql, int64_t parameter)
{
	struct query query = query_begin(store, sql);
	query_int(&query, parameter);
	int64_t value = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_end(&query);
	return value;
}

/* Links go in order, so that what an incident refers to holds up all that came later: one that
 * is not closed, or that somebody has not been told of yet. */
static int64_t spare_incidents(struct store *store, int64_t before)
{
	static const char sql[] =
		"SELECT min(?1,"
		" ifnull((SELECT min(since_at) FROM incident WHERE state <> 4), ?1),"
		" ifnull((SELECT min(i.since_at) FROM notice n"
		"  JOIN incident i ON i.number = n.incident), ?1),"
		" ifnull((SELECT min(i.since_at) FROM handover h"
		"  JOIN alert_case c ON c.alert = h.alert"
		"  JOIN incident i ON i.number = c.incident WHERE h.state = 1), ?1))";
	return ask(store, sql, before);
}

int retention_prune(struct store *store, int64_t before, size_t limit, int64_t now,
	int *ret_more, struct store_error *ret_error)
{
	struct pruning pruning = {.store = store};
	store_begin(store);
	before = spare_incidents(store, before);
	pruning.last_tx = ask(store, "SELECT max(tx) + 0 * ?1 FROM ledger", 0);
	drop_links(&pruning, before, limit);
	int64_t more = ask(store,
		"SELECT ifnull((SELECT at FROM ledger WHERE tx < (SELECT max(tx) FROM"
		" ledger) ORDER BY tx LIMIT 1) < ?1, 0)",
		before);
	if (pruning.cut_tx != 0)
		note_cut(&pruning, before);
	chain_finish(&pruning.chain);
	int error = store_commit(store, now, ret_error);
	if (error == 0)
		*ret_more = more != 0;
	return error;
}
