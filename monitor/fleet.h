/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fleet — all pollers together: dealing the points out to them, starting and stopping them.
 *
 * On the loop thread. A fleet lives from one reading of the configuration to the next; what it
 * knew is in the store when it ends, and the next one resumes from there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/news.h"
#include "monitor/poller.h"
#include "monitor/roster.h"
#include "storage/store.h"

struct fleet;

/* An address of an exchange that an open answer names: seen first, or held since before the
 * start. host: wire name. */
typedef void (*fleet_address_fn)(
	void *owner, const uint8_t *host, const struct endpoint *address, int64_t at);

struct fleet_options {
	const struct conf *conf; /* borrowed for the fleet's life */
	struct store *store; /* borrowed for the calls */
	struct news_queue *queue; /* borrowed for the fleet's life */
	struct interruption interruption;
	struct timeline timeline;
	bool once;
	fleet_address_fn on_address; /* NULL: nobody wants them */
	void *owner; /* given to on_address */
};

/* Compares what is wished with the points of the store, records what is new or ended, and deals
 * everything out. Nothing polls yet. Returns 0, -ENOMEM, an error of the store (logged), or the
 * errno of a loop or socket. */
int fleet_create(const struct fleet_options *options, struct roster *roster,
	struct fleet **ret_fleet) __attribute__((warn_unused_result));
/* Stops the pollers, whose last news are in the queue then. NULL is allowed. */
void fleet_destroy(struct fleet *fleet);

int fleet_start(struct fleet *fleet) __attribute__((warn_unused_result));
/* Stops without forgetting the tallies. NULL is allowed, and has none. */
void fleet_stop(struct fleet *fleet);
unsigned fleet_pollers(const struct fleet *fleet);
struct poller_tally fleet_tally(const struct fleet *fleet);

/* Begins or ceases to poll a domain in a view; interval 0 ceases. Writes the point in a
 * transaction of its own. Returns 0, -ENOMEM or an error of the store (logged). */
int fleet_set(struct fleet *fleet, const uint8_t *domain, size_t view,
	int64_t interval_ms, int64_t now) __attribute__((warn_unused_result));

/* Hears of a durable piece of news: which exchanges are to be looked at, and where they are. */
void fleet_heed(struct fleet *fleet, const struct news *news, int64_t now);
/* Begins to look at the exchanges that were named since the last call, and ceases with those that
 * nobody has named for a day. Not within a transaction of the store. What cannot be written now
 * is done by a later call. */
void fleet_tend(struct fleet *fleet, int64_t now);

/* Asks every poller for its counters; fleet_pollers() times NEWS_FLUSHED follow. */
int fleet_flush(struct fleet *fleet) __attribute__((warn_unused_result));

int fleet_set_resolvers(struct fleet *fleet, const struct endpoint *servers, size_t len)
	__attribute__((warn_unused_result));
