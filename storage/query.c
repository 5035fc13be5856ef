/* SPDX-License-Identifier: MIT */
#include "storage/query.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "storage/inside.h"

static int64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(struct query *query, int sqlite_code)
{
	int code = store_errno(query->store, sqlite_code);
	if (query->error == 0)
		query->error = code;
	if (query->store->in_transaction)
		store_fail(query->store, code, sqlite3_errmsg(query->store->db));
	if (query->slot == NULL) {
		sqlite3_finalize(query->statement);
	} else {
		sqlite3_reset(query->statement);
		sqlite3_clear_bindings(query->statement);
		query->slot->busy = false;
	}
	query->statement = NULL;
}

static struct query_slot *find_slot(struct store *store, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 3) * 2654435761u % QUERY_CACHE_SLOTS;
	for (size_t i = 0; i < QUERY_CACHE_SLOTS; i++) {
		struct query_slot *slot = &store->cache[(at + i) % QUERY_CACHE_SLOTS];
		if (slot->sql == NULL || slot->sql == sql)
			return slot;
	}
	assert(false && "more statements than QUERY_CACHE_SLOTS");
	return NULL;
}

struct query query_begin(struct store *store, const char *sql)
{
	struct query query = {.store = store};
	if (store->in_transaction && store->error.code != 0) {
		query.error = store->error.code;
		return query;
	}
	if (store->deadline_ms > 0)
		store->deadline_mono_ms = monotonic_ms() + store->deadline_ms;
	struct query_slot *slot = find_slot(store, sql);
	if (!slot->busy)
		query.slot = slot;
	if (query.slot != NULL && slot->statement != NULL) {
		query.statement = slot->statement;
		slot->busy = true;
		return query;
	}
	unsigned flags = query.slot != NULL ? SQLITE_PREPARE_PERSISTENT : 0;
	int rc = sqlite3_prepare_v3(store->db, sql, -1, flags, &query.statement, NULL);
	if (rc != SQLITE_OK) {
		query.slot = NULL;
		fail(&query, rc);
		return query;
	}
	if (query.slot != NULL)
		*slot = (struct query_slot){
			.sql = sql, .statement = query.statement, .busy = true};
	return query;
}

void query_int(struct query *query, int64_t value)
{
	if (query->statement == NULL)
		return;
	int rc = sqlite3_bind_int64(query->statement, ++query->parameters, value);
	if (rc != SQLITE_OK)
		fail(query, rc);
}

void query_int_or_null(struct query *query, int64_t value)
{
	if (value != 0)
		query_int(query, value);
	else
		query->parameters++;
}

void query_double(struct query *query, double value)
{
	if (query->statement == NULL)
		return;
	int rc = sqlite3_bind_double(query->statement, ++query->parameters, value);
	if (rc != SQLITE_OK)
		fail(query, rc);
}

void query_text(struct query *query, const char *text)
{
	if (query->statement == NULL)
		return;
	int rc = sqlite3_bind_text(
		query->statement, ++query->parameters, text, -1, SQLITE_STATIC);
	if (rc != SQLITE_OK)
		fail(query, rc);
}

void query_blob(struct query *query, const void *bytes, size_t len)
{
	if (query->statement == NULL)
		return;
	int rc = sqlite3_bind_blob64(
		query->statement, ++query->parameters, bytes, len, SQLITE_STATIC);
	if (rc != SQLITE_OK)
		fail(query, rc);
}

bool query_next(struct query *query)
{
	if (query->statement == NULL)
		return false;
	int rc = sqlite3_step(query->statement);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		fail(query, rc);
	return false;
}

void query_again(struct query *query)
{
	if (query->statement == NULL)
		return;
	sqlite3_reset(query->statement);
	sqlite3_clear_bindings(query->statement);
	query->parameters = 0;
}

int query_end(struct query *query)
{
	if (query->statement != NULL && query->slot != NULL) {
		sqlite3_reset(query->statement);
		sqlite3_clear_bindings(query->statement);
		query->slot->busy = false;
	} else {
		sqlite3_finalize(query->statement);
	}
	query->statement = NULL;
	return query->error;
}

int query_run(struct query *query)
{
	while (query_next(query))
		;
	return query_end(query);
}

int64_t query_column_int(const struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

double query_column_double(const struct query *query, int column)
{
	return sqlite3_column_double(query->statement, column);
}

bool query_column_is_null(const struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

const char *query_column_text(const struct query *query, int column)
{
	return (const char *)sqlite3_column_text(query->statement, column);
}

const uint8_t *query_column_blob(const struct query *query, int column, size_t *ret_len)
{
	const uint8_t *bytes = sqlite3_column_blob(query->statement, column);
	*ret_len = (size_t)sqlite3_column_bytes(query->statement, column);
	return bytes;
}

static bool is_wire_name(const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	while (at < len && bytes[at] != 0 && bytes[at] <= 63)
		at += 1u + bytes[at];
	return len <= 255 && at + 1 == len && bytes[at] == 0;
}

const uint8_t *query_column_name(const struct query *query, int column, bool *ret_damaged)
{
	if (query_column_is_null(query, column))
		return NULL;
	size_t len;
	const uint8_t *bytes = query_column_blob(query, column, &len);
	if (bytes != NULL && is_wire_name(bytes, len))
		return bytes;
	*ret_damaged = true;
	return NULL;
}

void query_drop_cache(struct store *store)
{
	for (size_t i = 0; i < QUERY_CACHE_SLOTS; i++) {
		sqlite3_finalize(store->cache[i].statement);
		store->cache[i] = (struct query_slot){0};
	}
}
