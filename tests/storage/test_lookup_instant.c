/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "tests/storage/fixture.h"

struct told {
	size_t calls;
	bool known;
	bool exact;
	char server[32];
	int64_t before_first_at;
	int64_t before_last_at;
	bool has_before;
	int64_t after_first_at;
	unsigned gap_reason;
	int64_t gap_to_at;
	int64_t poll_before_at;
	int64_t poll_after_at;
	int64_t within_ms;
	bool has_alias;
};

static int on_instant(void *owner, const struct lookup_instant *instant)
{
	struct told *told = owner;
	*told = (struct told){
		.calls = told->calls + 1,
		.known = instant->known,
		.exact = instant->exact,
		.poll_before_at = instant->poll_before_at,
		.poll_after_at = instant->poll_after_at,
		.within_ms = instant->within_ms,
	};
	if (instant->server != NULL)
		strcpy(told->server, instant->server);
	if (instant->before != NULL) {
		told->has_before = true;
		told->before_first_at = instant->before->first_at;
		told->before_last_at = instant->before->last_at;
		told->has_alias = instant->before->alias != NULL;
		assert_string_equal(instant->before->view, "mta");
	}
	if (instant->after != NULL)
		told->after_first_at = instant->after->first_at;
	if (instant->gap != NULL) {
		told->gap_reason = instant->gap->reason;
		told->gap_to_at = instant->gap->to_at;
	}
	return 0;
}

static struct told look(struct store *store, int64_t at, int64_t now)
{
	struct told told = {0};
	assert_int_equal(
		lookup_at(store,
			&(struct lookup_window){
				.domain = wire("a.example"), .view = NULL, .now = now},
			at, on_instant, &told),
		0);
	return told;
}

/* T0: first span, polls every 10 s to T0+100; a bracket to T0+110; second span, a gap from
 * T0+150 to T0+250; open, last poll at T0+300; stopped at T0+301. */
static void fill(struct fixture *fixture)
{
	struct store *store = fixture->store;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(store);
	int64_t run = history_start_run(store, T0, "1");
	fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
	history_amend_span(store, point, NULL, wire("alias.example"), 0);
	fixture_close_span(fixture, point, NULL, T0 + 100 * SECOND, 11);
	fixture_open_span(
		fixture, point, NULL, "nodata", T0 + 110 * SECOND, T0 + 100 * SECOND);
	fixture_open_span(
		fixture, point, "192.0.2.7:53", "nxdomain", T0 + 30 * SECOND, 0);
	fixture_close_span(fixture, point, "192.0.2.7:53", T0 + 60 * SECOND, 2);
	history_add_gap(
		store, point, NULL, T0 + 150 * SECOND, T0 + 250 * SECOND, ANSWER_TIMEOUT);
	history_put_pulses(store, 0,
		&(struct pulse){.last_at = T0 + 300 * SECOND,
			.confirmed_at = T0 + 300 * SECOND,
			.polls = 12,
			.bucket_at = T0 - T0 % HOUR,
			.bucket_polls = 40,
			.bucket_usable = 23,
			.bucket_longest_ms = 100 * SECOND},
		1);
	history_stop_run(store, run, T0 + 301 * SECOND);
	fixture_commit(fixture, T0 + 301 * SECOND);
}

static void instant_before_everything_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	struct told told = look(fixture->store, T0 - 1, T0 + HOUR);
	assert_int_equal(told.calls, 1);
	assert_false(told.known);
	assert_false(told.has_before);
	assert_int_equal(
		lookup_at(fixture->store,
			&(struct lookup_window){
				.domain = wire("x.example"), .view = NULL, .now = T0},
			T0, on_instant, &told),
		-ENOENT);
	told = look(fixture->store, T0, T0 + HOUR);
	assert_true(told.known);
	assert_true(told.exact);
	assert_int_equal(told.poll_before_at, T0);
	assert_true(told.has_alias);
}

static void instant_inside_a_span_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	struct told told = look(fixture->store, T0 + 15 * SECOND, T0 + HOUR);
	assert_true(told.known);
	assert_false(told.exact);
	assert_int_equal(told.before_first_at, T0);
	assert_int_equal(told.after_first_at, 0);
	/* The bucket's longest distance is the gap; all others are below the threshold. */
	assert_int_equal(told.within_ms, 22 * SECOND);
	assert_int_equal(told.poll_before_at, T0);
	assert_int_equal(told.poll_after_at, T0 + 100 * SECOND);
}

static void instant_in_a_bracket_is_exact(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	struct told told = look(fixture->store, T0 + 105 * SECOND, T0 + HOUR);
	assert_true(told.exact);
	assert_int_equal(told.before_last_at, T0 + 100 * SECOND);
	assert_int_equal(told.after_first_at, T0 + 110 * SECOND);
	assert_int_equal(told.poll_before_at, T0 + 100 * SECOND);
	assert_int_equal(told.poll_after_at, T0 + 110 * SECOND);
	assert_int_equal(told.gap_reason, 0);
}

static void instant_in_a_gap_is_exact(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	struct told told = look(fixture->store, T0 + 200 * SECOND, T0 + HOUR);
	assert_true(told.known);
	assert_true(told.exact);
	assert_int_equal(told.gap_reason, ANSWER_TIMEOUT);
	assert_int_equal(told.gap_to_at, T0 + 250 * SECOND);
	assert_int_equal(told.before_first_at, T0 + 110 * SECOND);
	assert_int_equal(told.poll_before_at, T0 + 150 * SECOND);
	assert_int_equal(told.poll_after_at, T0 + 250 * SECOND);
}

static void instant_after_the_last_poll_lies_in_a_gap_that_lasts(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	int64_t now = T0 + HOUR;
	static const int64_t later[] = {302 * SECOND, 1000 * SECOND, HOUR};
	for (size_t i = 0; i < 3; i++) {
		struct told told = look(fixture->store, T0 + later[i], now);
		assert_true(told.known);
		assert_true(told.exact);
		assert_int_equal(told.gap_reason, GAP_STOPPED);
		assert_int_equal(told.gap_to_at, 0);
		assert_int_equal(told.before_last_at, T0 + 300 * SECOND);
		assert_int_equal(told.poll_before_at, T0 + 300 * SECOND);
		assert_int_equal(told.poll_after_at, 0);
	}
	/* Just after it, seen at once, nothing is amiss. */
	struct told told = look(fixture->store, T0 + 302 * SECOND, T0 + 303 * SECOND);
	assert_int_equal(told.gap_reason, 0);
	assert_true(told.exact);
	assert_int_equal(told.poll_before_at, T0 + 300 * SECOND);
}

static void instant_names_servers_that_differed(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	struct told told = look(fixture->store, T0 + 40 * SECOND, T0 + HOUR);
	assert_int_equal(told.calls, 2);
	assert_string_equal(told.server, "192.0.2.7:53");
	assert_int_equal(told.before_first_at, T0 + 30 * SECOND);
	told = look(fixture->store, T0 + 70 * SECOND, T0 + HOUR);
	assert_int_equal(told.calls, 1);
}

static int on_instant_stop(void *owner, const struct lookup_instant *instant)
{
	(void)instant;
	(*(int *)owner)++;
	return 42;
}

static void instant_stops_when_told(void **state)
{
	struct fixture *fixture = *state;
	fill(fixture);
	int calls = 0;
	assert_int_equal(lookup_at(fixture->store,
				 &(struct lookup_window){.domain = wire("a.example"),
					 .view = "mta",
					 .now = T0 + HOUR},
				 T0 + 40 * SECOND, on_instant_stop, &calls),
		42);
	assert_int_equal(calls, 1);
	calls = 0;
	assert_int_equal(lookup_at(fixture->store,
				 &(struct lookup_window){.domain = wire("a.example"),
					 .view = "other",
					 .now = T0 + HOUR},
				 T0 + 40 * SECOND, on_instant_stop, &calls),
		0);
	assert_int_equal(calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(instant_before_everything_is_unknown,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(instant_inside_a_span_is_bounded,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			instant_in_a_bracket_is_exact, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			instant_in_a_gap_is_exact, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			instant_after_the_last_poll_lies_in_a_gap_that_lasts,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(instant_names_servers_that_differed,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			instant_stops_when_told, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("lookup_instant", tests, NULL, NULL);
}
