/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/fleet.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "tests/storage/fixture.h"

/* Two views without servers, of which the second is the MTA's, and who hears of addresses. */
struct yard {
	struct fixture *fixture;
	struct conf conf;
	struct conf_view views[2];
	struct conf_watch watch;
	size_t watched_views[2];
	uint8_t *domains[2];
	struct news_queue *queue;
	struct fleet *fleet;
	unsigned heard;
	char last[NAME_TEXT_MAX + ENDPOINT_TEXT_MAX];
};

static void on_wake(void *owner)
{
	(void)owner;
}

static int set_up(void **state)
{
	static char names[2][14] = {"authoritative", "mta"};
	struct yard *yard = calloc(1, sizeof *yard);
	void *fixture;

	assert_non_null(yard);
	fixture_setup(&fixture);
	yard->fixture = fixture;
	for (size_t i = 0; i < 2; i++) {
		yard->views[i].name = names[i];
		yard->views[i].kind =
			i == 0 ? CONF_VIEW_AUTHORITATIVE : CONF_VIEW_RECURSIVE;
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
			.min_interval_ms = 1000,
			.address_interval_ms = HOUR}};
	assert_int_equal(news_queue_create(1000, on_wake, NULL, &yard->queue), 0);
	*state = yard;
	return 0;
}

static int tear_down(void **state)
{
	struct yard *yard = *state;
	void *fixture = yard->fixture;

	fleet_destroy(yard->fleet);
	news_queue_destroy(yard->queue);
	for (size_t i = 0; i < 2; i++)
		free(yard->domains[i]);
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

static void on_address(
	void *owner, const uint8_t *host, const struct endpoint *address, int64_t at)
{
	struct yard *yard = owner;
	char name[NAME_TEXT_MAX];
	char text[ENDPOINT_TEXT_MAX];

	assert_true(at >= T0);
	snprintf(yard->last, sizeof yard->last, "%s %s", name_format(host, name),
		inet_ntop(address->family, address->address, text, sizeof text));
	yard->heard++;
}

/* A fleet anew, at an instant. */
static void build(struct yard *yard, int64_t at, bool once)
{
	const struct roster_sources sources = {.conf = &yard->conf};
	struct fleet_options options = {.conf = &yard->conf,
		.store = yard->fixture->store,
		.queue = yard->queue,
		.once = once,
		.on_address = on_address,
		.owner = yard};
	struct roster *roster;

	fleet_destroy(yard->fleet);
	yard->fleet = NULL;
	timeline_start(&options.timeline, clock_read(), at);
	options.timeline.at = at;
	assert_int_equal(roster_build(&sources, &roster), 0);
	assert_int_equal(fleet_create(&options, roster, &yard->fleet), 0);
	roster_destroy(roster);
}

static int64_t query(struct yard *yard, const char *sql)
{
	return fixture_query(yard->fixture, sql);
}

/* Points of addresses that are watched. */
static int64_t watched(struct yard *yard)
{
	return query(
		yard, "SELECT count(*) FROM point WHERE rrtype IS NOT NULL AND watched");
}

/* A view says something, which the store has taken. */
static void say(struct yard *yard, enum news_kind kind, int64_t point, uint16_t rrtype,
	const char *name, const char *set, int64_t at)
{
	uint8_t domain[NAME_WIRE_MAX];
	struct news news = {.kind = kind,
		.point = point,
		.rrtype = rrtype,
		.domain = domain,
		.at = at,
		.state = ANSWER_MX,
		.set = set_of(set)};
	const struct span span = {.rrtype = rrtype,
		.answer = {.state = ANSWER_MX, .set = &news.set},
		.first_at = at};

	assert_int_equal(name_parse(name, domain), 0);
	store_begin(yard->fixture->store);
	if (kind == NEWS_CHANGE)
		history_close_span(yard->fixture->store, point, NULL,
			&(struct pulse){.confirmed_at = at, .polls = 1});
	history_open_span(yard->fixture->store, point, &span);
	fixture_commit(yard->fixture, at);
	fleet_heed(yard->fleet, &news, at);
	mxset_finish(&news.set);
}

static void fleet_hosts_are_looked_at_once(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	wish(yard, "b.example");
	build(yard, T0, false);
	for (int64_t point = 1; point <= 4; point++)
		say(yard, NEWS_SPAN, point, RECORD_TYPE_MX, "a.example", "10 mx.example.",
			T0);
	fleet_tend(yard->fleet, T0);
	assert_int_equal(watched(yard), 2);
	assert_int_equal(
		query(yard,
			"SELECT count(*) FROM point p JOIN view v ON v.id = "
			"p.view JOIN name n ON n.id = p.name"
			" WHERE rrtype IN (1, 28) AND v.name = 'mta' AND n.wire ="
			" x'026d78076578616d706c6500' AND interval_ms = 3600000"
			" AND bucket_ms = 86400000"),
		2);
	assert_int_equal(fleet_tally(yard->fleet).targets, 4);
	say(yard, NEWS_CHANGE, 1, RECORD_TYPE_MX, "a.example",
		"10 mx.example. 20 mx2.example.", T0 + HOUR);
	fleet_tend(yard->fleet, T0 + HOUR);
	assert_int_equal(watched(yard), 4);
	/* from the store once more */
	build(yard, T0 + 2 * HOUR, false);
	fleet_tend(yard->fleet, T0 + 2 * HOUR);
	assert_int_equal(watched(yard), 4);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 8);
}

/* Who is watched no more names nobody; a day later the exchanges go, and come back with him. */
static void fleet_hosts_go_and_come_with_domains(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	build(yard, T0, false);
	say(yard, NEWS_SPAN, 1, RECORD_TYPE_MX, "a.example", "10 mx.example.", T0);
	say(yard, NEWS_SPAN, 2, RECORD_TYPE_MX, "a.example", "10 mx.example.", T0);
	fleet_tend(yard->fleet, T0);
	assert_int_equal(fleet_set(yard->fleet, wire("a.example"), 0, 0, T0 + HOUR), 0);
	fleet_tend(yard->fleet, T0 + 30 * HOUR);
	assert_int_equal(watched(yard), 2);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 1, 0, T0 + 30 * HOUR), 0);
	fleet_tend(yard->fleet, T0 + 53 * HOUR);
	assert_int_equal(watched(yard), 2);
	fleet_tend(yard->fleet, T0 + 54 * HOUR);
	assert_int_equal(watched(yard), 0);
	assert_true(query(yard,
			    "SELECT min(unwatched_at) FROM point"
			    " WHERE rrtype IS NOT NULL") == T0 + 54 * HOUR);
	assert_int_equal(
		fleet_set(yard->fleet, wire("a.example"), 0, 10000, T0 + 55 * HOUR), 0);
	fleet_tend(yard->fleet, T0 + 55 * HOUR);
	assert_int_equal(watched(yard), 2);
	assert_int_equal(query(yard, "SELECT count(*) FROM point"), 4);
}

static void fleet_hosts_tell_their_addresses(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	build(yard, T0, false);
	say(yard, NEWS_SPAN, 1, RECORD_TYPE_MX, "a.example", "10 mx.example.", T0);
	fleet_tend(yard->fleet, T0);
	assert_int_equal(yard->heard, 0);
	say(yard, NEWS_SPAN, 3, RECORD_TYPE_A, "mx.example", "0 c0000201. 0 c0000202.",
		T0);
	assert_int_equal(yard->heard, 2);
	assert_string_equal(yard->last, "mx.example 192.0.2.2");
	say(yard, NEWS_SPAN, 4, RECORD_TYPE_AAAA, "mx.example",
		"0 20010db8000000000000000000000001.", T0);
	assert_string_equal(yard->last, "mx.example 2001:db8::1");
	/* whoever starts is told what is held */
	yard->heard = 0;
	build(yard, T0 + HOUR, false);
	assert_int_equal(yard->heard, 3);
}

/* A single round, or an interval of 0, asks nobody. */
static void fleet_hosts_are_left_alone_on_demand(void **state)
{
	struct yard *yard = *state;

	wish(yard, "a.example");
	build(yard, T0, false);
	say(yard, NEWS_SPAN, 1, RECORD_TYPE_MX, "a.example", "10 mx.example.", T0);
	fleet_tend(yard->fleet, T0);
	assert_int_equal(watched(yard), 2);
	build(yard, T0 + HOUR, true);
	fleet_tend(yard->fleet, T0 + HOUR);
	assert_int_equal(watched(yard), 2);
	yard->conf.limits.address_interval_ms = 0;
	build(yard, T0 + HOUR, false);
	fleet_tend(yard->fleet, T0 + HOUR);
	assert_int_equal(watched(yard), 0);
	yard->conf.limits.address_interval_ms = 2 * HOUR;
	build(yard, T0 + 2 * HOUR, false);
	fleet_tend(yard->fleet, T0 + 2 * HOUR);
	assert_int_equal(watched(yard), 2);
	assert_int_equal(query(yard,
				 "SELECT count(*) FROM point WHERE watched AND"
				 " interval_ms = 7200000"),
		2);
}

/* Without a recursive view that is used it is the other one; with another view, others go. */
static void fleet_hosts_follow_the_views(void **state)
{
	static const char in_first[] =
		"SELECT count(*) FROM point p JOIN view v ON v.id = p.view WHERE rrtype "
		"IS "
		"NOT NULL AND watched AND v.name = 'authoritative'";
	struct yard *yard = *state;

	wish(yard, "a.example");
	yard->watch.views_len = 1;
	build(yard, T0, false);
	say(yard, NEWS_SPAN, 1, RECORD_TYPE_MX, "a.example", "10 mx.example.", T0);
	fleet_tend(yard->fleet, T0);
	assert_int_equal(query(yard, in_first), 2);
	yard->watch.views_len = 2;
	build(yard, T0 + HOUR, false);
	fleet_tend(yard->fleet, T0 + HOUR);
	assert_int_equal(query(yard, in_first), 0);
	assert_int_equal(watched(yard), 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(fleet_hosts_are_looked_at_once),
		test(fleet_hosts_go_and_come_with_domains),
		test(fleet_hosts_tell_their_addresses),
		test(fleet_hosts_are_left_alone_on_demand),
		test(fleet_hosts_follow_the_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
