/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "tests/storage/fixture.h"

struct told {
	size_t spans;
	struct span last;
	size_t changes;
	size_t gaps;
	struct coverage coverage;
	unsigned reason;
};

static int on_span(void *owner, const struct span *span)
{
	struct told *told = owner;
	told->spans++;
	told->last = *span;
	return 0;
}

static int on_change(void *owner, const struct change *change)
{
	struct told *told = owner;
	told->changes++;
	assert_true(change->imported);
	return 0;
}

static int on_gap(void *owner, const struct gap *gap)
{
	struct told *told = owner;
	told->gaps++;
	assert_int_equal(gap->to_at, T0 + 20 * SECOND);
	assert_true(gap->imported);
	return 0;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct told *told = owner;
	told->coverage = *coverage;
	told->reason = coverage->gaps_len > 0 ? coverage->gaps[0].reason : 0;
	return 0;
}

static struct span foreign(int64_t first_at, int64_t last_at)
{
	return (struct span){
		.domain = wire("a.example"),
		.view = "pdns",
		.rrtype = RECORD_TYPE_MX,
		.answer = answer_of("10 mx.example"),
		.first_at = first_at,
		.last_at = last_at,
		.polls = 40,
		.ttl_min = UINT32_MAX,
		.imported = true,
	};
}

static int64_t import(struct fixture *fixture, const struct span *span)
{
	store_begin(fixture->store);
	int64_t number = history_import_span(fixture->store, span, "sensor.example");
	fixture_commit(fixture, T0);
	return number;
}

static const struct lookup_window *window(void)
{
	static struct lookup_window all;
	all = (struct lookup_window){.domain = wire("a.example"),
		.rrtype = LOOKUP_ALL_TYPES,
		.now = T0 + HOUR};
	return &all;
}

static void import_takes_a_row_once(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	struct span span = foreign(T0, T0 + HOUR);
	assert_int_equal(import(fixture, &span), 1);
	assert_int_equal(import(fixture, &span), 0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM ledger"), 1);
	span.rrtype = 1;
	assert_int_equal(import(fixture, &span), 2);
	assert_int_equal(import(fixture, &span), 0);
	span = foreign(T0, T0 + 2 * HOUR);
	assert_int_equal(import(fixture, &span), 3);
	assert_int_equal(lookup_spans(fixture->store, window(), on_span, &told), 0);
	assert_int_equal(told.spans, 3);
	assert_true(told.last.imported);
	assert_int_equal(told.last.polls, 40);
	assert_false(told.last.open);
}

static void import_of_foreign_rows_gives_no_coverage(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	const struct span span = foreign(T0, T0 + HOUR);
	import(fixture, &span);
	assert_int_equal(
		lookup_coverage(fixture->store, window(), on_coverage, &told), 0);
	assert_int_equal(told.coverage.from, T0);
	assert_int_equal(told.coverage.to, T0 + HOUR);
	assert_int_equal(told.coverage.polls, 0);
	assert_int_equal(told.coverage.covered_ms, 0);
	assert_int_equal(told.coverage.gaps_len, 1);
	assert_int_equal(told.reason, GAP_UNWATCHED);
}

static int on_instant(void *owner, const struct lookup_instant *instant)
{
	assert_true(instant->known);
	assert_false(instant->exact);
	assert_non_null(instant->before);
	assert_int_equal(instant->poll_before_at, 0);
	*(int64_t *)owner = instant->within_ms;
	return 0;
}

static void import_answers_for_instants_without_being_exact(void **state)
{
	struct fixture *fixture = *state;
	const struct span span = foreign(T0, T0 + HOUR);
	int64_t within_ms = 0;
	import(fixture, &span);
	assert_int_equal(
		lookup_at(fixture->store,
			&(struct lookup_window){
				.domain = span.domain, .view = NULL, .now = T0 + HOUR},
			T0 + 1, on_instant, &within_ms),
		0);
	assert_int_equal(within_ms, HOUR);
}

/* Our own export: the rows count as if they had been made here. */
static void import_of_our_own_rows_keeps_their_coverage(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	struct span span = foreign(T0, T0 + 90 * SECOND);
	span.imported = false;
	span.open = true;
	const struct bucket bucket = {.from_at = T0 - T0 % HOUR,
		.length_ms = HOUR,
		.polls = 10,
		.usable = 10,
		.longest_ms = 10000};
	import(fixture, &span);
	store_begin(fixture->store);
	assert_int_equal(
		history_import_bucket(fixture->store, wire("a.example"), "pdns", &bucket),
		1);
	fixture_commit(fixture, T0);
	store_begin(fixture->store);
	assert_int_equal(
		history_import_bucket(fixture->store, wire("a.example"), "pdns", &bucket),
		0);
	fixture_commit(fixture, T0);
	const struct lookup_window all = {.domain = span.domain,
		.from = T0,
		.to = T0 + 90 * SECOND,
		.now = T0 + HOUR};
	assert_int_equal(lookup_coverage(fixture->store, &all, on_coverage, &told), 0);
	assert_int_equal(told.coverage.covered_ms, 90 * SECOND);
	assert_int_equal(told.coverage.largest_gap_ms, 10000);
	assert_int_equal(lookup_spans(fixture->store, window(), on_span, &told), 0);
	assert_false(told.last.imported);
	assert_false(told.last.open);
}

static void import_takes_gaps_and_changes_once(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	struct gap gap = {.domain = wire("a.example"),
		.view = "pdns",
		.server = "192.0.2.1:53",
		.from_at = T0,
		.to_at = T0 + 20 * SECOND,
		.reason = GAP_STOPPED,
		.imported = true};
	const struct change change = {.domain = wire("a.example"),
		.view = "pdns",
		.rrtype = 28,
		.at = T0,
		.from = answer_of("nodata"),
		.to = answer_of("10 mx.example"),
		.imported = true};
	for (int round = 0; round < 2; round++) {
		store_begin(fixture->store);
		int64_t gap_number = history_import_gap(fixture->store, &gap);
		int64_t change_number = history_import_change(fixture->store, &change);
		fixture_commit(fixture, T0);
		assert_int_equal(gap_number, round == 0 ? 1 : 0);
		assert_int_equal(change_number, round == 0 ? 3 : 0);
	}
	assert_int_equal(lookup_gaps(fixture->store, window(), on_gap, &told), 0);
	assert_int_equal(lookup_changes(fixture->store, window(), on_change, &told), 0);
	assert_int_equal(told.gaps, 1);
	assert_int_equal(told.changes, 1);
}

static int on_lasting_gap(void *owner, int64_t point, const struct gap *gap)
{
	struct told *told = owner;
	assert_int_equal(point, 1);
	assert_int_equal(gap->from_at, T0);
	told->gaps++;
	return 0;
}

static void import_takes_a_lasting_gap_up_unless_somebody_looks(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	struct gap gap = {.domain = wire("a.example"),
		.view = "pdns",
		.from_at = T0,
		.reason = GAP_STOPPED};
	const struct lookup_resume resume = {.owner = &told, .on_gap = on_lasting_gap};
	for (int round = 0; round < 2; round++) {
		store_begin(fixture->store);
		assert_int_equal(
			history_import_gap(fixture->store, &gap), round == 0 ? 1 : 0);
		fixture_commit(fixture, T0);
	}
	assert_int_equal(lookup_resume(fixture->store, &resume), 0);
	assert_int_equal(told.gaps, 1);
	fixture_point(fixture, "b.example", "pdns"); /* watched */
	gap.domain = wire("b.example");
	store_begin(fixture->store);
	assert_int_equal(history_import_gap(fixture->store, &gap), 0);
	fixture_commit(fixture, T0);
}

static void import_makes_points_and_spares_those_that_are_polled(void **state)
{
	struct fixture *fixture = *state;
	struct point point = {.domain = wire("a.example"),
		.view = "pdns",
		.interval_ms = 7000,
		.timeout_ms = 2000,
		.bucket_ms = HOUR,
		.watched = true};
	static const char get[] = "SELECT interval_ms * 10 + watched FROM point";
	const struct point silent = {.domain = point.domain, .view = "pdns"};
	for (int round = 0; round < 2; round++) {
		store_begin(fixture->store);
		assert_int_equal(history_import_point(fixture->store, &silent),
			round == 0 ? 1 : 0);
		fixture_commit(fixture, T0);
	}
	for (int round = 0; round < 2; round++) {
		store_begin(fixture->store);
		assert_int_equal(
			history_import_point(fixture->store, &point), round == 0 ? 1 : 0);
		fixture_commit(fixture, T0);
		assert_int_equal(fixture_query(fixture, get), 70000);
		point.interval_ms = 8000;
	}
	fixture_point(fixture, "a.example", "pdns");
	const int64_t polled = fixture_query(fixture, get);
	assert_int_equal(polled % 10, 1);
	store_begin(fixture->store);
	assert_int_equal(history_import_point(fixture->store, &point), 0);
	fixture_commit(fixture, T0);
	assert_int_equal(fixture_query(fixture, get), polled);
}

static void import_leaves_what_was_polled_alone(void **state)
{
	struct fixture *fixture = *state;
	int64_t point = fixture_point(fixture, "a.example", "pdns");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
	fixture_commit(fixture, T0);
	struct span span = foreign(T0, T0 + HOUR);
	span.imported = false;
	assert_int_equal(import(fixture, &span), 0);
	assert_int_equal(
		fixture_query(fixture, "SELECT watched FROM point WHERE number = 1"), 1);
	struct store_error error;
	store_begin(fixture->store);
	const struct bucket bucket = {.from_at = T0, .length_ms = 25 * HOUR};
	assert_int_equal(
		history_import_bucket(fixture->store, span.domain, "pdns", &bucket), 0);
	assert_int_equal(store_commit(fixture->store, T0, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			import_takes_a_row_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(import_of_foreign_rows_gives_no_coverage,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			import_answers_for_instants_without_being_exact, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			import_of_our_own_rows_keeps_their_coverage, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(import_takes_gaps_and_changes_once,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			import_takes_a_lasting_gap_up_unless_somebody_looks,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			import_makes_points_and_spares_those_that_are_polled,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(import_leaves_what_was_polled_alone,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("history_import", tests, NULL, NULL);
}
