/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * hostset — the exchanges that the open MX answers of watched domains name, each once.
 *
 * A hundred thousand domains share a few thousand exchanges, and fewer answers: each is kept once,
 * a point costs four bytes. The answer of a point counts for the hosts that it names until the
 * next one; a host that nobody has named for HOSTSET_LINGER_MS is let go. Pure: the caller brings
 * the time, and does what is to be done.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/mxset.h"

#define HOSTSET_LINGER_MS INT64_C(86400000)
#define HOSTSET_AGAIN_MS 5000 /* no host is looked up in haste more often than that */
#define HOSTSET_MOST 200000 /* further hosts, and answers, count for none */

struct hostset;

struct hostset_host {
	uint8_t *name; /* owned wire name */
	uint32_t named; /* points whose answer names it */
	bool looked_at; /* set by the caller */
	bool waiting; /* something is to be done */
	bool haste; /* an answer that names it has changed; cleared by the caller */
	bool haste_later; /* the same, too soon after the last time */
	int64_t points[2]; /* the caller's, of A and AAAA */
	int64_t unnamed_at; /* since when nobody names it */
	int64_t hastened_at;
	struct hostset_host *next; /* waiting */
};

/* Returns 0 or -ENOMEM. */
int hostset_create(struct hostset **ret_set) __attribute__((warn_unused_result));
void hostset_destroy(struct hostset *set);

/* The point's open answer is now this; one without hosts counts for none. haste: it has changed
 * just now, so that its hosts are given by hostset_take though they are looked at already.
 * Returns 0, or -ENOMEM, when the answer counts for none. */
int hostset_answer(struct hostset *set, int64_t point, const struct mxset *answer,
	bool haste, int64_t now) __attribute__((warn_unused_result));
/* The host whose addresses have been looked at before; NULL without memory or room. */
struct hostset_host *hostset_get(struct hostset *set, const uint8_t *name);

/* Takes one of the hosts that were named anew, or are to be let go; NULL when there is none. */
struct hostset_host *hostset_take(struct hostset *set);
/* Puts a host back that could not be dealt with. */
void hostset_put_back(struct hostset *set, struct hostset_host *host);
/* Looks for hosts that are looked at and have not been named for long, and for those whose haste
 * had to wait; hostset_take gives them. */
void hostset_sweep(struct hostset *set, int64_t now);
/* Whether it is to be looked at. */
bool hostset_is_wanted(const struct hostset_host *host, int64_t now);
size_t hostset_len(const struct hostset *set);
