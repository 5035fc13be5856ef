/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "monitor/fleet.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "tests/storage/fixture.h"

/* A configuration of two views without any server, so that polls end at once and unusable, and
 * what a fleet makes of it in a real store. */
struct yard {
	struct fixture *fixture;
	struct conf conf;
	struct conf_view views[2];
	struct conf_watch watch;
	size_t watched_views[2];
	uint8_t *domains[600];
	struct news_queue *queue;
	struct fleet *fleet;
	int woken; /* an eventfd */
};

static void on_wake(void *owner)
{
	const struct yard *yard = owner;

	assert_int_equal(eventfd_write(yard->woken, 1), 0);
}

static int set_up(void **state)
{
	static char names[2][8] = {"one", "two"};
	struct yard *yard = calloc(1, sizeof *yard);
	void *fixture;

	assert_non_null(yard);
	fixture_setup(&fixture);
	yard->fixture = fixture;
	for (size_t i = 0; i < 2; i++) {
		yard->views[i].name = names[i];
		yard->views[i].kind = CONF_VIEW_RECURSIVE;
		yard->views[i].qps = CONF_QPS_UNSET;
		yard->watched_views[i] = i;
	}
	yard->watch = (struct conf_watch){.domains = yard->domains,
		.interval_ms = 10000,
		.views = yard->watched_views,
		.views_len = 2};
	yard->conf = (struct conf){.views = yard->views,
		.views_len = 2,
		.watches = &yard->watch,
		.watches_len = 1,
		.limits = {.threads = 1,
			.timeout_ms = 2000,
			.tries = 3,
			.min_interval_ms = 1000}};
	yard->woken = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(news_queue_create(100000, on_wake, yard, &yard->queue), 0);
	*state = yard;
	return 0;
}

static int tear_down(void **state)
{
	struct yard *yard = *state;
	void *fixture = yard->fixture;

	fleet_destroy(yard->fleet);
	news_queue_destroy(yard->queue);
	for (size_t i = 0; i < sizeof yard->domains / sizeof *yard->domains; i++)
		free(yard->domains[i]);
	close(yard->woken);
	free(yard);
	return fixture_teardown(&fixture);
}

static void wish(struct yard *yard, const char *text)
{
	uint8_t *name = malloc(NAME_WIRE_MAX);

	assert_non_null(name);
	assert_int_equal(name_parse(text, name), 0);
	yard->domains[yard->watch.domains_len++] = name;
}

/* A fleet anew, at an instant. */
static int build(struct yard *yard, int64_t at, bool once)
{
	const struct roster_sources sources = {.conf = &yard->conf};
	struct fleet_options options = {.conf = &yard->conf,
		.store = yard->fixture->store,
		.queue = yard->queue,
		.once = once};
	struct roster *roster;
	int error;

	fleet_destroy(yard->fleet);
	yard->fleet = NULL;
	timeline_start(&options.timeline, clock_read(), at);
	options.timeline.at = at;
	assert_int_equal(roster_build(&sources, &roster), 0);
	error = fleet_create(&options, roster, &yard->fleet);
	roster_destroy(roster);
	return error;
}

static int64_t query(struct yard *yard, const char *sql)
{
	return fixture_query(yard->fixture, sql);
}

static void fleet_records_new_points(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	wish(yard, "b.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(query(yard, "SELECT count(*) FROM point WHERE watched"), 4);
	assert_int_equal(
		query(yard,
			"SELECT count(*) FROM point WHERE interval_ms = 10000 AND "
			"timeout_ms = 2000 AND bucket_ms = 3600000"),
		4);
	assert_int_equal(fleet_pollers(yard->fleet), 1);
	assert_int_equal(fleet_tally(yard->fleet).targets, 4);
	/* the same once more: nothing new */
	assert_int_equal(build(yard, T0 + HOUR, false), 0);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 4);
	assert_int_equal(fleet_tally(yard->fleet).targets, 4);
}

static void fleet_keeps_daily_buckets_of_slow_watches(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	yard->watch.interval_ms = 60001;
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(
		query(yard, "SELECT count(*) FROM point WHERE bucket_ms = 86400000"), 2);
}

static void fleet_follows_the_configuration(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	yard->watch.interval_ms = 30000;
	yard->watch.views_len = 1;
	assert_int_equal(build(yard, T0 + HOUR, false), 0);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 2);
	assert_int_equal(
		query(yard, "SELECT interval_ms FROM point WHERE watched"), 30000);
	assert_true(query(yard, "SELECT unwatched_at FROM point WHERE NOT watched") ==
		T0 + HOUR);
	assert_int_equal(fleet_tally(yard->fleet).targets, 1);
	/* nobody looked in between either: the instant at which it ended stays */
	assert_int_equal(build(yard, T0 + 2 * HOUR, false), 0);
	assert_true(query(yard, "SELECT unwatched_at FROM point WHERE NOT watched") ==
		T0 + HOUR);
	yard->watch.views_len = 2;
	assert_int_equal(build(yard, T0 + 3 * HOUR, false), 0);
	assert_int_equal(query(yard,
				 "SELECT count(*) FROM point WHERE watched AND "
				 "unwatched_at IS NULL AND interval_ms = 30000"),
		2);
	assert_int_equal(fleet_tally(yard->fleet).targets, 2);
}

/* A view that is no more in the configuration: its points end, and are kept. */
static void fleet_lets_views_go(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	yard->conf.views_len = 1;
	yard->watch.views_len = 1;
	assert_int_equal(build(yard, T0 + HOUR, false), 0);
	assert_int_equal(query(yard, "SELECT count(*) FROM point WHERE watched"), 1);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 2);
}

/* The counters of a view that is not polled for now are still there when it comes back. */
static void fleet_keeps_the_pulses_of_views_let_go(void **state)
{
	struct yard *yard = *state;
	struct pulse pulses[2] = {0};
	struct news *news;

	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	for (size_t i = 0; i < 2; i++)
		pulses[i] = (struct pulse){.last_at = T0,
			.confirmed_at = T0,
			.polls = 77,
			.ttl_min = 60,
			.ttl_max = 300};
	store_begin(yard->fixture->store);
	history_put_pulses(yard->fixture->store, 0, pulses, 2);
	fixture_commit(yard->fixture, T0);
	memset(pulses, 0, sizeof pulses);
	yard->conf.views_len = 1;
	yard->watch.views_len = 1;
	assert_int_equal(build(yard, T0 + HOUR, true), 0);
	assert_int_equal(fleet_start(yard->fleet), 0);
	fleet_stop(yard->fleet);
	while ((news = news_queue_take(yard->queue)) != NULL)
		for (struct news *next; news != NULL; news = next) {
			next = news->next;
			for (size_t i = 0; news->kind == NEWS_PULSES && i < 2; i++)
				pulses[i] = news->pulses[i];
			news_destroy(news);
		}
	assert_int_equal(pulses[1].polls, 77);
	assert_true(pulses[1].last_at == T0);
	assert_int_equal(pulses[1].ttl_max, 300);
}

/* Who is polled at another interval goes on filling the buckets that it has. */
static void fleet_keeps_the_buckets_of_a_point(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 300000, T0 + HOUR), 0);
	assert_int_equal(
		query(yard, "SELECT interval_ms FROM point WHERE number = 1"), 300000);
	assert_int_equal(
		query(yard, "SELECT bucket_ms FROM point WHERE number = 1"), 3600000);
}

static void fleet_takes_and_leaves_domains_as_it_goes(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(
		fleet_set(yard->fleet, wire("b.example"), 1, 5000, T0 + HOUR), 0);
	assert_int_equal(fleet_tally(yard->fleet).targets, 3);
	assert_int_equal(
		query(yard, "SELECT interval_ms FROM point WHERE number = 3"), 5000);
	assert_int_equal(
		fleet_set(yard->fleet, wire("b.example"), 1, 0, T0 + 2 * HOUR), 0);
	assert_int_equal(fleet_tally(yard->fleet).targets, 2);
	assert_true(query(yard, "SELECT unwatched_at FROM point WHERE number = 3") ==
		T0 + 2 * HOUR);
	/* to leave twice, or what never was, changes nothing */
	assert_int_equal(
		fleet_set(yard->fleet, wire("b.example"), 1, 0, T0 + 3 * HOUR), 0);
	assert_int_equal(
		fleet_set(yard->fleet, wire("c.example"), 1, 0, T0 + 3 * HOUR), 0);
	assert_true(query(yard, "SELECT unwatched_at FROM point WHERE number = 3") ==
		T0 + 2 * HOUR);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 3);
	assert_int_equal(
		fleet_set(yard->fleet, wire("b.example"), 1, 7000, T0 + 4 * HOUR), 0);
	assert_int_equal(fleet_tally(yard->fleet).targets, 3);
	assert_int_equal(query(yard,
				 "SELECT interval_ms FROM point WHERE number = 3 "
				 "AND watched AND unwatched_at IS NULL"),
		7000);
	/* another interval for one that is polled */
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 2000, T0 + 5 * HOUR), 0);
	assert_int_equal(fleet_tally(yard->fleet).targets, 3);
	assert_int_equal(
		query(yard, "SELECT interval_ms FROM point WHERE number = 1"), 2000);
}

static void fleet_deals_points_to_all_pollers(void **state)
{
	struct yard *yard = *state;
	char name[32];

	yard->conf.limits.threads = 3;
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "d%d.example", i);
		wish(yard, name);
	}
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(fleet_pollers(yard->fleet), 3);
	assert_int_equal(fleet_tally(yard->fleet).targets, 1200);
	yard->conf.limits.threads = 2; /* dealt anew, whoever had them before */
	assert_int_equal(build(yard, T0 + HOUR, false), 0);
	assert_int_equal(fleet_pollers(yard->fleet), 2);
	assert_int_equal(fleet_tally(yard->fleet).targets, 1200);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 1200);
}

/* A store that cannot write ends the start, or the change, and nothing is polled unrecorded. */
static void fleet_says_when_the_store_cannot_write(void **state)
{
	struct yard *yard = *state;
	struct rlimit before;
	struct rlimit none;
	int created;
	int set;

	assert_int_equal(build(yard, T0, false), 0);
	wish(yard, "a.example");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 1;
	setrlimit(RLIMIT_FSIZE, &none);
	set = fleet_set(yard->fleet, wire("b.example"), 0, 10000, T0);
	created = build(yard, T0, false);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(set < 0);
	assert_true(created < 0);
	assert_null(yard->fleet);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 0);
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(fleet_tally(yard->fleet).targets, 2);
}

/* What the pollers have told, until `done` pieces of a kind have come. */
static unsigned gather(
	struct yard *yard, enum news_kind kind, unsigned done, unsigned *ret_gaps)
{
	struct pollfd wait = {.fd = yard->woken, .events = POLLIN};
	unsigned found = 0;

	while (found < done) {
		eventfd_t wakes;
		struct news *news;

		assert_int_equal(poll(&wait, 1, 20000), 1);
		assert_int_equal(eventfd_read(yard->woken, &wakes), 0);
		news = news_queue_take(yard->queue);
		while (news != NULL) {
			struct news *next = news->next;

			found += news->kind == kind;
			*ret_gaps += news->kind == NEWS_GAP_OPEN &&
				news->reason == ANSWER_NETWORK;
			news_queue_settle(yard->queue, 1);
			news_destroy(news);
			news = next;
		}
	}
	return found;
}

/* Without a server to ask every poll ends at once, and each target has its gap. */
static void fleet_polls_everything_once(void **state)
{
	struct yard *yard = *state;
	struct poller_tally tally;
	unsigned gaps = 0;
	char name[32];

	yard->conf.limits.threads = 2;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "d%d.example", i);
		wish(yard, name);
	}
	assert_int_equal(build(yard, T0, true), 0);
	assert_int_equal(fleet_start(yard->fleet), 0);
	gather(yard, NEWS_DONE, 2, &gaps);
	assert_int_equal(gaps, 600);
	fleet_stop(yard->fleet);
	tally = fleet_tally(yard->fleet);
	assert_int_equal(tally.polls, 600);
	assert_int_equal(tally.answers[ANSWER_NETWORK], 600);
}

static void fleet_flushes_all_pollers(void **state)
{
	struct yard *yard = *state;
	unsigned gaps = 0;

	yard->conf.limits.threads = 3;
	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(fleet_start(yard->fleet), 0);
	assert_int_equal(fleet_flush(yard->fleet), 0);
	assert_int_equal(gather(yard, NEWS_FLUSHED, 3, &gaps), 3);
	/* commands to a running fleet; the stop waits for its threads */
	assert_int_equal(
		fleet_set(yard->fleet, wire("b.example"), 0, 10000, T0 + HOUR), 0);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 2000, T0 + HOUR), 0);
	assert_int_equal(fleet_set(yard->fleet, wire("a.example"), 1, 0, T0 + HOUR), 0);
	assert_int_equal(fleet_flush(yard->fleet), 0);
	gather(yard, NEWS_FLUSHED, 3, &gaps);
	fleet_stop(yard->fleet);
	assert_int_equal(fleet_tally(yard->fleet).targets, 2);
}

static void stop_soon(struct yard *yard)
{
	const uint64_t until = clock_mono_ms() + 50;
	unsigned gaps = 0;

	while (clock_mono_ms() < until) {
		assert_int_equal(fleet_flush(yard->fleet), 0);
		gather(yard, NEWS_FLUSHED, 1, &gaps);
	}
	fleet_stop(yard->fleet);
}

/* Who is polled already is polled at a new interval at once: the second poll does not wait for
 * the end of the first interval. */
static void fleet_changes_intervals_as_it_goes(void **state)
{
	struct yard *yard = *state;
	unsigned gaps = 0;

	yard->watch.interval_ms = 3600000;
	yard->watch.views_len = 1;
	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(fleet_start(yard->fleet), 0);
	assert_int_equal(fleet_flush(yard->fleet), 0);
	gather(yard, NEWS_FLUSHED, 1, &gaps);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 1800000, T0 + HOUR), 0);
	stop_soon(yard);
	assert_int_equal(fleet_tally(yard->fleet).polls, 2);
}

/* Who comes back is polled at once, not when it would have been without having left. */
static void fleet_polls_at_once_who_comes_back(void **state)
{
	struct yard *yard = *state;
	unsigned gaps = 0;

	yard->watch.interval_ms = 3600000;
	yard->watch.views_len = 1;
	wish(yard, "a.example");
	assert_int_equal(build(yard, T0, false), 0);
	assert_int_equal(fleet_start(yard->fleet), 0);
	assert_int_equal(fleet_flush(yard->fleet), 0);
	gather(yard, NEWS_FLUSHED, 1, &gaps);
	assert_int_equal(fleet_set(yard->fleet, wire("a.example"), 0, 0, T0 + HOUR), 0);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 1800000, T0 + HOUR), 0);
	stop_soon(yard);
	assert_int_equal(fleet_tally(yard->fleet).polls, 2);
	assert_int_equal(fleet_tally(yard->fleet).targets, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(fleet_records_new_points),
		test(fleet_keeps_daily_buckets_of_slow_watches),
		test(fleet_follows_the_configuration),
		test(fleet_lets_views_go),
		test(fleet_keeps_the_pulses_of_views_let_go),
		test(fleet_keeps_the_buckets_of_a_point),
		test(fleet_takes_and_leaves_domains_as_it_goes),
		test(fleet_deals_points_to_all_pollers),
		test(fleet_says_when_the_store_cannot_write),
		test(fleet_polls_everything_once),
		test(fleet_flushes_all_pollers),
		test(fleet_changes_intervals_as_it_goes),
		test(fleet_polls_at_once_who_comes_back),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
