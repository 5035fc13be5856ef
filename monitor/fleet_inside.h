/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fleet_inside — what the files of the fleet share; nobody else includes this.
 */
#include <stddef.h>
#include <stdint.h>

#include "monitor/fleet.h"
#include "monitor/hostset.h"
#include "storage/history.h"

#define FLEET_DAY_MS INT64_C(86400000)

struct fleet {
	struct fleet_options options;
	unsigned len;
	struct poller **pollers; /* owned */
	size_t points_wished; /* about how many, for the choice of bucket */
	struct hostset *hosts; /* owned */
	size_t hosts_view; /* that looks at their addresses; SIZE_MAX: none */
	int64_t swept_at; /* when hosts that nobody names were looked for */
};

static inline struct poller *fleet_poller_of(const struct fleet *fleet, int64_t point)
{
	return fleet->pollers[(uint64_t)(point - 1) / PULSE_BLOCK % fleet->len];
}

/* Writes the point into the open transaction as it is to be polled from now on. Its number is 0
 * after an error of the store. */
void fleet_put_point(struct fleet *fleet, struct point *point);
/* Ends the transaction; a failure is logged. */
int fleet_commit(struct fleet *fleet) __attribute__((warn_unused_result));

/* fleet_hosts.c: the addresses of exchanges. */
int fleet_hosts_create(struct fleet *fleet) __attribute__((warn_unused_result));
/* A point of MX says this now; no hosts: nobody looks at it any more. haste: it has changed just
 * now. */
void fleet_hosts_answer(
	struct fleet *fleet, int64_t point, const struct mxset *hosts, bool haste);
/* The interval at which a point of addresses that the store has is to be polled; 0: not. */
int64_t fleet_hosts_interval(const struct fleet *fleet, const struct point *point);
/* It is polled, from the start on. */
void fleet_hosts_resume(struct fleet *fleet, const struct poller_point *known);
