/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * clock — the one place that reads clocks, and the timeline that records carry.
 *
 * Polls are scheduled on the monotonic clock. Records carry wall time, with two promises: it
 * never runs backwards, and a jump is noticed. When the wall clock is set forward, the timeline
 * follows at once; when it is set back, the timeline goes on at nine tenths of its speed until
 * the wall clock has caught up. Both, and a suspended machine, are told to the caller, who
 * records what was not seen.
 */
#include <stdbool.h>
#include <stdint.h>

/* One reading of all clocks. */
struct clock_reading {
	int64_t wall_ms; /* since 1970 UTC */
	uint64_t mono_ms;
	uint64_t boot_ms; /* like mono, but goes on while the machine is suspended */
};

struct clock_reading clock_read(void);
uint64_t clock_mono_ms(void);
/* Whether the kernel says that the wall clock is synchronised (adjtimex). */
bool clock_is_synchronised(void);

enum timeline_event {
	TIMELINE_NONE,
	TIMELINE_SUSPENDED,
	TIMELINE_STEPPED,
};

struct timeline {
	struct clock_reading last;
	int64_t at; /* the timeline's instant at `last` */
	int64_t tenths; /* of a millisecond, not in `at` yet while it catches up */
};

#define TIMELINE_STEP_MS 500 /* smaller differences are drift and followed silently */

/* Starts at the wall clock, or at latest_at where the records already reach further. */
void timeline_start(
	struct timeline *timeline, struct clock_reading reading, int64_t latest_at);
/* Moves to a later reading and returns what happened in between; *ret_by_ms (NULL allowed) is by
 * how much the clock was stepped, or how long the machine slept. Pure. */
enum timeline_event timeline_advance(
	struct timeline *timeline, struct clock_reading reading, int64_t *ret_by_ms);
