/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers_cache — name -> a set of addresses, for a while.
 *
 * Used for domains (the servers of their zone) and for hosts (their addresses). An entry is
 * about 40 bytes and its name, as its addresses are shared. What has expired for an hour leaves
 * when room is needed; at the limit, one leaves for each that comes, an expired one first.
 * Time is a parameter. Private to resolvers/: servers uses it.
 */
#include <stddef.h>
#include <stdint.h>

#include "resolvers/digest.h"
#include "resolvers/servers.h"

#define SERVERS_CACHE_MAX (1u << 21)
#define SERVERS_STALE_MS 3600000 /* what has expired may be recalled for so long */

struct servers_entry {
	const struct servers_set *set; /* held; NULL where nothing was found */
	uint64_t until_mono_ms;
	uint8_t state; /* enum answer_state */
	uint8_t apex_at; /* offset in name at which the apex begins */
	uint8_t name[];
};

struct servers_cache {
	struct servers_entry **slots; /* owned; linear probing */
	size_t room; /* a power of two */
	size_t used;
	size_t most;
	size_t hand; /* where the next to be dropped is looked for */
	struct digest_key key;
};

/* Returns 0 or -ENOMEM. */
int servers_cache_init(struct servers_cache *ret_cache, size_t most)
	__attribute__((warn_unused_result));
void servers_cache_finish(struct servers_cache *cache);

/* NULL where it is unknown or its time is over. Borrowed until the next put. */
const struct servers_entry *servers_cache_find(
	const struct servers_cache *cache, const uint8_t *name, uint64_t now_mono_ms);
/* The same, but whatever its time. */
const struct servers_entry *servers_cache_recall(
	const struct servers_cache *cache, const uint8_t *name);
/* Replaces the entry of this name by a copy of value, whose set is held. Without memory, what was
 * known is forgotten. */
void servers_cache_put(struct servers_cache *cache, const uint8_t *name,
	const struct servers_entry *value, uint64_t now_mono_ms);
