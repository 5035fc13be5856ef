/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * popular — how much mail goes to which domain, and the domains that are watched for it.
 *
 * Counted by day (UTC) as deliveries are written: what a server on the recipient's side
 * answered, a deferral once a recipient and hour. Neither probes nor our own decisions count.
 * A delivery weighs less the longer ago its day began, linearly, and nothing after POPULAR_MS.
 * Members are durable, so that a restart begins with the list as it was.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define POPULAR_MS (INT64_C(8) * 86400000) /* seven days, and the day that goes on */

struct popular_domain {
	const uint8_t *domain; /* wire name; borrowed for the call */
	int64_t weight; /* 0: less than the heaviest that were asked for */
	int64_t since_at; /* when it became a member; 0: it is none */
	int64_t below_at; /* since when a member has too little mail; 0: it has enough */
};
typedef int (*popular_fn)(void *owner, const struct popular_domain *row);

/* The heaviest domains, at most `most`, heaviest first, those of equal weight by name; then the
 * members of the watch that are not among them. Returns 0, what fn returned, or the error of a
 * query. */
int popular_each(struct store *store, const char *watch, size_t most, int64_t now,
	popular_fn fn, void *owner) __attribute__((warn_unused_result));
/* The members of a watch by name; without weights. */
int popular_members(struct store *store, const char *watch, popular_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* Whether a domain is a member. */
bool popular_has(struct store *store, const char *watch, const uint8_t *domain);

/* In the open transaction; errors stick to that. A member is put in the stead of what it had
 * been. */
void popular_put(
	struct store *store, const char *watch, const struct popular_domain *member);
void popular_remove(struct store *store, const char *watch, const uint8_t *domain);

/* Lets volumes go that weigh nothing any more, at most `rows`; in the open transaction. Returns
 * whether more may be left. */
bool popular_forget(struct store *store, int64_t now, size_t rows);
