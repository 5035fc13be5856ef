/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "monitor/recorder.h"
#include "tests/fake/memory.h"
#include "tests/monitor/desk.h"

static int on_change_row(void *owner, const struct change *change)
{
	struct change *kept = owner;

	*kept = *change;
	assert_int_equal(change->from.state, ANSWER_MX);
	assert_int_equal(change->from.set->len, 1);
	assert_int_equal(change->from.set->hosts[0].preference, 10);
	assert_int_equal(change->to.set->hosts[0].preference, 20);
	return 0;
}

static void recorder_writes_and_announces_a_change(void **state)
{
	struct desk *desk = *state;
	const struct lookup_window window = {.now = T0 + HOUR};
	struct change change = {.number = 0};
	const char *log;

	assert_int_equal(recorder_write(desk->recorder, T0), 0); /* of nothing */
	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	assert_int_equal(recorder_write(desk->recorder, T0), 0);
	assert_null(strstr(desk_log(desk), "change")); /* a first sight is none */
	desk_push_change(desk, desk->a, "20 mx2.example", T0 + 60 * SECOND);
	assert_int_equal(recorder_write(desk->recorder, T0 + 61 * SECOND), 0);
	log = desk_log(desk);
	assert_int_equal(occurrences(log, "\n"), 1);
	assert_non_null(strstr(log, " info change: domain=a.example view=mta id=lab-"));
	assert_non_null(strstr(log, "from=\"mx 10 mx1.example\""));
	assert_non_null(strstr(log, "to=\"mx 20 mx2.example\""));
	assert_int_equal(
		lookup_changes(desk->fixture->store, &window, on_change_row, &change), 0);
	assert_int_equal(change.at, T0 + 60 * SECOND);
	assert_int_equal(change.not_before_at, T0 + 50 * SECOND);
	assert_int_equal(change.confirmed_by, CONFIRMED_TCP);
	assert_int_equal(change.confirmed_at, T0 + 60 * SECOND + 50);
	assert_int_equal(change.kind, CHANGE_REPLACED);
	assert_int_equal(desk_count(desk, "evidence"), 1);
	assert_int_equal(recorder_counts(desk->recorder).changes, 1);
	assert_int_equal(recorder_counts(desk->recorder).waiting, 0);
}

static void recorder_keeps_the_order_of_news(void **state)
{
	struct desk *desk = *state;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	for (int i = 1; i <= 50; i++) {
		char set[64];

		snprintf(set, sizeof set, "10 mx%d.example", i % 7 + 2 + i % 2 * 20);
		desk_push_change(desk, desk->a, set, T0 + i * 10 * SECOND);
		desk_push_gap(
			desk, NEWS_GAP_ADD, desk->b, T0 + i * 100, T0 + i * 100 + 50);
	}
	assert_int_equal(recorder_write(desk->recorder, T0 + HOUR), 0);
	assert_int_equal(desk_changes(desk), 50);
	assert_int_equal(desk_count(desk, "span"), 51);
	assert_int_equal(desk_count(desk, "gap"), 50);
	assert_int_equal(recorder_counts(desk->recorder).changes, 50);
	/* each span ends where the next change's bracket begins: none was overtaken */
	assert_int_equal(fixture_query(desk->fixture,
				 "SELECT count(*) FROM span a JOIN span b ON "
				 "b.number > a.number "
				 "AND b.first_at <= a.first_at"),
		0);
}

static void recorder_records_suspicions_apart(void **state)
{
	struct desk *desk = *state;
	const char *log;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	desk_push_suspicion(desk, desk->a, T0 + 10 * SECOND);
	assert_int_equal(recorder_write(desk->recorder, T0 + 11 * SECOND), 0);
	log = desk_log(desk);
	assert_non_null(strstr(log,
		"warn suspicion: domain=a.example view=mta "
		"server=192.0.2.9 id=lab-"));
	assert_non_null(strstr(log, "why=\"not confirmed over TCP\""));
	assert_int_equal(recorder_counts(desk->recorder).suspicions, 1);
	assert_int_equal(recorder_counts(desk->recorder).changes, 0);
	assert_int_equal(desk_count(desk, "suspicion"), 1);
	assert_int_equal(desk_count(desk, "span"), 1);
}

/* A server that says something else has a span of its own, until it rejoins its view. */
static void recorder_follows_a_server_that_differs(void **state)
{
	struct desk *desk = *state;
	struct news *news;
	const char *log;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	news = desk_make_change(desk, desk->a, "10 other.example", T0 + 10 * SECOND);
	news->kind = NEWS_SPAN;
	assert_int_equal(endpoint_parse("192.0.2.7", 53, &news->server), 0);
	news_queue_push(desk->queue, news);
	assert_int_equal(recorder_write(desk->recorder, T0 + 11 * SECOND), 0);
	log = desk_log(desk);
	assert_non_null(strstr(log, "server=192.0.2.7"));
	assert_non_null(
		strstr(log, "from=\"mx 10 mx1.example\" to=\"mx 10 other.example\""));
	assert_int_equal(
		fixture_query(desk->fixture, "SELECT count(*) FROM span WHERE open"), 2);
	news = desk_make_change(desk, desk->a, "10 mx1.example", T0 + 30 * SECOND);
	news->kind = NEWS_REJOIN;
	assert_int_equal(endpoint_parse("192.0.2.7", 53, &news->server), 0);
	news_queue_push(desk->queue, news);
	assert_int_equal(recorder_write(desk->recorder, T0 + 31 * SECOND), 0);
	assert_non_null(strstr(
		desk_log(desk), "from=\"mx 10 other.example\" to=\"mx 10 mx1.example\""));
	assert_int_equal(
		fixture_query(desk->fixture, "SELECT count(*) FROM span WHERE open"), 1);
	assert_int_equal(recorder_counts(desk->recorder).changes, 2);
}

/* The view came to say what the server says: its span ends without a change of its own. */
static void recorder_records_silent_ends_silently(void **state)
{
	struct desk *desk = *state;
	struct news *news;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	news = desk_make_change(desk, desk->a, "10 other.example", T0 + 10 * SECOND);
	news->kind = NEWS_SPAN;
	news->silent = true;
	assert_int_equal(endpoint_parse("192.0.2.7", 53, &news->server), 0);
	news_queue_push(desk->queue, news);
	assert_int_equal(recorder_write(desk->recorder, T0 + 11 * SECOND), 0);
	assert_null(strstr(desk_log(desk), " change: "));
	assert_int_equal(desk_count(desk, "span"), 2);
	assert_int_equal(desk_changes(desk), 0);
	assert_int_equal(recorder_counts(desk->recorder).changes, 0);
}

static void recorder_writes_gaps_and_buckets(void **state)
{
	struct desk *desk = *state;
	struct news *news = desk_make(desk, NEWS_BUCKET, desk->a);

	desk_push_gap(desk, NEWS_GAP_OPEN, desk->a, T0, 0);
	assert_int_equal(recorder_write(desk->recorder, T0 + 1), 0);
	assert_int_equal(desk_count(desk, "gap_open"), 1);
	assert_non_null(strstr(desk_log(desk), "opened"));
	desk_push_gap(desk, NEWS_GAP_CLOSE, desk->a, 0, T0 + 30 * SECOND);
	desk_push_gap(desk, NEWS_GAP_ADD, desk->b, T0, T0 + 60 * SECOND);
	news->bucket = (struct bucket){.point = desk->a,
		.from_at = T0 / HOUR * HOUR,
		.length_ms = HOUR,
		.polls = 360,
		.usable = 359,
		.longest_ms = 10000};
	news_queue_push(desk->queue, news);
	assert_int_equal(recorder_write(desk->recorder, T0 + 61 * SECOND), 0);
	assert_int_equal(desk_count(desk, "gap_open"), 0);
	assert_int_equal(desk_count(desk, "gap"), 2);
	assert_int_equal(desk_count(desk, "bucket"), 1);
}

/* An outage that hits everybody does not drown the log, and is recorded whole. */
static void recorder_tells_some_of_many_gaps(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 300; i++)
		desk_push_gap(
			desk, NEWS_GAP_ADD, desk->a, T0 + i * 100, T0 + i * 100 + 50);
	desk_push_span(desk, desk->b, "10 mx1.example", T0);
	desk_push_change(desk, desk->b, "20 mx2.example", T0 + 60 * SECOND);
	assert_int_equal(recorder_write(desk->recorder, T0 + HOUR), 0);
	assert_int_equal(desk_count(desk, "gap"), 300);
	desk_log(desk);
	assert_in_range(occurrences(desk->log, "\n"), 2, 60);
	assert_int_equal(occurrences(desk->log, " change: "), 1);
	assert_non_null(strstr(desk->log, "pieces=280"));
}

static void recorder_counts_pollers_that_are_done(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < 3; i++)
		news_queue_push(desk->queue, desk_make(desk, NEWS_DONE, 0));
	news_queue_push(desk->queue, desk_make(desk, NEWS_FLUSHED, 0));
	assert_int_equal(recorder_write(desk->recorder, T0), 0);
	assert_int_equal(recorder_counts(desk->recorder).done_pollers, 3);
	assert_int_equal(recorder_counts(desk->recorder).flushes, 1);
	assert_int_equal(recorder_counts(desk->recorder).changes, 0);
}

static void recorder_beats_with_what_it_writes(void **state)
{
	struct desk *desk = *state;
	struct run_end end;

	desk_push_pulses(desk, 0, T0 + 5000);
	assert_int_equal(recorder_write(desk->recorder, T0 + 7000), 0);
	assert_int_equal(lookup_last_run(desk->fixture->store, &end), 0);
	assert_true(end.any);
	assert_false(end.stopped);
	assert_int_equal(end.last_at, T0 + 7000);
}

/* The disk is full: nothing is announced, nothing is lost, counters are let go; and when there
 * is room again, all is written and told once, in order. */
static void recorder_waits_for_a_disk_that_is_full(void **state)
{
	struct desk *desk = *state;
	const char *log;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	assert_int_equal(recorder_write(desk->recorder, T0), 0);
	desk_log(desk);
	desk_push_pulses(desk, 0, T0 + 10 * SECOND);
	desk_push_change(desk, desk->a, "20 mx2.example", T0 + 20 * SECOND);
	desk_push_pulses(desk, 0, T0 + 30 * SECOND);
	desk_push_change(desk, desk->a, "30 mx3.example", T0 + 40 * SECOND);
	news_queue_push(desk->queue, desk_make(desk, NEWS_TOUCH, desk->a));
	assert_true(desk_write_without_disk(desk, T0 + 41 * SECOND) < 0);
	log = desk_log(desk);
	assert_int_equal(occurrences(log, " err store: cannot write"), 1);
	assert_null(strstr(log, " change: "));
	assert_int_equal(recorder_counts(desk->recorder).waiting, 2);
	assert_int_equal(recorder_counts(desk->recorder).changes, 0);
	/* again and again: said once, and more piles up behind */
	desk_push_gap(desk, NEWS_GAP_ADD, desk->b, T0, T0 + 50 * SECOND);
	assert_true(desk_write_without_disk(desk, T0 + 42 * SECOND) < 0);
	assert_string_equal(desk_log(desk), "");
	assert_int_equal(recorder_counts(desk->recorder).waiting, 3);
	assert_int_equal(desk_changes(desk), 0);
	assert_int_equal(recorder_write(desk->recorder, T0 + 50 * SECOND), 0);
	log = desk_log(desk);
	assert_int_equal(occurrences(log, " info store: writing again"), 1);
	assert_int_equal(occurrences(log, " change: "), 2);
	assert_true(strstr(log, "mx2.example") < strstr(log, "mx3.example"));
	assert_int_equal(recorder_counts(desk->recorder).waiting, 0);
	assert_int_equal(recorder_counts(desk->recorder).changes, 2);
	assert_int_equal(desk_changes(desk), 2);
	assert_int_equal(desk_count(desk, "gap"), 1);
	assert_int_equal(
		fixture_query(desk->fixture, "SELECT count(*) FROM span WHERE open"), 1);
}

/* Pollers look at the queue: it counts what waits, and not what was let go. */
static void recorder_settles_what_it_is_done_with(void **state)
{
	struct desk *desk = *state;

	news_queue_destroy(desk->queue);
	recorder_destroy(desk->recorder);
	desk_open(desk, 2);
	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	desk_push_pulses(desk, 0, T0);
	assert_true(news_queue_is_full(desk->queue));
	assert_true(desk_write_without_disk(desk, T0) < 0);
	assert_false(news_queue_is_full(desk->queue));
	desk_push_span(desk, desk->b, "10 mx1.example", T0);
	assert_true(desk_write_without_disk(desk, T0) < 0);
	assert_true(news_queue_is_full(desk->queue));
	assert_int_equal(recorder_write(desk->recorder, T0), 0);
	assert_false(news_queue_is_full(desk->queue));
	assert_int_equal(desk_count(desk, "span"), 2);
}

/* One piece that can never be written, as a bug would make it, does not hold up the others. */
static void recorder_gives_up_what_can_never_be_written(void **state)
{
	struct desk *desk = *state;
	const char *log;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	desk_push_span(desk, 4711, "10 mx1.example", T0); /* there is no such point */
	desk_push_span(desk, desk->b, "10 mx1.example", T0);
	desk_push_change(desk, desk->b, "20 mx2.example", T0 + 10 * SECOND);
	assert_int_equal(recorder_write(desk->recorder, T0 + 11 * SECOND), 0);
	log = desk_log(desk);
	assert_int_equal(occurrences(log, " err store: a piece cannot be recorded"), 1);
	assert_non_null(strstr(log, "point=4711"));
	assert_int_equal(occurrences(log, " change: "), 1);
	assert_int_equal(desk_count(desk, "span"), 3);
	assert_int_equal(recorder_counts(desk->recorder).waiting, 0);
	assert_false(news_queue_is_full(desk->queue));
}

static void recorder_says_what_it_takes_to_its_grave(void **state)
{
	struct desk *desk = *state;

	desk_push_span(desk, desk->a, "10 mx1.example", T0);
	assert_true(desk_write_without_disk(desk, T0) < 0);
	desk_log(desk);
	recorder_destroy(desk->recorder);
	desk->recorder = NULL;
	assert_non_null(strstr(desk_log(desk), "is not recorded pieces=1"));
	recorder_destroy(NULL);
}

static void recorder_writes_more_than_a_batch(void **state)
{
	enum {
		MANY = 12000
	};
	struct desk *desk = *state;

	for (int i = 0; i < MANY; i++)
		desk_push_gap(
			desk, NEWS_GAP_ADD, desk->a, T0 + i * 100, T0 + i * 100 + 50);
	assert_int_equal(recorder_write(desk->recorder, T0 + HOUR), 0);
	assert_int_equal(desk_count(desk, "gap"), MANY);
	assert_int_equal(recorder_counts(desk->recorder).waiting, 0);
}

/* A change and the gap before it: a crash between the two would leave a hole without a word. */
static void recorder_writes_in_one_transaction_what_belongs_together(void **state)
{
	enum {
		BATCH = 5000
	};
	struct desk *desk = *state;
	const int64_t before = desk_count(desk, "ledger");
	struct news *first;

	for (int i = 0; i < BATCH - 1; i++)
		desk_push_gap(
			desk, NEWS_GAP_ADD, desk->a, T0 + i * 100, T0 + i * 100 + 50);
	first = desk_make(desk, NEWS_GAP_ADD, desk->b);
	first->from_at = T0;
	first->at = T0 + SECOND;
	first->reason = GAP_OVERLOAD;
	first->joined = true;
	first->next = desk_make(desk, NEWS_GAP_ADD, desk->b);
	first->next->from_at = T0 + 2 * SECOND;
	first->next->at = T0 + 3 * SECOND;
	first->next->reason = GAP_OVERLOAD;
	news_queue_push(desk->queue, first);
	assert_int_equal(recorder_write(desk->recorder, T0 + HOUR), 0);
	assert_int_equal(desk_count(desk, "gap"), BATCH + 1);
	assert_int_equal(desk_count(desk, "ledger") - before, 1);
}

static void recorder_says_when_memory_is_short(void **state)
{
	struct desk *desk = *state;
	const struct recorder_options options = {.store = desk->fixture->store};
	struct recorder *recorder;

	memory_fail_after(0);
	assert_int_equal(recorder_create(&options, &recorder), -ENOMEM);
	assert_true(memory_stop_failing());
}

#define test(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(recorder_writes_and_announces_a_change),
		test(recorder_keeps_the_order_of_news),
		test(recorder_records_suspicions_apart),
		test(recorder_follows_a_server_that_differs),
		test(recorder_records_silent_ends_silently),
		test(recorder_writes_gaps_and_buckets),
		test(recorder_tells_some_of_many_gaps),
		test(recorder_counts_pollers_that_are_done),
		test(recorder_beats_with_what_it_writes),
		test(recorder_waits_for_a_disk_that_is_full),
		test(recorder_settles_what_it_is_done_with),
		test(recorder_gives_up_what_can_never_be_written),
		test(recorder_says_what_it_takes_to_its_grave),
		test(recorder_writes_more_than_a_batch),
		test(recorder_writes_in_one_transaction_what_belongs_together),
		test(recorder_says_when_memory_is_short),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
