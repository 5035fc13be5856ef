/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * digest — the keyed 128-bit digest by which a poll is compared with the open span.
 *
 * SipHash-2-4-128 over the canonical answer, under a key drawn at start and never stored: a
 * name server cannot craft a set that collides with the one it replaces. Records are hashed one
 * by one, and the sorted, deduplicated hashes again, so that order, duplicates and case do not
 * matter and the hot path needs no memory of its own.
 * Own code because libcrypto's SipHash wants a context for each message and costs several times
 * as much as the rest of a poll's parsing. Source: Aumasson and Bernstein, SipHash (2012).
 * Pure; usable from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/mxset.h"

#define DIGEST_RECORDS_MAX                                                               \
	MXSET_HOSTS_MAX /* MX records of one answer; more is malformed to us */

struct digest_key {
	uint64_t k0;
	uint64_t k1;
};

struct digest {
	uint64_t lo;
	uint64_t hi;
};

/* Collects the records of one answer in any order; on the stack, about 4 KiB. */
struct digest_set {
	struct digest records[DIGEST_RECORDS_MAX];
	size_t len;
};

struct digest digest_bytes(const struct digest_key *key, const void *bytes, size_t len);
bool digest_equal(struct digest a, struct digest b);

/* Adds one MX record. exchange is a lower-case wire name.
 * Returns 0 or -E2BIG after DIGEST_RECORDS_MAX. */
int digest_set_add(struct digest_set *set, const struct digest_key *key,
	uint16_t preference, const uint8_t *exchange) __attribute__((warn_unused_result));

/* The digest of the whole answer. How it was reached is no part of it: mail goes the same way
 * through an alias. */
struct digest digest_set_end(
	struct digest_set *set, const struct digest_key *key, enum answer_state state);

/* The same digest from a canonical set of at most DIGEST_RECORDS_MAX hosts, for spans that are
 * read back from the store. */
struct digest digest_answer(
	const struct digest_key *key, enum answer_state state, const struct mxset *set);
