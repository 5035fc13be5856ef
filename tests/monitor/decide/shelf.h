/* SPDX-License-Identifier: MIT */
#pragma once
/* shelf — keeps a detector's rows as a store does: the latest of each name. */
#include "monitor/decide/memory.h"
#include "resolvers/name.h"

#define SHELF_ROWS 128

struct shelf_row {
	uint8_t name[NAME_WIRE_MAX];
	bool of_all;
	uint8_t *bytes; /* owned */
	size_t len;
};

struct shelf {
	struct shelf_row rows[SHELF_ROWS];
	size_t len;
	size_t puts; /* ever */
	size_t most; /* puts that are taken, then -EBUSY; 0: all */
};

/* A decide_memory_fn; owner is a struct shelf. */
int shelf_put(void *owner, const uint8_t *domain, const void *bytes, size_t len);
/* NULL where there is none; name NULL: of all. */
struct shelf_row *shelf_find(struct shelf *shelf, const char *name);
int shelf_recall_row(const struct shelf_row *row, struct decide *decide);
/* All rows, the one at first before the others. Fails the test where one is refused. */
void shelf_recall(const struct shelf *shelf, size_t first, struct decide *decide);
void shelf_finish(struct shelf *shelf);
