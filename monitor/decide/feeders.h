/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * feeders — our own sources of deliveries: do they still speak?
 *
 * A source is out when it cannot be read for FEEDERS_FAILED_MS, or when it is silent for longer
 * than its own past explains: three times its longest silence of a week, and an hour at least. So
 * that nights and week-ends are known, it must have spoken for a week; for a day where another
 * source goes on meanwhile. One of few reports has no past that explains anything. Time when
 * nobody looked (a restart, a machine asleep, a store that did not write) is no silence.
 * Plain numbers, no pointers; time is told. Part of the detector.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEEDERS_MOST 64
#define FEEDER_NAME 128
#define FEEDER_DAYS 8 /* of UTC; the latest is not over */
#define FEEDERS_LEAST 100 /* reports of these days */
#define FEEDERS_FAILED_MS INT64_C(900000)
#define FEEDERS_SILENT_MS INT64_C(3600000) /* at the least */
#define FEEDERS_ALONE_MS INT64_C(259200000) /* likewise, where a week is not known yet */

struct feeder {
	char name[FEEDER_NAME];
	bool configured; /* the monitor reads it by itself */
	bool out;
	bool failed; /* of what is out: it cannot be read */
	uint32_t error; /* errno, while it cannot be read */
	int64_t failing_since; /* 0: it can be */
	int64_t first_at; /* its first reports; 0: none yet */
	int64_t heard_at; /* its latest, moved on by the time that nobody looked */
	int64_t day; /* since 1970, of the newest of these: */
	int64_t longest_ms[FEEDER_DAYS]; /* silence that ended on that day */
	uint32_t reports[FEEDER_DAYS];
};

struct feeders {
	struct feeder list[FEEDERS_MOST];
	size_t len;
	int64_t looked_at;
};

/* NULL: there are too many. */
struct feeder *feeders_get(struct feeders *feeders, const char *name, int64_t at);
/* Reports were read. */
void feeder_heard(struct feeder *feeder, uint32_t reports, int64_t at);
/* It cannot be read because of error; 0: it can. */
void feeder_failed(struct feeder *feeder, int error, int64_t at);
/* Nobody could look. */
void feeder_passed(struct feeder *feeder, int64_t at);
/* Time has passed. Returns one whose `out` is to be turned, those that go out before those that
 * are back; NULL: none. */
struct feeder *feeders_look(struct feeders *feeders, int64_t at);
/* How many are out. */
size_t feeders_out(const struct feeders *feeders);
/* What its past explains. */
int64_t feeder_longest_ms(const struct feeder *feeder);
/* Lets go of those that were configured and are not among these. */
void feeders_keep(struct feeders *feeders, const char *const *names, size_t len);
