/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers — domain -> the addresses of its zone's name servers.
 *
 * Asks the bootstrap servers (recursive resolvers, or authoritative ones whose referrals are then
 * followed with their glue) for the NS records at the zone's apex, walking up where the domain is
 * no apex, and for the A and AAAA records of each. Sets are cached for min(TTL, 15 min), shared
 * between zones that have the same servers, and walked again at the caller's wish. Lame and dead
 * servers stay in the set: which of them answers is the caller's finding.
 *
 * A domain that does not exist, or is no apex, is served by the closest zone around it that
 * exists, whose servers are who can say so. Where a walk fails for want of an answer, the servers
 * that were known before stay known (RFC 8767).
 *
 * One thread; asks through a borrowed channel, in the places that it keeps back for us; same driver
 * rules as there: the caller flushes the channel after a batch of servers_find.
 * Sources: RFC 1034 section 4.2.1 (zone cuts), RFC 2181 section 6 (apex), RFC 9471 (glue).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/channel.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

struct servers;

#define SERVERS_MAX                                                                      \
	64 /* addresses of one zone that are asked; more are left out, and said */

/* The addresses of one zone, shared and immutable. */
struct servers_set {
	size_t len;
	unsigned references; /* see servers_hold, servers_release */
	uint64_t sequence; /* differs between sets with different addresses */
	struct endpoint addresses[]; /* sorted, without repeats */
};

struct servers_found {
	bool known; /* addresses were found */
	enum answer_state
		state; /* NONE; or why the walk failed: a failure, and where name
				    servers have no address, NXDOMAIN or NODATA */
	const struct servers_set
		*set; /* borrowed for the call, see servers_hold; NULL if failed */
	const uint8_t *apex; /* of the zone, borrowed for the call; NULL if failed */
	uint64_t until_mono_ms; /* cached until then */
};

typedef void (*servers_done_fn)(
	void *owner, uint64_t cookie, const struct servers_found *found);

struct servers_options {
	struct channel *channel; /* borrowed until servers_destroy */
	const struct endpoint *bootstrap; /* copied */
	size_t bootstraps;
	uint16_t port; /* on which a zone's servers are asked: 53 */
	unsigned walks; /* at once; 0 is 256; more wait in line */
};

/* Returns 0 or -ENOMEM. */
int servers_create(const struct servers_options *options, struct servers **ret_servers)
	__attribute__((warn_unused_result));
/* Walks under way are forgotten, their callbacks not called. To be destroyed after its channel's
 * outstanding queries have ended. NULL is allowed. */
void servers_destroy(struct servers *servers);

/* Replaces the bootstrap servers, after resolv.conf has changed. Returns 0 or -ENOMEM. */
int servers_set_bootstrap(struct servers *servers, const struct endpoint *bootstrap,
	size_t len) __attribute__((warn_unused_result));

/* Finds the servers of domain's zone; done is called exactly once, from within this call where the
 * cache knows. fresh: passes over the cache (a suspicion, a server no longer authoritative).
 * Walks for one domain at once are one walk. Returns 0 or -ENOMEM (then done is not called). */
int servers_find(struct servers *servers, const uint8_t *domain, bool fresh,
	uint64_t now_mono_ms, servers_done_fn done, void *owner, uint64_t cookie)
	__attribute__((warn_unused_result));

const struct servers_set *servers_hold(const struct servers_set *set);
void servers_release(const struct servers_set *set);
