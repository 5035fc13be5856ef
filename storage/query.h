/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * query — one use of a cached prepared statement.
 *
 * Parameters are bound in order; after the first error every further call does nothing and
 * query_end() tells. Inside a write transaction the error sticks to the transaction too.
 * A statement that is in use already (a callback that looks something up itself) is prepared a
 * second time. SQL texts are string constants with static storage: their address is the key.
 * Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

struct store;

#define QUERY_CACHE_SLOTS 256 /* a power of two, well above the number of statements */

struct query_slot {
	const char *sql;
	sqlite3_stmt *statement; /* owned */
	bool busy;
};

struct query {
	struct store *store;
	sqlite3_stmt *statement; /* NULL after an error */
	struct query_slot *slot; /* NULL: not from the cache, finalise it */
	int parameters; /* bound so far */
	int error; /* negative errno */
};

struct query query_begin(struct store *store, const char *sql);
void query_int(struct query *query, int64_t value);
/* Binds NULL for 0: absent instants and numbers take no byte of a row. */
void query_int_or_null(struct query *query, int64_t value);
void query_double(struct query *query, double value);
/* NULL binds NULL. The bytes are borrowed until query_end. */
void query_text(struct query *query, const char *text);
void query_blob(struct query *query, const void *bytes, size_t len);
/* True while there is a row. */
bool query_next(struct query *query);
/* Rewinds a finished query so that it can be bound again. */
void query_again(struct query *query);
/* Gives the statement back. Returns 0 or the first error. */
int query_end(struct query *query);
/* Runs a statement that gives no rows, and ends it. */
int query_run(struct query *query);

int64_t query_column_int(const struct query *query, int column);
double query_column_double(const struct query *query, int column);
bool query_column_is_null(const struct query *query, int column);
/* Borrowed until the next step; NULL for NULL. */
const char *query_column_text(const struct query *query, int column);
const uint8_t *query_column_blob(const struct query *query, int column, size_t *ret_len);
/* A well-formed wire name, or NULL with *ret_damaged set. NULL stays NULL. */
const uint8_t *query_column_name(
	const struct query *query, int column, bool *ret_damaged);

/* Finalises every cached statement. */
void query_drop_cache(struct store *store);
