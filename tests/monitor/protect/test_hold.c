/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/protect/hold.h"

#define T INT64_C(1700000000000)
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define TTL 300
#define TTL_MS (TTL * INT64_C(1000))

static const uint8_t domain[] = "\6online\4test";
static const struct hold_options options = {SEVERITY_CRITICAL, 12 * HOUR};

static struct incident hijack(void)
{
	return (struct incident){
		.number = 7,
		.domain = domain,
		.kind = INCIDENT_TRANSIENT_HIJACK,
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_CRITICAL,
		.state = INCIDENT_OPEN,
		.suspected_at = T - MINUTE,
		.opened_at = T,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\nIONOS\n",
	};
}

static void hold_is_due_while_it_is_bad_enough(void **state)
{
	struct incident incident = hijack();
	(void)state;
	assert_true(hold_is_due(&incident, &options, T));
	incident.severity_now = SEVERITY_WARNING; /* it was critical once */
	assert_false(hold_is_due(&incident, &options, T));
	const struct hold_options more = {SEVERITY_WARNING, 12 * HOUR};
	assert_true(hold_is_due(&incident, &more, T));
	incident.domain = NULL;
	assert_false(hold_is_due(&incident, &more, T));
}

static void hold_is_due_for_no_longer_than_longest(void **state)
{
	const struct incident incident = hijack();
	(void)state;
	assert_true(hold_is_due(&incident, &options, T + 12 * HOUR - 1));
	assert_false(hold_is_due(&incident, &options, T + 12 * HOUR));
}

static void hold_is_due_by_kind(void **state)
{
	static const enum incident_kind holding[] = {INCIDENT_TRANSIENT_MOVE,
		INCIDENT_TRANSIENT_HIJACK, INCIDENT_MIGRATION_FALLOUT,
		INCIDENT_RESOLVER_POISONING, INCIDENT_EXPIRY};
	size_t due = 0;
	(void)state;
	for (int kind = 1; kind < INCIDENT_KINDS; kind++) {
		struct incident incident = hijack();
		incident.kind = (enum incident_kind)kind;
		due += hold_is_due(&incident, &options, T);
	}
	assert_int_equal(due, sizeof holding / sizeof *holding);
	for (size_t i = 0; i < sizeof holding / sizeof *holding; i++) {
		struct incident incident = hijack();
		incident.kind = holding[i];
		assert_true(hold_is_due(&incident, &options, T));
		struct hold hold;
		hold_begin(&hold, &incident, &options);
		assert_int_equal(
			hold.keeps_away, holding[i] != INCIDENT_MIGRATION_FALLOUT);
	}
}

static void hold_goes_on_after_a_return_and_not_after_a_hand(void **state)
{
	struct incident incident = hijack();
	(void)state;
	incident.state = INCIDENT_REVERTED;
	incident.reverted_at = T + HOUR;
	assert_true(hold_is_due(&incident, &options, T + HOUR));
	incident.state = INCIDENT_CLOSED;
	incident.closed_at = T + 3 * HOUR;
	incident.severity_now = SEVERITY_INFO;
	assert_true(hold_is_due(&incident, &options, T + 3 * HOUR));
	incident.reverted_at = 0;
	assert_false(hold_is_due(&incident, &options, T + 3 * HOUR));
}

static void hold_names_the_later_incident(void **state)
{
	struct incident one = hijack();
	struct incident other = hijack();
	(void)state;
	other.number = 8;
	assert_true(hold_is_later(&other, &one));
	assert_false(hold_is_later(&one, &other));
	other.state = INCIDENT_CLOSED;
	assert_true(hold_is_later(&one, &other));
	assert_false(hold_is_later(&other, &one));
}

static void hold_knows_foreign_operators(void **state)
{
	const struct incident incident = hijack();
	(void)state;
	assert_true(hold_is_foreign(&incident, "Apple iCloud"));
	assert_false(hold_is_foreign(&incident, "IONOS"));
	assert_false(hold_is_foreign(&incident, "Apple"));
	assert_false(hold_is_foreign(&incident, "iCloud"));
	assert_false(hold_is_foreign(&incident, ""));
}

static struct hold made(void)
{
	const struct incident incident = hijack();
	struct hold hold;
	hold_begin(&hold, &incident, &options);
	assert_int_equal(hold_add_host(&hold, "mx02.icloud.test"), 0);
	assert_int_equal(hold_add_host(&hold, "mx01.icloud.test"), 0);
	assert_int_equal(hold_add_host(&hold, "mx02.icloud.test"), 0);
	return hold;
}

static void hold_keeps_hosts_once_and_in_order(void **state)
{
	struct hold hold = made();
	(void)state;
	assert_int_equal(hold.hosts_len, 2);
	assert_string_equal(hold.hosts[0].name, "mx01.icloud.test");
	assert_string_equal(hold.hosts[1].name, "mx02.icloud.test");
	assert_true(hold_has_host(&hold, "mx02.icloud.test"));
	assert_false(hold_has_host(&hold, "mx03.icloud.test"));
	assert_int_equal(hold_add_alias(&hold, domain), 0);
	assert_int_equal(hold_add_alias(&hold, domain), 0);
	assert_int_equal(hold.aliases_len, 1);
	struct hold other = made();
	assert_false(hold_is_alike(&hold, &other));
	assert_int_equal(hold_add_alias(&other, domain), 0);
	assert_true(hold_is_alike(&hold, &other));
	other.hosts[1].alone = true;
	assert_false(hold_is_alike(&hold, &other));
	hold_finish(&hold);
	hold_finish(&other);
}

/* Both views are away from T on. */
static const struct hold_look away[] = {
	{.mta = true, .whole = true, .first_at = T - HOUR, .last_at = T},
	{.whole = true, .first_at = T - HOUR, .last_at = T},
	{.mta = true,
		.whole = true,
		.open = true,
		.foreign = true,
		.first_at = T,
		.last_at = T + MINUTE,
		.ttl_s = 17},
	{.whole = true,
		.open = true,
		.foreign = true,
		.first_at = T,
		.last_at = T + MINUTE,
		.ttl_s = TTL},
};

static void hold_waits_while_the_set_is_foreign(void **state)
{
	struct hold hold = made();
	(void)state;
	hold_settle(&hold, away, 4, T + HOUR);
	assert_int_equal(hold.returned_at, 0);
	assert_int_equal(hold.lift_at, 0);
	assert_int_equal(hold.ttl_s, TTL);
	assert_true(hold_holds(&hold, T + HOUR));
	assert_int_equal(hold_until(&hold), T + 12 * HOUR);
	assert_false(hold_holds(&hold, T + 12 * HOUR));
	hold_finish(&hold);
}

/* The domain's own servers are back; the mail server's cache is not. */
static void hold_waits_for_the_mail_servers_own_view(void **state)
{
	struct hold_look looks[5];
	struct hold hold = made();
	(void)state;
	memcpy(looks, away, sizeof away);
	looks[3].open = false;
	looks[3].last_at = T + HOUR;
	looks[4] = (struct hold_look){
		.whole = true, .open = true, .first_at = T + HOUR, .last_at = T + HOUR};
	hold_settle(&hold, looks, 5, T + 2 * HOUR);
	assert_int_equal(hold.returned_at, 0);
	assert_true(hold_holds(&hold, T + 2 * HOUR));
	hold_finish(&hold);
}

static void hold_is_lifted_a_ttl_after_the_last_sight(void **state)
{
	struct hold_look looks[6];
	struct hold hold = made();
	(void)state;
	memcpy(looks, away, sizeof away);
	looks[2].open = looks[3].open = false;
	looks[2].last_at = T + HOUR + MINUTE;
	looks[3].last_at = T + HOUR;
	looks[4] = (struct hold_look){.whole = true, .open = true, .first_at = T + HOUR};
	looks[5] = (struct hold_look){
		.mta = true, .whole = true, .open = true, .first_at = T + HOUR + MINUTE};
	hold_settle(&hold, looks, 6, T + 2 * HOUR);
	assert_int_equal(hold.returned_at, T + HOUR + MINUTE);
	assert_int_equal(hold.sighted_at, T + HOUR + MINUTE);
	assert_int_equal(hold.lift_at, T + HOUR + MINUTE + TTL_MS);
	assert_true(hold_holds(&hold, hold.lift_at - 1));
	assert_false(hold_holds(&hold, hold.lift_at));
	/* Another resolver's cache still has it: so may a second one of the mail server's. */
	looks[3].open = true;
	hold_settle(&hold, looks, 6, T + 2 * HOUR);
	assert_int_equal(hold.lift_at, T + 2 * HOUR + TTL_MS);
	/* That one fails: what it said last is what counts. */
	looks[3].failing = true;
	looks[3].last_at = T + HOUR + 2 * MINUTE;
	hold.sighted_at = 0;
	hold_settle(&hold, looks, 6, T + 2 * HOUR);
	assert_int_equal(hold.lift_at, T + HOUR + 2 * MINUTE + TTL_MS);
	hold_finish(&hold);
}

static void hold_counts_a_single_server_as_a_sight(void **state)
{
	struct hold_look looks[] = {
		{.mta = true, .whole = true, .open = true, .first_at = T},
		{.whole = false,
			.open = false,
			.foreign = true,
			.first_at = T,
			.last_at = T + HOUR,
			.ttl_s = TTL},
	};
	struct hold hold = made();
	(void)state;
	hold_settle(&hold, looks, 2, T + 2 * HOUR);
	assert_int_equal(hold.returned_at, T);
	assert_int_equal(hold.lift_at, T + HOUR + TTL_MS);
	hold_finish(&hold);
}

static void hold_without_the_mail_servers_view_waits_for_all(void **state)
{
	struct hold_look looks[] = {
		{.whole = true, .open = true, .first_at = T + HOUR},
		{.whole = true,
			.open = true,
			.foreign = true,
			.first_at = T,
			.last_at = T + HOUR,
			.ttl_s = TTL},
	};
	struct hold hold = made();
	(void)state;
	hold_settle(&hold, looks, 2, T + 2 * HOUR);
	assert_int_equal(hold.returned_at, 0);
	looks[1].foreign = false;
	hold_settle(&hold, looks, 2, T + 2 * HOUR);
	assert_int_equal(hold.returned_at, T + HOUR);
	hold_finish(&hold);
}

/* No view has seen the set, but our mail server met its hosts. */
static void hold_goes_by_mail_where_no_view_saw_it(void **state)
{
	const struct hold_look home = {
		.mta = true, .whole = true, .open = true, .first_at = T - HOUR};
	struct hold hold = made();
	(void)state;
	hold_sight(&hold, T + MINUTE);
	hold_sight(&hold, T);
	hold_settle(&hold, &home, 1, T + 2 * MINUTE);
	assert_int_equal(hold.lift_at, T + MINUTE + HOLD_TTL_UNKNOWN_S * INT64_C(1000));
	hold_finish(&hold);
}

static void hold_without_hosts_holds_nothing(void **state)
{
	const struct incident incident = hijack();
	struct hold hold;
	(void)state;
	hold_begin(&hold, &incident, &options);
	hold_settle(&hold, away, 4, T);
	assert_false(hold_holds(&hold, T));
	hold_finish(&hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hold_is_due_while_it_is_bad_enough),
		cmocka_unit_test(hold_is_due_for_no_longer_than_longest),
		cmocka_unit_test(hold_is_due_by_kind),
		cmocka_unit_test(hold_goes_on_after_a_return_and_not_after_a_hand),
		cmocka_unit_test(hold_names_the_later_incident),
		cmocka_unit_test(hold_knows_foreign_operators),
		cmocka_unit_test(hold_keeps_hosts_once_and_in_order),
		cmocka_unit_test(hold_waits_while_the_set_is_foreign),
		cmocka_unit_test(hold_waits_for_the_mail_servers_own_view),
		cmocka_unit_test(hold_is_lifted_a_ttl_after_the_last_sight),
		cmocka_unit_test(hold_counts_a_single_server_as_a_sight),
		cmocka_unit_test(hold_without_the_mail_servers_view_waits_for_all),
		cmocka_unit_test(hold_goes_by_mail_where_no_view_saw_it),
		cmocka_unit_test(hold_without_hosts_holds_nothing),
	};
	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
