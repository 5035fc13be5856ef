/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/policy.h"

#define T0 INT64_C(1700000000000)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define BIT(kind) (UINT32_C(1) << (kind))

/* --- whom --- */

static void policy_leads_by_severity_kind_domain_and_tag(void **state)
{
	static const char *const domains[] = {"gmx.de", "example.com"};
	static const char *const tags[] = {"key", "long"};
	static const size_t channels[] = {4, 2};
	const struct policy_route routes[] = {
		{.min_severity = SEVERITY_CRITICAL,
			.channels = channels,
			.channels_len = 2},
		{.min_severity = SEVERITY_WARNING,
			.kinds = BIT(INCIDENT_EXPIRY) | BIT(INCIDENT_SELF),
			.domains = domains,
			.domains_len = 2,
			.tags = tags,
			.tags_len = 2,
			.channels = channels,
			.channels_len = 1},
	};
	static const struct {
		enum incident_severity severity;
		enum incident_kind kind;
		const char *domain;
		const char *tag;
		size_t channel;
		size_t route;
	} table[] = {
		{SEVERITY_CRITICAL, INCIDENT_EXPIRY, "x.org", "", 4, 0},
		{SEVERITY_CRITICAL, INCIDENT_EXPIRY, "x.org", "", 2, 0},
		{SEVERITY_CRITICAL, INCIDENT_EXPIRY, "x.org", "", 3, POLICY_NONE},
		{SEVERITY_CRITICAL, INCIDENT_ROTATION, "x.org", "", 4, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "gmx.de", "key", 4, 1},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "gmx.de", "long", 4, 1},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "mail.gmx.de", "key", 4, 1},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "example.com", "key", 4, 1},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "notgmx.de", "key", 4, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "de", "key", 4, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "gmx.de", "ke", 4, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_EXPIRY, "gmx.de", "key", 2, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_DNS_OUTAGE, "gmx.de", "key", 4, POLICY_NONE},
		{SEVERITY_INFO, INCIDENT_EXPIRY, "gmx.de", "key", 4, POLICY_NONE},
		{SEVERITY_WARNING, INCIDENT_SELF, "", "", 4, 1},
		{SEVERITY_INFO, INCIDENT_SELF, "", "", 4, POLICY_NONE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct incident incident = {
			.kind = table[i].kind, .severity_now = table[i].severity};
		const struct policy_case one = {
			&incident, table[i].domain, &table[i].tag, 1};
		if (policy_route(routes, 2, &one, table[i].channel) != table[i].route)
			fail_msg("row %zu leads elsewhere", i);
	}
}

static void policy_tells_of_rotations_only_who_names_them(void **state)
{
	static const size_t channels[] = {0};
	const struct policy_route route = {.min_severity = SEVERITY_INFO,
		.kinds = BIT(INCIDENT_ROTATION),
		.channels = channels,
		.channels_len = 1};
	const struct incident incident = {
		.kind = INCIDENT_ROTATION, .severity_now = SEVERITY_INFO};
	const struct policy_case one = {&incident, "x.org", NULL, 0};
	(void)state;
	assert_int_equal(policy_route(&route, 1, &one, 0), 0);
}

/* --- what --- */

static void policy_has_a_first_word_for_each_state(void **state)
{
	static const struct {
		enum incident_state state;
		bool pending;
		enum alert_event event;
	} table[] = {
		{INCIDENT_SUSPECTED, false, ALERT_SUSPECTED},
		{INCIDENT_OPEN, false, ALERT_OPENED},
		{INCIDENT_REVERTED, false, ALERT_REVERTED},
		{INCIDENT_CLOSED, false, 0},
		{INCIDENT_OPEN, true, ALERT_OPENED},
		{INCIDENT_CLOSED, true, ALERT_CLOSED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct incident incident = {.state = table[i].state};
		assert_int_equal(
			policy_judge(&incident, NULL, table[i].pending), table[i].event);
	}
}

struct standing {
	enum incident_state state;
	enum incident_kind kind;
	enum incident_severity severity;
	uint64_t recipients;
};

#define MOVE INCIDENT_TRANSIENT_MOVE
#define HIJACK INCIDENT_TRANSIENT_HIJACK
#define SUSPECT INCIDENT_SUSPECTED
#define OPEN INCIDENT_OPEN
#define BACK INCIDENT_REVERTED
#define CLOSED INCIDENT_CLOSED

static void policy_goes_on_with_what_is_news(void **state)
{
	static const struct {
		struct standing told;
		struct standing now;
		enum alert_event event;
	} table[] = {
		{{SUSPECT, MOVE, 2, 0}, {SUSPECT, MOVE, 2, 0}, 0},
		{{SUSPECT, MOVE, 2, 0}, {OPEN, HIJACK, 3, 5}, ALERT_OPENED},
		{{SUSPECT, MOVE, 2, 0}, {CLOSED, MOVE, 1, 0}, ALERT_CLOSED},
		{{SUSPECT, MOVE, 2, 0}, {SUSPECT, INCIDENT_EXPIRY, 2, 0}, ALERT_CHANGED},
		{{OPEN, HIJACK, 2, 2}, {OPEN, HIJACK, 3, 3}, ALERT_WORSE},
		{{OPEN, HIJACK, 3, 2}, {OPEN, HIJACK, 2, 3}, 0},
		{{OPEN, HIJACK, 3, 3}, {OPEN, HIJACK, 3, 29}, 0},
		{{OPEN, HIJACK, 3, 3}, {OPEN, HIJACK, 3, 30}, ALERT_WORSE},
		{{OPEN, HIJACK, 3, 0}, {OPEN, HIJACK, 3, 9}, 0},
		{{OPEN, HIJACK, 3, 0}, {OPEN, HIJACK, 3, 10}, ALERT_WORSE},
		{{OPEN, HIJACK, 3, 9}, {OPEN, INCIDENT_MIGRATION, 1, 9}, ALERT_CHANGED},
		{{OPEN, HIJACK, 3, 9}, {BACK, HIJACK, 3, 900}, ALERT_REVERTED},
		{{BACK, HIJACK, 3, 9}, {BACK, HIJACK, 3, 9}, 0},
		{{BACK, HIJACK, 3, 9}, {OPEN, HIJACK, 3, 9}, ALERT_OPENED},
		{{BACK, HIJACK, 3, 9}, {CLOSED, HIJACK, 1, 9}, ALERT_CLOSED},
		{{CLOSED, HIJACK, 3, 9}, {CLOSED, MOVE, 3, 9000}, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct standing *const was = &table[i].told;
		const struct standing *const now = &table[i].now;
		const struct policy_told told = {
			T0, was->kind, was->severity, was->state, was->recipients};
		const struct incident incident = {
			.kind = now->kind,
			.severity_now = now->severity,
			.state = now->state,
			.recipients = now->recipients,
		};
		if (policy_judge(&incident, &told, false) != table[i].event)
			fail_msg("row %zu is another event", i);
	}
}

static void policy_repeats_what_nobody_has_seen(void **state)
{
	const struct policy_told told = {.at = T0};
	struct incident incident = {.state = INCIDENT_OPEN};
	(void)state;
	assert_false(policy_is_stale(&incident, &told, HOUR, T0 + HOUR - 1));
	assert_true(policy_is_stale(&incident, &told, HOUR, T0 + HOUR));
	assert_false(policy_is_stale(&incident, &told, 0, T0 + HOUR));
	incident.acked_at = T0;
	assert_false(policy_is_stale(&incident, &told, HOUR, T0 + HOUR));
	incident.acked_at = 0;
	incident.state = INCIDENT_SUSPECTED;
	assert_true(policy_is_stale(&incident, &told, HOUR, T0 + HOUR));
	incident.state = INCIDENT_REVERTED;
	assert_false(policy_is_stale(&incident, &told, HOUR, T0 + HOUR));
	incident.state = INCIDENT_CLOSED;
	assert_false(policy_is_stale(&incident, &told, HOUR, T0 + HOUR));
}

/* --- gathering --- */

static void policy_gathers_at_the_leading_edge_and_then_by_the_interval(void **state)
{
	static const struct {
		struct policy_waiting waiting;
		int64_t at;
	} table[] = {
		/* first, critical, last alert, hourly, group wait */
		{{T0, 0, 0, 0, 30 * SECOND}, T0 + SECOND},
		{{T0, 0, T0 - HOUR, 0, 30 * SECOND}, T0 + SECOND},
		{{T0, 0, T0 - 10 * SECOND, 0, 30 * SECOND}, T0 + 20 * SECOND},
		{{T0, 0, T0 - 10 * SECOND, 0, 0}, T0 + SECOND},
		{{T0, 0, T0 - 10 * SECOND, T0 - 20 * MINUTE, 30 * SECOND},
			T0 + 40 * MINUTE},
		{{T0, T0 + 9, T0 - 10 * SECOND, T0 - 20 * MINUTE, 30 * SECOND},
			T0 + 20 * SECOND},
		{{T0, T0 + 5 * SECOND, T0, 0, 2 * HOUR}, T0 + 5 * MINUTE},
		{{T0, 0, T0, 0, 2 * HOUR}, T0 + 2 * HOUR},
		{{T0, T0 + HOUR, T0, 0, 2 * HOUR}, T0 + HOUR + SECOND},
	};
	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (policy_gather_at(&table[i].waiting) != table[i].at)
			fail_msg("row %zu: +%lld", i,
				(long long)(policy_gather_at(&table[i].waiting) - T0));
}

static void policy_sends_no_more_than_its_cap_in_an_hour(void **state)
{
	int64_t sent[400];
	size_t len = 0;
	(void)state;
	for (int64_t now = T0; now < T0 + 3 * HOUR; now += SECOND) {
		const struct policy_waiting waiting = {
			.first_at = now,
			.last_alert_at = len > 0 ? sent[len - 1] : 0,
			.hourly_at = len >= POLICY_HOURLY ? sent[len - POLICY_HOURLY] : 0,
			.group_wait_ms = POLICY_GROUP_WAIT_MS,
		};
		if (policy_gather_at(&waiting) <= now + SECOND)
			sent[len++] = now + SECOND;
	}
	assert_int_equal(len, 3 * POLICY_HOURLY);
}

/* --- trying again --- */

static int64_t try_for_ever(enum policy_medium medium, uint64_t seed, uint64_t *ret_tries)
{
	int64_t now = T0;
	uint64_t attempts = 1;
	for (;; attempts++) {
		const int64_t wait_ms = policy_retry_ms(medium, attempts, T0, now, seed);
		if (wait_ms < 0)
			break;
		now += wait_ms;
	}
	*ret_tries = attempts;
	return now - T0;
}

static void policy_tries_mail_for_five_days(void **state)
{
	static const int64_t waits[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};
	uint64_t tries;
	(void)state;
	for (uint64_t i = 0; i < sizeof waits / sizeof *waits; i++)
		for (uint64_t seed = 0; seed < 50; seed++)
			assert_in_range(policy_retry_ms(POLICY_MAIL, i + 1, T0, T0, seed),
				waits[i] * 800, waits[i] * 1200);
	for (uint64_t seed = 0; seed < 9; seed++) {
		assert_int_equal(try_for_ever(POLICY_MAIL, seed, &tries), 5 * 24 * HOUR);
		assert_in_range(tries, 110, 150);
	}
}

static void policy_tries_hooks_for_about_28_hours(void **state)
{
	uint64_t tries;
	(void)state;
	assert_in_range(policy_retry_ms(POLICY_HOOK, 1, T0, T0, 7), 4000, 6000);
	for (uint64_t seed = 0; seed < 50; seed++) {
		assert_in_range(
			try_for_ever(POLICY_HOOK, seed, &tries), 22 * HOUR, 34 * HOUR);
		assert_int_equal(tries, 8);
	}
}

static void policy_spreads_retries(void **state)
{
	int64_t least = INT64_MAX;
	int64_t most = 0;
	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		const int64_t ms = policy_retry_ms(POLICY_MAIL, 8, T0, T0, seed);
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	assert_true(most - least > HOUR * 3 / 10);
	assert_int_equal(policy_retry_ms(POLICY_MAIL, 3, T0, T0, 5),
		policy_retry_ms(POLICY_MAIL, 3, T0, T0, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_leads_by_severity_kind_domain_and_tag),
		cmocka_unit_test(policy_tells_of_rotations_only_who_names_them),
		cmocka_unit_test(policy_has_a_first_word_for_each_state),
		cmocka_unit_test(policy_goes_on_with_what_is_news),
		cmocka_unit_test(policy_repeats_what_nobody_has_seen),
		cmocka_unit_test(
			policy_gathers_at_the_leading_edge_and_then_by_the_interval),
		cmocka_unit_test(policy_sends_no_more_than_its_cap_in_an_hour),
		cmocka_unit_test(policy_tries_mail_for_five_days),
		cmocka_unit_test(policy_tries_hooks_for_about_28_hours),
		cmocka_unit_test(policy_spreads_retries),
	};
	return cmocka_run_group_tests_name("alerts/policy", tests, NULL, NULL);
}
