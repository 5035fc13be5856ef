/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/timeline.h"
#include "alerts/timeline_axis.h"
#include "alerts/timeline_bins.h"
#include "alerts/timeline_palette.h"

#define T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void timeline_plan_sums_up_all_mails(void **state)
{
	static struct bins bins;
	struct timeline_bar minutes[600];
	struct timeline timeline = {.bars = minutes, .bars_len = 600};
	uint64_t sum = 0;

	(void)state;
	for (size_t i = 0; i < 600; i++) {
		const int64_t at = T0 + (int64_t)i * MINUTE;

		minutes[i] = (struct timeline_bar){at, at + MINUTE, i, 2, 3, 4};
	}
	bins_fill(&bins, &timeline, T0, T0 + 600 * MINUTE);
	for (size_t i = 0; i < bins.len; i++)
		sum += bins.bars[i].accepted;
	assert_int_equal(sum, 599 * 600 / 2);
	assert_int_equal(bins.sum.unknown, 1800);
	assert_int_equal(bins.step_ms, 5 * MINUTE);
	assert_string_equal(bins_step_name(&bins), "5 min");
	/* What is outside counts nowhere; what is known by the hour is shown by the hour. */
	minutes[300].to = minutes[300].from + HOUR;
	bins_fill(&bins, &timeline, T0 + 299 * MINUTE, T0 + 301 * MINUTE);
	assert_int_equal(bins.sum.accepted, 299 + 300);
	assert_int_equal(bins.step_ms, HOUR);
}

static void timeline_plan_ticks_at_round_times(void **state)
{
	static const struct {
		int64_t length;
		size_t len;
		const char *first;
		const char *below;
		const char *last;
	} cases[] = {
		{1000, 1, "20:31:07", "29 Aug 2023", "20:31:07"},
		{7000, 7, "20:31:07", "29 Aug 2023", "20:31:13"},
		{30 * MINUTE, 6, "20:35", "29 Aug 2023", "21:00"},
		{7 * HOUR, 7, "21:00", "29 Aug 2023", "03:00"},
		{6 * DAY, 6, "30 Aug", "2023", " 4 Sep"},
		{40 * DAY, 5, " 4 Sep", "2023", " 2 Oct"},
		{80 * DAY, 6, " 4 Sep", "2023", "13 Nov"},
		{200 * DAY, 7, "Sep", "2023", "Mar"},
		{3000 * DAY, 8, "2024", "", "2031"},
		{INT64_C(365000) * DAY, 5, "2200", "", "3000"},
	};
	struct axis_tick ticks[AXIS_TICKS_MOST];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const size_t len = axis_ticks(T0, T0 + cases[i].length, ticks);

		assert_int_equal(len, cases[i].len);
		assert_string_equal(ticks[0].label, cases[i].first);
		assert_string_equal(ticks[0].below, cases[i].below);
		assert_string_equal(ticks[len - 1].label, cases[i].last);
	}
	/* The day is named once, and when it becomes another. */
	axis_ticks(T0, T0 + 7 * HOUR, ticks);
	assert_string_equal(ticks[1].below, "");
	assert_string_equal(ticks[3].label, "00:00");
	assert_string_equal(ticks[3].below, "30 Aug 2023");
}

/* More operators than colours: those of the incident are named, the rest share a shade. */
static void timeline_plan_names_who_is_in_the_incident(void **state)
{
	struct timeline_span row[20];
	char names[20][8];
	const struct timeline_lane lane = {"mta", row, 20, NULL, 0};
	struct timeline timeline = {.from = T0,
		.to = T0 + 20 * HOUR,
		.incident_from = T0 + 19 * HOUR + MINUTE,
		.incident_to = T0 + 20 * HOUR,
		.lanes = &lane,
		.lanes_len = 1};
	struct palette palette;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		const int64_t at = T0 + (int64_t)i * HOUR;

		snprintf(names[i], sizeof names[i], "o%02zu", i);
		row[i] = (struct timeline_span){
			at, at + HOUR - (int64_t)i * 1000, names[i], "x"};
	}
	row[18].operators = NULL;
	assert_int_equal(palette_make(&timeline, &palette), 0);
	assert_int_equal(palette.len, PALETTE_NAMED);
	assert_int_equal(palette.others, 19 - PALETTE_NAMED);
	assert_true(palette.nobody);
	assert_int_equal(palette_shade(&palette, "o19"), PALETTE_NAMED - 1);
	assert_int_equal(palette_shade(&palette, "o00"), 0);
	assert_int_equal(palette_shade(&palette, "o17"), PALETTE_OTHERS);
	assert_int_equal(palette_shade(&palette, NULL), PALETTE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeline_plan_sums_up_all_mails),
		cmocka_unit_test(timeline_plan_ticks_at_round_times),
		cmocka_unit_test(timeline_plan_names_who_is_in_the_incident),
	};

	return cmocka_run_group_tests_name("timeline_plan", tests, NULL, NULL);
}
