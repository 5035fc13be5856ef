/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "storage/instant.h"
#include "tests/storage/fixture.h"

#define NOW INT64_C(1693303929123) /* 2023-08-29T10:12:09.123Z */

static void instant_prints_utc_with_milliseconds(void **state)
{
	(void)state;
	char text[INSTANT_TEXT_MAX];
	assert_string_equal(instant_format(NOW, text), "2023-08-29T10:12:09.123Z");
	assert_string_equal(instant_format(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(instant_format(-1, text), "1969-12-31T23:59:59.999Z");
	assert_string_equal(instant_format(INT64_C(253402300799999), text),
		"9999-12-31T23:59:59.999Z");
	assert_string_equal(
		instant_format(INT64_C(253402300800000), text), "@253402300800000");
	assert_string_equal(instant_format(INT64_C(-62167219200000), text),
		"0000-01-01T00:00:00.000Z");
	assert_string_equal(
		instant_format(INT64_C(-62167219200001), text), "@-62167219200001");
	assert_string_equal(instant_format(INT64_MIN, text), "@-9223372036854775808");
}

static void instant_reads_what_users_write(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *zone;
		int64_t at;
	} cases[] = {
		{"2023-08-29T10:12:09.123Z", NULL, NOW},
		{"2023-08-29t10:12:09.123456789z", NULL, NOW},
		{"2023-08-29T12:12:09.123+02:00", "America/New_York", NOW},
		{"2023-08-29T04:42:09.123-05:30", NULL, NOW},
		{"2023-08-29 10:12:09.1", NULL, NOW - 23},
		{"2023-08-29 10:12", NULL, NOW - 9123},
		{"2023-08-29", NULL, INT64_C(1693267200000)},
		{"2023-08-29", "Europe/Berlin", INT64_C(1693260000000)},
		{"2023-08-29 12:12:09", "Europe/Berlin", NOW - 123},
		{"2023-08-29 10:12:09", "UTC", NOW - 123},
		{"2024-02-29", NULL, INT64_C(1709164800000)},
		{"2016-12-31T23:59:60Z", NULL, INT64_C(1483228799000)},
		{"2017-01-01T00:59:60+01:00", NULL, INT64_C(1483228799000)},
		{"@1693303929", NULL, NOW - 123},
		{"@1693303929.123", NULL, NOW},
		{"now", NULL, NOW},
		{"-2h", NULL, NOW - 7200000},
		{"-3d", NULL, NOW - 3 * INT64_C(86400000)},
		/* The hour that comes twice: its first time. */
		{"2023-10-29 02:30", "Europe/Berlin", INT64_C(1698539400000)},
		/* The hour that does not come: as if the clock had not been moved. */
		{"2023-03-26 02:30", "Europe/Berlin", INT64_C(1679794200000)},
		{"2023-08-29 12:12:09", "Asia/Kolkata", INT64_C(1693291329000)},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t at = 0;
		int error = instant_parse(cases[i].text, NOW, cases[i].zone, &at);
		if (error != 0 || at != cases[i].at)
			fail_msg("%s in %s: %d, %" PRId64, cases[i].text,
				cases[i].zone != NULL ? cases[i].zone : "UTC", error, at);
	}
}

static void instant_leaves_the_zone_as_it_was(void **state)
{
	(void)state;
	int64_t at;
	setenv("TZ", "Asia/Tokyo", 1);
	assert_int_equal(instant_parse("2023-08-29", NOW, "Europe/Berlin", &at), 0);
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	assert_int_equal(instant_parse("2023-08-29", NOW, "Europe/Berlin", &at), 0);
	assert_null(getenv("TZ"));
}

static void instant_refuses_the_rest(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "yesterday", "2023", "2023-13-01",
		"2023-00-01", "2023-02-29", "2100-02-29", "2023-08-32", "2023-08-00",
		"2023-8-29", "2023-08-29T", "2023-08-29 ", "2023-08-29 24:00",
		"2023-08-29 10:60", "2023-08-29 10:12:61", "2023-08-29 10:12:60",
		"2023-08-29T10:12:09.", "2023-08-29T10:12:09.1234567890Z",
		"2023-08-29T10:12:09+2", "2023-08-29T10:12:09+24:00",
		"2023-08-29T10:12:09Zx", "2023-08-29T10:1", "2023-08-29x", "@", "@-5",
		"@1.", "@1693303929x", "@9999999999999", "@1", "1999-12-31", "2201-01-01",
		"2000-01-01T00:00:00+00:01", "-", "-2", "-h", "-100d12", "now ",
		"-24d3h"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int64_t at = 7;
		if (instant_parse(wrong[i], NOW, NULL, &at) != -EINVAL || at != 7)
			fail_msg("accepted \"%s\"", wrong[i]);
	}
	int64_t at = 7;
	assert_int_equal(instant_parse("2023-08-29", NOW, "Mars/Base", &at), -EINVAL);
	assert_int_equal(instant_parse("2023-08-29", NOW, "../passwd", &at), -EINVAL);
	assert_int_equal(instant_parse("2023-08-29", NOW, "A/../../x", &at), -EINVAL);
	assert_int_equal(instant_parse("2023-08-29", NOW, "", &at), -EINVAL);
}

static void instant_reads_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
		int64_t ms;
	} cases[] = {
		{"500ms", 0, 500},
		{"10s", 0, 10000},
		{"5m", 0, 300000},
		{"2h", 0, 7200000},
		{"3d", 0, 259200000},
		{"36525d", 0, INT64_C(3155760000000)},
		{"36526d", -ERANGE, 7},
		{"99999999999999999999s", -ERANGE, 7},
		{"0s", -EINVAL, 7},
		{"10", -EINVAL, 7},
		{"s", -EINVAL, 7},
		{"1.5h", -EINVAL, 7},
		{"-5m", -EINVAL, 7},
		{"5 m", -EINVAL, 7},
		{"5w", -EINVAL, 7},
		{"", -EINVAL, 7},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = 7;
		assert_int_equal(duration_parse(cases[i].text, &ms), cases[i].error);
		assert_int_equal(ms, cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instant_prints_utc_with_milliseconds),
		cmocka_unit_test(instant_reads_what_users_write),
		cmocka_unit_test(instant_leaves_the_zone_as_it_was),
		cmocka_unit_test(instant_refuses_the_rest),
		cmocka_unit_test(instant_reads_durations),
	};
	return cmocka_run_group_tests_name("instant", tests, NULL, NULL);
}
