/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ledger — the SHA-256 chain over what was recorded.
 *
 * store_commit() adds one link for each transaction that wrote immutable records: spans opened,
 * spans closed with their counters, gaps that are over, buckets, changes and suspicions with the
 * SHA-256 of their evidence, imports, what became of incidents, erasures, prunings. A link hashes
 * the previous link, the transaction's number and instant, and its records' canonical bytes in
 * order. The last link is the head: whoever holds it elsewhere can tell that nothing before it
 * was rewritten. Cutting the tail cannot be seen without such a copy. docs/ledger.md has the
 * canonical bytes for other verifiers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/store.h"

#define LEDGER_HASH_TEXT 65 /* 64 hexadecimal digits and NUL */

struct ledger_head {
	int64_t transaction; /* 0 in an empty ledger */
	int64_t at;
	char hash[LEDGER_HASH_TEXT];
};
int ledger_head(struct store *store, struct ledger_head *ret_head)
	__attribute__((warn_unused_result));

struct ledger_verdict {
	uint64_t transactions; /* recomputed */
	uint64_t records;
	bool holds;
	int64_t broken; /* the first transaction that does not fit; 0 if it holds */
	int64_t broken_at;
	char why[160]; /* "record changed", "link missing", ... */
	struct ledger_head head;
};
/* progress (NULL allowed) is called now and then with transactions done and in all. */
typedef void (*ledger_progress_fn)(void *owner, uint64_t done, uint64_t all);
/* Recomputes the links of the window [from, to) by their instants, 0 for open ends. Returns 0,
 * also when it does not hold; -EIO, -ENOMEM. */
int ledger_verify(struct store *store, int64_t from, int64_t to,
	ledger_progress_fn progress, void *owner, struct ledger_verdict *ret_verdict)
	__attribute__((warn_unused_result));
