/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/alert.h"

#define T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */

static struct incident make(enum incident_kind kind)
{
	return (struct incident){
		.kind = kind,
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_WARNING,
		.state = INCIDENT_OPEN,
		.opened_at = T0,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\n",
		.view = "mta",
		.summary = "The log of fra1 was not read for 2 hours.",
	};
}

static struct alert_case make_case(
	const struct incident *incident, enum alert_event event)
{
	return (struct alert_case){
		.story = {.incident = incident, .id = "fra1-i7", .domain = "online.de"},
		.event = event,
	};
}

static void check_subject(const struct alert *alert, const char *expected)
{
	char *text;

	assert_int_equal(alert_subject(alert, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void check_one(
	const struct incident *incident, enum alert_event event, const char *expected)
{
	const struct alert_case one = make_case(incident, event);
	const struct alert alert = {
		.site = "fra1", .cases = &one, .cases_len = 1, .event = event};

	check_subject(&alert, expected);
}

static void alert_subject_says_what_happened_by_kind(void **state)
{
	static const struct {
		enum incident_kind kind;
		const char *subject;
	} cases[] = {
		{INCIDENT_TRANSIENT_MOVE,
			"critical: MX of online.de moved to Apple iCloud"},
		{INCIDENT_TRANSIENT_HIJACK,
			"critical: MX of online.de moved to Apple iCloud"},
		{INCIDENT_MIGRATION,
			"critical: online.de moved its mail to Apple iCloud"},
		{INCIDENT_MIGRATION_FALLOUT,
			"critical: online.de moved its mail to Apple iCloud"},
		{INCIDENT_ROTATION, "critical: online.de has other hosts at IONOS"},
		{INCIDENT_RESOLVER_POISONING,
			"critical: view mta sends online.de to Apple iCloud"},
		{INCIDENT_DNS_OUTAGE, "critical: no DNS for online.de"},
		{INCIDENT_RECEIVER_FAULT, "critical: online.de refuses known recipients"},
		{INCIDENT_RECEIVER_OUTAGE, "critical: online.de does not take mail"},
		{INCIDENT_LIST_QUALITY, "critical: unknown addresses at online.de"},
		{INCIDENT_EXPIRY, "critical: online.de is parked at Apple iCloud"},
		{INCIDENT_NULL_MX, "critical: online.de says that it takes no mail"},
		{INCIDENT_SELF, "critical: The log of fra1 was not read for 2 hours"},
	};
	(void)state;

	assert_int_equal(sizeof cases / sizeof *cases, INCIDENT_KINDS - 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct incident incident = make(cases[i].kind);

		check_one(&incident, ALERT_OPENED, cases[i].subject);
	}
}

static void alert_subject_says_what_is_new(void **state)
{
	struct incident incident = make(INCIDENT_TRANSIENT_HIJACK);
	(void)state;

	check_one(&incident, ALERT_SUSPECTED,
		"critical: MX of online.de moved to Apple iCloud, no bounce yet");
	incident.bounces = 412;
	check_one(&incident, ALERT_WORSE,
		"critical: MX of online.de moved to Apple iCloud, 412 bounces");
	incident.bounces = 1;
	check_one(&incident, ALERT_STILL,
		"still critical: MX of online.de moved to Apple iCloud, 1 bounce");
	incident.bounces = 5137;
	incident.recipients = 4137;
	check_one(&incident, ALERT_REVERTED,
		"reverted: MX of online.de moved to Apple iCloud, 5,137 bounces");
	check_one(&incident, ALERT_CLOSED,
		"closed: MX of online.de moved to Apple iCloud, 4,137 recipients to "
		"re-activate");
	incident.to_operators = "A\nB\nC\n";
	check_one(&incident, ALERT_CHANGED,
		"critical: MX of online.de moved to A and 2 more, 5,137 bounces");
	incident.to_operators = "";
	incident.bounces = 0;
	check_one(&incident, ALERT_SUSPECTED,
		"critical: MX of online.de moved to other hosts");
}

static void alert_subject_counts_many(void **state)
{
	struct incident incidents[5];
	struct alert_case cases[5];
	struct alert alert = {.site = "fra1", .cases = cases, .event = ALERT_OPENED};
	(void)state;

	for (size_t i = 0; i < 5; i++) {
		incidents[i] =
			make(i == 4 ? INCIDENT_DNS_OUTAGE : INCIDENT_TRANSIENT_MOVE);
		incidents[i].severity = i == 0 ? SEVERITY_CRITICAL : SEVERITY_WARNING;
		cases[i] = make_case(&incidents[i], ALERT_OPENED);
	}
	alert.cases_len = 5;
	check_subject(&alert, "critical: 4 domains moved to Apple iCloud, 1 other");
	alert.cases_len = 4;
	check_subject(&alert, "critical: 4 domains moved to Apple iCloud");
	/* Who is not listed is of any kind. */
	alert.more = 1000;
	check_subject(&alert,
		"critical: 1,004 incidents, first: MX of online.de moved to Apple "
		"iCloud");
	const struct alert_group groups[] = {
		{INCIDENT_DNS_OUTAGE, "", 6},
		{INCIDENT_TRANSIENT_MOVE, "Example Mail\n", 998},
	};
	alert.groups = groups;
	alert.groups_len = 2;
	check_subject(&alert, "critical: 998 domains moved to Example Mail, 6 others");
	alert.event = ALERT_CLOSED;
	check_subject(&alert, "closed: 998 domains moved to Example Mail, 6 others");
}

static void alert_subject_tells_of_itself(void **state)
{
	struct alert alert = {.site = "fra1", .note = "x"};
	(void)state;

	alert.event = ALERT_TEST;
	check_subject(&alert, "test: mxvigil at fra1 can be heard here");
	alert.event = ALERT_DAILY;
	check_subject(&alert, "daily: mxvigil at fra1 is watching");
	alert.event = ALERT_BLIND;
	check_subject(&alert, "critical: mxvigil at fra1 is blind");
	assert_int_equal(alert_severity(&alert), SEVERITY_CRITICAL);
}

static void alert_subject_is_one_printable_line_of_any_name(void **state)
{
	struct incident incident = make(INCIDENT_TRANSIENT_HIJACK);
	char *text;
	(void)state;

	incident.to_operators = "evil\r\x1b[2J\xff\n";
	struct alert_case one = make_case(&incident, ALERT_OPENED);
	one.story.domain = "xn--bcher-kva.example";
	one.story.spoken = "b\xc3\xbc"
			   "cher.example";
	const struct alert alert = {
		.site = "fra1", .cases = &one, .cases_len = 1, .event = ALERT_OPENED};
	check_subject(&alert,
		"critical: MX of b\xc3\xbc"
		"cher.example (xn--bcher-kva.example) moved to "
		"evil\\x0d\\x1b[2J\\xff");

	char longest[1001];
	memset(longest, 'a', 1000);
	longest[1000] = '\0';
	one.story.spoken = NULL;
	one.story.domain = longest;
	assert_int_equal(alert_subject(&alert, &text), 0);
	assert_true(strlen(text) < 200);
	assert_non_null(strstr(text, "aaa... moved"));
	free(text);
}

static void alert_events_have_names(void **state)
{
	(void)state;

	assert_string_equal(alert_event_name(ALERT_SUSPECTED), "suspected");
	assert_string_equal(alert_event_name(ALERT_CLOSED), "closed");
	assert_string_equal(alert_event_name(ALERT_BLIND), "blind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alert_subject_says_what_happened_by_kind),
		cmocka_unit_test(alert_subject_says_what_is_new),
		cmocka_unit_test(alert_subject_counts_many),
		cmocka_unit_test(alert_subject_tells_of_itself),
		cmocka_unit_test(alert_subject_is_one_printable_line_of_any_name),
		cmocka_unit_test(alert_events_have_names),
	};
	return cmocka_run_group_tests_name("alerts/alert", tests, NULL, NULL);
}
