/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * toplist — which domains are the N that most mail goes to, without fluttering.
 *
 * A domain enters at rank N or better. It leaves when it has been below rank N + N/4 (at least
 * N + 1) all the time for TOPLIST_LEAVE_MS, and a member for TOPLIST_STAY_MS. Whoever lies
 * between stays what it is. The list may so grow beyond N, but to no more than N + N/2 (at
 * least N + 1): beyond that the last ones leave at once. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOPLIST_STAY_MS INT64_C(86400000)
#define TOPLIST_LEAVE_MS INT64_C(21600000)

enum toplist_verdict {
	TOPLIST_OUT, /* is no member */
	TOPLIST_STAYS,
	TOPLIST_ENTERS,
	TOPLIST_LEAVES,
};

struct toplist_domain {
	uint8_t *name; /* of the caller */
	size_t rank; /* from 1 */
	int64_t since_at; /* 0: no member */
	int64_t below_at; /* 0: it is not below */
	enum toplist_verdict verdict;
};

/* The last rank at which a member is safe; what lies below need not be told apart. */
size_t toplist_floor(size_t most);
/* Domains are in order of rank, members that have none last. Sets verdicts, since_at and
 * below_at. */
void toplist_decide(struct toplist_domain *domains, size_t len, size_t most, int64_t now);
