/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deviant — the servers that are kept apart from their view: those that say something else, and
 * those that say nothing while their view is well.
 *
 * There are few of them, so they live in one sorted array by (target, server). Pure but for
 * memory; one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/digest.h"
#include "resolvers/endpoint.h"
#include "storage/record.h"

struct deviant {
	uint32_t target;
	struct endpoint server;
	uint8_t state; /* enum answer_state of its own span; NONE: it has none */
	struct digest digest; /* of that span */
	struct pulse pulse; /* of that span; last_at also without one */
	uint8_t failure; /* of its last poll, 0 when it was usable */
	bool gap; /* the store has a gap of it that lasts */
	bool dirty; /* its pulse is to be written */
};

struct deviants {
	struct deviant *list; /* owned, sorted */
	size_t len;
	size_t capacity;
};

void deviants_finish(struct deviants *deviants);
/* NULL where there is none; borrowed until the next put or remove. */
struct deviant *deviants_find(
	struct deviants *deviants, uint32_t target, const struct endpoint *server);
/* The first of a target's deviants; the others follow it in the list. NULL where none. */
struct deviant *deviants_first(struct deviants *deviants, uint32_t target);
/* Finds, or adds a zeroed one. Returns NULL without memory. */
struct deviant *deviants_put(
	struct deviants *deviants, uint32_t target, const struct endpoint *server);
/* A poll at `at` said what the deviant's own span says. */
void deviant_agree(struct deviant *deviant, int64_t at, uint32_t ttl);
void deviants_remove(struct deviants *deviants, struct deviant *deviant);
