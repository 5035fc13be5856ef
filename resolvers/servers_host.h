/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers_host — the addresses of a name server by its name: A and AAAA, cached and shared.
 *
 * A name server of ten thousand zones is looked up once. A name that is an alias has no
 * addresses here (RFC 2181 section 10.3). Private to resolvers/: servers uses it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "resolvers/servers_cache.h"
#include "resolvers/servers_inquiry.h"
#include "resolvers/servers_set.h"

struct servers_hosts;

/* entry is borrowed for the call: its set may be NULL or empty, its state says why. */
typedef void (*servers_host_fn)(
	void *owner, uint64_t cookie, const struct servers_entry *entry);

/* Borrows both. Returns 0 or -ENOMEM. */
int servers_hosts_create(struct servers_asker *asker, struct servers_sets *sets,
	struct servers_hosts **ret_hosts) __attribute__((warn_unused_result));
/* Forgets what is under way. The asker is to be finished before. NULL is allowed. */
void servers_hosts_destroy(struct servers_hosts *hosts);

/* Tells exactly once, at once where the cache knows. Returns 0 or -ENOMEM; then it does not
 * tell. */
int servers_host_find(struct servers_hosts *hosts, const uint8_t *name, bool fresh,
	servers_host_fn tell, void *owner, uint64_t cookie)
	__attribute__((warn_unused_result));

/* Until when something with this TTL is cached. */
uint64_t servers_until(uint64_t now_mono_ms, uint32_t ttl, bool whole);
