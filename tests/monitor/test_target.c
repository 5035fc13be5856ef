/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/target.h"

#define HOUR INT64_C(3600000)
#define T0 (INT64_C(472222) * HOUR) /* the start of an hour */
#define PATIENCE 22000

static const struct target_group group = {
	.interval_ms = 10000, .timeout_ms = 2000, .bucket_ms = HOUR};
static const struct interruption calm = {.at = 0};
static const struct digest one = {.lo = 1, .hi = 2};
static const struct digest other = {.lo = 3, .hi = 4};

/* A target whose span began at T0. */
static struct target opened(void)
{
	struct target target = {.ttl_min = UINT32_MAX};
	struct target_notes notes;

	target_turn(&target, &group, &calm, T0, ANSWER_MX, one, 300, &notes);
	assert_int_equal(notes.gap, TARGET_GAP_NONE);
	assert_false(notes.bucket_full);
	return target;
}

static struct target_notes agree(struct target *target, int64_t at)
{
	struct target_notes notes;

	memset(&notes, 0x5a, sizeof notes); /* the call fills it */
	target_agree(target, &group, &calm, at, 300, &notes);
	return notes;
}

static struct target_notes miss(struct target *target, int64_t at)
{
	struct target_notes notes;

	memset(&notes, 0x5a, sizeof notes);
	target_fail(target, &group, &calm, at, ANSWER_SERVFAIL, &notes);
	return notes;
}

static struct target_notes turn(struct target *target, int64_t at)
{
	struct target_notes notes;

	memset(&notes, 0x5a, sizeof notes);
	target_turn(target, &group, &calm, at, ANSWER_NODATA, other, UINT32_MAX, &notes);
	return notes;
}

static void expect_gap(
	const struct target_notes *notes, int64_t from, int64_t to, unsigned reason)
{
	assert_int_equal(notes->gap, TARGET_GAP_ADD);
	assert_int_equal(notes->gap_from, from);
	assert_int_equal(notes->gap_to, to);
	assert_int_equal(notes->gap_reason, reason);
}

static void target_waits_two_intervals_and_a_timeout(void **state)
{
	const struct target_group slow = {.interval_ms = 300000, .timeout_ms = 5000};

	(void)state;
	assert_int_equal(target_patience_ms(&group), PATIENCE);
	assert_int_equal(target_patience_ms(&slow), 605000);
}

static void target_begins_with_a_first_sight(void **state)
{
	struct target target = opened();

	(void)state;
	assert_int_equal(target.state, ANSWER_MX);
	assert_true(digest_equal(target.digest, one));
	assert_int_equal(target.last_at, T0);
	assert_int_equal(target.polls, 1);
	assert_int_equal(target.ttl_min, 300);
	assert_int_equal(target.ttl_max, 300);
	assert_int_equal(target.bucket_polls, 1);
	assert_int_equal(target.bucket_usable, 1);
	assert_int_equal(target.bucket_longest_ms, 0);
}

static void target_counts_polls_that_agree(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	for (int i = 1; i <= 100; i++)
		assert_int_equal(agree(&target, T0 + i * 10000).gap, TARGET_GAP_NONE);
	assert_int_equal(target.polls, 101);
	assert_int_equal(target.last_at, T0 + 1000000);
	assert_int_equal(target.bucket_longest_ms, 10000);
	target_agree(&target, &group, &calm, T0 + 1010000, 7, &notes);
	target_agree(&target, &group, &calm, T0 + 1020000, 86400, &notes);
	target_agree(&target, &group, &calm, T0 + 1030000, UINT32_MAX, &notes);
	assert_int_equal(target.ttl_min, 7);
	assert_int_equal(target.ttl_max, 86400);
}

static void target_knows_a_gap_to_the_millisecond(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	assert_int_equal(agree(&target, T0 + PATIENCE).gap, TARGET_GAP_NONE);
	notes = agree(&target, T0 + 2 * PATIENCE + 1);
	expect_gap(&notes, T0 + PATIENCE, T0 + 2 * PATIENCE + 1, GAP_OVERLOAD);
	assert_int_equal(target.bucket_longest_ms, PATIENCE); /* a gap is no distance */
	/* once told, it is over */
	assert_int_equal(agree(&target, T0 + 3 * PATIENCE).gap, TARGET_GAP_NONE);
}

static void target_forgives_failures_within_its_patience(void **state)
{
	struct target target = opened();

	(void)state;
	assert_int_equal(miss(&target, T0 + 10000).gap, TARGET_GAP_NONE);
	assert_int_equal(target.failure, ANSWER_SERVFAIL);
	assert_int_equal(miss(&target, T0 + PATIENCE).gap, TARGET_GAP_NONE);
	assert_int_equal(target.last_at, T0);
	assert_int_equal(agree(&target, T0 + PATIENCE).gap, TARGET_GAP_NONE);
	assert_int_equal(target.failure, 0);
	assert_int_equal(target.polls, 2);
	assert_int_equal(target.bucket_polls, 4);
	assert_int_equal(target.bucket_usable, 2);
}

static void target_opens_one_gap_while_failures_last(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	miss(&target, T0 + 10000);
	notes = miss(&target, T0 + PATIENCE + 1);
	assert_int_equal(notes.gap, TARGET_GAP_OPEN);
	assert_int_equal(notes.gap_from, T0);
	assert_int_equal(notes.gap_reason, ANSWER_SERVFAIL);
	assert_true(target.flags & TARGET_GAP);
	for (int i = 4; i < 20; i++)
		assert_int_equal(miss(&target, T0 + i * 10000).gap, TARGET_GAP_NONE);
	notes = agree(&target, T0 + 200000);
	assert_int_equal(notes.gap, TARGET_GAP_CLOSE);
	assert_int_equal(notes.gap_to, T0 + 200000);
	assert_false(target.flags & TARGET_GAP);
	assert_int_equal(target.failure, 0);
	assert_int_equal(agree(&target, T0 + 210000).gap, TARGET_GAP_NONE);
}

/* The failure was shorter than patience when it was seen, the distance was not. */
static void target_names_the_failure_of_a_gap_that_is_over(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	miss(&target, T0 + 10000);
	miss(&target, T0 + 20000);
	notes = agree(&target, T0 + 30000);
	expect_gap(&notes, T0, T0 + 30000, ANSWER_SERVFAIL);
}

static void target_that_never_was_usable_has_a_gap_from_its_first_poll(void **state)
{
	struct target target = {.ttl_min = UINT32_MAX};
	struct target_notes notes = miss(&target, T0);

	(void)state;
	assert_int_equal(notes.gap, TARGET_GAP_OPEN);
	assert_int_equal(notes.gap_from, T0);
	assert_int_equal(notes.gap_reason, ANSWER_SERVFAIL);
	assert_int_equal(miss(&target, T0 + 10000).gap, TARGET_GAP_NONE);
	assert_int_equal(miss(&target, T0 + HOUR).gap, TARGET_GAP_NONE);
	assert_int_equal(target.last_at, 0);
	notes = turn(&target, T0 + HOUR + 10000);
	assert_int_equal(notes.gap, TARGET_GAP_CLOSE);
	assert_int_equal(notes.gap_to, T0 + HOUR + 10000);
	assert_int_equal(target.polls, 1);
}

/* What lay between, in the order in which it explains the silence. */
static void target_explains_gaps(void **state)
{
	static const struct {
		bool unwatched;
		bool failed;
		int64_t interrupted_at;
		unsigned interruption;
		unsigned reason;
	} cases[] = {
		{false, false, 0, 0, GAP_OVERLOAD},
		{false, true, 0, 0, ANSWER_SERVFAIL},
		{false, false, T0 + 5000, GAP_STOPPED, GAP_STOPPED},
		{false, false, T0 + 5000, GAP_CRASHED, GAP_CRASHED},
		{false, false, T0, GAP_SUSPENDED, GAP_SUSPENDED},
		{false, true, T0 + 5000, GAP_CLOCK, GAP_CLOCK},
		{false, true, T0 + 5000, GAP_STOPPED, GAP_STOPPED},
		{true, true, T0 + 5000, GAP_STOPPED, GAP_UNWATCHED},
		{true, false, 0, 0, GAP_UNWATCHED},
		/* an interruption before the last poll explains nothing */
		{false, false, T0 - 1, GAP_STOPPED, GAP_OVERLOAD},
		{false, true, T0 - 1, GAP_STOPPED, ANSWER_SERVFAIL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct interruption interruption = {
			.at = cases[i].interrupted_at, .reason = cases[i].interruption};
		struct target target = opened();
		struct target_notes notes;

		if (cases[i].unwatched)
			target.flags |= TARGET_UNWATCHED;
		if (cases[i].failed)
			miss(&target, T0 + 10000);
		target_agree(&target, &group, &interruption, T0 + HOUR / 2, 300, &notes);
		expect_gap(&notes, T0, T0 + HOUR / 2, cases[i].reason);
		assert_false(target.flags & TARGET_UNWATCHED);
	}
}

/* A start whose first poll fails: the gap that opens began with the stop. */
static void target_explains_gaps_that_last(void **state)
{
	const struct interruption stop = {.at = T0 + HOUR / 2, .reason = GAP_STOPPED};
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	target_fail(&target, &group, &stop, T0 + HOUR / 2 + 10, ANSWER_TIMEOUT, &notes);
	assert_int_equal(notes.gap, TARGET_GAP_OPEN);
	assert_int_equal(notes.gap_from, T0);
	assert_int_equal(notes.gap_reason, GAP_STOPPED);
}

static void target_turns_to_a_new_answer(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	agree(&target, T0 + 10000);
	notes = turn(&target, T0 + 20000);
	assert_int_equal(notes.gap, TARGET_GAP_NONE);
	assert_int_equal(target.state, ANSWER_NODATA);
	assert_true(digest_equal(target.digest, other));
	assert_int_equal(target.polls, 1);
	assert_int_equal(target.last_at, T0 + 20000);
	assert_int_equal(target.ttl_min, UINT32_MAX);
	assert_int_equal(target.ttl_max, 0);
	assert_int_equal(target.bucket_polls, 3);
	assert_int_equal(target.bucket_usable, 3);
}

/* Between two spans the history has no hole wider than the interval and 100 ms. */
static void target_covers_the_hole_between_two_spans(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	assert_int_equal(turn(&target, T0 + 10100).gap, TARGET_GAP_NONE);
	target = opened();
	notes = turn(&target, T0 + 10101);
	expect_gap(&notes, T0, T0 + 10101, GAP_OVERLOAD);
	target = opened();
	miss(&target, T0 + 10000);
	notes = turn(&target, T0 + 20000);
	expect_gap(&notes, T0, T0 + 20000, ANSWER_SERVFAIL);
	/* a gap that lasts covers it already */
	target = opened();
	miss(&target, T0 + PATIENCE + 1);
	notes = turn(&target, T0 + 40000);
	assert_int_equal(notes.gap, TARGET_GAP_CLOSE);
	assert_int_equal(notes.gap_to, T0 + 40000);
}

static void target_fills_buckets_by_the_hour(void **state)
{
	struct target target = opened();
	struct target_notes notes;

	(void)state;
	for (int64_t at = T0 + 10000; at < T0 + HOUR; at += 10000)
		assert_false(agree(&target, at).bucket_full);
	miss(&target, T0 + HOUR - 1);
	notes = agree(&target, T0 + HOUR);
	assert_true(notes.bucket_full);
	assert_int_equal(notes.bucket.from_at, T0);
	assert_int_equal(notes.bucket.length_ms, HOUR);
	assert_int_equal(notes.bucket.polls, 361);
	assert_int_equal(notes.bucket.usable, 360);
	assert_int_equal(notes.bucket.longest_ms, 10000);
	/* the first poll of the new bucket looks back over the edge */
	assert_int_equal(target.bucket_polls, 1);
	assert_int_equal(target.bucket_usable, 1);
	assert_int_equal(target.bucket_longest_ms, 10000);
	assert_int_equal(target_pulse(&target, &group).bucket_at, T0 + HOUR);
	assert_int_equal(target.polls, 361); /* of the span, not of the bucket */
}

static void target_fills_buckets_whatever_comes_of_a_poll(void **state)
{
	struct target target = opened();
	struct target_notes notes = miss(&target, T0 + HOUR + 5);

	(void)state;
	assert_true(notes.bucket_full);
	assert_int_equal(notes.gap, TARGET_GAP_OPEN);
	assert_int_equal(notes.bucket.polls, 1);
	notes = miss(&target, T0 + 2 * HOUR);
	assert_true(notes.bucket_full);
	assert_int_equal(notes.bucket.from_at, T0 + HOUR);
	assert_int_equal(notes.bucket.polls, 1);
	assert_int_equal(notes.bucket.usable, 0);
	notes = turn(&target, T0 + 9 * HOUR);
	assert_true(notes.bucket_full);
	assert_int_equal(notes.gap, TARGET_GAP_CLOSE);
	assert_int_equal(notes.bucket.from_at, T0 + 2 * HOUR);
	assert_int_equal(target.bucket_longest_ms, 0); /* a gap is no distance */
	/* the empty hours between have none */
	assert_int_equal(target_pulse(&target, &group).bucket_at, T0 + 9 * HOUR);
}

static void target_fills_buckets_by_the_day(void **state)
{
	const struct target_group daily = {
		.interval_ms = 300000, .timeout_ms = 2000, .bucket_ms = 24 * HOUR};
	const int64_t midnight = T0 / (24 * HOUR) * 24 * HOUR;
	struct target target = {.ttl_min = UINT32_MAX};
	struct target_notes notes;

	(void)state;
	target_turn(&target, &daily, &calm, midnight, ANSWER_MX, one, 1, &notes);
	target_agree(&target, &daily, &calm, midnight + 24 * HOUR - 1, 1, &notes);
	assert_false(notes.bucket_full);
	target_agree(&target, &daily, &calm, midnight + 24 * HOUR, 1, &notes);
	assert_true(notes.bucket_full);
	assert_int_equal(notes.bucket.from_at, midnight);
	assert_int_equal(notes.bucket.length_ms, 24 * HOUR);
	assert_int_equal(notes.bucket.polls, 2);
}

/* Years of silence do not overflow a counter. */
static void target_survives_long_silence(void **state)
{
	struct target target = opened();
	struct target_notes notes = agree(&target, T0 + 5 * 366 * 24 * HOUR);

	(void)state;
	expect_gap(&notes, T0, T0 + 5 * 366 * 24 * HOUR, GAP_OVERLOAD);
	assert_int_equal(target.bucket_longest_ms, 0);
}

static void target_resumes_from_its_pulse(void **state)
{
	struct target target = opened();
	struct target resumed = {.state = ANSWER_MX, .digest = one};
	struct target_notes notes;
	struct pulse pulse;

	(void)state;
	agree(&target, T0 + 10000);
	miss(&target, T0 + 20000);
	target_agree(&target, &group, &calm, T0 + 21000, 60, &notes);
	pulse = target_pulse(&target, &group);
	assert_int_equal(pulse.last_at, T0 + 21000);
	assert_int_equal(pulse.confirmed_at, T0 + 21000);
	assert_int_equal(pulse.polls, 3);
	assert_int_equal(pulse.ttl_min, 60);
	assert_int_equal(pulse.ttl_max, 300);
	assert_int_equal(pulse.bucket_polls, 4);
	assert_int_equal(pulse.bucket_usable, 3);
	assert_int_equal(pulse.bucket_longest_ms, 11000);
	assert_int_equal(pulse.bucket_at, T0);
	target_resume(&resumed, &group, &pulse);
	assert_memory_equal(
		&(struct pulse[]){target_pulse(&resumed, &group)}, &pulse, sizeof pulse);
	/* and goes on in the same bucket */
	notes = agree(&resumed, T0 + 31000);
	assert_false(notes.bucket_full);
	assert_int_equal(resumed.bucket_polls, 5);
	assert_int_equal(resumed.polls, 4);
}

/* A point that has no pulse yet: all zero. */
static void target_resumes_from_nothing(void **state)
{
	const struct pulse nothing = {.last_at = 0};
	struct target target = {.polls = 0};
	struct target_notes notes;
	struct pulse pulse;

	(void)state;
	target_resume(&target, &group, &nothing);
	pulse = target_pulse(&target, &group);
	assert_int_equal(pulse.last_at, 0);
	assert_int_equal(pulse.confirmed_at, 0);
	assert_int_equal(pulse.polls, 0);
	assert_int_equal(pulse.bucket_at, 0);
	assert_int_equal(pulse.ttl_max, 0);
	notes = turn(&target, T0);
	assert_int_equal(notes.gap, TARGET_GAP_NONE);
	assert_false(notes.bucket_full);
	notes = agree(&target, T0 + 10000);
	assert_int_equal(target.ttl_min, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_waits_two_intervals_and_a_timeout),
		cmocka_unit_test(target_begins_with_a_first_sight),
		cmocka_unit_test(target_counts_polls_that_agree),
		cmocka_unit_test(target_knows_a_gap_to_the_millisecond),
		cmocka_unit_test(target_forgives_failures_within_its_patience),
		cmocka_unit_test(target_opens_one_gap_while_failures_last),
		cmocka_unit_test(target_names_the_failure_of_a_gap_that_is_over),
		cmocka_unit_test(
			target_that_never_was_usable_has_a_gap_from_its_first_poll),
		cmocka_unit_test(target_explains_gaps),
		cmocka_unit_test(target_explains_gaps_that_last),
		cmocka_unit_test(target_turns_to_a_new_answer),
		cmocka_unit_test(target_covers_the_hole_between_two_spans),
		cmocka_unit_test(target_fills_buckets_by_the_hour),
		cmocka_unit_test(target_fills_buckets_whatever_comes_of_a_poll),
		cmocka_unit_test(target_fills_buckets_by_the_day),
		cmocka_unit_test(target_survives_long_silence),
		cmocka_unit_test(target_resumes_from_its_pulse),
		cmocka_unit_test(target_resumes_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
