/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/ledger.h"
#include "storage/retention.h"
#include "tests/storage/fixture.h"

static int prune(struct fixture *fixture, int64_t before, size_t limit)
{
	int more = -1;
	struct store_error error = {0};
	int code = retention_prune(
		fixture->store, before, limit, T0 + 10 * HOUR, &more, &error);
	if (code != 0)
		fail_msg("retention_prune: %s", error.text);
	return more;
}

static struct ledger_verdict verify(struct fixture *fixture)
{
	struct ledger_verdict verdict;
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	return verdict;
}

static int64_t count(struct fixture *fixture, const char *table)
{
	char sql[64];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	return fixture_query(fixture, sql);
}

static void retention_cuts_at_an_instant(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	/* Links 1 to 3 go, with what they closed. */
	assert_int_equal(prune(fixture, T0 + HOUR, 100), 0);
	assert_int_equal(fixture_query(fixture, "SELECT min(tx) FROM ledger"), 4);
	assert_int_equal(fixture_query(fixture, "SELECT max(tx) FROM ledger"), 6);
	/* Both open spans stay, and the import that link 5 made. */
	assert_int_equal(count(fixture, "span"), 3);
	assert_int_equal(
		fixture_query(fixture, "SELECT count(*) FROM span WHERE open = 1"), 2);
	assert_int_equal(fixture_query(fixture,
				 "SELECT count(*) FROM span WHERE from_answer NOTNULL"),
		0);
	assert_int_equal(count(fixture, "gap"), 1);
	assert_int_equal(count(fixture, "change"), 0);
	assert_int_equal(count(fixture, "suspicion"), 0);
	assert_int_equal(count(fixture, "evidence"), 0);
	assert_int_equal(count(fixture, "message"), 0);
	struct ledger_verdict verdict = verify(fixture);
	if (!verdict.holds)
		fail_msg("transaction %d: %s", (int)verdict.broken, verdict.why);
	assert_int_equal(verdict.transactions, 3);

	/* What is open closes under the old number, and the chain goes on. */
	store_begin(fixture->store);
	fixture_close_span(fixture, 1, NULL, T0 + 3 * HOUR, 1000);
	fixture_open_span(fixture, 1, NULL, "nodata", T0 + 3 * HOUR, T0 + 3 * HOUR - 1);
	fixture_commit(fixture, T0 + 11 * HOUR);
	assert_true(verify(fixture).holds);
}

static void retention_keeps_later_versions_of_a_bucket(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	assert_int_equal(prune(fixture, T0 + HOUR + 1, 100), 0);
	assert_true(verify(fixture).holds);
	assert_int_equal(count(fixture, "bucket"), 1);
	/* The newest link stays whatever its age, and the cut is a link itself. */
	assert_int_equal(prune(fixture, T0 + 20 * HOUR, 100), 0);
	assert_int_equal(count(fixture, "bucket"), 0);
	assert_int_equal(count(fixture, "imported"), 0);
	assert_int_equal(count(fixture, "span"), 2);
	struct ledger_verdict verdict = verify(fixture);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 2);
	assert_int_equal(count(fixture, "pruning"), 2);
	assert_int_equal(prune(fixture, T0 + 20 * HOUR, 100), 0);
	assert_int_equal(count(fixture, "pruning"), 2);
	assert_true(verify(fixture).holds);
}

static void retention_takes_small_steps(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	assert_int_equal(prune(fixture, T0 + HOUR, 1), 1);
	assert_true(verify(fixture).holds);
	assert_int_equal(fixture_query(fixture, "SELECT min(tx) FROM ledger"), 2);
	assert_int_equal(prune(fixture, T0 + HOUR, 1), 1);
	assert_int_equal(prune(fixture, T0 + HOUR, 1), 0);
	assert_true(verify(fixture).holds);
	assert_int_equal(fixture_query(fixture, "SELECT min(tx) FROM ledger"), 4);
}

static void retention_prunes_nothing_that_is_younger(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(prune(fixture, T0 + HOUR, 10), 0);
	fixture_fill(fixture);
	assert_int_equal(prune(fixture, T0, 10), 0);
	assert_int_equal(count(fixture, "ledger"), 5);
	assert_int_equal(count(fixture, "pruning"), 0);
}

static void retention_does_not_hide_tampering(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	prune(fixture, T0 + HOUR, 100);
	fixture_tamper(fixture, "UPDATE pruning SET before_at = 1");
	struct ledger_verdict verdict = verify(fixture);
	assert_false(verdict.holds);
	assert_int_equal(verdict.broken, 6);
	fixture_tamper(fixture, "DELETE FROM pruning");
	verdict = verify(fixture);
	assert_false(verdict.holds);
	assert_string_equal(verdict.why, "link missing");
}

static void retention_stops_at_damage(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	int more = 7;
	fixture_fill(fixture);
	fixture_tamper(fixture, "UPDATE ledger SET refs = x'09' WHERE tx = 2");
	assert_int_equal(
		retention_prune(fixture->store, T0 + HOUR, 100, T0 + HOUR, &more, &error),
		-EUCLEAN);
	assert_non_null(strstr(error.text, "damaged"));
	assert_int_equal(more, 7);
	assert_int_equal(count(fixture, "ledger"), 5);
	assert_int_equal(count(fixture, "span"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			retention_cuts_at_an_instant, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			retention_keeps_later_versions_of_a_bucket, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			retention_takes_small_steps, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(retention_prunes_nothing_that_is_younger,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(retention_does_not_hide_tampering,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			retention_stops_at_damage, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
