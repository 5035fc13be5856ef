/* SPDX-License-Identifier: MIT */
#include "storage/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/inside.h"
#include "storage/ledger_link.h"

/* The last link; tx 0 and the genesis hash in an empty ledger. */
static int read_last(struct store *store, struct chain_link *ret_last)
{
	static const char get[] =
		"SELECT tx, at, hash FROM ledger ORDER BY tx DESC LIMIT 1";
	struct chain_link last = {0};
	bool damaged = false;
	int no_memory = chain_genesis(store, last.previous);
	if (no_memory < 0)
		return no_memory;
	struct query query = query_begin(store, get);
	if (query_next(&query)) {
		size_t len;
		const uint8_t *hash = query_column_blob(&query, 2, &len);
		last.tx = query_column_int(&query, 0);
		last.at = query_column_int(&query, 1);
		damaged = hash == NULL || len != CHAIN_HASH || last.tx <= 0;
		if (!damaged)
			memcpy(last.previous, hash, CHAIN_HASH);
	}
	int error = query_end(&query);
	if (error == 0 && damaged)
		error = -EUCLEAN;
	if (error == 0)
		*ret_last = last;
	return error;
}

int ledger_check_head(struct store *store)
{
	struct chain_link last;
	return read_last(store, &last);
}

static void save_link(
	struct store *store, const struct chain_link *link, const uint8_t *hash)
{
	static const char put[] =
		"INSERT INTO ledger(tx, at, hash, refs) VALUES(?1, ?2, ?3, ?4)";
	struct bytes refs = {0};
	chain_pack(&store->chain, link->at, &refs);
	if (refs.failed) {
		store_fail(store, -ENOMEM, "out of memory");
	} else {
		struct query query = query_begin(store, put);
		query_int(&query, link->tx);
		query_int(&query, link->at);
		query_blob(&query, hash, CHAIN_HASH);
		query_blob(&query, refs.data, refs.len);
		query_run(&query);
	}
	bytes_finish(&refs);
}

void ledger_link(struct store *store, int64_t now)
{
	if (chain_is_empty(&store->chain) || store->error.code != 0)
		return;
	struct chain_link link;
	uint8_t hash[CHAIN_HASH];
	int error = read_last(store, &link);
	if (error == 0) {
		link.tx++;
		link.at = now;
		error = chain_hash(store, &store->chain, &link, hash);
	}
	if (error == 0)
		save_link(store, &link, hash);
	else
		store_fail(store, error, link.why != NULL ? link.why : strerror(-error));
}

int ledger_head(struct store *store, struct ledger_head *ret_head)
{
	struct chain_link last;
	int error = read_last(store, &last);
	if (error < 0)
		return error;
	*ret_head = (struct ledger_head){.transaction = last.tx, .at = last.at};
	for (size_t i = 0; i < CHAIN_HASH; i++)
		snprintf(ret_head->hash + 2 * i, 3, "%02x", last.previous[i]);
	return 0;
}
