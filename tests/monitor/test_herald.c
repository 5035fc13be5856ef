/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "storage/incidents.h"
#include "tests/monitor/lab.h"

static void herald_tells_of_a_suspicion_before_any_bounce(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	assert_true(lab->notices > 0);
	assert_string_equal(lab_tick(lab, MOVED + 999), "");
	assert_string_equal(lab_tick(lab, MOVED + 1000),
		"team one@team.example lab-a2; team two@team.example lab-a2; "
		"chat - lab-a1; ");
	assert_non_null(
		strstr(lab_body_of(lab, lab_one), "Subject: [mxvigil] warning: "));
	assert_non_null(strstr(lab_body_of(lab, lab_one), "online.de"));
	assert_string_equal(lab_body_of(lab, lab_one), lab_body_of(lab, lab_two));
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.suspected\""));
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM notice"), 0);
	assert_string_equal(lab_tick(lab, MOVED + 2000), ""); /* nobody hears it twice */
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, MOVED + 3000), "");
}

static void herald_goes_on_in_the_thread_of_the_first(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	assert_string_equal(lab_thread_line(lab), "");
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + 2 * SECOND);
	lab_bounce(lab, 1, MOVED + MINUTE);
	lab_bounce(lab, 2, MOVED + MINUTE + SECOND);
	assert_string_equal(lab_tick(lab, MOVED + MINUTE + 2 * SECOND),
		"team one@team.example lab-a4; team two@team.example lab-a4; "
		"chat - lab-a3; ");
	assert_non_null(strstr(lab_thread_line(lab), "lab-a2@"));
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.opened\""));
	lab_answer(lab, DELIVER_DONE, 250);
	lab->now = MOVED + HOUR;
	office_say(lab->office, "online.de", HOME, MOVED + HOUR);
	lab_tick(lab, MOVED + HOUR + SECOND);
	assert_non_null(strstr(lab_thread_line(lab), "lab-a2@"));
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.reverted\""));
	lab_answer(lab, DELIVER_DONE, 250);
	office_everyday(lab->office, "online.de", "mx00.kundenserver.de",
		MOVED + 2 * HOUR, MOVED + 3 * HOUR);
	lab->now = MOVED + DAY;
	casebook_tick(lab->office->casebook, MOVED + DAY);
	lab_tick(lab, MOVED + DAY + SECOND);
	assert_non_null(strstr(lab_thread_line(lab), "lab-a2@"));
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.closed\""));
	assert_non_null(
		strstr(lab_body_of(lab, lab_one), "cGVyc29uMUBvbmxpbmUu")); /* a file */
}

static void herald_gathers_what_comes_soon_after(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab_answer(lab, DELIVER_DONE, 250);
	lab_bounce(lab, 1, MOVED + 2 * SECOND);
	lab_bounce(lab, 2, MOVED + 3 * SECOND);
	assert_string_equal(lab_tick(lab, MOVED + 30 * SECOND), "");
	lab_tick(lab, MOVED + 31 * SECOND);
	assert_int_equal(lab->jobs_len, 3);
}

static void herald_survives_a_crash_at_any_time(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_stop(lab);
	lab_start(lab); /* before it was composed */
	lab_tick(lab, MOVED + SECOND);
	assert_int_equal(lab->jobs_len, 3);
	char *const before = strdup(lab_body_of(lab, lab_one));
	assert_non_null(before);
	lab_stop(lab);
	lab_start(lab); /* before it was known to have arrived */
	lab_tick(lab, MOVED + 2 * SECOND);
	assert_int_equal(lab->jobs_len, 3);
	assert_string_equal(lab_body_of(lab, lab_one), before);
	free(before);
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, MOVED + 3 * SECOND), "");
	lab_stop(lab);
	lab_start(lab);
	assert_string_equal(lab_tick(lab, MOVED + MINUTE), "");
}

static void herald_tries_again_and_stops_when_refused(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab_answer(lab, DELIVER_LATER, 451);
	lab->results[0].verdict = DELIVER_REFUSED; /* one@ */
	lab->results[0].code = 550;
	assert_string_equal(lab_tick(lab, MOVED + 2 * SECOND), "");
	assert_string_equal(lab_tick(lab, MOVED + 8 * SECOND), "chat - lab-a1; ");
	lab_answer(lab, DELIVER_DONE, 204);
	assert_string_equal(lab_tick(lab, MOVED + 20 * SECOND), "");
	assert_string_equal(
		lab_tick(lab, MOVED + 40 * SECOND), "team two@team.example lab-a2; ");
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + 50 * SECOND);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM handover WHERE state = 2"), 2);
	assert_int_equal(
		lab_count(lab, "SELECT code FROM handover WHERE state = 3"), 550);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM alert"), 2);
}

static void herald_heeds_when_it_is_asked_to_come_back(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab_answer(lab, DELIVER_LATER, 429);
	for (size_t i = 0; i < 3; i++)
		lab->results[i].retry_after_s = 600;
	lab_tick(lab, MOVED + 2 * SECOND);
	assert_string_equal(lab_tick(lab, MOVED + 600 * SECOND), "");
	lab_tick(lab, MOVED + 603 * SECOND);
	assert_int_equal(lab->jobs_len, 3);
}

static void herald_tells_the_fallback_when_nobody_was_reached(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab_answer(lab, DELIVER_REFUSED, 550);
	assert_string_equal(lab_tick(lab, MOVED + 2 * SECOND),
		"spare three@spare.example lab-a3; spare three@spare.example lab-a4; ");
	assert_non_null(strstr(lab_body_of(lab, lab_three), "online.de"));
	lab_answer(lab, DELIVER_REFUSED, 550);
	assert_string_equal(
		lab_tick(lab, MOVED + 3 * SECOND), ""); /* no end to it else */
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM alert"), 4);
}

static void herald_repeats_what_nobody_acknowledges(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_bounce(lab, 1, MOVED + 100);
	lab_bounce(lab, 2, MOVED + 200);
	lab_tick(lab, MOVED + 2 * SECOND);
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, MOVED + 4 * HOUR), "");
	lab_tick(lab, MOVED + 4 * HOUR + 40 * SECOND); /* notices it */
	lab_tick(lab, MOVED + 4 * HOUR + 42 * SECOND);
	assert_int_equal(lab->jobs_len, 3);
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.still\""));
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + 5 * HOUR);
	store_begin(lab->office->desk->fixture->store);
	incidents_ack(lab->office->desk->fixture->store, 1, MOVED + 5 * HOUR);
	fixture_commit(lab->office->desk->fixture, MOVED + 5 * HOUR);
	lab_tick(lab, MOVED + 9 * HOUR);
	assert_string_equal(lab_tick(lab, MOVED + 9 * HOUR + MINUTE), "");
}

/* A reminder that bounces would be one more reason for the next. */
static void herald_reminds_nobody_of_his_own_domain(void **state)
{
	struct lab *lab = *state;
	char own[] = "postmaster@online.de";
	char *to[] = {own};
	lab->channels[0].to = to;
	lab->channels[0].to_len = 1;
	lab_move(lab);
	lab_bounce(lab, 1, MOVED + 100);
	lab_bounce(lab, 2, MOVED + 200);
	lab_tick(lab, MOVED + 2 * SECOND);
	assert_int_equal(lab->jobs_len, 2);
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + 4 * HOUR + 40 * SECOND);
	lab_tick(lab, MOVED + 4 * HOUR + 42 * SECOND);
	assert_int_equal(lab->jobs_len, 1);
	assert_string_equal(lab->jobs[0].channel, "chat");
}

static void herald_composes_anew_without_who_was_forgotten(void **state)
{
	struct lab *lab = *state;
	struct fixture *const fixture = lab->office->desk->fixture;
	uint64_t rows;
	lab_move(lab);
	lab_bounce(lab, 1, MOVED + MINUTE);
	lab_bounce(lab, 2, MOVED + 2 * MINUTE);
	lab_tick(lab, MOVED + 3 * MINUTE);
	lab_answer(lab, DELIVER_DONE, 250);
	lab_tick(lab, MOVED + 4 * MINUTE);
	lab_close(lab, MOVED + HOUR);
	lab_tick(lab, MOVED + HOUR + SECOND);
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"incident.closed\""));
	assert_non_null(strstr(lab_body_of(lab, lab_one), "cGVyc29uMUBvbmxpbmUu"));
	lab_answer(lab, DELIVER_LATER, 451);
	lab_tick(lab, MOVED + HOUR + 2 * SECOND);
	store_begin(fixture->store);
	incidents_forget_domain(fixture->store, wire("online.de"), &rows);
	fixture_commit(fixture, MOVED + HOUR + 3 * SECOND);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM alert WHERE body IS NOT NULL"), 0);
	lab_tick(lab, MOVED + HOUR + 2 * MINUTE); /* composes */
	lab_tick(lab, MOVED + HOUR + 3 * MINUTE);
	lab_tick(lab, MOVED + HOUR + 3 * MINUTE + SECOND);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM alert WHERE body IS NOT NULL"), 2);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM alert"), 4);
	assert_int_equal(lab_count(lab,
				 "SELECT count(*) FROM alert WHERE"
				 " instr(CAST(body AS TEXT), 'cGVyc29uMUBvbmxpbmUu')"),
		0);
}

static void herald_waits_for_a_store_that_does_not_write(void **state)
{
	struct lab *lab = *state;
	struct fixture *const fixture = lab->office->desk->fixture;
	lab_move(lab);
	fixture_tamper(fixture,
		"CREATE TRIGGER full BEFORE INSERT ON handover BEGIN"
		" SELECT raise(ABORT, 'full'); END");
	desk_log(lab->office->desk);
	assert_string_equal(lab_tick(lab, MOVED + SECOND), "");
	assert_string_equal(lab_tick(lab, MOVED + 2 * SECOND), "");
	assert_int_equal(
		occurrences(desk_log(lab->office->desk), "alerts wait for the store"), 1);
	fixture_tamper(fixture, "DROP TRIGGER full");
	lab_tick(lab, MOVED + 3 * SECOND);
	assert_int_equal(lab->jobs_len, 3);
	fixture_tamper(fixture,
		"CREATE TRIGGER full BEFORE UPDATE ON handover BEGIN"
		" SELECT raise(ABORT, 'full'); END");
	lab_answer(lab, DELIVER_DONE, 250);
	assert_string_equal(lab_tick(lab, MOVED + 4 * SECOND), "");
	assert_string_equal(
		lab_tick(lab, MOVED + 5 * SECOND), ""); /* sent, not written */
	fixture_tamper(fixture, "DROP TRIGGER full");
	assert_string_equal(lab_tick(lab, MOVED + 6 * SECOND), "");
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM handover WHERE state = 2"), 3);
}

static void herald_gives_up_what_waits_for_a_channel_that_is_gone(void **state)
{
	struct lab *lab = *state;
	lab_move(lab);
	lab_tick(lab, MOVED + SECOND);
	lab->now = MOVED + 10 * SECOND;
	assert_int_equal(herald_configure(lab->herald, &lab->office->conf,
				 lab->channels + 1, 2, lab->now),
		0);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM handover WHERE state = 4"), 2);
	assert_int_equal(
		lab_count(lab, "SELECT count(*) FROM handover WHERE state = 1"), 1);
}

static void herald_tries_a_channel(void **state)
{
	struct lab *lab = *state;
	assert_int_equal(herald_test(lab->herald, "nobody", T0 + SECOND), 0);
	assert_int_equal(herald_test(lab->herald, "chat", T0 + SECOND), 1);
	assert_string_equal(lab_tick(lab, T0 + SECOND), "chat - lab-a1; ");
	assert_non_null(strstr(lab_body_of(lab, "-"), "\"mxvigil.test\""));
	lab_answer(lab, DELIVER_REFUSED, 404);
	assert_string_equal(lab_tick(lab, T0 + 2 * SECOND), "");
}

static void herald_says_nothing_without_channels(void **state)
{
	struct lab *lab = *state;
	assert_int_equal(
		herald_configure(lab->herald, &lab->office->conf, NULL, 0, T0), 0);
	lab_move(lab);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM incident"), 1);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM notice"), 0);
	assert_string_equal(lab_tick(lab, MOVED + MINUTE), "");
	lab->now = MOVED + HOUR;
	assert_int_equal(herald_configure(lab->herald, &lab->office->conf, lab->channels,
				 3, lab->now),
		0); /* who comes later is told of what goes on */
	lab_tick(lab, MOVED + HOUR + SECOND);
	assert_int_equal(lab->jobs_len, 3);
}

int main(void)
{
#define IN_LAB(test) cmocka_unit_test_setup_teardown(test, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		IN_LAB(herald_tells_of_a_suspicion_before_any_bounce),
		IN_LAB(herald_goes_on_in_the_thread_of_the_first),
		IN_LAB(herald_gathers_what_comes_soon_after),
		IN_LAB(herald_survives_a_crash_at_any_time),
		IN_LAB(herald_tries_again_and_stops_when_refused),
		IN_LAB(herald_heeds_when_it_is_asked_to_come_back),
		IN_LAB(herald_tells_the_fallback_when_nobody_was_reached),
		IN_LAB(herald_repeats_what_nobody_acknowledges),
		IN_LAB(herald_reminds_nobody_of_his_own_domain),
		IN_LAB(herald_composes_anew_without_who_was_forgotten),
		IN_LAB(herald_waits_for_a_store_that_does_not_write),
		IN_LAB(herald_gives_up_what_waits_for_a_channel_that_is_gone),
		IN_LAB(herald_tries_a_channel),
		IN_LAB(herald_says_nothing_without_channels),
	};
	return cmocka_run_group_tests_name("monitor/herald", tests, NULL, NULL);
}
