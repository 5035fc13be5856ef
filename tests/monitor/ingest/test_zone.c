/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "monitor/ingest/zone.h"

static int64_t utc(const char *name, int64_t local_s, int64_t not_before_s)
{
	struct zone *zone;
	assert_int_equal(zone_load(name, &zone), 0);
	const int64_t at = zone_to_utc(zone, local_s, not_before_s);
	zone_destroy(zone);
	return at;
}

/* 2026-03-29 and 2026-10-25, midnight. */
#define SPRING INT64_C(1774742400)
#define AUTUMN INT64_C(1792886400)
#define HOUR 3600

static void zone_reads_local_times(void **state)
{
	(void)state;
	assert_int_equal(utc(NULL, SPRING, 0), SPRING);
	assert_int_equal(utc("UTC", SPRING, 0), SPRING);
	assert_int_equal(utc("Europe/Berlin", SPRING, 0), SPRING - HOUR);
	assert_int_equal(utc("Europe/Berlin", AUTUMN, 0), AUTUMN - 2 * HOUR);
	assert_int_equal(utc("America/New_York", AUTUMN, 0), AUTUMN + 4 * HOUR);
	assert_int_equal(utc("Asia/Kolkata", AUTUMN, 0), AUTUMN - 5 * HOUR - HOUR / 2);
	assert_int_equal(utc("Pacific/Kiritimati", AUTUMN, 0), AUTUMN - 14 * HOUR);
	/* Long before the first switch, and after the last: an offset there is. */
	assert_in_range(
		utc("Europe/Berlin", INT64_C(4102444800), 0) - 4102437600, 0, HOUR);
}

static void zone_tells_an_hour_that_comes_twice_apart(void **state)
{
	const int64_t twice = AUTUMN + 2 * HOUR + 1800;
	(void)state;
	assert_int_equal(utc("Europe/Berlin", twice, 0), AUTUMN + 1800);
	assert_int_equal(
		utc("Europe/Berlin", twice, AUTUMN + 1801), AUTUMN + HOUR + 1800);
	assert_int_equal(
		utc("Europe/Berlin", twice, AUTUMN + 9 * HOUR), AUTUMN + HOUR + 1800);
	/* Another hour does not care. */
	assert_int_equal(utc("Europe/Berlin", AUTUMN, AUTUMN + HOUR), AUTUMN - 2 * HOUR);
}

static void zone_reads_an_hour_that_never_comes(void **state)
{
	(void)state;
	assert_int_equal(
		utc("Europe/Berlin", SPRING + 2 * HOUR + 1800, 0), SPRING + HOUR + 1800);
}

static void zone_refuses_names_that_are_none(void **state)
{
	static const char *const names[] = {"", "Europe/Nowhere", "../../../etc/passwd",
		"/etc/localtime", "Europe", "zone.tab", "Europe/Berlin\n"};
	struct zone *zone = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(zone_load(names[i], &zone), -EINVAL);
	assert_null(zone);
	zone_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone_reads_local_times),
		cmocka_unit_test(zone_tells_an_hour_that_comes_twice_apart),
		cmocka_unit_test(zone_reads_an_hour_that_never_comes),
		cmocka_unit_test(zone_refuses_names_that_are_none),
	};
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
