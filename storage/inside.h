/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * inside — what the files of storage/ share about an open store and nobody else sees.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "storage/chain.h"
#include "storage/query.h"
#include "storage/record.h"
#include "storage/store.h"

/* Numbers are given out in order and never twice, not even after pruning. */
enum sequence {
	SEQUENCE_POINT,
	SEQUENCE_SPAN,
	SEQUENCE_GAP,
	SEQUENCE_CHANGE, /* changes with a row of their own */
	SEQUENCE_SUSPICION,
	SEQUENCE_INCIDENT,
	SEQUENCE_INCIDENT_EVENT,
	SEQUENCE_ERASURE,
	SEQUENCE_EXPECTATION,
	SEQUENCE_ALERT,
	SEQUENCE_HANDOVER,
	SEQUENCE_COUNT,
};

/* An answer that was needed a moment ago: most changes repeat a few. */
struct store_answer {
	uint8_t hash[CHAIN_HASH];
	int64_t id; /* 0: empty */
};

#define STORE_ANSWERS 16

struct store {
	sqlite3 *db; /* owned */
	char *path; /* owned; resolved */
	char site[STORE_SITE_MAX];
	bool write;
	int lock_fd; /* -1 for readers */
	bool in_transaction;
	struct store_error error; /* first of the transaction */
	int64_t next[SEQUENCE_COUNT]; /* the next number to give out */
	bool next_dirty; /* to be written at commit */
	bool next_stale; /* to be read again: a transaction was rolled back */
	struct chain chain; /* what the open transaction has to link */
	EVP_MD *sha256; /* owned */
	EVP_MD_CTX *digest; /* owned; of a link */
	EVP_MD_CTX *entry_digest; /* owned; of a dictionary entry meanwhile */
	struct store_answer answers[STORE_ANSWERS]; /* by a byte of the hash */
	int64_t deadline_ms;
	int64_t deadline_mono_ms; /* of the running query */
	int wal_pages; /* after the last commit */
	struct query_slot cache[QUERY_CACHE_SLOTS];
};

/* Negative errno for the last error of the connection. */
int store_errno(const struct store *store, int sqlite_code);
/* Makes code the transaction's first error, with SQLite's words. Returns code. */
int store_fail(struct store *store, int code, const char *what);
/* Whether what deleted rows leave behind in the pages of the file is overwritten. */
void store_set_thorough(struct store *store, bool thorough);
/* An rrtype as it is stored: 0, which is no bytes, for MX. */
static inline uint16_t store_rrtype(uint16_t rrtype)
{
	return rrtype == RECORD_TYPE_MX ? 0 : rrtype;
}
/* The number of an id whose site is followed by `mark`. Returns 0 or -EINVAL. */
int store_parse_number(const struct store *store, const char *mark, const char *id,
	int64_t *ret_number) __attribute__((warn_unused_result));
int64_t store_next(struct store *store, enum sequence sequence);
/* Reads the numbers to give out next; after opening and after a rollback. */
int store_load_sequences(struct store *store) __attribute__((warn_unused_result));
void store_describe(struct store_error *ret_error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Returns 0 or -ENOMEM. */
int store_sha256(const struct store *store, const void *bytes, size_t len,
	uint8_t ret_hash[32]) __attribute__((warn_unused_result));
