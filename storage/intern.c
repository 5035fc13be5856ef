/* SPDX-License-Identifier: MIT */
#include "storage/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/inside.h"

/* Each dictionary has two statements: find by key, and add. */
static int64_t find(struct query *query)
{
	int64_t id = query_next(query) ? query_column_int(query, 0) : 0;
	query_end(query);
	return id;
}

static int64_t added(struct store *store)
{
	return store->error.code == 0 ? sqlite3_last_insert_rowid(store->db) : 0;
}

int64_t intern_name(struct store *store, const uint8_t *name)
{
	static const char get[] = "SELECT id FROM name WHERE wire = ?1";
	static const char add[] = "INSERT INTO name(wire) VALUES(?1)";
	struct query query = query_begin(store, get);
	query_blob(&query, name, name_length(name));
	int64_t id = find(&query);
	if (id != 0 || store->error.code != 0)
		return id;
	query = query_begin(store, add);
	query_blob(&query, name, name_length(name));
	query_run(&query);
	return added(store);
}

static int64_t intern_text(
	struct store *store, const char *get, const char *add, const char *text)
{
	struct query query = query_begin(store, get);
	query_text(&query, text);
	int64_t id = find(&query);
	if (id != 0 || store->error.code != 0)
		return id;
	query = query_begin(store, add);
	query_text(&query, text);
	query_run(&query);
	return added(store);
}

int64_t intern_view(struct store *store, const char *view)
{
	return intern_text(store, "SELECT id FROM view WHERE name = ?1",
		"INSERT INTO view(name) VALUES(?1)", view);
}

int64_t intern_server(struct store *store, const char *server)
{
	if (server == NULL)
		return 0;
	return intern_text(store, "SELECT id FROM server WHERE text = ?1",
		"INSERT INTO server(text) VALUES(?1)", server);
}

int64_t intern_source(struct store *store, const char *source)
{
	return intern_text(store, "SELECT id FROM source WHERE text = ?1",
		"INSERT INTO source(text) VALUES(?1)", source);
}

static bool hash_fails(
	struct store *store, const uint8_t *bytes, size_t len, uint8_t hash[CHAIN_HASH])
{
	return store_sha256(store, bytes, len, hash) < 0 &&
		store_fail(store, -ENOMEM, "out of memory") < 0;
}

static int64_t intern_hashed(struct store *store, const char *get, const char *add,
	const uint8_t hash[CHAIN_HASH], const uint8_t *bytes, size_t len)
{
	struct query query = query_begin(store, get);
	query_blob(&query, hash, CHAIN_HASH);
	int64_t id = find(&query);
	if (id != 0 || store->error.code != 0)
		return id;
	query = query_begin(store, add);
	query_blob(&query, hash, CHAIN_HASH);
	query_blob(&query, bytes, len);
	query_run(&query);
	return added(store);
}

static int64_t intern_answer_bytes(struct store *store, const uint8_t *bytes, size_t len)
{
	uint8_t hash[CHAIN_HASH];
	if (hash_fails(store, bytes, len, hash))
		return 0;
	struct store_answer *recent = &store->answers[hash[0] % STORE_ANSWERS];
	if (recent->id != 0 && memcmp(recent->hash, hash, sizeof hash) == 0)
		return recent->id;
	int64_t id = intern_hashed(store, "SELECT id FROM answer WHERE hash = ?1",
		"INSERT INTO answer(hash, bytes) VALUES(?1, ?2)", hash, bytes, len);
	memcpy(recent->hash, hash, sizeof hash);
	recent->id = id;
	return id;
}

int64_t intern_answer(struct store *store, const struct answer_value *answer)
{
	/* Nothing held yet: no answer at all, but a suspicion may say so. */
	static const uint8_t none[] = {ANSWER_NONE};
	if (answer->state == ANSWER_NONE)
		return intern_answer_bytes(store, none, sizeof none);
	uint8_t *bytes;
	size_t len;
	int error = mxset_encode(answer->state, answer->set, &bytes, &len);
	if (error < 0) {
		store_fail(store, error, "out of memory");
		return 0;
	}
	int64_t id = intern_answer_bytes(store, bytes, len);
	free(bytes);
	return id;
}

int64_t intern_message(struct store *store, const uint8_t *message, size_t len)
{
	uint8_t hash[CHAIN_HASH];
	const uint8_t *bytes = len > 0 ? message : (const uint8_t *)"";
	if (hash_fails(store, bytes, len, hash))
		return 0;
	return intern_hashed(store, "SELECT id FROM message WHERE hash = ?1",
		"INSERT INTO message(hash, bytes) VALUES(?1, ?2)", hash, bytes, len);
}
