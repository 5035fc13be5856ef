/* SPDX-License-Identifier: MIT */
#include "storage/vigil.h"
#include "tests/storage/fixture.h"

static void run(struct fixture *fixture, int64_t from, int64_t to, int stopped)
{
	store_begin(fixture->store);
	const int64_t number = history_start_run(fixture->store, from, "1");
	if (stopped)
		history_stop_run(fixture->store, number, to);
	else
		history_beat_run(fixture->store, number, to);
	fixture_commit(fixture, to);
}

static void vigil_counts_the_time_that_nobody_ran(void **state)
{
	struct fixture *fixture = *state;
	struct vigil vigil;
	int64_t beat_at = 7;
	assert_int_equal(vigil_look(fixture->store, T0, T0 + HOUR, &vigil), 0);
	assert_int_equal(vigil.starts + vigil.crashes + (uint64_t)vigil.down_ms, 0);
	assert_int_equal(vigil_beat(fixture->store, &beat_at), 0);
	assert_int_equal(beat_at, 0);
	run(fixture, T0, T0 + 10, 1);
	run(fixture, T0 + 100, T0 + 110, 0);
	run(fixture, T0 + 115, T0 + 120, 0);
	assert_int_equal(vigil_look(fixture->store, T0, T0 + 200, &vigil), 0);
	assert_int_equal(vigil.down_ms, 95);
	assert_int_equal(vigil.starts, 3);
	assert_int_equal(vigil.crashes, 1);
	assert_int_equal(vigil.beat_at, T0 + 120);
	assert_int_equal(vigil_look(fixture->store, T0 + 50, T0 + 200, &vigil), 0);
	assert_int_equal(vigil.down_ms, 55);
	assert_int_equal(vigil.starts, 2);
	run(fixture, T0 + 300, T0 + 310, 1);
	assert_int_equal(vigil_look(fixture->store, T0 + 305, T0 + 400, &vigil), 0);
	assert_int_equal(vigil.down_ms, 90);
	assert_int_equal(vigil_beat(fixture->store, &beat_at), 0);
	assert_int_equal(beat_at, T0 + 310);
}

static void vigil_counts_changes_of_mx(void **state)
{
	struct fixture *fixture = *state;
	struct vigil vigil;
	fixture_fill(fixture);
	const int64_t all = fixture_query(fixture,
		"SELECT (SELECT count(*) FROM span WHERE from_answer IS NOT NULL)"
		" + (SELECT count(*) FROM change WHERE imported = 0)");
	assert_true(all > 0);
	assert_int_equal(vigil_look(fixture->store, T0, T0 + 99 * HOUR, &vigil), 0);
	assert_int_equal(vigil.changes, all);
	assert_int_equal(vigil_look(fixture->store, T0 - HOUR, T0, &vigil), 0);
	assert_int_equal(vigil.changes, 0);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(vigil_counts_the_time_that_nobody_ran),
		WITH_STORE(vigil_counts_changes_of_mx),
	};
	return cmocka_run_group_tests_name("storage/vigil", tests, NULL, NULL);
}
