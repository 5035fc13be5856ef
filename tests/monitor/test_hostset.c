/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/hostset.h"
#include "tests/storage/fixture.h"

#define DAY (24 * HOUR)

static int set_up(void **state)
{
	struct hostset *set;

	assert_int_equal(hostset_create(&set), 0);
	*state = set;
	return 0;
}

static int tear_down(void **state)
{
	hostset_destroy(*state);
	return 0;
}

static void answer(
	struct hostset *set, int64_t point, const char *text, bool haste, int64_t now)
{
	struct mxset hosts = set_of(text);

	assert_int_equal(hostset_answer(set, point, &hosts, haste, now), 0);
	mxset_finish(&hosts);
}

/* Deals with all that wait, as who polls them would; returns how many. */
static size_t deal(struct hostset *set, int64_t now, size_t *ret_hasty)
{
	struct hostset_host *host;
	size_t len = 0;

	*ret_hasty = 0;
	for (; (host = hostset_take(set)) != NULL; len++) {
		*ret_hasty += host->looked_at && host->haste;
		host->looked_at = hostset_is_wanted(host, now);
		host->haste = false;
	}
	return len;
}

static void hostset_gives_each_host_once(void **state)
{
	struct hostset *set = *state;
	size_t hasty;

	for (int64_t point = 1; point <= 1000; point++)
		answer(set, point, "10 mx1.example. 20 mx2.example.", false, T0);
	answer(set, 1001, "10 mx2.example. 10 mx3.example.", false, T0);
	answer(set, 1002, "10 mx3.example. 20 mx3.example.", false, T0);
	assert_int_equal(hostset_len(set), 3);
	assert_int_equal(deal(set, T0, &hasty), 3);
	assert_int_equal(hasty, 0);
	answer(set, 1003, "5 mx1.example.", false, T0 + 1);
	assert_int_equal(deal(set, T0 + 1, &hasty), 0);
	assert_int_equal(hostset_get(set, wire("mx1.example"))->named, 1001);
	assert_int_equal(hostset_get(set, wire("mx3.example"))->named, 2);
}

static void hostset_takes_the_root_for_no_host(void **state)
{
	struct hostset *set = *state;
	size_t hasty;

	answer(set, 1, "0 .", false, T0);
	answer(set, 2, "0 . 10 mx.example.", false, T0);
	assert_int_equal(deal(set, T0, &hasty), 1);
	assert_int_equal(hostset_len(set), 1);
}

static void hostset_hastens_at_a_change(void **state)
{
	struct hostset *set = *state;
	size_t hasty;

	answer(set, 1, "10 mx1.example.", false, T0);
	answer(set, 2, "10 mx2.example.", false, T0);
	assert_int_equal(deal(set, T0, &hasty), 2);
	answer(set, 1, "10 mx1.example. 20 mx2.example.", true, T0 + HOUR);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 2);
	assert_int_equal(hasty, 2);
	/* a thousand domains that move together do not ask a thousand times */
	answer(set, 3, "10 mx2.example.", true, T0 + HOUR + HOSTSET_AGAIN_MS - 1);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 0);
	/* but the last of them is not forgotten */
	hostset_sweep(set, T0 + HOUR + HOSTSET_AGAIN_MS - 1);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 0);
	hostset_sweep(set, T0 + HOUR + HOSTSET_AGAIN_MS);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 1);
	assert_int_equal(hasty, 1);
	hostset_sweep(set, T0 + HOUR + 2 * HOSTSET_AGAIN_MS);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 0);
}

static void hostset_lets_go_of_who_is_not_named(void **state)
{
	struct hostset *set = *state;
	size_t hasty;

	answer(set, 1, "10 mx1.example.", false, T0);
	answer(set, 2, "10 mx1.example.", false, T0);
	assert_int_equal(deal(set, T0, &hasty), 1);
	answer(set, 1, "10 mx2.example.", true, T0 + HOUR);
	assert_int_equal(deal(set, T0 + HOUR, &hasty), 1);
	hostset_sweep(set, T0 + HOUR + 2 * DAY);
	assert_int_equal(deal(set, T0 + 2 * DAY, &hasty), 0); /* point 2 still names it */
	answer(set, 2, "", false, T0 + 2 * DAY);
	hostset_sweep(set, T0 + 3 * DAY - 1);
	assert_int_equal(deal(set, T0 + 3 * DAY - 1, &hasty), 0);
	hostset_sweep(set, T0 + 3 * DAY);
	hostset_sweep(set, T0 + 3 * DAY);
	assert_int_equal(deal(set, T0 + 3 * DAY, &hasty), 1);
	assert_false(hostset_get(set, wire("mx1.example"))->looked_at);
	assert_true(hostset_get(set, wire("mx2.example"))->looked_at);
	/* and takes it up again */
	answer(set, 7, "10 mx1.example.", false, T0 + 4 * DAY);
	assert_int_equal(deal(set, T0 + 4 * DAY, &hasty), 1);
	assert_true(hostset_get(set, wire("mx1.example"))->looked_at);
}

static void hostset_takes_back_what_could_not_be_done(void **state)
{
	struct hostset *set = *state;
	size_t hasty;

	answer(set, 1, "10 mx1.example.", false, T0);
	struct hostset_host *host = hostset_take(set);
	assert_non_null(host);
	assert_null(hostset_take(set));
	hostset_put_back(set, host);
	hostset_put_back(set, host);
	assert_int_equal(deal(set, T0, &hasty), 1);
}

/* The same answer of a point again is no other. */
static void hostset_counts_a_point_once(void **state)
{
	struct hostset *set = *state;

	for (int i = 0; i < 3; i++)
		answer(set, 5, "10 mx1.example.", false, T0 + i);
	assert_int_equal(hostset_get(set, wire("mx1.example"))->named, 1);
	answer(set, 5, "", false, T0 + 9);
	assert_int_equal(hostset_get(set, wire("mx1.example"))->named, 0);
	assert_true(hostset_get(set, wire("mx1.example"))->unnamed_at == T0 + 9);
}

static void hostset_grows(void **state)
{
	struct hostset *set = *state;
	char text[64];
	size_t hasty;

	for (int64_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "10 mx%d.example. 10 mx%d.example.", (int)i,
			(int)(i + 1));
		answer(set, 3 * i, text, false, T0);
	}
	assert_int_equal(hostset_len(set), 5001);
	assert_int_equal(deal(set, T0, &hasty), 5001);
	assert_int_equal(hostset_get(set, wire("mx0.example"))->named, 1);
	assert_int_equal(hostset_get(set, wire("mx77.example"))->named, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			hostset_gives_each_host_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			hostset_takes_the_root_for_no_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			hostset_hastens_at_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			hostset_lets_go_of_who_is_not_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			hostset_takes_back_what_could_not_be_done, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			hostset_counts_a_point_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostset_grows, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
