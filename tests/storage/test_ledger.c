/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "storage/ledger.h"
#include "tests/storage/fixture.h"

static struct ledger_verdict verify(struct store *store, int64_t from, int64_t to)
{
	struct ledger_verdict verdict;
	assert_int_equal(ledger_verify(store, from, to, NULL, NULL, &verdict), 0);
	return verdict;
}

static void ledger_of_a_new_store_is_empty(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_head head;
	struct ledger_verdict verdict = verify(fixture->store, 0, 0);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 0);
	assert_int_equal(ledger_head(fixture->store, &head), 0);
	assert_int_equal(head.transaction, 0);
	/* SHA-256 of "mxvigil ledger 1\nlab". */
	assert_string_equal(head.hash,
		"5dd671eb4a26cd8b792bce84df912ff9"
		"dbb64bb84ac9f5e2d03c599662bdd4a3");
}

static void ledger_holds_over_what_was_recorded(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	struct ledger_verdict verdict = verify(fixture->store, 0, 0);
	if (!verdict.holds)
		fail_msg("transaction %d: %s", (int)verdict.broken, verdict.why);
	assert_int_equal(verdict.transactions, 5);
	assert_int_equal(verdict.records, 2 + 4 + 3 + 2 + 5);
	assert_int_equal(verdict.head.transaction, 5);
	assert_int_equal(verdict.head.at, T0 + 2 * HOUR);
	assert_int_equal(strlen(verdict.head.hash), 64);
	assert_int_equal(verdict.broken, 0);

	struct store *reader = fixture_reader(fixture);
	struct ledger_verdict again = verify(reader, 0, 0);
	assert_true(again.holds);
	assert_string_equal(again.head.hash, verdict.head.hash);
	store_close(reader);
}

static void ledger_has_no_link_for_what_may_change(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	store_begin(fixture->store);
	history_put_pulses(fixture->store, 0, &(struct pulse){.last_at = T0}, 1);
	history_open_gap(fixture->store, 1, NULL, T0, GAP_CLOCK);
	history_amend_span(
		fixture->store, 1, NULL, wire("x.example"), SPAN_AUTHENTICATED);
	history_start_run(fixture->store, T0, "1");
	fixture_commit(fixture, T0 + 3 * HOUR);
	struct ledger_verdict verdict = verify(fixture->store, 0, 0);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 5);
}

static void ledger_verifies_windows(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	assert_int_equal(
		verify(fixture->store, T0 + 61 * SECOND, T0 + HOUR).transactions, 2);
	fixture_tamper(
		fixture, "UPDATE span SET first_at = first_at + 1 WHERE number = 1");
	assert_true(verify(fixture->store, T0 + HOUR, 0).holds);
	struct ledger_verdict verdict = verify(fixture->store, 0, T0 + HOUR);
	assert_false(verdict.holds);
	assert_int_equal(verdict.broken, 1);
	assert_int_equal(verdict.broken_at, T0 + SECOND);
	assert_string_equal(verdict.why, "record changed");
}

static void on_progress(void *owner, uint64_t done, uint64_t all)
{
	assert_int_equal(all, 600);
	*(uint64_t *)owner = done;
}

static void ledger_reports_progress(void **state)
{
	struct fixture *fixture = *state;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	for (int i = 0; i < 600; i++) {
		store_begin(fixture->store);
		history_add_gap(
			fixture->store, point, NULL, T0 + i, T0 + i + 1, GAP_CLOCK);
		fixture_commit(fixture, T0 + i);
	}
	uint64_t done = 0;
	struct ledger_verdict verdict;
	assert_int_equal(
		ledger_verify(fixture->store, 0, 0, on_progress, &done, &verdict), 0);
	assert_true(verdict.holds);
	assert_int_equal(done, 512);
}

/* Each of these is found, and the transaction named is the one that does not fit. */
static const struct {
	const char *sql;
	int64_t broken;
} tamperings[] = {
	/* Edits, in every column that says something. */
	{"UPDATE span SET first_at = first_at - 1 WHERE number = 1", 1},
	{"UPDATE span SET last_at = last_at + 1 WHERE number = 1", 2},
	{"UPDATE span SET not_before_ms = 1 WHERE number = 3", 2},
	{"UPDATE span SET not_before_ms = NULL WHERE number = 3", 2},
	{"UPDATE span SET answer = 1 WHERE number = 3", 2},
	{"UPDATE span SET rrtype = 1 WHERE number = 2", 1},
	{"UPDATE span SET server = 1 WHERE number = 1", 1},
	{"UPDATE span SET point = 2, open = 0 WHERE number = 1", 1},
	{"UPDATE span SET alias = 1 WHERE number = 1", 2},
	{"UPDATE span SET flags = 1 WHERE number = 1", 2},
	{"UPDATE span SET counters = x'000000070000003c0000012c' WHERE number = 1", 2},
	{"UPDATE span SET open = 1 WHERE number = 4", 3},
	{"UPDATE span SET open = 0 WHERE number = 3", 5},
	{"UPDATE span SET from_answer = 2 WHERE number = 3", 2},
	{"UPDATE span SET from_answer = NULL WHERE number = 3", 2},
	{"UPDATE span SET from_answer = 1 WHERE number = 2", 1},
	{"UPDATE span SET confirmed_by = 2 WHERE number = 3", 2},
	{"UPDATE span SET confirmed_ms = 41 WHERE number = 3", 2},
	{"UPDATE gap SET from_at = from_at + 1 WHERE number = 1", 2},
	{"UPDATE gap SET to_at = to_at - 1 WHERE number = 1", 2},
	{"UPDATE gap SET reason = 1 WHERE number = 1", 2},
	{"UPDATE gap SET imported = 0 WHERE number = 2", 5},
	{"UPDATE change SET at = at + 1", 3},
	{"UPDATE change SET not_before_at = NULL", 3},
	{"UPDATE change SET to_answer = from_answer", 3},
	{"UPDATE change SET confirmed_by = 0", 3},
	{"UPDATE change SET confirmed_at = 0", 3},
	{"UPDATE change SET imported = 1", 3},
	{"UPDATE suspicion SET why = 'x'", 3},
	{"UPDATE suspicion SET at = 1", 3},
	{"UPDATE suspicion SET seen_answer = 1", 3},
	{"UPDATE suspicion SET held_answer = 1", 3},
	{"UPDATE evidence SET rtt_us = 0 WHERE number = 6", 2},
	{"UPDATE evidence SET port = 1 WHERE number = 6", 2},
	{"UPDATE evidence SET at = at + 1 WHERE number = 6", 2},
	{"UPDATE evidence SET flags = 0 WHERE number = 6", 2},
	{"UPDATE evidence SET server = 0 WHERE number = 6", 2},
	{"UPDATE evidence SET message = 2 WHERE number = 6", 2},
	{"UPDATE message SET bytes = x'00' WHERE id = 1", 2},
	{"UPDATE answer SET bytes = x'02' WHERE id = 1", 1},
	{"UPDATE name SET wire = x'016100' WHERE id = 1", 1},
	{"UPDATE view SET name = 'isp' WHERE id = 1", 1},
	{"UPDATE server SET text = '192.0.2.8:53' WHERE id = 1", 2},
	{"UPDATE source SET text = 'other'", 5},
	{"UPDATE meta SET value = 'elsewhere' WHERE key = 'site'", 1},
	{"UPDATE bucket SET data = x'0000e8020500'", 4},
	{"UPDATE bucket SET length_ms = 1800000", 4},
	{"UPDATE ledger SET at = at + 1 WHERE tx = 3", 3},
	{"UPDATE ledger SET hash = zeroblob(32) WHERE tx = 5", 5},
	{"UPDATE ledger SET hash = zeroblob(31) WHERE tx = 2", 2},
	{"UPDATE ledger SET refs = x'' WHERE tx = 2", 2},
	{"UPDATE ledger SET refs = x'ff' WHERE tx = 2", 2},
	/* Removals. */
	{"DELETE FROM span WHERE number = 2", 1},
	{"DELETE FROM gap WHERE number = 1", 2},
	{"DELETE FROM change", 3},
	{"DELETE FROM suspicion", 3},
	{"DELETE FROM evidence WHERE kind = 0 AND number = 6", 2},
	{"DELETE FROM bucket", 4},
	{"DELETE FROM imported", 5},
	{"DELETE FROM answer WHERE id = 1", 1},
	{"DELETE FROM ledger WHERE tx = 1", 1},
	{"DELETE FROM ledger WHERE tx = 3", 3},
	{"DELETE FROM ledger WHERE tx = 5", 4},
	{"DELETE FROM ledger", 0},
	/* Insertions. */
	{"INSERT INTO span SELECT 99, 2, 0, NULL, 1, NULL, 5, NULL, 6, 0, 0, counters,"
	 " NULL, NULL, NULL FROM span WHERE number = 1",
		5},
	{"INSERT INTO gap VALUES(99, 1, 0, 5, 6, 1, 0)", 5},
	{"INSERT INTO gap VALUES(0, 1, 0, 5, 6, 1, 0)", 5},
	{"INSERT INTO change SELECT 9, point, server, rrtype, at, not_before_at, "
	 "from_answer,"
	 " to_answer, confirmed_by, confirmed_at, imported FROM change",
		5},
	{"INSERT INTO suspicion VALUES(2, 1, 0, 5, 1, 2, '')", 5},
	{"INSERT INTO evidence VALUES(0, 6, 1, 1, 0, 5, 6, 7, 0)", 2},
	{"INSERT INTO evidence VALUES(0, 99, 1, 1, 0, 5, 6, 7, 0)", 5},
	{"INSERT INTO bucket VALUES(2, 3600000, 0, x'0000010001')", 5},
	{"INSERT INTO pruning VALUES(5, 1, 2, zeroblob(32))", 5},
	{"INSERT INTO ledger SELECT 6, at, hash, refs FROM ledger WHERE tx = 5", 6},
	/* Reordering. */
	{"UPDATE ledger SET tx = -tx WHERE tx IN (2, 3);"
	 "UPDATE ledger SET tx = CASE tx WHEN -2 THEN 3 ELSE 2 END WHERE tx < 0",
		2},
	{"UPDATE span SET number = -number WHERE number IN (1, 2);"
	 "UPDATE span SET number = CASE number WHEN -1 THEN 2 ELSE 1 END WHERE number < "
	 "0",
		1},
	/* The beginning cut off as a pruning would, without one. */
	{"DELETE FROM ledger WHERE tx < 3;"
	 "INSERT INTO pruning SELECT 9, 1, 2, hash FROM ledger WHERE tx = 3",
		3},
};

/* Asks tests/storage/verify_ledger.py, which knows docs/ledger.md and nothing of this program.
 * Returns the broken transaction, or -1 where the chain holds; skips the test without Python. */
static int64_t ask_other_verifier(const struct fixture *fixture)
{
	const char *verifier = getenv("MXVIGIL_VERIFY_LEDGER");
	char command[512];
	char line[256] = "";
	char word[16] = "";
	long long tx = 0;
	if (verifier == NULL)
		skip();
	snprintf(command, sizeof command, "%s %s", verifier, fixture->path);
	FILE *output = popen(command, "r");
	assert_non_null(output);
	bool told = fgets(line, sizeof line, output) != NULL;
	int status = pclose(output);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	if (!told || sscanf(line, "%15s %lld", word, &tx) != 2)
		fail_msg("the verifier says \"%s\"", line);
	return strcmp(word, "holds") == 0 ? -1 : tx;
}

static void ledger_agrees_with_another_verifier(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	assert_int_equal(ask_other_verifier(fixture), -1);
	fixture_close(fixture);
	for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i += 2) {
		void *one;
		fixture_setup(&one);
		fixture_fill(one);
		fixture_close(one);
		fixture_tamper(one, tamperings[i].sql);
		int64_t broken = ask_other_verifier(one);
		if (broken != tamperings[i].broken)
			fail_msg("%s: broken %d", tamperings[i].sql, (int)broken);
		fixture_teardown(&one);
	}
}

static void ledger_finds_what_was_tampered_with(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof tamperings / sizeof *tamperings; i++) {
		void *one;
		fixture_setup(&one);
		struct fixture *fixture = one;
		fixture_fill(fixture);
		fixture_close(fixture);
		fixture_tamper(fixture, tamperings[i].sql);
		fixture_open(fixture);
		struct ledger_verdict verdict = verify(fixture->store, 0, 0);
		if (verdict.holds || verdict.broken != tamperings[i].broken)
			fail_msg("%s: holds %d, broken %d (%s)", tamperings[i].sql,
				verdict.holds, (int)verdict.broken, verdict.why);
		fixture_teardown(&one);
	}
}

/* The head in other hands is what shows that the tail was cut. */
static void ledger_head_shows_a_tail_that_was_cut(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_head before;
	struct ledger_head after;
	fixture_fill(fixture);
	assert_int_equal(ledger_head(fixture->store, &before), 0);
	store_begin(fixture->store);
	history_add_gap(fixture->store, 1, NULL, T0, T0 + 1, GAP_CLOCK);
	fixture_commit(fixture, T0 + 3 * HOUR);
	fixture_tamper(fixture,
		"DELETE FROM gap WHERE number = 3;"
		"DELETE FROM ledger WHERE tx = 6");
	assert_true(verify(fixture->store, 0, 0).holds);
	assert_int_equal(ledger_head(fixture->store, &after), 0);
	assert_string_equal(before.hash, after.hash);
	assert_int_equal(after.transaction, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			ledger_of_a_new_store_is_empty, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ledger_holds_over_what_was_recorded,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ledger_has_no_link_for_what_may_change,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			ledger_verifies_windows, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			ledger_reports_progress, fixture_setup, fixture_teardown),
		cmocka_unit_test(ledger_finds_what_was_tampered_with),
		cmocka_unit_test_setup_teardown(ledger_agrees_with_another_verifier,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ledger_head_shows_a_tail_that_was_cut,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
