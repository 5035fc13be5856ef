/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * vigil — what the monitor itself did in a window: whether it ran, what it found.
 */
#include <stdint.h>

struct store;

struct vigil {
	int64_t beat_at; /* when it last wrote what polls found; 0: never */
	int64_t down_ms; /* of the window, in which no monitor ran */
	uint64_t starts;
	uint64_t crashes; /* runs that ended in the window without a word */
	uint64_t changes; /* of MX, found in the window */
};
/* The window is [from, to), and `to` is now: a run that has not ended goes on until then. Returns
 * 0 or the error of a query. */
int vigil_look(struct store *store, int64_t from, int64_t to, struct vigil *ret_vigil)
	__attribute__((warn_unused_result));
/* The latest beat alone. */
int vigil_beat(struct store *store, int64_t *ret_beat_at)
	__attribute__((warn_unused_result));
