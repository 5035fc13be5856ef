/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/stamp.h"
#include "monitor/ingest/zone.h"
#include "storage/instant.h"
static int64_t at(const char *text)
{
	int64_t ms;
	assert_int_equal(instant_parse(text, 0, NULL, &ms), 0);
	return ms;
}

static int64_t read_in(const char *text, const char *zone_name, const char *reference)
{
	struct zone *zone;
	int64_t ms = -1;
	assert_int_equal(zone_load(zone_name, &zone), 0);
	const struct stamp_context context = {
		.zone = zone, .reference_at = at(reference)};
	if (!stamp_parse(span_of(text), &context, &ms))
		ms = -1;
	zone_destroy(zone);
	return ms;
}

static void stamp_reads_times_with_a_date(void **state)
{
	static const struct {
		const char *text;
		const char *is;
	} rows[] = {
		{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
		{"2026-01-02 03:04:05", "2026-01-02T02:04:05Z"},
		{"2026-07-02 03:04:05", "2026-07-02T01:04:05Z"},
		{"2026-01-02T03:04:05.123456+05:30", "2026-01-01T21:34:05.123Z"},
		{"2026-01-02 03:04:05,5 -0100", "2026-01-02T04:04:05.500Z"},
		{"2026-01-02 03:04:05+0100", "2026-01-02T02:04:05Z"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
		{"1767323045", "2026-01-02T03:04:05Z"},
		{"1767323045.25", "2026-01-02T03:04:05.250Z"},
		{"1767323045250", "2026-01-02T03:04:05.250Z"},
		{" Jan  2 04:04:05 ", "2026-01-02T03:04:05Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(read_in(rows[i].text, "Europe/Berlin", "2026-06-01"),
			at(rows[i].is));
}

static void stamp_refuses_what_is_no_time(void **state)
{
	static const char *const texts[] = {"", "x", "2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+25:00", "2026-01-01",
		"Jan 32 00:00:00", "Foo  1 00:00:00", "Jan  x 00:00:00", "-5",
		"99999999999999999999", "17673230450000", "1.2.3",
		"0026-01-01T00:00:00Z"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(read_in(texts[i], "UTC", "2026-06-01"), -1);
}

/* Over the turn of a year, in zones on both sides of UTC. */
static void stamp_finds_the_year(void **state)
{
	static const struct {
		const char *text;
		const char *zone;
		const char *reference;
		const char *is;
	} rows[] = {
		{"Dec 31 23:59:59", "UTC", "2026-01-01", "2025-12-31T23:59:59Z"},
		{"Jan  1 00:00:00", "UTC", "2026-01-01", "2026-01-01T00:00:00Z"},
		{"Dec 31 23:59:59", "UTC", "2025-12-31", "2025-12-31T23:59:59Z"},
		{"Jan  1 00:30:00", "UTC", "2025-12-31T23:00:00Z",
			"2026-01-01T00:30:00Z"},
		{"Jan  2 00:30:00", "UTC", "2025-12-31T23:00:00Z",
			"2025-01-02T00:30:00Z"},
		{"Jan  1 12:30:00", "Pacific/Kiritimati", "2025-12-31T23:00:00Z",
			"2025-12-31T22:30:00Z"},
		{"Jan  1 00:30:00", "Europe/Berlin", "2025-12-31T23:30:00Z",
			"2025-12-31T23:30:00Z"},
		{"Dec 31 19:30:00", "America/New_York", "2026-01-01T00:30:00Z",
			"2026-01-01T00:30:00Z"},
		{"Dec 31 23:30:00", "Asia/Kolkata", "2026-01-02", "2025-12-31T18:00:00Z"},
		{"Jun  1 00:00:00", "UTC", "2026-01-02", "2025-06-01T00:00:00Z"},
		{"Feb 29 12:00:00", "UTC", "2026-06-01", "2024-02-29T12:00:00Z"},
		{"Feb 29 12:00:00", "UTC", "2103-06-01", "2096-02-29T12:00:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(read_in(rows[i].text, rows[i].zone, rows[i].reference),
			at(rows[i].is));
}

static void stamp_leaves_what_follows(void **state)
{
	struct zone *zone;
	int64_t ms;
	(void)state;
	assert_int_equal(zone_load(NULL, &zone), 0);
	const struct stamp_context context = {
		.zone = zone, .reference_at = at("2026-06-01")};
	struct span text = SPAN("2026-01-02 03:04:05 1abc =>");
	assert_true(stamp_take_iso(&text, &context, &ms));
	assert_true(span_is(text, SPAN(" 1abc =>")));
	text = SPAN("Jan 02 03:04:05 host");
	assert_true(stamp_take_bsd(&text, &context, &ms));
	assert_true(span_is(text, SPAN(" host")));
	text = SPAN("2026-01-02 03:04");
	assert_false(stamp_take_iso(&text, &context, &ms));
	assert_int_equal(text.len, 16);
	zone_destroy(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamp_reads_times_with_a_date),
		cmocka_unit_test(stamp_refuses_what_is_no_time),
		cmocka_unit_test(stamp_finds_the_year),
		cmocka_unit_test(stamp_leaves_what_follows),
	};
	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
