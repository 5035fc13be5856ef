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
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define HOME "mx00.ionos.de"
#define ABROAD "mx01.mail.icloud.com"

enum {
	OWN,
	IDLE, /* looks at nothing, where a test does not say so */
};

static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];
static int64_t now;

static int make_detector(void **state)
{
	const struct decide_options options = {.operators = operators};
	(void)state;
	now = NOON;
	if (decide_create(&options, &decide) < 0 ||
		name_parse("rules.test.", domain) < 0 ||
		decide_view(decide, "own", true, MINUTE_MS) != OWN)
		return -1;
	return decide_view(decide, "idle", false, MINUTE_MS) == IDLE ? 0 : -1;
}

static int drop_detector(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

/* --- what happens --- */

/* exchange "": a null MX. */
static void say(const uint8_t *name, const char *exchange)
{
	struct mxset set = {0};
	uint8_t host[NAME_WIRE_MAX] = {0};
	if (*exchange != '\0')
		assert_int_equal(name_parse(exchange, host), 0);
	assert_int_equal(mxset_add(&set, 10, host), 0);
	const struct decide_answer told = {
		.domain = name,
		.view = OWN,
		.at = now,
		.not_before_at = now - MINUTE_MS,
		.state = *exchange != '\0' ? ANSWER_MX : ANSWER_NULL_MX,
		.set = &set,
	};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
}

static void mail(int who, int64_t at, const char *host, enum delivery_outcome outcome)
{
	uint8_t hash[INCIDENT_HASH] = {0};
	memcpy(hash, &who, sizeof who);
	const struct decide_delivery delivery = {
		.domain = domain,
		.at = at,
		.outcome = outcome,
		.reason = outcome == DELIVERY_BOUNCED ? REASON_USER_UNKNOWN
						      : REASON_NETWORK,
		.remote = true,
		.fresh = true,
		.accepted_before = true,
		.hash = hash,
		.relay_host = host,
		.relay_ip = "",
	};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

static void everyday(int64_t until)
{
	for (int who = 0; now < until; now += 10 * MINUTE_MS)
		mail(who++ % 20, now, HOME, DELIVERY_DELIVERED);
}

/* --- what comes of it --- */

struct taken {
	struct incident last;
	unsigned count;
};

static int on_incident(void *owner, uint64_t serial, const struct incident *incident,
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

static struct taken take(void)
{
	struct taken taken = {.count = 0};
	assert_int_equal(decide_take(decide, on_incident, &taken), 0);
	return taken;
}

static void assert_last(const struct taken *taken, enum incident_kind kind,
	enum incident_state state, enum incident_severity severity_now)
{
	assert_int_equal(taken->count, 1);
	assert_int_equal(taken->last.kind, kind);
	assert_int_equal(taken->last.state, state);
	assert_int_equal(taken->last.severity_now, severity_now);
}

/* --- an old log that is read late --- */

static void hijack(void)
{
	say(domain, HOME);
	everyday(NOON + 5 * DAY_MS);
	say(domain, ABROAD);
	for (int who = 1; who <= 3; who++)
		mail(who, now += MINUTE_MS, ABROAD, DELIVERY_BOUNCED);
	const struct taken taken = take();
	assert_last(&taken, INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN, SEVERITY_CRITICAL);
}

static void rules_old_mail_raises_nothing(void **state)
{
	(void)state;
	say(domain, HOME);
	everyday(NOON + 5 * DAY_MS);
	for (int who = 0; who < 50; who++)
		mail(who, NOON + DAY_MS + who * MINUTE_MS, HOME, DELIVERY_DEFERRED);
	for (int who = 0; who < 50; who++)
		mail(who, NOON + DAY_MS + who * MINUTE_MS, HOME, DELIVERY_BOUNCED);
	/* Nor does it lend its weight to what comes after it. */
	mail(50, now, HOME, DELIVERY_DEFERRED);
	for (int who = 51; who < 53; who++)
		mail(who, now, HOME, DELIVERY_BOUNCED);
	assert_int_equal(take().count, 0);
}

static void rules_old_mail_is_no_part_of_what_goes_on(void **state)
{
	(void)state;
	hijack();
	for (int who = 100; who < 110; who++)
		mail(who, NOON + DAY_MS, HOME, DELIVERY_BOUNCED);
	for (int who = 100; who < 110; who++)
		mail(who, NOON + DAY_MS, ABROAD, DELIVERY_DELIVERED);
	mail(4, now += MINUTE_MS, ABROAD, DELIVERY_BOUNCED);
	const struct taken taken = take();
	assert_last(&taken, INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN, SEVERITY_CRITICAL);
	assert_int_equal(taken.last.recipients, 4);
	assert_int_equal(taken.last.deliveries, 0);
	assert_int_equal(taken.last.first_bounce_at, NOON + 5 * DAY_MS + MINUTE_MS);
}

/* What a source that was away for half a day tells of the incident belongs to it. */
static void rules_late_mail_of_an_incident_counts(void **state)
{
	(void)state;
	hijack();
	mail(200, now + 12 * HOUR_MS, HOME, DELIVERY_DEFERRED);
	mail(4, now + MINUTE_MS, ABROAD, DELIVERY_BOUNCED);
	const struct taken taken = take();
	assert_int_equal(taken.last.recipients, 4);
}

/* --- no mail taken, then elsewhere --- */

static void rules_null_mx_is_over_when_mail_goes_elsewhere(void **state)
{
	(void)state;
	say(domain, HOME);
	everyday(NOON + 5 * DAY_MS);
	say(domain, "");
	struct taken taken = take();
	assert_last(&taken, INCIDENT_NULL_MX, INCIDENT_OPEN, SEVERITY_INFO);
	now += HOUR_MS;
	say(domain, ABROAD);
	taken = take();
	assert_last(&taken, INCIDENT_TRANSIENT_MOVE, INCIDENT_OPEN, SEVERITY_WARNING);
	for (int who = 1; who <= 3; who++)
		mail(who, now += MINUTE_MS, ABROAD, DELIVERY_BOUNCED);
	taken = take();
	assert_last(&taken, INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN, SEVERITY_CRITICAL);
}

/* --- closed by hand --- */

static int put_number(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	decide_set_number(decide, serial, 7);
	return on_incident(owner, serial, incident, recipients, len);
}

static void rules_fault_that_was_closed_may_come_again(void **state)
{
	struct taken taken = {.count = 0};
	(void)state;
	say(domain, HOME);
	everyday(NOON + 5 * DAY_MS);
	for (int who = 1; who <= 10; who++)
		mail(who, now += MINUTE_MS, HOME, DELIVERY_BOUNCED);
	assert_int_equal(decide_take(decide, put_number, &taken), 0);
	assert_last(&taken, INCIDENT_RECEIVER_FAULT, INCIDENT_OPEN, SEVERITY_WARNING);
	decide_close(decide, 7, now);
	taken = take();
	assert_int_equal(taken.last.state, INCIDENT_CLOSED);
	for (int who = 1; who <= 10; who++)
		mail(who, now += MINUTE_MS, HOME, DELIVERY_BOUNCED);
	assert_int_equal(take().count, 0); /* they know */
	everyday(NOON + 8 * DAY_MS);
	for (int who = 1; who <= 10; who++)
		mail(who, now += MINUTE_MS, HOME, DELIVERY_BOUNCED);
	taken = take();
	assert_last(&taken, INCIDENT_RECEIVER_FAULT, INCIDENT_OPEN, SEVERITY_WARNING);
	assert_int_equal(taken.last.number, 0);
}

/* --- names from outside --- */

static bool is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

static int check_texts(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	unsigned *count = owner;
	(void)serial;
	++*count;
	assert_true(is_plain(incident->summary));
	assert_non_null(strstr(incident->to_operators, "\\255\\027"));
	assert_true(is_plain(recipients[len - 1].relay_host));
	for (size_t i = 0; i < incident->evidence_len; i++)
		assert_true(is_plain(incident->evidence[i].text));
	return 0;
}

static void rules_bytes_of_names_are_no_bytes_of_sentences(void **state)
{
	unsigned count = 0;
	(void)state;
	say(domain, HOME);
	everyday(NOON + 5 * DAY_MS);
	for (int who = 1; who <= 5; who++)
		mail(who, now += MINUTE_MS, "mx.\xff\x1b[31m.test", DELIVERY_BOUNCED);
	mail(6, now += MINUTE_MS, "\xff..", DELIVERY_BOUNCED);
	assert_int_equal(decide_take(decide, check_texts, &count), 0);
	assert_int_equal(count, 1);
}

/* --- our own trouble --- */

/* A view that no watch uses cannot fail, and sees nothing. */
static void rules_blind_without_the_views_that_look(void **state)
{
	uint8_t names[5][NAME_WIRE_MAX];
	char text[32];
	(void)state;
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof text, "d%d.test.", i);
		assert_int_equal(name_parse(text, names[i]), 0);
		say(names[i], HOME);
	}
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 5; i++)
			assert_int_equal(
				decide_failure(decide, names[i], OWN, now += 10000), 0);
	assert_int_equal(decide_advance(decide, now + 5 * MINUTE_MS), 0);
	const struct taken taken = take();
	assert_last(&taken, INCIDENT_SELF, INCIDENT_OPEN, SEVERITY_CRITICAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_detector, drop_detector)
	const struct CMUnitTest tests[] = {
		TEST(rules_old_mail_raises_nothing),
		TEST(rules_old_mail_is_no_part_of_what_goes_on),
		TEST(rules_late_mail_of_an_incident_counts),
		TEST(rules_null_mx_is_over_when_mail_goes_elsewhere),
		TEST(rules_fault_that_was_closed_may_come_again),
		TEST(rules_bytes_of_names_are_no_bytes_of_sentences),
		TEST(rules_blind_without_the_views_that_look),
	};
	return cmocka_run_group_tests_name(
		"rules", tests, make_operators, drop_operators);
}
