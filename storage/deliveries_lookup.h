/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliveries_lookup — reads what mail servers reported: tallies, relays, known exchangers.
 *
 * What lies back more than DELIVERIES_FINE_MS is known by the hour, else by the minute: a row
 * belongs to the part of the window that its first minute lies in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/delivery.h"

struct mxset;
struct store;

struct deliveries_window {
	const uint8_t *domain; /* wire name */
	int64_t from; /* 0: what is oldest */
	int64_t to; /* 0: what is newest */
	int64_t step_ms; /* parts of the window; 0: all of it */
};
struct deliveries_row {
	int64_t from; /* of the part */
	int64_t to;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	const char *relay_host; /* "" for none; borrowed for the call */
	uint64_t count;
	uint64_t recipients; /* different ones; see crowd.h for how exact */
	uint64_t known; /* of count: to recipients who had accepted mail before */
	uint64_t fresh; /* of count: a deferral once a recipient and hour */
	int64_t first_at;
	int64_t last_at;
};
typedef int (*deliveries_row_fn)(void *owner, const struct deliveries_row *row);
/* By part, outcome, reason and host. Returns 0, what fn returned, -ENOENT for a domain without
 * any delivery ever, or the error of a query. */
int deliveries_rows(struct store *store, const struct deliveries_window *window,
	deliveries_row_fn fn, void *owner) __attribute__((warn_unused_result));

/* Sums over a window, of one domain or of all (NULL). Deferrals count once a recipient and hour. */
struct deliveries_sums {
	uint64_t accepted;
	uint64_t bounced; /* by the receiver's word, whatever the reason */
	uint64_t deferred; /* but for these: */
	uint64_t greylisted;
	uint64_t rate_limited;
};
int deliveries_sum(struct store *store, const uint8_t *domain, int64_t from, int64_t to,
	struct deliveries_sums *ret_sums) __attribute__((warn_unused_result));

struct deliveries_relay {
	const char *host;
	const char *address; /* the latest; "" where not known */
	int64_t first_at;
	int64_t last_at;
	uint64_t answers;
	uint64_t accepted;
	int64_t outside_at; /* first answer while it was none of the MX; 0: never */
	uint64_t outside;
	int64_t no_route_at; /* first "no such domain here"; 0: never */
	uint64_t no_route;
};
typedef int (*deliveries_relay_fn)(void *owner, const struct deliveries_relay *relay);
int deliveries_relays(struct store *store, const uint8_t *domain, deliveries_relay_fn fn,
	void *owner) __attribute__((warn_unused_result));

/* The hosts that have accepted mail and answered since then: of one domain, which is handed over,
 * or of several (NULL). */
typedef int (*deliveries_acceptor_fn)(
	void *owner, const char *host, const uint8_t *domain);
int deliveries_acceptors(struct store *store, int64_t since, deliveries_acceptor_fn fn,
	void *owner) __attribute__((warn_unused_result));

/* The names of the domain's MX records that had no address. */
typedef int (*deliveries_missing_fn)(void *owner, const uint8_t *target, int64_t first_at,
	int64_t last_at, uint64_t count);
int deliveries_missing(struct store *store, const uint8_t *domain,
	deliveries_missing_fn fn, void *owner) __attribute__((warn_unused_result));

/* The MX sets that any view gave for domain from `from` to `to`. */
typedef int (*deliveries_set_fn)(void *owner, const struct mxset *set);
int deliveries_known_sets(struct store *store, const uint8_t *domain, int64_t from,
	int64_t to, deliveries_set_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* Whether a recipient bounced as unknown, and his address where it is held: for tests and
 * whoever lists them. */
struct deliveries_refusal {
	const char *address; /* NULL where it is not held */
	const uint8_t *hash;
	const char *relay_host;
	int64_t first_at;
	int64_t last_at;
	uint64_t bounces;
	bool accepted_before;
};
typedef int (*deliveries_refusal_fn)(void *owner, const struct deliveries_refusal *row);
int deliveries_refusals(struct store *store, const struct deliveries_window *window,
	deliveries_refusal_fn fn, void *owner) __attribute__((warn_unused_result));
