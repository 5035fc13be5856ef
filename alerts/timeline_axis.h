/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_axis — ticks in UTC, from a second to a thousand years apart. Private to alerts/.
 */
#include <stddef.h>
#include <stdint.h>

#define AXIS_TICKS_MOST 12
#define AXIS_TEXT_MAX 24

struct axis_tick {
	int64_t at;
	char label[AXIS_TEXT_MAX];
	char below
		[AXIS_TEXT_MAX]; /* day or year; "" where it is that of the tick before */
};

/* Of the window [from, to), which is a second at least and within the years 1 to 9999. Returns
 * how many there are. */
size_t axis_ticks(int64_t from, int64_t to, struct axis_tick ticks[AXIS_TICKS_MOST]);
