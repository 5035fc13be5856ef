/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/storage/fixture.h"

#define INTERVAL (10 * SECOND)
#define THRESHOLD (22 * SECOND)
#define BUCKET (600 * SECOND)
#define POLLS 3000

struct told {
	size_t calls;
	struct coverage coverage;
	char view[16];
	struct gap gaps[64];
	struct gap server_gap;
};

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct told *told = owner;
	told->calls++;
	told->coverage = *coverage;
	strcpy(told->view, coverage->view);
	for (size_t i = 0; i < coverage->gaps_len && i < 64; i++)
		told->gaps[i] = coverage->gaps[i];
	if (coverage->server_gaps_len > 0)
		told->server_gap = coverage->server_gaps[0];
	return 0;
}

static struct told cover_window(
	struct store *store, int64_t from, int64_t to, int64_t now)
{
	struct told told = {0};
	const struct lookup_window window = {
		.domain = wire("a.example"), .from = from, .to = to, .now = now};
	assert_int_equal(lookup_coverage(store, &window, on_coverage, &told), 0);
	return told;
}

/* What a monitor would write of a row of polls, kept in memory to compare with. */
struct watch {
	struct fixture *fixture;
	int64_t point;
	int64_t usable[POLLS];
	size_t usable_len;
	struct pulse pulse;
	bool has_span;
	unsigned answer;
	unsigned seed;
	struct gap gaps[POLLS];
	size_t gaps_len;
	int64_t now;
};

static unsigned draw(struct watch *watch, unsigned below)
{
	watch->seed = watch->seed * 1103515245u + 12345u;
	return (watch->seed >> 16) % below;
}

static void fill_bucket(struct watch *watch, bool usable, int64_t distance)
{
	struct pulse *pulse = &watch->pulse;
	int64_t bucket_at = watch->now - watch->now % BUCKET;
	if (pulse->bucket_at != 0 && pulse->bucket_at != bucket_at) {
		history_add_bucket(watch->fixture->store,
			&(struct bucket){.point = watch->point,
				.from_at = pulse->bucket_at,
				.length_ms = BUCKET,
				.polls = pulse->bucket_polls,
				.usable = pulse->bucket_usable,
				.longest_ms = pulse->bucket_longest_ms});
		pulse->bucket_polls = 0;
		pulse->bucket_usable = 0;
		pulse->bucket_longest_ms = 0;
	}
	pulse->bucket_at = bucket_at;
	pulse->bucket_polls++;
	if (!usable)
		return;
	pulse->bucket_usable++;
	if (distance > pulse->bucket_longest_ms)
		pulse->bucket_longest_ms = (uint32_t)distance;
}

static const char *answer_number(unsigned number)
{
	static const char *const answers[] = {
		"10 mx.example", "10 mx2.example 20 mx3.example", "nodata", "nxdomain"};
	return answers[number % 4];
}

static void move(struct watch *watch, unsigned answer)
{
	struct store *store = watch->fixture->store;
	if (watch->has_span)
		history_close_span(store, watch->point, NULL, &watch->pulse);
	fixture_open_span(watch->fixture, watch->point, NULL, answer_number(answer),
		watch->now, watch->pulse.last_at);
	if (watch->has_span)
		fixture_change(watch->fixture, watch->point, NULL,
			answer_number(watch->answer), answer_number(answer), watch->now,
			watch->pulse.last_at);
	watch->answer = answer;
	watch->has_span = true;
	watch->pulse.polls = 0;
}

static void poll_once(struct watch *watch, bool usable, unsigned answer)
{
	struct pulse *pulse = &watch->pulse;
	int64_t distance = pulse->last_at != 0 ? watch->now - pulse->last_at : 0;
	fill_bucket(watch, usable, distance);
	if (!usable)
		return;
	if (distance > THRESHOLD) {
		struct gap *gap = &watch->gaps[watch->gaps_len++];
		*gap = (struct gap){.from_at = pulse->last_at,
			.to_at = watch->now,
			.reason = ANSWER_TIMEOUT};
		history_add_gap(watch->fixture->store, watch->point, NULL, gap->from_at,
			gap->to_at, gap->reason);
	}
	if (!watch->has_span || answer != watch->answer)
		move(watch, answer);
	pulse->polls++;
	pulse->last_at = watch->now;
	pulse->confirmed_at = watch->now;
	watch->usable[watch->usable_len++] = watch->now;
}

static void run(struct watch *watch, size_t polls)
{
	struct store *store = watch->fixture->store;
	unsigned failing = 0;
	unsigned answer = 0;
	store_begin(store);
	int64_t number = history_start_run(store, T0, "test");
	for (size_t i = 0; i < polls; i++) {
		if (failing > 0)
			failing--;
		else if (draw(watch, 60) == 0)
			failing = draw(watch, 20);
		if (draw(watch, 150) == 0)
			answer = draw(watch, 4);
		poll_once(watch, failing == 0, answer);
		watch->now += INTERVAL - 50 + draw(watch, 100);
	}
	history_put_pulses(store, 0, &watch->pulse, 1);
	history_stop_run(store, number, watch->now);
	fixture_commit(watch->fixture, watch->now);
}

static struct watch *start(struct fixture *fixture, unsigned seed)
{
	struct watch *watch = calloc(1, sizeof *watch);
	assert_non_null(watch);
	watch->fixture = fixture;
	watch->seed = seed;
	watch->now = T0;
	store_begin(fixture->store);
	watch->point = history_put_point(fixture->store,
		&(struct point){.domain = wire("a.example"),
			.view = "mta",
			.interval_ms = INTERVAL,
			.timeout_ms = 2 * SECOND,
			.bucket_ms = BUCKET,
			.watched = true});
	fixture_commit(fixture, T0);
	return watch;
}

struct truth {
	uint64_t polls;
	int64_t largest;
	int64_t covered;
};

static struct truth truth_of(const struct watch *watch, int64_t from, int64_t to)
{
	struct truth truth = {.covered = to - from};
	int64_t last = from;
	for (size_t i = 0; i < watch->usable_len; i++) {
		int64_t at = watch->usable[i];
		if (at < from || at >= to)
			continue;
		truth.polls++;
		if (at - last > truth.largest)
			truth.largest = at - last;
		last = at;
	}
	if (to - last > truth.largest)
		truth.largest = to - last;
	for (size_t i = 0; i < watch->gaps_len; i++) {
		const struct gap *gap = &watch->gaps[i];
		int64_t begin = gap->from_at > from ? gap->from_at : from;
		int64_t end = gap->to_at < to ? gap->to_at : to;
		truth.covered -= end > begin ? end - begin : 0;
	}
	return truth;
}

static void check_window(struct watch *watch, int64_t from, int64_t to)
{
	struct told told =
		cover_window(watch->fixture->store, from, to, watch->now + HOUR);
	struct truth truth = truth_of(watch, from, to);
	const struct coverage *coverage = &told.coverage;
	assert_int_equal(coverage->covered_ms, truth.covered);
	assert_true(coverage->polls <= truth.polls);
	if (coverage->polls_exact)
		assert_int_equal(coverage->polls, truth.polls);
	if (coverage->largest_gap_ms < truth.largest)
		fail_msg("largest %" PRId64 " < %" PRId64, coverage->largest_gap_ms,
			truth.largest);
	if (truth.largest > THRESHOLD)
		assert_int_equal(coverage->largest_gap_ms, truth.largest);
	else
		assert_true(coverage->largest_gap_ms <= THRESHOLD);
	assert_true(coverage->largest_gap_at >= from && coverage->largest_gap_at <= to);
}

/* Windows at random over random watches, against a count of every poll. */
static void coverage_never_claims_too_much(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 7);
	run(watch, 1500);
	assert_true(watch->gaps_len > 3);
	int64_t begin = watch->usable[0];
	int64_t end = watch->pulse.last_at;
	for (int i = 0; i < 300; i++) {
		int64_t length = 1 + draw(watch, i % 3 == 0 ? 30000 : 9000) * SECOND / 2;
		int64_t from = begin + draw(watch, 15000) * SECOND;
		if (from + length < end)
			check_window(watch, from, from + length);
	}
	/* Edges on bucket edges, polls and gap edges. */
	int64_t bucket_at = begin - begin % BUCKET + BUCKET;
	check_window(watch, bucket_at, bucket_at + 5 * BUCKET);
	check_window(watch, watch->usable[3], watch->usable[200]);
	check_window(watch, watch->gaps[0].from_at, watch->gaps[1].to_at);
	check_window(watch, watch->gaps[0].from_at + 1, watch->gaps[1].to_at - 1);
	free(watch);
}

static void coverage_of_a_whole_life_is_exact(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 3);
	run(watch, 800);
	struct told told = cover_window(fixture->store, 0, watch->now, watch->now);
	struct truth truth = truth_of(watch, watch->usable[0], watch->now);
	assert_int_equal(told.calls, 1);
	assert_string_equal(told.view, "mta");
	assert_int_equal(told.coverage.from, watch->usable[0]);
	assert_int_equal(told.coverage.to, watch->now);
	assert_true(told.coverage.polls_exact);
	assert_int_equal(told.coverage.polls, truth.polls);
	assert_int_equal(told.coverage.covered_ms, truth.covered);
	assert_int_equal(told.coverage.largest_gap_ms, truth.largest);
	assert_int_equal(told.coverage.gaps_len, watch->gaps_len);
	assert_int_equal(told.coverage.interval_ms, INTERVAL);
	free(watch);
}

static void coverage_of_a_healthy_watch_is_its_interval(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 1);
	store_begin(fixture->store);
	for (int i = 0; i < 400; i++, watch->now += INTERVAL)
		poll_once(watch, true, 0);
	history_put_pulses(fixture->store, 0, &watch->pulse, 1);
	fixture_commit(fixture, watch->now);
	int64_t from = T0 + 125 * SECOND;
	struct told told =
		cover_window(fixture->store, from, from + 1800 * SECOND, watch->now);
	assert_int_equal(told.coverage.largest_gap_ms, INTERVAL);
	assert_int_equal(told.coverage.gaps_len, 0);
	assert_int_equal(told.coverage.covered_ms, 1800 * SECOND);
	assert_false(told.coverage.polls_exact);
	assert_in_range(told.coverage.polls, 176, 180);
	/* Shorter than the interval. */
	told = cover_window(fixture->store, from, from + 3 * SECOND, watch->now);
	assert_int_equal(told.coverage.largest_gap_ms, 3 * SECOND);
	free(watch);
}

static void coverage_names_why_nobody_looked(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 5);
	run(watch, 300);
	int64_t last = watch->pulse.last_at;
	int64_t first = watch->usable[0];
	struct told told =
		cover_window(fixture->store, first - HOUR, last + HOUR, last + 2 * HOUR);
	size_t len = told.coverage.gaps_len;
	assert_int_equal(len, watch->gaps_len + 2);
	assert_int_equal(told.gaps[0].reason, GAP_UNWATCHED);
	assert_int_equal(told.gaps[0].from_at, first - HOUR);
	assert_int_equal(told.gaps[0].to_at, first);
	assert_int_equal(told.gaps[len - 1].reason, GAP_STOPPED);
	assert_int_equal(told.gaps[len - 1].from_at, last);
	assert_int_equal(told.gaps[len - 1].to_at, last + HOUR);
	assert_int_equal(told.coverage.largest_gap_ms, HOUR);
	assert_true(told.coverage.polls_exact);
	assert_int_equal(told.coverage.polls, watch->usable_len);

	/* A window that ends at once after the last poll lies in the same silence. */
	told = cover_window(
		fixture->store, last - 5 * SECOND, last + SECOND, last + HOUR);
	assert_int_equal(told.gaps[told.coverage.gaps_len - 1].reason, GAP_STOPPED);
	/* The future is cut off. */
	told = cover_window(fixture->store, first, last + HOUR, last + SECOND);
	assert_int_equal(told.coverage.to, last + SECOND);

	store_begin(fixture->store);
	history_start_run(fixture->store, last + 5, "test");
	fixture_commit(fixture, last + 5);
	told = cover_window(fixture->store, first, last + HOUR, last + HOUR);
	len = told.coverage.gaps_len;
	assert_int_equal(told.gaps[len - 1].reason, GAP_CRASHED);

	store_begin(fixture->store);
	history_open_gap(fixture->store, watch->point, NULL, last, ANSWER_SERVFAIL);
	history_open_gap(fixture->store, watch->point, "192.0.2.1:53", last, GAP_CLOCK);
	fixture_commit(fixture, last + 5);
	told = cover_window(fixture->store, first, last + HOUR, last + HOUR);
	assert_int_equal(told.coverage.gaps_len, len);
	assert_int_equal(told.gaps[len - 1].reason, ANSWER_SERVFAIL);
	assert_int_equal(told.gaps[len - 1].to_at, last + HOUR);
	assert_int_equal(told.coverage.server_gaps_len, 1);
	assert_int_equal(told.server_gap.reason, GAP_CLOCK);

	store_begin(fixture->store);
	history_close_gap(fixture->store, watch->point, NULL, last + 60 * SECOND);
	history_unwatch_point(fixture->store, watch->point, last + 60 * SECOND);
	fixture_commit(fixture, last + 60 * SECOND);
	told = cover_window(fixture->store, first, last + HOUR, last + HOUR);
	assert_int_equal(told.coverage.gaps_len, len + 1);
	assert_int_equal(told.gaps[len - 1].to_at, last + 60 * SECOND);
	assert_int_equal(told.gaps[len].reason, GAP_UNWATCHED);
	assert_int_equal(told.gaps[len].from_at, last + 60 * SECOND);
	free(watch);
}

/* The pulses of a living monitor are written every few seconds only. */
static void coverage_allows_for_the_flush(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 1);
	store_begin(fixture->store);
	int64_t run_number = history_start_run(fixture->store, T0, "test");
	for (int i = 0; i < 20; i++, watch->now += INTERVAL)
		poll_once(watch, true, 0);
	history_put_pulses(fixture->store, 0, &watch->pulse, 1);
	history_beat_run(fixture->store, run_number, watch->pulse.last_at + 8 * SECOND);
	fixture_commit(fixture, watch->now);
	int64_t last = watch->pulse.last_at;
	struct told told =
		cover_window(fixture->store, 0, last + 50 * SECOND, last + 50 * SECOND);
	assert_int_equal(told.coverage.gaps_len, 0);
	assert_int_equal(told.coverage.largest_gap_ms, INTERVAL);
	assert_int_equal(told.coverage.polls, 20);
	assert_true(told.coverage.polls_exact);
	/* A monitor that has not stirred for minutes is no monitor. */
	told = cover_window(fixture->store, 0, last + HOUR, last + HOUR);
	assert_int_equal(told.coverage.gaps_len, 1);
	assert_int_equal(told.gaps[0].reason, GAP_CRASHED);
	/* The process is gone: nothing excuses the silence. */
	fixture_close(fixture);
	struct store *reader = fixture_reader(fixture);
	told = cover_window(reader, 0, last + 50 * SECOND, last + 50 * SECOND);
	assert_int_equal(told.coverage.gaps_len, 1);
	assert_int_equal(told.gaps[0].reason, GAP_CRASHED);
	store_close(reader);
	free(watch);
}

static void coverage_of_a_point_without_a_poll_is_one_gap(void **state)
{
	struct fixture *fixture = *state;
	struct watch *watch = start(fixture, 1);
	struct told told = cover_window(fixture->store, T0, T0 + HOUR, T0 + HOUR);
	assert_int_equal(told.coverage.gaps_len, 1);
	assert_int_equal(told.gaps[0].reason, GAP_UNWATCHED);
	assert_int_equal(told.coverage.covered_ms, 0);
	assert_int_equal(told.coverage.polls, 0);
	assert_int_equal(told.coverage.largest_gap_ms, HOUR);
	store_begin(fixture->store);
	history_open_gap(fixture->store, watch->point, NULL, T0 - SECOND, ANSWER_NETWORK);
	fixture_commit(fixture, T0);
	told = cover_window(fixture->store, T0, T0 + HOUR, T0 + HOUR);
	assert_int_equal(told.coverage.gaps_len, 1);
	assert_int_equal(told.gaps[0].reason, ANSWER_NETWORK);
	assert_int_equal(told.gaps[0].to_at, T0 + HOUR);
	told = cover_window(fixture->store, 0, 0, T0 + HOUR);
	assert_int_equal(told.coverage.from, T0 - SECOND);
	assert_int_equal(told.coverage.covered_ms, 0);
	assert_int_equal(told.coverage.polls, 0);
	/* the first answer ends it, and the blind beginning stays part of all there is */
	store_begin(fixture->store);
	history_close_gap(fixture->store, watch->point, NULL, T0 + 60 * SECOND);
	fixture_open_span(
		fixture, watch->point, NULL, answer_number(0), T0 + 60 * SECOND, 0);
	fixture_commit(fixture, T0 + 60 * SECOND);
	told = cover_window(fixture->store, 0, 0, T0 + 61 * SECOND);
	assert_int_equal(told.coverage.from, T0 - SECOND);
	assert_int_equal(told.coverage.polls, 1);
	assert_int_equal(told.coverage.covered_ms, SECOND);
	free(watch);
}

static void coverage_of_strangers_is_enoent(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {0};
	const struct lookup_window window = {.domain = wire("x.example"), .now = T0};
	assert_int_equal(
		lookup_coverage(fixture->store, &window, on_coverage, &told), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			coverage_never_claims_too_much, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(coverage_of_a_whole_life_is_exact,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			coverage_of_a_healthy_watch_is_its_interval, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(coverage_names_why_nobody_looked,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			coverage_allows_for_the_flush, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			coverage_of_a_point_without_a_poll_is_one_gap, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(
			coverage_of_strangers_is_enoent, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("lookup_coverage", tests, NULL, NULL);
}
