/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/header.h"
#include "monitor/ingest/zone.h"
static void header_splits(void **state)
{
	static const struct {
		const char *line;
		const char *stamp;
		const char *host;
		const char *program;
		const char *message;
	} rows[] = {
		{"Jan  2 03:04:05 mta1 a/b[12]: x: y", "Jan  2 03:04:05", "mta1", "a/b",
			"x: y"},
		{"Jan 2 03:04:05 mta1 a: x", "Jan 2 03:04:05", "mta1", "a", "x"},
		{"Jan 12 03:04:05 a/b[12]: x", "Jan 12 03:04:05", "", "a/b", "x"},
		{"<22>Jan 12 03:04:05 mta1 a[1]: ", "Jan 12 03:04:05", "mta1", "a", ""},
		{"2026-01-02T03:04:05Z INFO    a/b[1]: x", "2026-01-02T03:04:05Z", "",
			"a/b", "x"},
		{"2026-01-02T03:04:05Z MAIL a/b[1]: x", "2026-01-02T03:04:05Z", "", "a/b",
			"x"},
		{"Jan  2 03:04:05 mta1 last message repeated 2 times", "Jan  2 03:04:05",
			"mta1", "", "last message repeated 2 times"},
		{"Jan  2 03:04:05 mta1 b c/d[1]: x", "Jan  2 03:04:05", "mta1", "",
			"b c/d[1]: x"},
		{"a/b[12]: x", "", "", "a/b", "x"},
		{"<22>1 2026-01-02T03:04:05Z mta1 a/b 1 - [x@1 a=\"]\\\"\"] y",
			"2026-01-02T03:04:05Z", "mta1", "a/b", "y"},
		{"<22>1 - mta1 a/b 1 - - \xef\xbb\xbfy", "", "mta1", "a/b", "y"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct header header;
		assert_true(header_split(span_of(rows[i].line), &header));
		assert_true(span_is(header.stamp, span_of(rows[i].stamp)));
		assert_true(span_is(header.host, span_of(rows[i].host)));
		assert_true(span_is(header.program, span_of(rows[i].program)));
		assert_true(span_is(header.message, span_of(rows[i].message)));
	}
}

static void header_refuses_what_is_none(void **state)
{
	static const char *const lines[] = {"", "x", "no header", "<22>1 a b",
		"<999>x: y", "Jan  2 03:04:05", "Jan  2 03:04:05 ", "a/b[12] x",
		"a[x]: y", "<22>1 - mta1 a 1 - [x y"};
	struct header header;
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (header_split(span_of(lines[i]), &header))
			fail_msg("split: %s", lines[i]);
}

static void header_reads_its_time(void **state)
{
	struct zone *zone;
	struct header header;
	int64_t at;
	(void)state;
	assert_int_equal(zone_load(NULL, &zone), 0);
	const struct stamp_context context = {.zone = zone, .reference_at = 86400000};
	assert_true(header_split(SPAN("a/b[12]: x"), &header));
	assert_true(header_at(&header, &context, &at));
	assert_int_equal(at, 86400000);
	assert_true(header_split(SPAN("Jan  2 00:00:01 h a/b[12]: x"), &header));
	assert_true(header_at(&header, &context, &at));
	assert_int_equal(at, 86401000);
	assert_true(header_split(SPAN("Jan  2 99:00:01 h a/b[12]: x"), &header));
	assert_false(header_at(&header, &context, &at));
	zone_destroy(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_splits),
		cmocka_unit_test(header_refuses_what_is_none),
		cmocka_unit_test(header_reads_its_time),
	};
	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
