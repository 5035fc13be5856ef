/* SPDX-License-Identifier: MIT */
#pragma once
/* tolls — recipients who bounced, each once. Inside the detector. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/incident.h"

struct host;

/* A recipient who bounced. */
struct toll {
	uint8_t hash[INCIDENT_HASH];
	const struct host *host;
	int64_t first_at;
	int64_t last_at;
	uint32_t bounces;
	bool accepted_before;
	bool refused_before; /* before the first of these */
	bool foreign; /* by a host that is not the domain's own */
	bool changed; /* since it was last handed out */
};

struct tolls {
	struct toll *list; /* owned */
	size_t len;
	size_t room;
	uint32_t *index; /* owned; a hash table of places in list, plus 1 */
	size_t index_room;
};

int tolls_add(struct tolls *tolls, const struct toll *toll)
	__attribute__((warn_unused_result));
/* NULL where there is none; until the next call that adds or lets go. */
const struct toll *tolls_find(const struct tolls *tolls, const uint8_t *hash);
/* Lets go of what is older, and of the oldest beyond most. */
void tolls_trim(struct tolls *tolls, int64_t before, size_t most);
/* Lets go of one recipient. False where there is none. */
bool tolls_drop(struct tolls *tolls, const uint8_t *hash);
void tolls_finish(struct tolls *tolls);
