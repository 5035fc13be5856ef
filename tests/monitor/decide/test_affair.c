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
#include "tests/monitor/decide/directory.h"

#define NOON INT64_C(1780315200000)

static struct decide *decide;
static struct subject *subject;

static int make_subject(void **state)
{
	const struct decide_options options = {.operators = operators};
	uint8_t name[NAME_WIRE_MAX];
	(void)state;
	if (decide_create(&options, &decide) < 0 || name_parse("affair.test.", name) < 0)
		return -1;
	subject = decide_subject(decide, name, NOON);
	return subject != NULL ? 0 : -1;
}

static int drop_subject(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static struct affair *begin(enum slot slot, enum incident_kind kind, int64_t at)
{
	struct affair *affair = affair_begin(decide, subject, slot, kind, at, HOUR_MS);
	assert_non_null(affair);
	return affair;
}

static void hit(
	struct affair *affair, unsigned number, bool accepted, bool refused, bool foreign)
{
	struct toll toll = {
		.first_at = NOON + number,
		.last_at = NOON + number,
		.bounces = 1,
		.accepted_before = accepted,
		.refused_before = refused,
		.foreign = foreign,
	};
	memcpy(toll.hash, &number, sizeof number);
	affair_toll(decide, affair, &toll);
}

/* --- its life --- */

static void affair_goes_through_its_states(void **state)
{
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_MOVE, NOON);
	(void)state;
	assert_int_equal(affair->state, INCIDENT_SUSPECTED);
	assert_int_equal(affair->kind_at_open, 0);
	assert_ptr_equal(affair_of(subject, SLOT_MOVE), affair);
	assert_null(affair_of(subject, SLOT_SPIKE));
	affair_set_kind(affair, INCIDENT_TRANSIENT_HIJACK, NOON + 1);
	affair_open(affair, NOON + 1);
	assert_int_equal(affair->state, INCIDENT_OPEN);
	affair_set_kind(affair, INCIDENT_MIGRATION_FALLOUT, NOON + 2);
	affair_open(affair, NOON + 2);
	assert_int_equal(affair->opened_at, NOON + 1);
	assert_int_equal(affair->kind_at_open, INCIDENT_TRANSIENT_HIJACK);
	assert_int_equal(affair->kind, INCIDENT_MIGRATION_FALLOUT);
	affair_revert(affair, NOON + 3);
	affair_revert(affair, NOON + 4);
	assert_int_equal(affair->state, INCIDENT_REVERTED);
	assert_int_equal(affair->reverted_at, NOON + 3);
	affair_close(affair, NOON + 5);
	affair_close(affair, NOON + 6);
	assert_int_equal(affair->state, INCIDENT_CLOSED);
	assert_int_equal(affair->closed_at, NOON + 5);
	affair_revert(affair, NOON + 7);
	assert_int_equal(affair->state, INCIDENT_CLOSED);
	assert_null(affair_of(subject, SLOT_MOVE));
}

static void affair_that_comes_back_soon_is_the_same(void **state)
{
	struct affair *affair = begin(SLOT_SPIKE, INCIDENT_RECEIVER_FAULT, NOON);
	(void)state;
	affair_open(affair, NOON);
	assert_ptr_equal(begin(SLOT_SPIKE, INCIDENT_LIST_QUALITY, NOON + 1), affair);
	affair_revert(affair, NOON + 2);
	affair_close(affair, NOON + 2);
	assert_ptr_equal(
		begin(SLOT_SPIKE, INCIDENT_RECEIVER_FAULT, NOON + 2 + HOUR_MS), affair);
	assert_int_equal(affair->state, INCIDENT_OPEN);
	assert_int_equal(affair->closed_at, 0);
	assert_int_equal(affair->reverted_at, 0);
	assert_int_equal(affair->opened_at, NOON);
	affair_close(affair, NOON + DAY_MS);
	struct affair *next =
		begin(SLOT_SPIKE, INCIDENT_LIST_QUALITY, NOON + DAY_MS + HOUR_MS + 1);
	assert_ptr_not_equal(next, affair);
	assert_int_equal(next->kind, INCIDENT_LIST_QUALITY);
	assert_int_not_equal(next->serial, affair->serial);
	assert_int_equal(affair->state, INCIDENT_CLOSED);
}

/* --- how bad --- */

static void affair_severity_is_the_highest_reached(void **state)
{
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_MOVE, NOON);
	(void)state;
	assert_int_equal(affair->severity_now, SEVERITY_WARNING);
	affair_set_kind(affair, INCIDENT_TRANSIENT_HIJACK, NOON);
	hit(affair, 1, true, false, true);
	hit(affair, 2, true, false, true);
	hit(affair, 2, true, false, true);
	assert_int_equal(affair->severity_now, SEVERITY_WARNING);
	hit(affair, 3, true, false, true);
	assert_int_equal(affair->severity_now, SEVERITY_CRITICAL);
	affair_set_kind(affair, INCIDENT_MIGRATION, NOON);
	assert_int_equal(affair->severity_now, SEVERITY_INFO);
	assert_int_equal(affair->severity, SEVERITY_CRITICAL);
}

static void affair_severity_is_that_of_its_kind(void **state)
{
	static const struct {
		enum incident_kind kind;
		unsigned recipients;
		enum incident_severity severity;
	} cases[] = {
		{INCIDENT_TRANSIENT_HIJACK, 0, SEVERITY_WARNING},
		{INCIDENT_TRANSIENT_HIJACK, 3, SEVERITY_CRITICAL},
		{INCIDENT_MIGRATION, 3, SEVERITY_INFO},
		{INCIDENT_MIGRATION_FALLOUT, 99, SEVERITY_WARNING},
		{INCIDENT_MIGRATION_FALLOUT, 100, SEVERITY_CRITICAL},
		{INCIDENT_RECEIVER_FAULT, 99, SEVERITY_WARNING},
		{INCIDENT_RECEIVER_FAULT, 100, SEVERITY_CRITICAL},
		{INCIDENT_ROTATION, 0, SEVERITY_INFO},
		{INCIDENT_RESOLVER_POISONING, 0, SEVERITY_WARNING},
		{INCIDENT_RESOLVER_POISONING, 1, SEVERITY_CRITICAL},
		{INCIDENT_DNS_OUTAGE, 0, SEVERITY_WARNING},
		{INCIDENT_RECEIVER_OUTAGE, 0, SEVERITY_INFO},
		{INCIDENT_LIST_QUALITY, 500, SEVERITY_INFO},
		{INCIDENT_EXPIRY, 5, SEVERITY_WARNING},
		{INCIDENT_NULL_MX, 0, SEVERITY_INFO},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct affair *affair =
			begin(SLOT_DNS, cases[i].kind, NOON + (int64_t)i * DAY_MS);
		for (unsigned each = 0; each < cases[i].recipients; each++)
			hit(affair, each, true, false, true);
		assert_int_equal(affair->recipients, cases[i].recipients);
		assert_int_equal(affair->severity_now, cases[i].severity);
		affair_close(affair, NOON + (int64_t)i * DAY_MS);
	}
}

static void affair_of_our_own_is_critical_while_blind(void **state)
{
	(void)state;
	struct affair *affair =
		affair_begin(decide, NULL, SLOT_DNS, INCIDENT_SELF, NOON, 0);
	assert_non_null(affair);
	assert_int_equal(affair->severity_now, SEVERITY_WARNING);
	affair_set_blind(affair, true, NOON + 1);
	assert_int_equal(affair->severity_now, SEVERITY_CRITICAL);
	affair_set_blind(affair, false, NOON + 2);
	assert_int_equal(affair->severity_now, SEVERITY_WARNING);
	assert_int_equal(affair->severity, SEVERITY_CRITICAL);
	affair_close(affair, NOON + 3);
	affair_set_blind(affair, true, NOON + 4);
	assert_int_equal(affair->severity_now, SEVERITY_WARNING);
}

/* --- what speaks for it --- */

static int count_taken(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t len)
{
	unsigned *count = owner;
	(void)serial;
	(void)incident;
	(void)recipients;
	(void)len;
	++*count;
	return 0;
}

static unsigned take_after(int64_t passed)
{
	unsigned count = 0;
	assert_int_equal(decide_advance(decide, decide_now(decide) + passed), 0);
	assert_int_equal(decide_take(decide, count_taken, &count), 0);
	return count;
}

/* A monitor runs for years. */
static void affair_that_is_over_is_let_go(void **state)
{
	(void)state;
	assert_int_equal(decide_advance(decide, NOON), 0);
	for (int day = 0; day < 50; day++) {
		const int64_t at = NOON + day * DAY_MS;
		struct affair *affair = begin(SLOT_RECEIVER, INCIDENT_RECEIVER_FAULT, at);
		affair_prove(affair, "proof", 0, at, "day %d", day);
		hit(affair, 1, true, false, false);
		assert_int_equal(take_after(HOUR_MS), 1);
		affair_close(affair, at + HOUR_MS);
		affair->hot_at = at + HOUR_MS;
		assert_int_equal(take_after(23 * HOUR_MS), 1);
	}
	assert_int_equal(take_after(HOUR_MS), 0);
	assert_int_equal(decide->affairs_len, 1);
	const struct affair *last = subject->affairs[SLOT_RECEIVER];
	assert_ptr_equal(decide->affairs[0], last);
	assert_null(last->older);
	assert_int_equal(last->tolls.len, 1);
	assert_int_equal(take_after(3 * DAY_MS), 0);
	assert_int_equal(last->tolls.len, 0);
	assert_int_equal(last->proofs_len, 0);
	assert_int_equal(last->recipients, 1);
}

static void affair_proofs_are_in_order_of_time(void **state)
{
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_MOVE, NOON);
	(void)state;
	affair_prove(affair, "second", 2, NOON + 20, "two is %d", 2);
	affair_prove(affair, "first", 1, NOON + 10, "one");
	affair_prove(affair, "third", 3, NOON + 30, "three");
	affair_prove(affair, "second", 5, NOON + 90, "two is %s", "more");
	assert_int_equal(affair->proofs_len, 3);
	assert_string_equal(affair->proofs[0].name, "first");
	assert_string_equal(affair->proofs[1].name, "second");
	assert_string_equal(affair->proofs[1].text, "two is more");
	assert_int_equal(affair->proofs[1].at, NOON + 20);
	assert_float_equal(affair->proofs[1].weight, 5, 0);
	assert_true(affair_has_proof(affair, "third"));
	assert_false(affair_has_proof(affair, "fourth"));
}

static void affair_proofs_have_an_end(void **state)
{
	static char names[INCIDENT_EVIDENCE_MOST + 4][16];
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_MOVE, NOON);
	char text[AFFAIR_TEXT * 2];
	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (unsigned i = 0; i < INCIDENT_EVIDENCE_MOST + 4; i++) {
		snprintf(names[i], sizeof names[i], "proof-%u", i);
		affair_prove(affair, names[i], 0, NOON + i, "%s", text);
	}
	assert_int_equal(affair->proofs_len, INCIDENT_EVIDENCE_MOST);
	assert_int_equal(strlen(affair->proofs[0].text), AFFAIR_TEXT - 1);
}

/* --- whom it hit --- */

static void affair_advises_by_what_was_known(void **state)
{
	static const struct {
		enum incident_kind kind;
		bool accepted, refused, foreign;
		enum incident_advice advice;
	} cases[] = {
		/* who had mail before bounced because of it, wherever, */
		{INCIDENT_TRANSIENT_HIJACK, true, false, true, ADVICE_REACTIVATE},
		{INCIDENT_RECEIVER_FAULT, true, false, false, ADVICE_REACTIVATE},
		{INCIDENT_RECEIVER_FAULT, true, true, false, ADVICE_REACTIVATE},
		/* who was unknown before did not, */
		{INCIDENT_TRANSIENT_HIJACK, false, true, true, ADVICE_LEAVE},
		/* and of strangers a host that knows nobody says nothing. */
		{INCIDENT_TRANSIENT_HIJACK, false, false, true, ADVICE_REACTIVATE},
		{INCIDENT_RESOLVER_POISONING, false, false, true, ADVICE_REACTIVATE},
		{INCIDENT_TRANSIENT_HIJACK, false, false, false, ADVICE_LEAVE},
		{INCIDENT_MIGRATION_FALLOUT, false, false, true, ADVICE_LEAVE},
		{INCIDENT_LIST_QUALITY, false, false, false, ADVICE_LEAVE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct affair affair = {.kind = cases[i].kind};
		const struct toll toll = {
			.accepted_before = cases[i].accepted,
			.refused_before = cases[i].refused,
			.foreign = cases[i].foreign,
		};
		assert_int_equal(affair_advice(&affair, &toll), cases[i].advice);
	}
}

static void affair_counts_recipients_anew_with_its_kind(void **state)
{
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_HIJACK, NOON);
	(void)state;
	hit(affair, 5, true, false, true);
	hit(affair, 3, false, false, true);
	hit(affair, 9, false, true, true);
	hit(affair, 5, true, false, true);
	assert_int_equal(affair->recipients, 2);
	assert_int_equal(affair->bounces, 4);
	assert_int_equal(affair->first_bounce_at, NOON + 3);
	assert_int_equal(affair->last_bounce_at, NOON + 9);
	for (size_t i = 0; i < affair->tolls.len; i++)
		affair->tolls.list[i].changed = false;
	affair_set_kind(affair, INCIDENT_MIGRATION_FALLOUT, NOON + 20);
	assert_int_equal(affair->recipients, 1);
	for (size_t i = 0; i < affair->tolls.len; i++)
		assert_true(affair->tolls.list[i].changed);
	/* That he is refused for the second time now does not mean that he was before. */
	affair_set_kind(affair, INCIDENT_TRANSIENT_HIJACK, NOON + 21);
	hit(affair, 3, false, true, true);
	assert_int_equal(affair->recipients, 2);
}

static void affair_takes_over_what_was_kept(void **state)
{
	struct affair *affair = begin(SLOT_MOVE, INCIDENT_TRANSIENT_HIJACK, NOON);
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct toll toll = {
			.first_at = NOON - 60 + i * 10,
			.last_at = NOON - 60 + i * 10,
			.bounces = 2,
			.accepted_before = true,
			.foreign = i % 2 == 0,
		};
		memcpy(toll.hash, &i, sizeof i);
		assert_int_equal(tolls_add(&subject->tolls, &toll), 0);
	}
	affair_take_tolls(decide, affair, NOON - 45, true);
	assert_int_equal(
		affair->bounces, 4); /* of 20 and 40; 10, 30 and 50 were at home */
	assert_int_equal(affair->recipients, 2);
	assert_int_equal(affair->first_bounce_at, NOON - 40);
	assert_int_equal(subject->tolls.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_subject, drop_subject)
	const struct CMUnitTest tests[] = {
		TEST(affair_goes_through_its_states),
		TEST(affair_that_comes_back_soon_is_the_same),
		TEST(affair_severity_is_the_highest_reached),
		TEST(affair_severity_is_that_of_its_kind),
		TEST(affair_of_our_own_is_critical_while_blind),
		TEST(affair_that_is_over_is_let_go),
		TEST(affair_proofs_are_in_order_of_time),
		TEST(affair_proofs_have_an_end),
		TEST(affair_advises_by_what_was_known),
		TEST(affair_counts_recipients_anew_with_its_kind),
		TEST(affair_takes_over_what_was_kept),
	};
	return cmocka_run_group_tests(tests, make_operators, drop_operators);
}
