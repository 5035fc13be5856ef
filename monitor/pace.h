/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pace — keeps the queries to each server address, and in all, under a rate.
 *
 * A token bucket in its virtual-time form: each server has the instant at which its next query
 * may leave, and a query reserves one. Whoever has to wait is told how long and holds its place,
 * so that a thousand domains on one server are served in turn. Pure: the caller brings the time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "resolvers/endpoint.h"

struct pace;

/* total_qps: over all servers; 0 is no limit. Returns 0 or -ENOMEM. */
int pace_create(double total_qps, struct pace **ret_pace)
	__attribute__((warn_unused_result));
void pace_destroy(struct pace *pace);

/* Reserves a place for one query to the server at `qps` (0: no limit). Returns the milliseconds
 * to wait before sending, 0 for at once. Without memory for a new server it is not paced. */
uint64_t pace_reserve(struct pace *pace, const struct endpoint *server, double qps,
	uint64_t now_mono_ms);

/* Takes a place where the query may leave at once. Returns whether it may. */
bool pace_take(struct pace *pace, const struct endpoint *server, double qps,
	uint64_t now_mono_ms) __attribute__((warn_unused_result));
