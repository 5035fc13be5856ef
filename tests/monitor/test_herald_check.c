/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monitor/roster.h"
#include "storage/watchlist.h"
#include "tests/monitor/lab.h"

static char at_seven[] = "07:00";
static char ping[] = "http://127.0.0.1:9/ping";

static void look_after(struct lab *lab, struct conf_file_self_check *check)
{
	lab->file.self_check = check;
	assert_int_equal(herald_configure(lab->herald, &lab->office->conf, lab->channels,
				 3, lab->now),
		0);
}

static void herald_says_daily_that_all_is_well(void **state)
{
	struct lab *lab = *state;
	struct conf_file_self_check check = {.at = at_seven, .channel = lab_spare};
	const int64_t seven = T0 - T0 % DAY + DAY + 7 * HOUR;
	setenv("TZ", "UTC", 1);
	tzset();
	look_after(lab, &check);
	assert_string_equal(lab_tick(lab, T0), "");
	assert_string_equal(lab_tick(lab, seven - MINUTE), "");
	assert_string_equal(lab_tick(lab, seven), "spare three@spare.example lab-a1; ");
	assert_non_null(strstr(lab_body_of(lab, lab_three), "All is as it should be."));
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, seven + HOUR), "");
	lab_stop(lab);
	lab_start(lab);
	assert_string_equal(lab_tick(lab, seven + 2 * HOUR), "");
	lab_tick(lab, seven + DAY + 3 * HOUR); /* late is better than never */
	assert_int_equal(lab->jobs_len, 1);
	lab->file.self_check = NULL;
}

static void watch_something(struct lab *lab)
{
	struct fixture *const fixture = lab->office->desk->fixture;
	const struct roster_sources sources = {
		.conf = &lab->office->conf, .store = fixture->store};
	struct roster *roster;
	store_begin(fixture->store);
	watchlist_put(fixture->store, &(struct watched){wire("a.example"), "", T0});
	fixture_commit(fixture, T0);
	assert_int_equal(roster_build(&sources, &roster), 0);
	herald_watch(lab->herald, roster);
	roster_destroy(roster);
}

static void write_polls(struct lab *lab, int64_t at)
{
	struct fixture *const fixture = lab->office->desk->fixture;
	store_begin(fixture->store);
	history_beat_run(fixture->store, lab->office->desk->run, at);
	fixture_commit(fixture, at);
}

static void herald_cries_when_nothing_is_polled(void **state)
{
	struct lab *lab = *state;
	struct conf_file_self_check check = {.channel = lab_spare, .heartbeat_url = ping};
	look_after(lab, &check);
	watch_something(lab);
	const char *const pulse = HERALD_HEARTBEAT " - heartbeat; ";
	assert_string_equal(lab_tick(lab, T0), pulse);
	assert_string_equal(lab_tick(lab, T0 + MINUTE), pulse);
	assert_string_equal(lab_tick(lab, T0 + 5 * MINUTE),
		"spare three@spare.example lab-a1; "); /* and no heartbeat */
	assert_non_null(strstr(lab_body_of(lab, lab_three), "Nothing has been polled"));
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, T0 + 6 * MINUTE), "");
	write_polls(lab, T0 + 7 * MINUTE);
	assert_string_equal(lab_tick(lab, T0 + 8 * MINUTE), pulse);
	lab_tick(lab, T0 + 13 * MINUTE);
	assert_non_null(strstr(lab_body_of(lab, lab_three), "Nothing has been polled"));
	lab->file.self_check = NULL;
}

static void herald_cries_elsewhere_when_a_channel_is_stuck(void **state)
{
	struct lab *lab = *state;
	lab->routes[1] = (struct conf_file_route){
		.name = lab_spare, .channels = lab_channels + 2, .channels_count = 1};
	lab->file.routes_count = 2;
	look_after(lab, NULL);
	assert_int_equal(herald_test(lab->herald, "team", T0), 1);
	lab_tick(lab, T0);
	lab_answer(lab, DELIVER_LATER, 421);
	for (int64_t at = T0 + MINUTE; at < T0 + 15 * MINUTE; at += MINUTE) {
		lab_tick(lab, at);
		lab_answer(lab, DELIVER_LATER, 421);
	}
	lab_tick(lab, T0 + 15 * MINUTE);
	assert_non_null(
		strstr(lab_body_of(lab, lab_three), "Channel team takes no alerts"));
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"mxvigil.blind\""));
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, T0 + 16 * MINUTE);
	for (size_t i = 0; i < lab->jobs_len; i++)
		assert_string_equal(lab->jobs[i].channel, "team");
}

int main(void)
{
#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		IN_LAB(herald_says_daily_that_all_is_well),
		IN_LAB(herald_cries_when_nothing_is_polled),
		IN_LAB(herald_cries_elsewhere_when_a_channel_is_stuck),
	};
	return cmocka_run_group_tests_name("monitor/herald_check", tests, NULL, NULL);
}
