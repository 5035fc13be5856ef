/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * herald — who is told what, and sees to it that it arrives.
 *
 * An incident is judged as it is put, in its own transaction, by the routes of the configuration
 * (alerts/policy.h): what is to be told becomes a notice of the store (storage/outbox.h). When a
 * channel's gathering ends, its notices are composed into an alert, whose bytes are stored with a
 * handover for each recipient before anybody carries them. A carrier brings them out and says
 * what became of each; what failed is tried again, what nobody took in time goes to the route's
 * fallback. After a crash all of it goes on: nothing is told but from the store.
 *
 * Time is told to it. On the loop thread; the carrier's thread is its own affair.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/deliver.h"

struct casebook;
struct channel;
struct conf;
struct herald;
struct incident;
struct roster;
struct store;

#define HERALD_HEARTBEAT                                                                 \
	"self-check heartbeat" /* channel of the carrier; no name is such */

/* As deliver.h; a test brings its own. */
struct herald_carrier {
	void *owner;
	int (*hand)(void *owner, const struct deliver_job *job);
	bool (*take)(void *owner, struct deliver_result *ret_result);
};

/* All borrowed for the herald's life. */
struct herald_options {
	struct store *store;
	struct casebook *casebook; /* NULL: nothing is told of operators */
	struct herald_carrier carrier;
	uint64_t seed; /* of what looks like chance */
	void *owner;
	int64_t (*now)(void *owner);
	/* herald_tick() is wanted POLICY_SETTLE_MS from now: something is to be told. */
	void (*on_notice)(void *owner);
	bool alone; /* carries out tests, and leaves all else that waits alone */
};

int herald_create(const struct herald_options *options, struct herald **ret_herald)
	__attribute__((warn_unused_result));
/* NULL is allowed, here and in all calls below. */
void herald_destroy(struct herald *herald);

/* Goes by another configuration: its routes, and its channels (monitor/channels.h). Both are
 * borrowed until the next call. Looks at all incidents that are not closed, and at what waits for
 * channels that have gone. Returns 0, -ENOMEM, or an error of the store. */
int herald_configure(struct herald *herald, const struct conf *conf,
	const struct channel *channels, size_t channels_len, int64_t now)
	__attribute__((warn_unused_result));
/* What is watched: how many domains, and the tags of those. Warns of receivers whose own domain is
 * among them. */
void herald_watch(struct herald *herald, struct roster *roster);

/* Judges an incident; within its transaction. A casebook_put_fn. */
void herald_incident(void *herald, int64_t number, const struct incident *incident);
/* Takes what has come back, gathers, composes, hands over what is due. Returns when to call it
 * again at the latest. */
int64_t herald_tick(struct herald *herald, int64_t now);

/* Takes what has come back, and begins nothing. Returns how many handovers the carrier still
 * has. */
size_t herald_finish(struct herald *herald, int64_t now);

/* Puts an alert that tries a channel into the outbox. Returns its number, 0 for a channel that is
 * not there, or negative errno. */
int64_t herald_test(struct herald *herald, const char *channel, int64_t now)
	__attribute__((warn_unused_result));
