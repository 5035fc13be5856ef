/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/decide/decide.h"
#include "monitor/operators.h"
#include "resolvers/name.h"
#include "tests/monitor/decide/directory.h"

#define NOON INT64_C(1780315200000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define HOME "mx00.ionos.de."
#define ABROAD "aspmx.l.google.com."
#define STRANGER "mx.stranger.test."

static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];
static int64_t now;

static int make_detector(void **state)
{
	const struct decide_options options = {.operators = operators};
	(void)state;
	now = NOON;
	if (decide_create(&options, &decide) < 0 ||
		name_parse("expect.test.", domain) < 0)
		return -1;
	return decide_view(decide, "own", true, 60000);
}

static int drop_detector(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static void answer(const char *exchange)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	now += HOUR_MS;
	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer told = {.domain = domain,
		.at = now,
		.not_before_at = now - 60000,
		.state = ANSWER_MX,
		.set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
}

static void accept_mail(const char *host, int mails, int64_t step)
{
	for (int i = 0; i < mails; i++) {
		const struct decide_delivery delivery = {.domain = domain,
			.at = now += step,
			.outcome = DELIVERY_DELIVERED,
			.remote = true,
			.accepted_before = true,
			.relay_host = host,
			.relay_ip = ""};
		assert_int_equal(decide_delivery(decide, &delivery), 0);
	}
}

static void expect(const char *name, int64_t until)
{
	const struct decide_expectation expectation = {
		.domain = domain,
		.operators = &name,
		.operators_len = name != NULL ? 1 : 0,
		.until_at = until,
	};
	assert_int_equal(decide_expect(decide, &expectation), 0);
}

struct taken {
	struct incident last;
	unsigned count;
};

static int take(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	struct taken *taken = owner;
	(void)serial;
	(void)recipients;
	(void)len;
	taken->last = *incident;
	taken->count++;
	return 0;
}

static struct taken take_all(void)
{
	struct taken taken = {.count = 0};
	assert_int_equal(decide_take(decide, take, &taken), 0);
	return taken;
}

static void assert_suspected(void)
{
	const struct taken taken = take_all();
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.last.kind, INCIDENT_TRANSIENT_MOVE);
	assert_int_equal(taken.last.state, INCIDENT_SUSPECTED);
	assert_int_equal(taken.last.severity_now, SEVERITY_WARNING);
	assert_int_equal(taken.last.suspected_at, now);
}

static void assert_no_suspicion(void)
{
	const struct taken taken = take_all();
	if (taken.count == 0)
		return;
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.last.kind, INCIDENT_MIGRATION);
	assert_int_equal(taken.last.kind_at_open, INCIDENT_MIGRATION);
	assert_int_equal(taken.last.severity, SEVERITY_INFO);
}

static void expect_nothing_said_is_a_suspicion(void **state)
{
	(void)state;
	answer(HOME);
	assert_int_equal(take_all().count, 0);
	answer(ABROAD);
	assert_suspected();
}

static void expect_planned_change_is_none(void **state)
{
	(void)state;
	answer(HOME);
	expect("google", now + DAY_MS);
	answer(ABROAD);
	assert_no_suspicion();
}

static void expect_any_planned_change_is_none(void **state)
{
	(void)state;
	answer(HOME);
	expect(NULL, now + DAY_MS);
	answer(STRANGER);
	assert_no_suspicion();
}

static void expect_change_to_another_is_a_suspicion(void **state)
{
	(void)state;
	answer(HOME);
	expect("google", now + DAY_MS);
	answer(STRANGER);
	assert_suspected();
}

static void expect_plan_ends(void **state)
{
	(void)state;
	answer(HOME);
	expect("google", now + DAY_MS);
	now += 2 * DAY_MS;
	answer(ABROAD);
	assert_suspected();
}

static void expect_forgotten_plan_is_none(void **state)
{
	const struct decide_expectation nothing = {.domain = domain, .nothing = true};
	(void)state;
	answer(HOME);
	expect("google", now + DAY_MS);
	assert_int_equal(decide_expect(decide, &nothing), 0);
	answer(ABROAD);
	assert_suspected();
}

static void expect_right_operators_are_home(void **state)
{
	(void)state;
	expect("ionos", 0);
	expect("google", 0);
	answer(HOME);
	answer(ABROAD);
	answer(HOME);
	const struct taken taken = take_all();
	assert_true(taken.count == 0 || taken.last.kind == INCIDENT_ROTATION);
}

static void expect_first_answer_may_be_wrong(void **state)
{
	(void)state;
	expect("ionos", 0);
	answer(STRANGER);
	assert_suspected();
}

/* What was learnt before somebody said what is right is not right for that. */
static void expect_says_more_than_the_past(void **state)
{
	(void)state;
	answer(STRANGER);
	expect("ionos", 0);
	assert_int_equal(take_all().count, 0);
	assert_int_equal(decide_advance(decide, now), 0);
	assert_suspected();
}

static void expect_takes_all_that_is_said_together(void **state)
{
	(void)state;
	answer(ABROAD);
	expect("ionos", 0);
	expect("google", 0);
	assert_int_equal(decide_advance(decide, now + HOUR_MS), 0);
	assert_int_equal(take_all().count, 0);
}

/* A host that takes mail for days is the domain's own, unless people know better. */
static void expect_is_not_learnt_over(void **state)
{
	(void)state;
	expect("ionos", 0);
	answer(HOME);
	accept_mail("mx.stranger.test", 50, HOUR_MS);
	answer(STRANGER);
	assert_suspected();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_detector, drop_detector)
	const struct CMUnitTest tests[] = {
		TEST(expect_nothing_said_is_a_suspicion),
		TEST(expect_planned_change_is_none),
		TEST(expect_any_planned_change_is_none),
		TEST(expect_change_to_another_is_a_suspicion),
		TEST(expect_plan_ends),
		TEST(expect_forgotten_plan_is_none),
		TEST(expect_right_operators_are_home),
		TEST(expect_first_answer_may_be_wrong),
		TEST(expect_says_more_than_the_past),
		TEST(expect_takes_all_that_is_said_together),
		TEST(expect_is_not_learnt_over),
	};
	return cmocka_run_group_tests(tests, make_operators, drop_operators);
}
