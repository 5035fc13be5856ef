/* SPDX-License-Identifier: MIT */
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
#define DOMAINS 40

static struct operators *operators;
static struct decide *decide;
static int64_t now;

static int make_operators(void **state)
{
	if (transcript_setup(state) < 0)
		return -1;
	operators = *state;
	return 0;
}

static const uint8_t *domain(int number)
{
	static uint8_t name[NAME_WIRE_MAX];
	char text[32];
	snprintf(text, sizeof text, "d%02d.test.", number);
	assert_int_equal(name_parse(text, name), 0);
	return name;
}

static void mail(int number, const char *host, bool taken)
{
	const struct decide_delivery delivery = {.domain = domain(number),
		.at = now,
		.outcome = taken ? DELIVERY_DELIVERED : DELIVERY_DEFERRED,
		.reason = taken ? REASON_NONE : REASON_NETWORK,
		.remote = taken,
		.fresh = true,
		.relay_host = host,
		.relay_ip = ""};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

/* A mail to each of the domains, all at the same hosts. */
static void round_of(int from, int to, bool taken)
{
	now += MINUTE_MS;
	for (int i = from; i < to; i++)
		mail(i, "mx1.hoster.test", taken);
}

/* The domains are known, and have had mail for some days. */
static int setup(void **state)
{
	const struct decide_options options = {.operators = operators};
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	(void)state;
	now = NOON;
	if (decide_create(&options, &decide) < 0 ||
		decide_view(decide, "own", true, MINUTE_MS) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			name_parse(
				i == 0 ? "mx1.hoster.test." : "mx2.hoster.test.", name),
			0);
		assert_int_equal(mxset_add(&set, (uint16_t)(10 + i), name), 0);
	}
	for (int i = 0; i < DOMAINS; i++) {
		const struct decide_answer told = {
			.domain = domain(i), .at = now, .state = ANSWER_MX, .set = &set};
		assert_int_equal(decide_answer(decide, &told), 0);
	}
	mxset_finish(&set);
	for (int i = 0; i < 100; i++) {
		now += HOUR_MS;
		round_of(0, DOMAINS, true);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static size_t count_open(void)
{
	size_t open = 0;
	for (size_t i = 0; i < decide->affairs_len; i++)
		open += decide->affairs[i]->state != INCIDENT_CLOSED;
	return open;
}

static void hoster_outage_is_one_incident(void **state)
{
	char text[AFFAIR_TEXT];
	(void)state;
	for (int i = 0; i < 20; i++)
		round_of(0, DOMAINS, false);
	assert_int_equal(decide->affairs_len, 1);
	const struct affair *affair = decide->affairs[0];
	assert_int_equal(affair->kind, INCIDENT_RECEIVER_OUTAGE);
	assert_int_equal(affair->severity, SEVERITY_INFO);
	assert_int_equal(affair->siblings, DOMAINS - 1);
	assert_int_equal(affair->deferrals, 20 * DOMAINS);
	words_summary(affair, text);
	assert_non_null(strstr(text, "d00.test and 39 more at the same hosts"));
	const char *said = NULL;
	for (unsigned i = 0; i < affair->proofs_len; i++)
		if (strcmp(affair->proofs[i].name, "same-hosts") == 0)
			said = affair->proofs[i].text;
	if (said == NULL)
		fail_msg("the others are not named");
	assert_string_equal(said,
		"these take no mail there either: d01.test, d02.test, d03.test, "
		"d04.test, "
		"d05.test and 34 more");
	now += HOUR_MS;
	for (int i = 0; i < 5; i++)
		round_of(0, DOMAINS, true);
	assert_int_equal(count_open(), 0);
	assert_int_equal(decide->affairs_len, 1);
}

/* Hosts that take the mail of others are not out: each domain has its own trouble. */
static void hoster_that_takes_mail_has_no_outage(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		round_of(0, 3, false);
		round_of(3, 4, true);
	}
	assert_int_equal(count_open(), 3);
}

/* The backup host may be the one that does. */
static void hoster_with_a_backup_that_works_has_none(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		round_of(0, 3, false);
		mail(3, "mx2.hoster.test", true);
	}
	assert_int_equal(count_open(), 3);
}

/* Whoever is still stuck when the others are not has an incident of his own. */
static void hoster_that_is_back_leaves_the_rest(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		round_of(0, DOMAINS, false);
	now += HOUR_MS;
	for (int i = 0; i < 10; i++) {
		round_of(0, DOMAINS - 1, true);
		round_of(DOMAINS - 1, DOMAINS, false);
	}
	assert_int_equal(count_open(), 1);
	const struct affair *rest = decide->affairs[decide->affairs_len - 1];
	assert_int_equal(rest->state, INCIDENT_OPEN);
	assert_true(name_equal(rest->subject->domain, domain(DOMAINS - 1)));
}

static void hoster_outage_of_others_is_another(void **state)
{
	(void)state;
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse("mx1.elsewhere.test.", name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer told = {
		.domain = domain(77), .at = now, .state = ANSWER_MX, .set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
	for (int i = 0; i < 100; i++) {
		now += HOUR_MS;
		mail(77, "mx1.elsewhere.test", true);
	}
	for (int i = 0; i < 20; i++) {
		round_of(0, 3, false);
		mail(77, "mx1.elsewhere.test", false);
	}
	assert_int_equal(count_open(), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(hoster_outage_is_one_incident),
		TEST(hoster_that_takes_mail_has_no_outage),
		TEST(hoster_with_a_backup_that_works_has_none),
		TEST(hoster_that_is_back_leaves_the_rest),
		TEST(hoster_outage_of_others_is_another),
	};
	return cmocka_run_group_tests_name(
		"decide/hoster", tests, make_operators, transcript_teardown);
}
