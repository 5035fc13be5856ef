/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monitor/roster.h"
#include "storage/watchlist.h"
#include "tests/monitor/lab.h"

/* It is known to be open; what is not true any more when the mail is written is not told. */
static void herald_does_not_tell_of_a_return_that_was_none(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_bounce(lab, 1, MOVED + 100);
	lab_bounce(lab, 2, MOVED + 200);
	lab_tick(lab, MOVED + 2 * SECOND);
	lab_answer(lab, DELIVER_DONE, 250);
	lab->now = MOVED + 10 * SECOND;
	office_say(lab->office, "online.de", HOME, MOVED + 10 * SECOND);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM notice WHERE event = 6"), 2);
	lab->now = MOVED + 20 * SECOND;
	office_say(lab->office, "online.de", AWAY, MOVED + 20 * SECOND);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM incident WHERE state = 2"), 1);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM incident"), 1);
	lab_tick(lab, MOVED + MINUTE);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM alert WHERE event = 6"), 0);
	assert_string_equal(lab_tick(lab, MOVED + 2 * MINUTE), "");
	lab->now = MOVED + HOUR;
	office_say(lab->office, "online.de", HOME, MOVED + HOUR);
	lab_tick(lab, MOVED + HOUR + SECOND);
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.reverted\""));
}

/* Under the same name, a mail channel becomes a hook, and the hook a mail channel. */
static void herald_sends_no_mail_to_a_hook(void **state)
{
	struct lab *lab = *state;
	struct channel others[] = {lab->channels[0], lab->channels[1], lab->channels[2]};
	others[0].name = lab_chat;
	others[1].name = lab_team;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab_answer(lab, DELIVER_LATER, 451);
	lab_tick(lab, MOVED + 2 * SECOND);
	lab->now = MOVED + 3 * SECOND;
	assert_int_equal(
		herald_configure(lab->herald, &lab->office->conf, others, 3, lab->now),
		0);
	assert_string_equal(lab_tick(lab, MOVED + MINUTE), "");
	assert_string_equal(lab_tick(lab, MOVED + MINUTE + SECOND),
		"spare three@spare.example lab-a3; spare three@spare.example lab-a4; ");
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM handover WHERE state = 3"), 3);
}

/* What came to be while nobody attended is told at the start, also by routes that ask for tags. */
static void herald_knows_tags_when_it_starts(void **state)
{
	static char key[] = "key";
	static char *tags[] = {key};
	struct lab *lab = *state;
	struct fixture *const fixture = lab->office->desk->fixture;
	const struct roster_sources sources = {
		.conf = &lab->office->conf, .store = fixture->store};
	struct roster *roster;
	lab_stop(lab);
	lab->routes[0].tags = tags;
	lab->routes[0].tags_count = 1;
	lab_move(lab);
	store_begin(fixture->store);
	watchlist_put(fixture->store, &(struct watched){wire("online.de"), key, MOVED});
	fixture_commit(fixture, MOVED);
	lab_start(lab);
	assert_int_equal(roster_build(&sources, &roster), 0);
	herald_watch(lab->herald, roster);
	roster_destroy(roster);
	lab_tick(lab, MOVED + SECOND);
	assert_int_equal(lab->jobs_len, 3);
}

/* Whoever tries a channel that took nothing for long is not behind all that waits for it. */
static void herald_tries_a_channel_before_all_that_waits(void **state)
{
	struct lab *lab = *state;
	for (int i = 0; i < 12; i++)
		assert_true(herald_test(lab->herald, "chat", T0 + i) > 0);
	lab_stop(lab);
	lab->alone = true;
	lab_start(lab);
	assert_int_equal(herald_test(lab->herald, "chat", T0 + SECOND), 13);
	assert_string_equal(lab_tick(lab, T0 + SECOND), "chat - lab-a13; ");
}

/* So many incidents more, which are like the first. */
static void copy_incidents(struct lab *lab, int count)
{
	char sql[512];
	snprintf(sql, sizeof sql,
		"CREATE TABLE copy AS WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL"
		" SELECT k + 1 FROM n WHERE k < %d) SELECT incident.* FROM incident, n;"
		" UPDATE copy SET number = rowid + 1;"
		" INSERT INTO incident SELECT * FROM copy; DROP TABLE copy",
		count);
	fixture_tamper(lab->office->desk->fixture, sql);
}

/* Alertmanager ends what it was told of, each by itself. */
static void herald_tells_of_each_where_account_is_kept(void **state)
{
	struct lab *lab = *state;
	lab->channels[1].type = CHANNEL_ALERTMANAGER;
	lab_stop(lab);
	lab_move(lab);
	copy_incidents(lab, 249);
	lab_start(lab);
	lab_tick(lab, MOVED + SECOND);
	assert_int_equal(occurrences(lab_body_of(lab, "-"), "\"startsAt\""), 200);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM notice"), 50);
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + MINUTE);
	assert_int_equal(occurrences(lab_body_of(lab, "-"), "\"startsAt\""), 50);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM notice"), 0);
	assert_int_equal(lab->jobs_len, 1);
}

#define SUMMER                                                                           \
	INT64_C(1806197400000) /* 2027-03-28 01:30 UTC: 03:30 in Berlin, which has no 02:30 */

static void herald_says_it_once_a_day_when_summer_begins(void **state)
{
	static char at[] = "02:30";
	struct lab *lab = *state;
	struct conf_file_self_check check = {.at = at, .channel = lab_spare};
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	lab->file.self_check = &check;
	lab->now = SUMMER - 2 * DAY;
	assert_int_equal(herald_configure(lab->herald, &lab->office->conf, lab->channels,
				 3, lab->now),
		0);
	assert_string_equal(lab_tick(lab, SUMMER - 2 * DAY + MINUTE), "");
	assert_string_equal(
		lab_tick(lab, SUMMER - DAY), "spare three@spare.example lab-a1; ");
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, SUMMER - DAY + 2 * HOUR), "");
	assert_string_equal(lab_tick(lab, SUMMER - HOUR), "");
	assert_string_equal(lab_tick(lab, SUMMER), "spare three@spare.example lab-a2; ");
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, SUMMER + 22 * HOUR), "");
	assert_string_equal(
		lab_tick(lab, SUMMER + 23 * HOUR), "spare three@spare.example lab-a3; ");
	lab->file.self_check = NULL;
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		IN_LAB(herald_does_not_tell_of_a_return_that_was_none),
		IN_LAB(herald_sends_no_mail_to_a_hook),
		IN_LAB(herald_knows_tags_when_it_starts),
		IN_LAB(herald_tries_a_channel_before_all_that_waits),
		IN_LAB(herald_tells_of_each_where_account_is_kept),
		IN_LAB(herald_says_it_once_a_day_when_summer_begins),
	};
	return cmocka_run_group_tests_name("monitor/herald_trouble", tests, NULL, NULL);
}
