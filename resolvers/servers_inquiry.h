/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers_inquiry — one question asked until somebody who may know has answered.
 *
 * It begins at the bootstrap servers and follows referrals down (RFC 1034 section 5.3.3), at most
 * 16 of them, always to a cut below the last one. Addresses beside a referral are
 * believed for name servers inside the zone that says so; for others they are asked for, to a
 * small depth. Each step has three tries, on different servers where there are several; what is
 * truncated is asked again over TCP.
 * At most SERVERS_FLYING questions are at the channel at once, which keeps places for them; the
 * others wait in line. Private to resolvers/: servers uses it.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "resolvers/channel.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/servers_message.h"

#define SERVERS_FLYING CHANNEL_PRIORITY /* as many as the channel has places for */

struct servers_inquiry;
TAILQ_HEAD(servers_inquiry_list, servers_inquiry);

struct servers_asker {
	struct channel *channel; /* borrowed */
	struct endpoint *bootstrap; /* owned */
	size_t bootstraps;
	size_t good; /* the bootstrap server that last answered */
	uint16_t port; /* of the servers of zones */
	uint64_t now_mono_ms; /* the last that was heard */
	size_t flying;
	unsigned turn;
	struct servers_inquiry_list line; /* to be asked */
	struct servers_inquiry_list others; /* at the channel, or waiting for addresses */
};

struct servers_report {
	enum answer_state state; /* of the failure; ANSWER_NONE with an answer */
	const struct servers_message *answer; /* borrowed; NULL for a failure */
	const struct servers_message *referral; /* borrowed; the last one, NULL without */
};

typedef void (*servers_report_fn)(void *owner, const struct servers_report *report);

/* Returns 0 or -ENOMEM. */
int servers_asker_init(struct servers_asker *ret_asker, struct channel *channel,
	const struct endpoint *bootstrap, size_t bootstraps, uint16_t port)
	__attribute__((warn_unused_result));
int servers_asker_set_bootstrap(
	struct servers_asker *asker, const struct endpoint *bootstrap, size_t bootstraps)
	__attribute__((warn_unused_result));
/* Forgets what is under way, without reports. */
void servers_asker_finish(struct servers_asker *asker);

/* Reports exactly once, never from within. Returns 0 or -ENOMEM; then it does not report. */
int servers_inquire(struct servers_asker *asker, const uint8_t *name, uint16_t type,
	servers_report_fn report, void *owner) __attribute__((warn_unused_result));
/* Gives what is in line to the channel, as far as there is room. */
void servers_asker_pump(struct servers_asker *asker);
