/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers_set — the sets of addresses, each kept once.
 *
 * A million zones are served by some ten thousand sets of servers: equal sets are one object with
 * a count of references, found by a keyed hash of its addresses. A set that somebody still holds
 * outlives the collection. Private to resolvers/: servers uses it.
 */
#include <stddef.h>

#include "resolvers/servers.h"

struct servers_sets;

/* Returns 0 or -ENOMEM. */
int servers_sets_create(struct servers_sets **ret_sets)
	__attribute__((warn_unused_result));
void servers_sets_destroy(struct servers_sets *sets);

/* The one set of these addresses, in any order and with repeats; addresses is sorted in place.
 * The caller holds it. NULL without memory. */
const struct servers_set *servers_sets_intern(struct servers_sets *sets,
	struct endpoint *addresses, size_t len) __attribute__((warn_unused_result));
/* Sets in the collection. */
size_t servers_sets_count(const struct servers_sets *sets);
