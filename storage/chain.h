/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chain — which immutable records the open transaction wrote, and the link over them.
 *
 * history_* and incidents_* note numbers here; at commit they are packed into the ledger row's
 * `refs` and their canonical bytes are read back from the tables and hashed: what is chained is
 * what is stored, and ledger_verify() runs the same code. docs/ledger.md has both formats.
 * Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/bytes.h"

struct store;

#define CHAIN_HASH 32

/* Stored; numbers never change. */
enum chain_kind {
	CHAIN_SPAN_OPENED = 1, /* a range of numbers */
	CHAIN_SPAN_CLOSED = 2, /* a list of numbers */
	CHAIN_GAP = 3, /* range */
	CHAIN_CHANGE = 4, /* range; changes with a row of their own */
	CHAIN_SUSPICION = 5, /* range */
	CHAIN_BUCKET = 6, /* list of places */
	CHAIN_PRUNING = 7, /* the one of this transaction */
	CHAIN_INCIDENT = 8, /* range; of what became of incidents */
	CHAIN_ERASURE = 9, /* range */
};

struct chain_range {
	int64_t first;
	uint64_t count;
};

struct chain_place {
	int64_t point;
	int64_t length_ms;
	int64_t from_at;
	uint64_t version; /* 0, or how often the bucket had been recorded before */
};

struct chain {
	struct chain_range opened;
	struct chain_range gaps;
	struct chain_range changes;
	struct chain_range suspicions;
	int64_t *closed; /* owned */
	size_t closed_len;
	size_t closed_room;
	struct chain_place *buckets; /* owned */
	size_t buckets_len;
	size_t buckets_room;
	bool pruning;
	struct chain_range incidents;
	struct chain_range erasures;
};

void chain_finish(struct chain *chain);
/* Empties it and keeps its memory. */
void chain_clear(struct chain *chain);
bool chain_is_empty(const struct chain *chain);
void chain_note(struct chain_range *range, int64_t number);
/* These return 0 or -ENOMEM. */
int chain_note_closed(struct chain *chain, int64_t span)
	__attribute__((warn_unused_result));
int chain_note_bucket(struct chain *chain, const struct chain_place *place)
	__attribute__((warn_unused_result));

/* Packs into refs, or reads refs back; `at` is the transaction's instant. chain_unpack returns
 * 0, -EINVAL or -ENOMEM. */
void chain_pack(const struct chain *chain, int64_t at, struct bytes *refs);
int chain_unpack(const uint8_t *refs, size_t len, int64_t at, struct chain *ret_chain)
	__attribute__((warn_unused_result));

/* What a link is made of beside its records. */
struct chain_link {
	int64_t tx;
	int64_t at;
	uint8_t previous[CHAIN_HASH];
	bool check; /* also that dictionary entries hash to their keys */
	uint64_t records; /* out: how many were hashed */
	uint64_t messages; /* out: pieces of evidence among them */
	const char *why; /* out: static text where a record is missing or damaged */
};
/* Hashes the records of chain as they stand in the tables. Returns 0, -EUCLEAN with link->why, or
 * the error of a query. */
int chain_hash(struct store *store, const struct chain *chain, struct chain_link *link,
	uint8_t ret_hash[CHAIN_HASH]) __attribute__((warn_unused_result));
/* The hash before the first link. */
int chain_genesis(const struct store *store, uint8_t ret_hash[CHAIN_HASH])
	__attribute__((warn_unused_result));
