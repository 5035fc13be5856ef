/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * gather — what the store says of a domain, as a hold.
 *
 * Foreign hosts are those of any set that any view saw since the change, and those that answered
 * our mail, whose operator is one that the incident moved to and none that it moved from. On the
 * store's thread; also on a store that another process writes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/protect/hold.h"

struct acceptors;
struct conf;
struct operators;
struct store;

struct gather {
	struct store *store; /* all borrowed */
	struct operators *operators;
	struct acceptors *acceptors;
	const char *mta; /* name of the mail server's view; NULL without one */
	struct hold_options options;
};

/* The view that is the mail server's own, NULL where none is. */
const char *gather_mta_view(const struct conf *conf);
/* What the section says, or its defaults. */
struct hold_options gather_options(const struct conf *conf);

/* *ret_holds tells whether mail for the domain is to wait at `now`; then *ret_hold is to be
 * finished. Returns 0, -ENOMEM, or the error of a query. */
int gather_domain(const struct gather *gather, const uint8_t *domain, int64_t now,
	struct hold *ret_hold, bool *ret_holds) __attribute__((warn_unused_result));

/* The domains that there may be something to hold of. fn as incidents_fn; a domain may come
 * more than once. */
typedef int (*gather_domain_fn)(void *owner, const uint8_t *domain);
int gather_each_domain(const struct gather *gather, int64_t now, gather_domain_fn fn,
	void *owner) __attribute__((warn_unused_result));
