/* SPDX-License-Identifier: MIT */
/* What becomes of a move that was over; stories_moved.py tells the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"
#include "tests/monitor/decide/transcript.h"

#define NOON INT64_C(1780315200000)
#define HOME "mx.home.test"
#define AWAY "mx.stranger.test"
#define THIRD "mx.third.test"

static struct operators *operators;
static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];
static int64_t now;

static int make_operators(void **state)
{
	if (transcript_setup(state) < 0)
		return -1;
	operators = *state;
	return 0;
}

static int make_detector(void **state)
{
	const struct decide_options options = {.operators = operators};
	(void)state;
	now = NOON;
	if (decide_create(&options, &decide) < 0 || name_parse("move.test.", domain) < 0)
		return -1;
	return decide_view(decide, "own", true, MINUTE_MS);
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
	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer told = {.domain = domain,
		.at = now,
		.not_before_at = now - MINUTE_MS,
		.state = ANSWER_MX,
		.set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
}

static void mail(const char *host, unsigned person, bool bounced)
{
	uint8_t hash[INCIDENT_HASH] = {0};
	memcpy(hash, &person, sizeof person);
	const struct decide_delivery delivery = {.domain = domain,
		.at = now,
		.outcome = bounced ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
		.reason = bounced ? REASON_USER_UNKNOWN : REASON_NONE,
		.remote = true,
		.accepted_before = true,
		.hash = hash,
		.relay_host = host,
		.relay_ip = ""};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

static void mails(const char *host, unsigned count, bool bounced)
{
	for (unsigned i = 0; i < count; i++, now += 10 * MINUTE_MS)
		mail(host, i % 40, bounced);
}

/* A few days of mail at home. */
static void live(void)
{
	answer(HOME);
	mails(HOME, 600, false);
}

static size_t count(void)
{
	return decide->affairs_len;
}

static struct affair *latest(void)
{
	return decide->affairs[decide->affairs_len - 1];
}

static const char *kind(void)
{
	return incident_kind_name(latest()->kind);
}

static void close_by_hand(void)
{
	struct affair *affair = latest();
	decide_set_number(decide, affair->serial, (int64_t)affair->serial);
	decide_close(decide, affair->number, now);
	assert_int_equal(affair->state, INCIDENT_CLOSED);
}

static void hijack_and_close(void)
{
	live();
	answer(AWAY);
	mails(AWAY, 4, true);
	assert_string_equal(kind(), "transient-hijack");
	assert_int_equal(latest()->state, INCIDENT_OPEN);
	close_by_hand();
}

/* --- closed by hand --- */

/* Who closed it knows of it: what goes on is no news for a day. */
static void move_closed_by_hand_stays_closed(void **state)
{
	(void)state;
	hijack_and_close();
	mails(AWAY, 120, true); /* 20 hours */
	assert_int_equal(count(), 1);
	assert_int_equal(latest()->state, INCIDENT_CLOSED);
	mails(AWAY, 60, true);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-hijack");
}

static void move_closed_by_hand_comes_with_another_change(void **state)
{
	(void)state;
	hijack_and_close();
	mails(AWAY, 3, true);
	answer(HOME);
	mails(HOME, 3, false);
	assert_int_equal(count(), 1);
	answer(AWAY);
	mails(AWAY, 4, true);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-hijack");
	assert_int_equal(latest()->state, INCIDENT_OPEN);
}

static void move_closed_by_hand_comes_with_another_wave(void **state)
{
	(void)state;
	hijack_and_close();
	now += 7 * HOUR_MS;
	mails(AWAY, 4, true);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-hijack");
}

static void move_closed_by_hand_comes_elsewhere(void **state)
{
	(void)state;
	hijack_and_close();
	mails(THIRD, 4, true);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-hijack");
	assert_string_equal(latest()->to[0]->name, "third.test");
}

/* Nobody had bounced when it was closed: that people do now is news. */
static void move_closed_by_hand_comes_with_first_bounces(void **state)
{
	(void)state;
	live();
	answer(AWAY);
	assert_string_equal(kind(), "transient-move");
	now += MINUTE_MS;
	close_by_hand();
	mails(AWAY, 4, true);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-hijack");
}

/* --- another move --- */

static void move_after_a_migration_is_another(void **state)
{
	(void)state;
	live();
	answer(AWAY);
	const int64_t moved_at = now;
	mails(AWAY, 432, false);
	for (; latest()->state != INCIDENT_CLOSED; now += MINUTE_MS)
		assert_int_equal(decide_advance(decide, now), 0);
	assert_string_equal(kind(), "migration");
	assert_true(now - moved_at < 4 * DAY_MS);
	now += HOUR_MS;
	answer(THIRD);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-move");
	assert_string_equal(latest()->from[0]->name, "stranger.test");
	assert_int_equal(latest()->to_len, 1);
	mails(THIRD, 4, true);
	assert_string_equal(kind(), "transient-hijack");
}

static void move_after_a_parking_is_another(void **state)
{
	(void)state;
	live();
	answer("mx.sedoparking.com");
	mails("mx.sedoparking.com", 3, true);
	assert_string_equal(kind(), "expiry");
	answer(HOME);
	while (latest()->state != INCIDENT_CLOSED)
		mails(HOME, 1, false);
	now += HOUR_MS;
	answer(AWAY);
	assert_int_equal(count(), 2);
	assert_string_equal(kind(), "transient-move");
}

/* The set that the domain had before the move is what it comes from, not one of long ago. */
static void move_comes_from_where_the_domain_was(void **state)
{
	static const char *const right[] = {"home.test", "other.test"};
	(void)state;
	live();
	const struct decide_expectation expectation = {
		.domain = domain, .operators = right, .operators_len = 2};
	assert_int_equal(decide_expect(decide, &expectation), 0);
	answer("mx.other.test");
	now += HOUR_MS;
	answer(HOME);
	now += HOUR_MS;
	answer(AWAY);
	assert_string_equal(kind(), "transient-move");
	assert_int_equal(latest()->from_len, 1);
	assert_string_equal(latest()->from[0]->name, "home.test");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_detector, drop_detector)
	const struct CMUnitTest tests[] = {
		TEST(move_closed_by_hand_stays_closed),
		TEST(move_closed_by_hand_comes_with_another_change),
		TEST(move_closed_by_hand_comes_with_another_wave),
		TEST(move_closed_by_hand_comes_elsewhere),
		TEST(move_closed_by_hand_comes_with_first_bounces),
		TEST(move_after_a_migration_is_another),
		TEST(move_after_a_parking_is_another),
		TEST(move_comes_from_where_the_domain_was),
	};
	return cmocka_run_group_tests_name(
		"decide/move", tests, make_operators, transcript_teardown);
}
