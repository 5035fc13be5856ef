/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/decide.h"
#include "resolvers/name.h"
#include "tests/monitor/decide/directory.h"

#define NOON INT64_C(1780315200000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];

static int make_detector(void **state)
{
	const struct decide_options options = {.operators = operators};
	(void)state;
	if (decide_create(&options, &decide) < 0 ||
		name_parse("engine.test.", domain) < 0)
		return -1;
	return decide_view(decide, "own", true, MINUTE_MS);
}

static int drop_detector(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static void answer(const char *exchange, int64_t at)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer told = {
		.domain = domain, .at = at, .state = ANSWER_MX, .set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
}

static void mail(const char *host, unsigned person, bool bounced, int64_t at)
{
	uint8_t hash[INCIDENT_HASH] = {0};
	memcpy(hash, &person, sizeof person);
	const struct decide_delivery delivery = {.domain = domain,
		.at = at,
		.outcome = bounced ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
		.reason = bounced ? REASON_USER_UNKNOWN : REASON_NONE,
		.remote = true,
		.accepted_before = true,
		.hash = hash,
		.relay_host = host,
		.relay_ip = ""};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

/* A few days of mail at home; the time when they end. */
static int64_t live(void)
{
	int64_t at = NOON;
	answer("mx.home.test.", at);
	for (unsigned i = 0; i < 600; i++)
		mail("mx.home.test", i % 40, false, at += 10 * MINUTE_MS);
	return at;
}

struct taken {
	uint64_t serial;
	int64_t number;
	enum incident_kind kind;
	enum incident_state state;
	int64_t closed_at;
	uint64_t bounces;
	size_t recipients;
	unsigned count;
	int refuse; /* what to return */
};

static int take(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	struct taken *taken = owner;
	(void)recipients;
	taken->serial = serial;
	taken->number = incident->number;
	taken->kind = incident->kind;
	taken->state = incident->state;
	taken->closed_at = incident->closed_at;
	taken->bounces = incident->bounces;
	taken->recipients = len;
	taken->count++;
	return taken->refuse;
}

static struct taken take_all(int refuse)
{
	struct taken taken = {.refuse = refuse};
	assert_int_equal(decide_take(decide, take, &taken), refuse);
	return taken;
}

static void engine_views_are_known_by_name(void **state)
{
	char name[16];
	(void)state;
	assert_int_equal(decide_view(decide, "own", true, MINUTE_MS), 0);
	for (int i = 1; i < DECIDE_VIEWS_MAX; i++) {
		snprintf(name, sizeof name, "view%d", i);
		assert_int_equal(decide_view(decide, name, false, MINUTE_MS), i);
	}
	assert_int_equal(decide_view(decide, "one-more", false, MINUTE_MS), -ENOSPC);
	assert_int_equal(decide_view(decide, "view7", false, MINUTE_MS), 7);
}

static void engine_hands_out_what_has_changed(void **state)
{
	int64_t at = live();
	(void)state;
	assert_int_equal(take_all(0).count, 0);
	for (unsigned i = 0; i < 6; i++)
		mail("mx.home.test", i, true, at += MINUTE_MS);
	const struct taken first = take_all(0);
	assert_int_equal(first.count, 1);
	assert_int_equal(first.kind, INCIDENT_RECEIVER_FAULT);
	assert_int_equal(first.number, 0);
	assert_int_equal(first.bounces, 6);
	assert_int_equal(first.recipients, 6);
	assert_int_equal(take_all(0).count, 0);
	decide_set_number(decide, first.serial, 77);
	mail("mx.home.test", 5, true, at += MINUTE_MS);
	mail("mx.home.test", 6, true, at += MINUTE_MS);
	const struct taken second = take_all(0);
	assert_int_equal(second.serial, first.serial);
	assert_int_equal(second.number, 77);
	assert_int_equal(second.bounces, 8);
	assert_int_equal(second.recipients, 2); /* the others did not change */
}

static void engine_comes_again_with_what_was_refused(void **state)
{
	int64_t at = live();
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		mail("mx.home.test", i, true, at += MINUTE_MS);
	assert_int_equal(take_all(-EBUSY).count, 1);
	const struct taken again = take_all(0);
	assert_int_equal(again.count, 1);
	assert_int_equal(again.recipients, 6);
	assert_int_equal(take_all(0).count, 0);
}

static void engine_closes_what_people_close(void **state)
{
	int64_t at = live();
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		mail("mx.home.test", i, true, at += MINUTE_MS);
	decide_set_number(decide, take_all(0).serial, 12);
	assert_int_equal(decide_totals(decide).open, 1);
	decide_close(decide, 13, at); /* another one */
	assert_int_equal(decide_totals(decide).open, 1);
	decide_close(decide, 12, at + 5);
	assert_int_equal(decide_totals(decide).open, 0);
}

/* An old log that is read late teaches, and raises nothing. */
static void engine_is_not_alarmed_by_the_past(void **state)
{
	const int64_t at = live();
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		mail("mx.home.test", i, true, at - DECIDE_LATE_MS - DAY_MS + i);
	assert_int_equal(take_all(0).count, 0);
	for (unsigned i = 0; i < 20; i++)
		mail("mx.home.test", i, true, at - HOUR_MS + i);
	assert_int_equal(take_all(0).count, 1);
}

static void engine_time_alone_ends_things(void **state)
{
	const int64_t at = live();
	(void)state;
	answer("mx.stranger.test.", at + MINUTE_MS);
	assert_int_equal(take_all(0).state, INCIDENT_SUSPECTED);
	answer("mx.home.test.", at + HOUR_MS);
	assert_int_equal(take_all(0).state, INCIDENT_REVERTED);
	assert_int_equal(decide_advance(decide, at + 4 * HOUR_MS - 1), 0);
	assert_int_equal(take_all(0).count, 0);
	assert_int_equal(decide_advance(decide, at + 2 * DAY_MS), 0);
	const struct taken last = take_all(0);
	assert_int_equal(last.state, INCIDENT_CLOSED);
	assert_int_equal(last.kind, INCIDENT_TRANSIENT_MOVE);
	/* When it was due, not when somebody looked. */
	assert_int_equal(last.closed_at, at + 4 * HOUR_MS);
}

static void engine_counts_what_it_knows(void **state)
{
	(void)state;
	live();
	const struct decide_totals totals = decide_totals(decide);
	assert_int_equal(totals.domains, 1);
	assert_int_equal(totals.open, 0);
	assert_float_equal((float)totals.expected_false_alarms, 12, 1e-6F);
	assert_false(totals.relays_void);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_detector, drop_detector)
	const struct CMUnitTest tests[] = {
		TEST(engine_views_are_known_by_name),
		TEST(engine_hands_out_what_has_changed),
		TEST(engine_comes_again_with_what_was_refused),
		TEST(engine_closes_what_people_close),
		TEST(engine_is_not_alarmed_by_the_past),
		TEST(engine_time_alone_ends_things),
		TEST(engine_counts_what_it_knows),
	};
	return cmocka_run_group_tests(tests, make_operators, drop_operators);
}
