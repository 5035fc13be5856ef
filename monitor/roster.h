/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * roster — which domains are to be watched, by which views, how often.
 *
 * Built from the configuration, its domain files, the store's watch list and the command line,
 * then compared with the points of the store, and thrown away: a million domains cost memory
 * only while that lasts. A domain that several watches name is polled once a view, at the
 * shortest of their intervals. Bad lines of files are logged, and the rest taken.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/conf.h"
#include "storage/store.h"

struct roster;

#define ROSTER_WATCHES_MAX 62 /* of the configuration */
#define ROSTER_VIEWS_MAX 32
#define ROSTER_INTERVAL_MS                                                               \
	10000 /* of domains that only the watch list or a command names */

struct roster_sources {
	const struct conf *conf; /* borrowed for the roster's life */
	struct store *store; /* its watch list; NULL for none */
	const char *const *domains; /* of the command line, as texts */
	size_t domains_len;
};

/* Returns 0, -ENOMEM, -EIO of the store, or -EINVAL (logged) for a file that cannot be read, a
 * domain of the command line that is none, or too many watches or views. */
int roster_build(const struct roster_sources *sources, struct roster **ret_roster)
	__attribute__((warn_unused_result));
void roster_destroy(struct roster *roster);

size_t roster_len(const struct roster *roster);

/* The interval at which a view is to poll a domain; 0 where it is not to. taken: remembers that
 * the point exists, for roster_each_new. */
int64_t roster_interval(
	struct roster *roster, const uint8_t *domain, size_t view, bool taken);

/* How many domains a view is to poll. */
size_t roster_points(const struct roster *roster, size_t view);
/* Calls fn for each domain that a watch of the configuration names, by its index. Returns 0 or
 * fn's non-zero return. */
typedef int (*roster_domain_fn)(void *owner, const uint8_t *domain);
int roster_each_of_watch(const struct roster *roster, size_t watch, roster_domain_fn fn,
	void *owner) __attribute__((warn_unused_result));

/* Calls fn for each wished point that was not taken. Returns 0 or fn's non-zero return. */
typedef int (*roster_fn)(
	void *owner, const uint8_t *domain, size_t view, int64_t interval_ms);
int roster_each_new(struct roster *roster, roster_fn fn, void *owner)
	__attribute__((warn_unused_result));
