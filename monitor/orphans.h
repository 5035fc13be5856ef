/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * orphans — facts that were told, and whose transaction then failed: when they come again, be it
 * by another batch or another command, they are known.
 *
 * A fact is a digest; equal ones count as often as they were added. Beyond ORPHANS_MOST the latest
 * are not taken up: a store that cannot be written for long is to cost no memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORPHANS_MOST 262144

struct orphan {
	uint64_t digest;
	bool found;
};

/* All zero: none. */
struct orphans {
	struct orphan *list; /* owned */
	size_t len;
	size_t room;
	size_t left; /* not found again yet */
	bool sorted;
};

void orphans_finish(struct orphans *orphans);
/* Returns 0 or -ENOMEM. */
int orphans_add(struct orphans *orphans, uint64_t digest)
	__attribute__((warn_unused_result));
/* Whether there is such a one; it is found then, and not another time. */
bool orphans_find(struct orphans *orphans, uint64_t digest);

/* Of the bytes, after those of an earlier call (0: none). */
uint64_t orphans_digest(uint64_t digest, const void *bytes, size_t len);
