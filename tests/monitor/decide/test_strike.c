/* SPDX-License-Identifier: MIT */
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
#define STRANGER 1000 /* and beyond: had no mail before */
#define NONE ((enum incident_kind)0)

static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];
static int64_t now;
static unsigned strangers;

static void mail(unsigned person, bool bounced)
{
	uint8_t hash[INCIDENT_HASH] = {0};
	memcpy(hash, &person, sizeof person);
	const struct decide_delivery delivery = {.domain = domain,
		.at = now += 5 * MINUTE_MS,
		.outcome = bounced ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
		.reason = bounced ? REASON_USER_UNKNOWN : REASON_NONE,
		.remote = true,
		.accepted_before = person < STRANGER,
		.hash = hash,
		.relay_host = "mx.home.test",
		.relay_ip = ""};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

/* A week of ordinary mail: one in twenty-five is to a stranger, and one in 150 is unknown. */
static int make_detector(void **state)
{
	const struct decide_options options = {.operators = operators};
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	(void)state;
	if (decide_create(&options, &decide) < 0 ||
		name_parse("strike.test.", domain) < 0 ||
		name_parse("mx.home.test.", name) < 0 || mxset_add(&set, 10, name) < 0)
		return -1;
	const struct decide_answer told = {
		.domain = domain, .at = NOON, .state = ANSWER_MX, .set = &set};
	now = NOON;
	strangers = STRANGER;
	if (decide_view(decide, "own", true, MINUTE_MS) != 0 ||
		decide_answer(decide, &told) < 0)
		return -1;
	mxset_finish(&set);
	for (unsigned i = 1; i <= 840; i++) {
		mail(i % 25 == 0 ? strangers++ : i % 200, i % 150 == 0);
		now += 7 * MINUTE_MS;
	}
	return 0;
}

static int drop_detector(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static int take(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	(void)serial;
	(void)recipients;
	(void)len;
	*(enum incident_kind *)owner = incident->kind;
	return 0;
}

/* What is made of mail that is delivered to a recipient who had some before (K) or had none (G),
 * or is not, to another each time (k, B) or to one and the same who had some before (r). */
static enum incident_kind kind_of(const char *mails)
{
	enum incident_kind kind = NONE;
	for (unsigned i = 0; mails[i] != '\0'; i++) {
		const bool known = strchr("Kkr", mails[i]) != NULL;
		const bool bounced = strchr("Bkr", mails[i]) != NULL;
		mail(mails[i] == 'r' ? 300 : known ? i % 200 : strangers++, bounced);
	}
	assert_int_equal(decide_take(decide, take, &kind), 0);
	return kind;
}

static void strike_crowd_that_bounces_is_a_list(void **state)
{
	(void)state;
	assert_int_equal(kind_of("GGBGGGKBGGKGBGGKBGG"), INCIDENT_LIST_QUALITY);
}

static void strike_as_many_bounces_without_a_crowd_are_none(void **state)
{
	(void)state;
	assert_int_equal(kind_of("KKBKKKKBKKKKBKKKBKK"), NONE);
}

static void strike_crowd_alone_is_none(void **state)
{
	(void)state;
	assert_int_equal(kind_of("GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG"), NONE);
	/* A few of any list are unknown. */
	assert_int_equal(kind_of("BGGGGGGGGGGGGGGGGGGGGGBGGGGGGGGGGGGGGGGGGGGBGG"), NONE);
}

static void strike_crowd_makes_no_fault(void **state)
{
	(void)state;
	assert_int_equal(kind_of("GGGGGGGGGGGGGGGGGGkGGGGGkGGGGGGGGkGGGGGG"), NONE);
}

static void strike_crowd_that_is_over_counts_no_more(void **state)
{
	(void)state;
	assert_int_equal(kind_of("GGGGGGGGGGGGGGGGGGGGGGGG"), NONE);
	assert_int_equal(
		kind_of("KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"),
		NONE);
	assert_int_equal(kind_of("KKBKKKKBKKKKBKKKBKK"), NONE);
}

static void strike_closed_mailbox_is_no_fault(void **state)
{
	(void)state;
	assert_int_equal(kind_of("rKrrKrKrrrKrrrrrrrrrrrr"), NONE);
}

static void strike_many_known_recipients_are_a_fault(void **state)
{
	(void)state;
	assert_int_equal(kind_of("kKkkKkKkk"), INCIDENT_RECEIVER_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(strike_crowd_that_bounces_is_a_list,
			make_detector, drop_detector),
		cmocka_unit_test_setup_teardown(
			strike_as_many_bounces_without_a_crowd_are_none, make_detector,
			drop_detector),
		cmocka_unit_test_setup_teardown(
			strike_crowd_alone_is_none, make_detector, drop_detector),
		cmocka_unit_test_setup_teardown(
			strike_crowd_makes_no_fault, make_detector, drop_detector),
		cmocka_unit_test_setup_teardown(strike_crowd_that_is_over_counts_no_more,
			make_detector, drop_detector),
		cmocka_unit_test_setup_teardown(
			strike_closed_mailbox_is_no_fault, make_detector, drop_detector),
		cmocka_unit_test_setup_teardown(strike_many_known_recipients_are_a_fault,
			make_detector, drop_detector),
	};
	return cmocka_run_group_tests(tests, make_operators, drop_operators);
}
