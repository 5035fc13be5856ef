/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "tests/monitor/decide/shelf.h"
#include "tests/monitor/decide/transcript.h"

#define MONDAY INT64_C(1780272000000) /* 2026-06-01 00:00 UTC */
#define WEEK_MS (7 * DAY_MS)

static struct operators *operators;
static struct decide *decide;
static int64_t now;

static int setup(void **state)
{
	const struct decide_options options = {.operators = operators};
	(void)state;
	now = MONDAY;
	return decide_create(&options, &decide);
}

static int teardown(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static int make_operators(void **state)
{
	if (transcript_setup(state) < 0)
		return -1;
	operators = *state;
	return 0;
}

/* Until then somebody looks each half minute. */
static void wait(int64_t until)
{
	for (; now < until; now += 30000)
		decide_feeders_look(decide, now);
}

/* Reports each five minutes, in office hours alone where that is so. */
static void speak(const char *name, bool office, int64_t until)
{
	while (now < until) {
		const int64_t hour = now % DAY_MS / HOUR_MS;
		const bool weekend = (now - MONDAY) / DAY_MS % 7 >= 5;
		if (!office || (hour >= 8 && hour < 18 && !weekend))
			decide_feeder_heard(decide, name, 3, now);
		wait(now + 5 * MINUTE_MS);
	}
}

static const struct affair *trouble(void)
{
	const struct affair *self = decide->self;
	return self != NULL && self->state != INCIDENT_CLOSED ? self : NULL;
}

static void feeders_silence_is_told_by_the_past(void **state)
{
	char text[AFFAIR_TEXT];
	(void)state;
	speak("log", false, MONDAY + 8 * DAY_MS);
	wait(now + HOUR_MS - 5 * MINUTE_MS);
	assert_null(trouble());
	wait(now + 2 * MINUTE_MS);
	const struct affair *self = trouble();
	if (self == NULL) {
		fail_msg("nothing is told");
		return;
	}
	assert_int_equal(self->kind, INCIDENT_SELF);
	assert_int_equal(self->severity, SEVERITY_WARNING);
	assert_null(self->subject);
	assert_true(affair_has_proof(self, "source-silent"));
	words_summary(self, text);
	assert_non_null(strstr(text, "deliveries of log"));
	wait(now + DAY_MS);
	assert_int_equal(decide->affairs_len, 1); /* one, for as long as it lasts */
	decide_feeder_heard(decide, "log", 1, now);
	wait(now + MINUTE_MS);
	assert_null(trouble());
}

static void feeders_nights_and_weekends_are_known(void **state)
{
	(void)state;
	speak("log", true, MONDAY + 4 * WEEK_MS);
	assert_int_equal(decide->affairs_len, 0);
}

/* In the first week they are not, unless another source goes on. */
static void feeders_first_week_is_patient(void **state)
{
	(void)state;
	speak("log", true, MONDAY + WEEK_MS + 10 * HOUR_MS);
	assert_int_equal(decide->affairs_len, 0);
	decide_feeders_keep(decide, NULL, 0);
}

static void feeders_silence_beside_others_is_told_earlier(void **state)
{
	(void)state;
	for (int64_t end = now + 2 * DAY_MS; now < end;) {
		decide_feeder_heard(decide, "here", 1, now);
		speak("there", false, now + 5 * MINUTE_MS);
	}
	speak("there", false, now + HOUR_MS - 10 * MINUTE_MS);
	assert_null(trouble());
	speak("there", false, now + 10 * MINUTE_MS);
	assert_non_null(trouble());
	/* The other falling silent too makes it no better. */
	wait(now + 3 * HOUR_MS);
	assert_non_null(trouble());
	decide_feeder_heard(decide, "here", 1, now);
	wait(now + MINUTE_MS);
	assert_non_null(trouble()); /* now it is the other */
	assert_int_equal(feeders_out(&decide->feeders), 1);
	decide_feeder_heard(decide, "there", 1, now);
	wait(now + MINUTE_MS);
	assert_null(trouble());
	assert_int_equal(decide->affairs_len, 1);
}

static void feeders_rare_reports_explain_nothing(void **state)
{
	(void)state;
	for (int day = 0; day < 20; day++) {
		decide_feeder_heard(decide, "bounces", 5, now);
		wait(now + DAY_MS);
	}
	wait(now + 30 * DAY_MS);
	assert_int_equal(decide->affairs_len, 0);
}

/* A whole log is read at once, and then no more of it. */
static void feeders_one_reading_is_no_past(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		decide_feeder_heard(decide, "old", 4096, now += 10);
	wait(now + 30 * DAY_MS);
	assert_int_equal(decide->affairs_len, 0);
}

static void feeders_nobody_looked_is_no_silence(void **state)
{
	(void)state;
	speak("log", false, MONDAY + 8 * DAY_MS);
	now += DAY_MS;
	decide_feeders_look(decide, now);
	assert_null(trouble());
	wait(now + 30 * MINUTE_MS);
	assert_null(trouble());
	now += DAY_MS; /* and teaches nothing */
	decide_feeder_heard(decide, "log", 1, now);
	wait(now + 2 * HOUR_MS);
	assert_non_null(trouble());
}

static void feeders_that_cannot_be_read_are_told(void **state)
{
	(void)state;
	for (int64_t end = now + FEEDERS_FAILED_MS; now <= end; now += 1000) {
		decide_feeder_failed(decide, "log", -EACCES, now);
		decide_feeders_look(decide, now);
		assert_null(trouble());
	}
	decide_feeder_failed(decide, "log", -EACCES, now);
	decide_feeders_look(decide, now);
	const struct affair *self = trouble();
	if (self == NULL) {
		fail_msg("nothing is told");
		return;
	}
	assert_string_equal(self->proofs[0].name, "source-fails");
	assert_non_null(strstr(self->proofs[0].text, "log cannot be read: Perm"));
	decide_feeder_failed(decide, "log", 0, now);
	decide_feeders_look(decide, now);
	assert_null(trouble());
}

/* After a rotation by night there is no file until somebody has something to say. */
static void feeders_missing_file_is_looked_at_by_its_past(void **state)
{
	(void)state;
	speak("log", true, MONDAY + WEEK_MS + 18 * HOUR_MS);
	for (int64_t end = now + 14 * HOUR_MS; now < end; wait(now + MINUTE_MS))
		decide_feeder_failed(decide, "log", -ENOENT, now);
	assert_null(trouble());
}

static void feeders_store_trouble_is_not_theirs(void **state)
{
	(void)state;
	speak("log", false, MONDAY + 8 * DAY_MS);
	for (int64_t end = now + DAY_MS; now < end; wait(now + MINUTE_MS))
		decide_feeder_passed(decide, "log", now);
	assert_int_equal(decide->affairs_len, 0);
}

/* Who closes it has seen it. */
static void feeders_closed_by_hand_stay_so(void **state)
{
	(void)state;
	speak("log", false, MONDAY + 8 * DAY_MS);
	wait(now + 2 * HOUR_MS);
	decide_set_number(decide, decide->self->serial, 7);
	decide_close(decide, 7, now);
	wait(now + DAY_MS);
	assert_null(trouble());
}

static void feeders_go_with_the_configuration(void **state)
{
	static const char *const kept[] = {"other"};
	(void)state;
	decide_feeder_failed(decide, "log", 0, now);
	speak("log", false, MONDAY + 8 * DAY_MS);
	wait(now + 2 * HOUR_MS);
	assert_non_null(trouble());
	decide_feeders_keep(decide, kept, 1);
	assert_null(trouble());
	assert_int_equal(decide->feeders.len, 0);
}

/* What is known of them outlasts a restart; rows of before there were any can be read. */
static void feeders_are_remembered(void **state)
{
	struct shelf *shelf = calloc(1, sizeof *shelf);
	const struct decide_options options = {.operators = operators};
	(void)state;
	assert_non_null(shelf);
	speak("log", false, MONDAY + 8 * DAY_MS);
	wait(now + 2 * HOUR_MS);
	assert_int_equal(decide_remember(decide, shelf_put, shelf), 0);
	const struct feeders before = decide->feeders;
	decide_destroy(decide);
	assert_int_equal(decide_create(&options, &decide), 0);
	shelf_recall(shelf, 0, decide);
	assert_memory_equal(&decide->feeders, &before, sizeof before);
	decide_feeders_look(decide, now + MINUTE_MS);
	assert_non_null(trouble());
	shelf_finish(shelf);
	free(shelf);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(feeders_silence_is_told_by_the_past),
		WITH(feeders_nights_and_weekends_are_known),
		WITH(feeders_first_week_is_patient),
		WITH(feeders_silence_beside_others_is_told_earlier),
		WITH(feeders_rare_reports_explain_nothing),
		WITH(feeders_one_reading_is_no_past),
		WITH(feeders_nobody_looked_is_no_silence),
		WITH(feeders_that_cannot_be_read_are_told),
		WITH(feeders_missing_file_is_looked_at_by_its_past),
		WITH(feeders_store_trouble_is_not_theirs),
		WITH(feeders_closed_by_hand_stay_so),
		WITH(feeders_go_with_the_configuration),
		WITH(feeders_are_remembered),
	};
	return cmocka_run_group_tests_name(
		"decide/feeders", tests, make_operators, transcript_teardown);
}
