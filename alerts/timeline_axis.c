/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_axis.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define STEPS_MOST 9
#define MINUTE 60
#define HOUR 3600
#define DAY 86400

/* Steps of a fixed length, in seconds; longer ones are of the calendar. */
static const int64_t lengths[] = {1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE,
	10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
	12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY};
static const int months[] = {
	1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000, 24000};

struct stride {
	int64_t step_s; /* or 0: */
	int step_months;
};

static struct stride choose(int64_t from, int64_t to)
{
	const int64_t span_s = (to - from) / 1000;

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		if (span_s / lengths[i] < STEPS_MOST)
			return (struct stride){.step_s = lengths[i]};
	for (size_t i = 0; i < sizeof months / sizeof *months; i++)
		if (span_s / (months[i] * INT64_C(30) * DAY) < STEPS_MOST)
			return (struct stride){.step_months = months[i]};
	return (struct stride){.step_months = 24000};
}

static int64_t first_of_month(int64_t month)
{
	struct tm tm = {.tm_year = (int)(month / 12) - 1900,
		.tm_mon = (int)(month % 12),
		.tm_mday = 1};

	return (int64_t)timegm(&tm) * 1000;
}

/* The first tick at or after an instant. */
static int64_t first_tick(const struct stride *stride, int64_t at)
{
	const time_t seconds = (time_t)((at - (at < 0 ? 999 : 0)) / 1000);
	struct tm tm;
	int64_t month;

	if (stride->step_s != 0) {
		/* Weeks begin on Mondays: 1970 began on a Thursday. */
		const int64_t shift =
			stride->step_s % (7 * DAY) == 0 ? 4 * DAY * 1000 : 0;
		const int64_t step = stride->step_s * 1000;
		const int64_t rest = ((at - shift) % step + step) % step;

		return rest == 0 ? at : at - rest + step;
	}
	gmtime_r(&seconds, &tm);
	month = (tm.tm_year + INT64_C(1900)) * 12 + tm.tm_mon;
	month -= month % stride->step_months;
	while (first_of_month(month) < at)
		month += stride->step_months;
	return first_of_month(month);
}

static int64_t next_tick(const struct stride *stride, int64_t at)
{
	return stride->step_s != 0 ? at + stride->step_s * 1000
				   : first_tick(stride, at + 1);
}

/* Of a tick, and what stands below it where it is another than that of the tick before. */
static void label(const struct stride *stride, int64_t at, char ret_label[AXIS_TEXT_MAX],
	char ret_below[AXIS_TEXT_MAX])
{
	const time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(ret_below, AXIS_TEXT_MAX, "%Y", &tm);
	if (stride->step_s >= DAY) {
		strftime(ret_label, AXIS_TEXT_MAX, "%e %b", &tm);
	} else if (stride->step_s != 0) {
		strftime(ret_label, AXIS_TEXT_MAX, "%H:%M:%S", &tm);
		ret_label[stride->step_s < MINUTE ? 8 : 5] = '\0';
		strftime(ret_below, AXIS_TEXT_MAX, "%e %b %Y", &tm);
	} else if (stride->step_months < 12) {
		strftime(ret_label, AXIS_TEXT_MAX, "%b", &tm);
	} else {
		strftime(ret_label, AXIS_TEXT_MAX, "%Y", &tm);
		*ret_below = '\0';
	}
}

size_t axis_ticks(int64_t from, int64_t to, struct axis_tick ticks[AXIS_TICKS_MOST])
{
	const struct stride stride = choose(from, to);
	char below[AXIS_TEXT_MAX];
	char last[AXIS_TEXT_MAX] = "";
	size_t len = 0;

	for (int64_t at = first_tick(&stride, from); at < to && len < AXIS_TICKS_MOST;
		at = next_tick(&stride, at)) {
		struct axis_tick *tick = &ticks[len++];

		tick->at = at;
		label(&stride, at, tick->label, below);
		strcpy(tick->below, strcmp(below, last) != 0 ? below : "");
		strcpy(last, below);
	}
	return len;
}
