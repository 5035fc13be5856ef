/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/announce.h"
#include "monitor/log.h"
#include "resolvers/name.h"
#include "tests/monitor/desk.h"

/* The line that announcing wrote; takes news. */
static const char *announce(struct desk *desk, struct news *news)
{
	announce_news(desk->fixture->store, news);
	news_destroy(news);
	return desk_log(desk);
}

static struct news *make_recorded(struct desk *desk, const char *to)
{
	struct news *news = desk_make_change(desk, desk->a, to, T0);

	news->recorded = 42;
	news->change = CHANGE_REPLACED;
	news->from_state = ANSWER_MX;
	news->from_set = set_of("10 old.example");
	return news;
}

static void announce_tells_a_change(void **state)
{
	struct desk *desk = *state;
	const char *line =
		announce(desk, make_recorded(desk, "10 a.example 20 b.example"));

	assert_string_equal(strchr(line, ' '),
		" info change: domain=a.example view=mta id=lab-42 kind=replaced "
		"at=2023-11-14T22:13:20.000Z not_before=2023-11-14T22:13:10.000Z "
		"confirmed=tcp from=\"mx 10 old.example\" "
		"to=\"mx 10 a.example, 20 b.example\"\n");
}

static void announce_tells_which_server(void **state)
{
	struct desk *desk = *state;
	struct news *news = make_recorded(desk, "10 a.example");

	assert_int_equal(endpoint_parse("2001:db8::1", 5353, &news->server), 0);
	assert_non_null(strstr(announce(desk, news), " server=[2001:db8::1]:5353 id="));
}

static void announce_tells_answers_that_are_no_sets(void **state)
{
	struct desk *desk = *state;
	struct news *news = make_recorded(desk, "");

	news->state = ANSWER_NXDOMAIN;
	assert_non_null(strstr(announce(desk, news), "to=\"nxdomain\""));
	news = make_recorded(desk, "");
	news->state = ANSWER_NULL_MX;
	assert_non_null(strstr(announce(desk, news), "to=\"null-mx\""));
	news = make_recorded(desk, "0 .");
	news->state = ANSWER_MX;
	assert_non_null(strstr(announce(desk, news), "to=\"mx 0 .\""));
}

/* Names hold any byte: what reaches the log is one line, and its quotes are ours. */
static void announce_escapes_names(void **state)
{
	static const uint8_t hostile[] = {
		8, 'x', '"', ' ', '\n', 0x1b, '[', 'm', 0xff, 0};
	struct desk *desk = *state;
	struct news *news = make_recorded(desk, "");
	const char *line;

	assert_int_equal(mxset_add(&news->set, 10, hostile), 0);
	line = announce(desk, news);
	assert_int_equal(occurrences(line, "\n"), 1);
	assert_int_equal(occurrences(line, "\""), 4);
	for (const char *byte = line; *byte != '\n'; byte++)
		assert_in_range(*byte, ' ', '~');
}

/* The largest set of the longest names is cut, not spilled. */
static void announce_cuts_sets_that_are_too_long(void **state)
{
	struct desk *desk = *state;
	struct news *news = make_recorded(desk, "");
	char name[256];
	const char *line;

	for (unsigned i = 0; i < MXSET_HOSTS_MAX; i++) {
		snprintf(name, sizeof name, "%u.%060d.%060d.%060d.%050d", i, 1, 2, 3, 4);
		assert_int_equal(mxset_add(&news->set, 65535, wire(name)), 0);
	}
	line = announce(desk, news);
	assert_int_equal(occurrences(line, "\n"), 1);
	assert_in_range(strlen(line), 500, 4096);
	assert_int_equal(strcmp(line + strlen(line) - 2, "\"\n"), 0);
	for (const char *byte = line; *byte != '\n'; byte++)
		assert_in_range(*byte, ' ', '~');
}

/* Sets of every length around the cut. */
static void announce_cuts_sets_anywhere(void **state)
{
	struct desk *desk = *state;

	for (unsigned len = 1; len < 60; len++) {
		struct news *news = make_recorded(desk, "");
		const char *line;

		for (unsigned i = 0; i < 8; i++) {
			char name[128];

			snprintf(name, sizeof name, "%u%0*d.example", i, (int)len, 0);
			assert_int_equal(mxset_add(&news->set, 10, wire(name)), 0);
		}
		line = announce(desk, news);
		assert_int_equal(occurrences(line, "\n"), 1);
		assert_int_equal(occurrences(line, "\""), 4);
		for (const char *byte = line; *byte != '\n'; byte++)
			assert_in_range(*byte, ' ', '~');
	}
}

static void announce_tells_a_suspicion(void **state)
{
	struct desk *desk = *state;
	struct news *news = desk_make(desk, NEWS_SUSPICION, desk->a);

	news->at = T0;
	news->recorded = 7;
	news->state = ANSWER_NODATA;
	news->why = "tie of 1 to 1";
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &news->server), 0);
	assert_string_equal(strchr(announce(desk, news), ' '),
		" warn suspicion: domain=a.example view=mta server=192.0.2.1 id=lab-7 "
		"at=2023-11-14T22:13:20.000Z seen=\"nodata\" why=\"tie of 1 to 1\"\n");
}

static void announce_tells_gaps(void **state)
{
	struct desk *desk = *state;
	struct news *news = desk_make(desk, NEWS_GAP_OPEN, desk->a);

	news->from_at = T0;
	news->reason = ANSWER_TIMEOUT;
	assert_string_equal(strchr(announce(desk, news), ' '),
		" warn gap: domain=a.example view=mta opened "
		"from=2023-11-14T22:13:20.000Z reason=timeout\n");
	news = desk_make(desk, NEWS_GAP_CLOSE, desk->a);
	news->at = T0;
	assert_string_equal(strchr(announce(desk, news), ' '),
		" info gap: domain=a.example view=mta closed "
		"to=2023-11-14T22:13:20.000Z\n");
	news = desk_make(desk, NEWS_GAP_ADD, desk->a);
	news->from_at = T0;
	news->at = T0 + 30 * SECOND;
	news->reason = GAP_CRASHED;
	assert_string_equal(strchr(announce(desk, news), ' '),
		" info gap: domain=a.example view=mta over "
		"from=2023-11-14T22:13:20.000Z to=2023-11-14T22:13:50.000Z "
		"reason=crashed\n");
}

/* First sights and counters are for the store; a first sight for the curious as well. */
static void announce_is_silent_about_the_rest(void **state)
{
	static const enum news_kind kinds[] = {
		NEWS_SPAN, NEWS_BUCKET, NEWS_PULSES, NEWS_TOUCH, NEWS_DONE, NEWS_FLUSHED};
	struct desk *desk = *state;
	struct news *news = desk_make(desk, NEWS_SPAN, desk->a);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		assert_string_equal(
			announce(desk, desk_make(desk, kinds[i], desk->a)), "");
	log_set_level(LOG_LEVEL_DEBUG);
	news->state = ANSWER_MX;
	news->set = set_of("10 a.example");
	assert_string_equal(strchr(announce(desk, news), ' '),
		" debug first: domain=a.example view=mta answer=\"mx 10 a.example\"\n");
	log_set_level(LOG_LEVEL_INFO);
}

#define test(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)

static void announce_tells_of_an_incident(void **state)
{
	struct desk *desk = *state;
	struct announced_incident incident = {
		.number = 7,
		.domain = wire("online.de"),
		.event = "kind-changed",
		.from_kind = INCIDENT_TRANSIENT_HIJACK,
		.kind = INCIDENT_MIGRATION_FALLOUT,
		.severity = SEVERITY_CRITICAL,
		.summary = "a \"move\"",
	};
	const char *line;

	announce_incident(desk->fixture->store, &incident);
	line = desk_log(desk);
	assert_string_equal(strchr(line, ' '),
		" warn incident: domain=online.de id=lab-i7 event=kind-changed "
		"kind=migration-fallout from=transient-hijack severity=critical "
		"summary=\"a \\\"move\\\"\"\n");
	incident.domain = NULL;
	incident.from_kind = incident.kind = INCIDENT_SELF;
	incident.severity = SEVERITY_INFO;
	announce_incident(desk->fixture->store, &incident);
	line = desk_log(desk);
	assert_non_null(strstr(line, " info incident: domain=- id=lab-i7 "));
	assert_non_null(strstr(line, " kind=self severity=info "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(announce_tells_a_change),
		test(announce_tells_of_an_incident),
		test(announce_tells_which_server),
		test(announce_tells_answers_that_are_no_sets),
		test(announce_escapes_names),
		test(announce_cuts_sets_that_are_too_long),
		test(announce_cuts_sets_anywhere),
		test(announce_tells_a_suspicion),
		test(announce_tells_gaps),
		test(announce_is_silent_about_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
