/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/timex.h>
#include <time.h>

#include <cmocka.h>

#include "monitor/clock.h"

#define WALL INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

static const struct clock_reading first = {
	.wall_ms = WALL, .mono_ms = 5000, .boot_ms = 9000};

/* Lets time pass on all clocks alike. */
static void pass(struct clock_reading *reading, int64_t ms)
{
	reading->wall_ms += ms;
	reading->mono_ms += (uint64_t)ms;
	reading->boot_ms += (uint64_t)ms;
}

static void clock_reads_all_clocks(void **state)
{
	struct clock_reading before = clock_read();
	struct clock_reading after = clock_read();

	(void)state;
	assert_true(before.wall_ms / 1000 >= time(NULL) - 1);
	assert_true(before.wall_ms / 1000 <= time(NULL));
	assert_true(after.mono_ms >= before.mono_ms);
	assert_true(after.boot_ms >= before.boot_ms);
	assert_true(clock_mono_ms() >= after.mono_ms);
	assert_true(clock_mono_ms() < after.mono_ms + 60000);
}

static void clock_says_whether_it_is_synchronised(void **state)
{
	struct timex timex = {.modes = 0};

	(void)state;
	assert_int_equal(clock_is_synchronised(), adjtimex(&timex) != TIME_ERROR);
}

static void timeline_follows_the_wall_clock(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = -1;

	(void)state;
	timeline_start(&timeline, now, 0);
	assert_int_equal(timeline.at, WALL);
	for (int i = 0; i < 1000; i++) {
		pass(&now, i % 7);
		assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_NONE);
		assert_int_equal(timeline.at, now.wall_ms);
	}
	pass(&now, 10 * HOUR); /* nobody looked for a while: that is no step */
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
	assert_int_equal(timeline.at, now.wall_ms);
	assert_int_equal(by, -1);
}

static void timeline_tells_a_step_forward(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = 0;

	(void)state;
	timeline_start(&timeline, now, 0);
	pass(&now, 20);
	now.wall_ms += 2 * HOUR;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_STEPPED);
	assert_int_equal(by, 2 * HOUR);
	assert_int_equal(timeline.at, now.wall_ms);
	pass(&now, 20);
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_NONE);
	assert_int_equal(timeline.at, now.wall_ms);
}

static void timeline_follows_drift_silently(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;

	(void)state;
	timeline_start(&timeline, now, 0);
	for (int i = 0; i < 100; i++) {
		pass(&now, 100);
		now.wall_ms += TIMELINE_STEP_MS;
		assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
		assert_int_equal(timeline.at, now.wall_ms);
	}
	now.wall_ms += TIMELINE_STEP_MS + 1;
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_STEPPED);
	now.wall_ms -= TIMELINE_STEP_MS;
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
	now.wall_ms -= TIMELINE_STEP_MS + 1;
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_STEPPED);
}

/* After a step back by a minute, looking each turn_ms: the timeline never runs backwards, keeps
 * nine tenths of its speed, and meets the wall clock after ten minutes. */
static void slew(int64_t turn_ms)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = 0;
	int64_t passed = 0;
	int64_t start;

	timeline_start(&timeline, now, 0);
	now.wall_ms -= 60000;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_STEPPED);
	assert_int_equal(by, -60000);
	start = timeline.at;
	assert_int_equal(start, WALL);
	while (timeline.at > now.wall_ms) {
		int64_t before = timeline.at;

		pass(&now, turn_ms);
		passed += turn_ms;
		assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_NONE);
		assert_true(timeline.at >= before);
		assert_true(timeline.at >= now.wall_ms);
		if (timeline.at > now.wall_ms)
			assert_int_equal(timeline.at - start, passed * 9 / 10);
		assert_true(passed <= 600000 + turn_ms);
	}
	assert_in_range(passed, 599990 - 10 * turn_ms, 600000 + turn_ms);
	pass(&now, 1000);
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
	assert_int_equal(timeline.at, now.wall_ms);
}

static void timeline_slews_after_a_step_back(void **state)
{
	(void)state;
	slew(100);
	slew(1000);
	slew(7919);
}

/* Busy loops look several times a millisecond-tick; the rest of a division must not get lost. */
static void timeline_slews_in_small_steps(void **state)
{
	(void)state;
	slew(1);
	slew(9);
	slew(19);
}

static void timeline_takes_a_step_back_and_forth(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = 0;

	(void)state;
	timeline_start(&timeline, now, 0);
	pass(&now, 1000);
	now.wall_ms -= HOUR;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_STEPPED);
	assert_in_range(timeline.at, WALL + 900, WALL + 1000);
	pass(&now, 1000);
	now.wall_ms += HOUR;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_STEPPED);
	assert_int_equal(by, HOUR);
	assert_int_equal(timeline.at, WALL + 2000);
}

static void timeline_tells_that_the_machine_slept(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = 0;

	(void)state;
	timeline_start(&timeline, now, 0);
	pass(&now, 10);
	now.wall_ms += HOUR;
	now.boot_ms += (uint64_t)HOUR;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_SUSPENDED);
	assert_int_equal(by, HOUR);
	assert_int_equal(timeline.at, now.wall_ms);
	pass(&now, 10);
	now.wall_ms += TIMELINE_STEP_MS; /* a blink is no sleep */
	now.boot_ms += TIMELINE_STEP_MS;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_NONE);
}

/* A machine that slept and was set at once: the step is told, and time does not run backwards. */
static void timeline_takes_sleep_and_step_together(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;
	int64_t by = 0;

	(void)state;
	timeline_start(&timeline, now, 0);
	now.boot_ms += (uint64_t)HOUR;
	now.wall_ms -= HOUR;
	assert_int_equal(timeline_advance(&timeline, now, &by), TIMELINE_STEPPED);
	assert_int_equal(by, -2 * HOUR);
	assert_int_equal(timeline.at, WALL + HOUR * 9 / 10);
}

/* The records of an earlier run reach beyond the wall clock: it was set back meanwhile. */
static void timeline_starts_behind_no_record(void **state)
{
	struct timeline timeline;
	struct clock_reading now = first;

	(void)state;
	timeline_start(&timeline, now, WALL + 5000);
	assert_int_equal(timeline.at, WALL + 5000);
	pass(&now, 4000);
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
	assert_int_equal(timeline.at, WALL + 5000 + 3600);
	pass(&now, 46000);
	assert_int_equal(timeline_advance(&timeline, now, NULL), TIMELINE_NONE);
	assert_int_equal(timeline.at, WALL + 50000);
	assert_int_equal(timeline.at, now.wall_ms);
	timeline_start(&timeline, now, now.wall_ms - 1);
	assert_int_equal(timeline.at, now.wall_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_reads_all_clocks),
		cmocka_unit_test(clock_says_whether_it_is_synchronised),
		cmocka_unit_test(timeline_follows_the_wall_clock),
		cmocka_unit_test(timeline_tells_a_step_forward),
		cmocka_unit_test(timeline_follows_drift_silently),
		cmocka_unit_test(timeline_slews_after_a_step_back),
		cmocka_unit_test(timeline_slews_in_small_steps),
		cmocka_unit_test(timeline_takes_a_step_back_and_forth),
		cmocka_unit_test(timeline_tells_that_the_machine_slept),
		cmocka_unit_test(timeline_takes_sleep_and_step_together),
		cmocka_unit_test(timeline_starts_behind_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
