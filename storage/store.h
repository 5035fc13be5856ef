/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * store — one SQLite file: opening, locking, migrating, and the write transaction.
 *
 * One process writes: it holds a lock on `PATH.lock`, which names it. It is also the only one
 * that checkpoints (SQLite 3.40 can corrupt a WAL that two connections reset at once). Readers
 * open read-only connections of their own, never checkpoint, and give up after a deadline.
 * A transaction remembers its first error: history_* calls in between may be written without
 * checks, store_commit() tells. What is committed is on the disk (synchronous=FULL).
 * One thread per handle. Errors carry a text that says what and where.
 */
#include <stdbool.h>
#include <stdint.h>

struct store;

#define STORE_SITE_MAX 64

struct store_error {
	int code; /* negative errno, see store_open */
	char text[512]; /* for people: what, where (path), what was expected */
};

struct store_options {
	const char *path;
	const char *site; /* for a store that is made; NULL is the host name */
	bool write;
	int64_t deadline_ms; /* most time of one read query; 0 is no limit */
	int64_t now; /* instant, for what opening has to record */
};

/* Opens, and for writing creates and migrates. Returns 0 or, with ret_error filled:
 * -EBUSY held by another process (named with its pid), -ENOENT no store there (reading),
 * -EPROTO schema newer than this program, -EROFS read-only, -ENOSPC disk full,
 * -EUCLEAN damaged or no store at all, -EACCES, -ENOMEM, -EIO. */
int store_open(const struct store_options *options, struct store **ret_store,
	struct store_error *ret_error) __attribute__((warn_unused_result));
/* Rolls back what is open, checkpoints if writing, gives the lock back. NULL is allowed. */
void store_close(struct store *store);

const char *store_site(const struct store *store);
const char *store_path(const struct store *store);
/* Bytes of the database and its WAL. */
int64_t store_bytes(const struct store *store);
/* Whether a process holds the write lock of the store at path; *ret_pid (NULL allowed) names it,
 * 0 where not known. */
bool store_is_held(const char *path, int64_t *ret_pid);

/* Ids are opaque texts "SITE-NUMBER". Returns ret_text. */
#define STORE_ID_MAX (STORE_SITE_MAX + 24)
char *store_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX]);
/* Returns 0, or -EINVAL for an id that this store did not make. */
int store_id_parse(const struct store *store, const char *id, int64_t *ret_number)
	__attribute__((warn_unused_result));

/* Begins the write transaction; there is one at a time. Errors stick until commit or rollback. */
void store_begin(struct store *store);
/* Chains what was written into the ledger under the instant `now`, and makes it durable.
 * Returns 0, or the first error since store_begin (after a rollback): -ENOSPC, -EROFS, -EIO,
 * -ENOMEM, -EBUSY; the store stays usable and the caller may try the batch again. */
int store_commit(struct store *store, int64_t now, struct store_error *ret_error)
	__attribute__((warn_unused_result));
void store_rollback(struct store *store);
