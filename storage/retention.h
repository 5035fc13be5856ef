/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * retention — lets go of old history in small transactions.
 *
 * Closed spans, gaps that are over, buckets, changes, suspicions and evidence that ended before an
 * instant go; open spans never, nor what is younger than the beginning of an incident that is not
 * closed, or of which an alert still waits; closed incidents go with the last link that tells of
 * them. Each pruning is a record of
 * the ledger with the hash it cuts after: verification starts there.
 */
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

/* Prunes at most `limit` ledger transactions, in one transaction of its own. *ret_more tells
 * whether more is to be done. Returns 0 or an error of store_commit. */
int retention_prune(struct store *store, int64_t before, size_t limit, int64_t now,
	int *ret_more, struct store_error *ret_error) __attribute__((warn_unused_result));
