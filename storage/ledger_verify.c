/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/bucket.h"
#include "storage/inside.h"
#include "storage/ledger.h"
#include "storage/lookup_row.h"

#define PROGRESS_EVERY 256

/* What the links seen so far promise of the tables. */
struct expected {
	int64_t opened; /* the next number of each; 0 where not known yet, after a pruning */
	int64_t gaps;
	int64_t changes;
	int64_t suspicions;
	int64_t incidents;
	int64_t erasures;
	uint64_t closed; /* how many */
	uint64_t buckets;
	uint64_t messages;
	uint64_t prunings;
};

struct verifying {
	struct store *store;
	int64_t from;
	int64_t to;
	struct chain chain; /* of the link at hand */
	struct expected expected;
	int64_t tx; /* the link before, and its hash */
	uint8_t hash[CHAIN_HASH];
	int64_t at;
	struct ledger_verdict verdict;
};

static void reject(struct verifying *verifying, int64_t tx, int64_t at, const char *why)
{
	struct ledger_verdict *verdict = &verifying->verdict;
	if (!verdict->holds)
		return;
	verdict->holds = false;
	verdict->broken = tx;
	verdict->broken_at = at;
	snprintf(verdict->why, sizeof verdict->why, "%s", why);
}

/* The chain begins at its genesis, or after the cut of the latest pruning. */
static int find_beginning(struct verifying *verifying, int64_t first_tx)
{
	static const char get[] = "SELECT cut_hash FROM pruning"
				  " WHERE cut_tx = ?1 AND tx > ?1";
	struct expected *expected = &verifying->expected;
	int no_memory = chain_genesis(verifying->store, verifying->hash);
	if (no_memory < 0)
		return no_memory;
	verifying->tx = 0;
	if (first_tx == 1) {
		expected->opened = expected->gaps = 1;
		expected->changes = expected->suspicions = 1;
		expected->incidents = expected->erasures = 1;
		return 0;
	}
	struct query query = query_begin(verifying->store, get);
	query_int(&query, first_tx - 1);
	if (query_next(&query)) {
		size_t len;
		const uint8_t *hash = query_column_blob(&query, 0, &len);
		if (hash != NULL && len == CHAIN_HASH) {
			memcpy(verifying->hash, hash, len);
			verifying->tx = first_tx - 1;
		}
	}
	return query_end(&query);
}

/* Numbers are given out without holes: each range begins where the last one ended. */
static bool follows(int64_t *next, const struct chain_range *range)
{
	if (range->count == 0)
		return true;
	bool fits = *next == 0 || *next == range->first;
	*next = range->first + (int64_t)range->count;
	return fits;
}

static bool note_ranges(struct verifying *verifying)
{
	const struct chain *chain = &verifying->chain;
	struct expected *expected = &verifying->expected;
	bool opened = follows(&expected->opened, &chain->opened);
	bool gaps = follows(&expected->gaps, &chain->gaps);
	bool changes = follows(&expected->changes, &chain->changes);
	bool suspicions = follows(&expected->suspicions, &chain->suspicions);
	bool incidents = follows(&expected->incidents, &chain->incidents);
	bool erasures = follows(&expected->erasures, &chain->erasures);
	expected->closed += chain->closed_len;
	expected->buckets += chain->buckets_len;
	expected->prunings += chain->pruning;
	return opened && gaps && changes && suspicions && incidents && erasures;
}

static bool is_in_window(const struct verifying *verifying, int64_t at)
{
	return (verifying->from == 0 || at >= verifying->from) &&
		(verifying->to == 0 || at < verifying->to);
}

/* Recomputes one link from the tables. */
static int recompute(
	struct verifying *verifying, int64_t tx, int64_t at, const uint8_t *stored)
{
	struct chain_link link = {.tx = tx, .at = at, .check = true};
	uint8_t hash[CHAIN_HASH];
	memcpy(link.previous, verifying->hash, CHAIN_HASH);
	int error = chain_hash(verifying->store, &verifying->chain, &link, hash);
	if (error == -EUCLEAN)
		reject(verifying, tx, at, link.why != NULL ? link.why : "cannot be read");
	else if (error < 0)
		return error;
	else if (memcmp(hash, stored, CHAIN_HASH) != 0)
		reject(verifying, tx, at, "record changed");
	verifying->verdict.transactions++;
	verifying->verdict.records += link.records;
	verifying->expected.messages += link.messages;
	return 0;
}

static int verify_row(struct verifying *verifying, const struct query *query)
{
	size_t hash_len;
	size_t refs_len;
	int64_t tx = query_column_int(query, 0);
	int64_t at = query_column_int(query, 1);
	const uint8_t *hash = query_column_blob(query, 2, &hash_len);
	const uint8_t *refs = query_column_blob(query, 3, &refs_len);
	if (tx != verifying->tx + 1) {
		reject(verifying, verifying->tx + 1, at, "link missing");
		return 0;
	}
	int error = chain_unpack(refs, refs_len, at, &verifying->chain);
	if (error == -ENOMEM)
		return error;
	if (error < 0 || hash == NULL || hash_len != CHAIN_HASH)
		reject(verifying, tx, at, "link damaged");
	else if (!note_ranges(verifying))
		reject(verifying, tx, at, "link names other records than it should");
	else if (is_in_window(verifying, at))
		error = recompute(verifying, tx, at, hash);
	else
		error = 0;
	if (verifying->verdict.holds) {
		memcpy(verifying->hash, hash, CHAIN_HASH);
		verifying->tx = tx;
		verifying->at = at;
	}
	return verifying->verdict.holds ? error : 0;
}

static int count(
	struct store *store, const char *sql, int64_t parameter, uint64_t *ret_count)
{
	struct query query = query_begin(store, sql);
	if (parameter >= 0)
		query_int(&query, parameter);
	*ret_count = query_next(&query) ? (uint64_t)query_column_int(&query, 0) : 0;
	return query_end(&query);
}

static int count_buckets(struct store *store, uint64_t *ret_count)
{
	struct query query = query_begin(store, "SELECT data FROM bucket");
	*ret_count = 0;
	while (query_next(&query)) {
		struct bytes_reader reader = {0};
		struct bucket bucket;
		uint64_t version;
		reader.data = query_column_blob(&query, 0, &reader.len);
		while (bucket_unpack(&reader, 0, &bucket, &version))
			(*ret_count)++;
		*ret_count += reader.failed;
	}
	return query_end(&query);
}

/* Records that no link names were put in by somebody else, or their link was cut off. */
static int check_unlinked(struct verifying *verifying)
{
	struct store *store = verifying->store;
	const struct expected *expected = &verifying->expected;
	const struct {
		const char *sql;
		int64_t next; /* -1: none to bind */
		uint64_t wanted;
		const char *why;
	} checks[] = {
		{"SELECT count(*) FROM span WHERE number < 1 OR number >= ?1",
			expected->opened, 0, "span without a link"},
		{"SELECT count(*) FROM gap WHERE number < 1 OR number >= ?1",
			expected->gaps, 0, "gap without a link"},
		{"SELECT count(*) FROM change WHERE number < 1 OR number >= ?1",
			expected->changes, 0, "change without a link"},
		{"SELECT count(*) FROM suspicion WHERE number < 1 OR number >= ?1",
			expected->suspicions, 0, "suspicion without a link"},
		{"SELECT count(*) FROM incident_event WHERE number < 1 OR number >= ?1",
			expected->incidents, 0, "incident without a link"},
		{"SELECT count(*) FROM erasure WHERE number < 1 OR number >= ?1",
			expected->erasures, 0, "erasure without a link"},
		{"SELECT count(*) FROM span WHERE open = 0", -1, expected->closed,
			"closed span without a link"},
		{"SELECT count(*) FROM evidence", -1, expected->messages,
			"evidence without a link"},
		{"SELECT count(*) FROM pruning", -1, expected->prunings,
			"pruning without a link"},
	};
	uint64_t found = 0;
	int error = 0;
	for (size_t i = 0; error == 0 && i < sizeof checks / sizeof *checks; i++) {
		if (checks[i].next == 0)
			continue; /* none of its kind since the pruning */
		error = count(store, checks[i].sql, checks[i].next, &found);
		if (error == 0 && found != checks[i].wanted)
			reject(verifying, verifying->tx, verifying->at, checks[i].why);
	}
	if (error == 0)
		error = count_buckets(store, &found);
	if (error == 0 && found != expected->buckets)
		reject(verifying, verifying->tx, verifying->at, "bucket without a link");
	return error;
}

static int verify_rows(
	struct verifying *verifying, ledger_progress_fn progress, void *owner)
{
	static const char get[] = "SELECT tx, at, hash, refs FROM ledger ORDER BY tx";
	uint64_t all = 0;
	uint64_t done = 0;
	int error = count(verifying->store, "SELECT count(*) FROM ledger", -1, &all);
	if (error < 0)
		return error;
	struct query query = query_begin(verifying->store, get);
	while (error == 0 && verifying->verdict.holds && query_next(&query)) {
		if (done == 0)
			error = find_beginning(verifying, query_column_int(&query, 0));
		if (error == 0)
			error = verify_row(verifying, &query);
		if (++done % PROGRESS_EVERY == 0 && progress != NULL)
			progress(owner, done, all);
	}
	if (done == 0)
		error = find_beginning(verifying, 1);
	int ended = query_end(&query);
	bool whole = verifying->from == 0 && verifying->to == 0;
	if (error == 0 && ended == 0 && verifying->verdict.holds && whole)
		error = check_unlinked(verifying);
	return error < 0 ? error : ended;
}

int ledger_verify(struct store *store, int64_t from, int64_t to,
	ledger_progress_fn progress, void *owner, struct ledger_verdict *ret_verdict)
{
	struct verifying verifying = {
		.store = store,
		.from = from,
		.to = to,
		.verdict = {.holds = true},
	};
	bool mine;
	int error = lookup_begin(store, &mine);
	if (error == 0)
		error = ledger_head(store, &verifying.verdict.head);
	if (error == 0)
		error = verify_rows(&verifying, progress, owner);
	error = lookup_end(store, mine, error);
	chain_finish(&verifying.chain);
	if (error == -EUCLEAN) {
		/* The file itself is damaged: that is an answer too. */
		reject(&verifying, verifying.tx + 1, 0, "the file is damaged");
		error = 0;
	}
	if (error == 0)
		*ret_verdict = verifying.verdict;
	return error;
}
