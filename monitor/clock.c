/* SPDX-License-Identifier: MIT */
#include "monitor/clock.h"

#include <sys/timex.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){
		.wall_ms = read_ms(CLOCK_REALTIME),
		.mono_ms = (uint64_t)read_ms(CLOCK_MONOTONIC),
		.boot_ms = (uint64_t)read_ms(CLOCK_BOOTTIME),
	};
}

uint64_t clock_mono_ms(void)
{
	return (uint64_t)read_ms(CLOCK_MONOTONIC);
}

bool clock_is_synchronised(void)
{
	struct timex timex = {.modes = 0};
	return adjtimex(&timex) != TIME_ERROR;
}

void timeline_start(
	struct timeline *timeline, struct clock_reading reading, int64_t latest_at)
{
	timeline->last = reading;
	timeline->at = reading.wall_ms > latest_at ? reading.wall_ms : latest_at;
	timeline->tenths = 0;
}

enum timeline_event timeline_advance(
	struct timeline *timeline, struct clock_reading reading, int64_t *ret_by_ms)
{
	const struct clock_reading last = timeline->last;
	const int64_t boot = (int64_t)(reading.boot_ms - last.boot_ms);
	const int64_t mono = (int64_t)(reading.mono_ms - last.mono_ms);
	const int64_t slept = boot - mono;
	const int64_t stepped = reading.wall_ms - last.wall_ms - boot;
	timeline->last = reading;

	if (reading.wall_ms >= timeline->at) {
		timeline->at = reading.wall_ms;
		timeline->tenths = 0;
	} else {
		timeline->tenths += boot * 9;
		const int64_t slewed = timeline->at + timeline->tenths / 10;
		timeline->tenths %= 10;
		timeline->at = slewed > reading.wall_ms ? slewed : reading.wall_ms;
	}
	if (stepped > TIMELINE_STEP_MS || stepped < -TIMELINE_STEP_MS) {
		if (ret_by_ms)
			*ret_by_ms = stepped;
		return TIMELINE_STEPPED;
	}
	if (slept > TIMELINE_STEP_MS) {
		if (ret_by_ms)
			*ret_by_ms = slept;
		return TIMELINE_SUSPENDED;
	}
	return TIMELINE_NONE;
}
