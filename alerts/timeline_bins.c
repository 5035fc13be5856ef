/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_bins.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const struct step {
	int64_t ms;
	const char *name;
} steps[] = {
	{1000, "1 s"},
	{5000, "5 s"},
	{10000, "10 s"},
	{30000, "30 s"},
	{MINUTE, "minute"},
	{2 * MINUTE, "2 min"},
	{5 * MINUTE, "5 min"},
	{10 * MINUTE, "10 min"},
	{15 * MINUTE, "15 min"},
	{30 * MINUTE, "30 min"},
	{HOUR, "hour"},
	{2 * HOUR, "2 h"},
	{3 * HOUR, "3 h"},
	{6 * HOUR, "6 h"},
	{12 * HOUR, "12 h"},
	{DAY, "day"},
	{2 * DAY, "2 d"},
	{7 * DAY, "week"},
	{28 * DAY, "4 weeks"},
	{91 * DAY, "quarter"},
	{365 * DAY, "year"},
	{3653 * DAY, "10 years"},
	{36524 * DAY, "century"},
};

#define STEPS (sizeof steps / sizeof *steps)

/* No shorter than the longest bar: what is known by the hour is not drawn by the minute. */
static const struct step *choose(
	const struct timeline *timeline, int64_t from, int64_t to)
{
	const struct step *step = steps;
	int64_t least = 0;

	for (size_t i = 0; i < timeline->bars_len; i++) {
		const struct timeline_bar *bar = &timeline->bars[i];

		if (bar->to > from && bar->from < to && bar->to - bar->from > least)
			least = bar->to - bar->from;
	}
	while (step < &steps[STEPS - 1] &&
		(step->ms < least || (to - from) / step->ms + 2 > BINS_MOST))
		step++;
	return step;
}

static void add(struct timeline_bar *to, const struct timeline_bar *bar)
{
	to->accepted += bar->accepted;
	to->deferred += bar->deferred;
	to->unknown += bar->unknown;
	to->bounced += bar->bounced;
}

static void find_most(struct bins *bins)
{
	for (size_t i = 0; i < bins->len; i++) {
		const struct timeline_bar *bar = &bins->bars[i];
		const uint64_t mails = bar->accepted + bar->deferred + bar->bounced;

		bins->most = mails > bins->most ? mails : bins->most;
		if (bar->unknown > bins->most_unknown)
			bins->most_unknown = bar->unknown;
	}
}

static int64_t floor_to(int64_t at, int64_t step)
{
	const int64_t rest = at % step;

	return at - (rest < 0 ? rest + step : rest);
}

void bins_fill(
	struct bins *bins, const struct timeline *timeline, int64_t from, int64_t to)
{
	*bins = (struct bins){.step_ms = choose(timeline, from, to)->ms};
	bins->from = floor_to(from, bins->step_ms);
	bins->len = (size_t)((to - bins->from + bins->step_ms - 1) / bins->step_ms);
	for (size_t i = 0; i < bins->len; i++) {
		bins->bars[i].from = bins->from + (int64_t)i * bins->step_ms;
		bins->bars[i].to = bins->bars[i].from + bins->step_ms;
	}
	for (size_t i = 0; i < timeline->bars_len; i++) {
		const struct timeline_bar *bar = &timeline->bars[i];
		const int64_t at = bar->from > from ? bar->from : from;

		if (bar->to <= from || bar->from >= to)
			continue;
		add(&bins->bars[(at - bins->from) / bins->step_ms], bar);
		add(&bins->sum, bar);
	}
	find_most(bins);
}

const char *bins_step_name(const struct bins *bins)
{
	for (size_t i = 0; i < STEPS; i++)
		if (steps[i].ms == bins->step_ms)
			return steps[i].name;
	return "";
}
