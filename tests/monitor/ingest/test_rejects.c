/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "monitor/ingest/rejects.h"
#include "storage/feed.h"
#include "tests/storage/fixture.h"

static void rejects_gathers_lines_of_a_reason(void **state)
{
	struct rejects rejects = {.len = 0};
	(void)state;
	rejects_add(&rejects, "no time", "one", 10);
	rejects_add(&rejects, "no address", "two", 11);
	rejects_add(&rejects, "no time", "three", 12);
	assert_int_equal(rejects.len, 2);
	assert_int_equal(rejects_count(&rejects), 3);
	assert_int_equal(rejects.items[0].count, 2);
	assert_int_equal(rejects.items[0].first_at, 10);
	assert_int_equal(rejects.items[0].last_at, 12);
	assert_string_equal(rejects.items[0].shown, "three");
}

static void rejects_bounds_reasons_and_lines(void **state)
{
	static char reasons[2 * REJECTS_REASONS][16];
	struct rejects rejects = {.len = 0};
	char line[4 * REJECTS_SHOWN_MAX];
	(void)state;
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	for (int i = 0; i < 2 * REJECTS_REASONS; i++) {
		snprintf(reasons[i], sizeof reasons[i], "reason %d", i);
		rejects_add(&rejects, reasons[i], line, i);
	}
	assert_int_equal(rejects.len, REJECTS_REASONS);
	assert_int_equal(rejects_count(&rejects), 2 * REJECTS_REASONS);
	assert_int_equal(rejects.items[REJECTS_REASONS - 1].count, REJECTS_REASONS + 1);
	assert_int_equal(strlen(rejects.items[0].shown), REJECTS_SHOWN_MAX - 1);
}

static void rejects_are_written_under_their_source(void **state)
{
	struct fixture *fixture = *state;
	struct rejects rejects = {.len = 0};
	rejects_add(&rejects, "no time", "one", T0);
	rejects_add(&rejects, "no time", "two", T0 + 1);
	for (int i = 0; i < 2; i++) {
		store_begin(fixture->store);
		rejects_write(&rejects, fixture->store, "mail");
		fixture_commit(fixture, T0);
	}
	assert_int_equal(fixture_query(fixture,
				 "SELECT count FROM rejected JOIN source ON id = source"
				 " WHERE text = 'mail' AND reason = 'no time'"),
		4);
	assert_int_equal(fixture_query(fixture,
				 "SELECT count(*) FROM rejected_line"
				 " WHERE line = CAST('two' AS BLOB)"),
		2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejects_gathers_lines_of_a_reason),
		cmocka_unit_test(rejects_bounds_reasons_and_lines),
		cmocka_unit_test_setup_teardown(rejects_are_written_under_their_source,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
