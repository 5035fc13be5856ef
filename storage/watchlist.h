/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * watchlist — the domains that `watch add` has put into the store, beside those of the
 * configuration. Writes stand in a transaction, as in history.h.
 */
#include <stdint.h>

#include "storage/store.h"

struct watched {
	const uint8_t *domain; /* wire name */
	const char *tags; /* comma-separated, "" for none */
	int64_t added_at;
};

/* Adds, or replaces the tags of, one domain. Returns 1 where it is new, else 0. */
int watchlist_put(struct store *store, const struct watched *watched);
/* Returns 1 where it was there, else 0. */
int watchlist_remove(struct store *store, const uint8_t *domain);

typedef int (*watchlist_fn)(void *owner, const struct watched *watched);
/* By name. Returns 0, the callback's non-zero return, -EIO or -ENOMEM. */
int watchlist_each(struct store *store, watchlist_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* One domain. Returns what fn returned, -ENOENT where it is not on the list, or as above. */
int watchlist_get(struct store *store, const uint8_t *domain, watchlist_fn fn,
	void *owner) __attribute__((warn_unused_result));
