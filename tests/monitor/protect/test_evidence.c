/* SPDX-License-Identifier: MIT */
/* What our own holding does to mail is no fault of anybody's, and refusals stay what they are. */
#include <stdio.h>
#include <string.h>

#include "storage/incident.h"
#include "tests/monitor/office.h"

#define HOME "10 mx00.kundenserver.de 10 mx01.kundenserver.de"
#define AWAY "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com"
#define UNKNOWN "550 5.1.1 user does not exist"
#define MOVED (T0 + 5 * DAY)

/* Five days as any, then the MX goes elsewhere. */
static void move(struct office *office)
{
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
	office_say(office, "online.de", AWAY, MOVED);
}

/* As a mail server logs it that makes refusals wait: tried again and again. */
static void soften(struct office *office, int who, int64_t at)
{
	struct report report = {
		.at = at,
		.outcome = DELIVERY_DEFERRED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.count = 1,
		.code = 550,
		.status = "4.1.1",
		.relay_host = "mx01.mail.icloud.com",
		.text = UNKNOWN,
	};
	snprintf(report.recipient, sizeof report.recipient, "person%d@online.de", who);
	office_report(office, &report);
}

static void evidence_takes_softened_refusals_for_what_they_are(void **state)
{
	struct office *office = *state;
	move(office);
	for (int64_t at = MOVED + MINUTE; at < MOVED + 10 * MINUTE; at += MINUTE)
		soften(office, 1, at);
	assert_string_equal(office_incidents(office),
		"1 transient-move suspected 0/0 IONOS,>Apple iCloud,; ");
	soften(office, 2, MOVED + 10 * MINUTE);
	/* A hijack; and nobody has bounced who would have to be re-activated. */
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 0/0 IONOS,>Apple iCloud,; ");
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT deferrals FROM incident WHERE number = 1"),
		10);
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT count(*) FROM incident_recipient"),
		0);
}

static void evidence_takes_our_own_holding_for_nobodys_fault(void **state)
{
	struct office *office = *state;
	struct report report = {
		.outcome = DELIVERY_DEFERRED,
		.origin = REPORT_LOCAL,
		.count = 1,
		.status = "4.4.3",
		.text = "Error looking up name=online.de type=MX: Invalid DNS reply "
			"filter syntax",
	};
	move(office);
	office_say(office, "online.de", HOME, MOVED + MINUTE);
	const char *const before = "1 transient-move reverted 0/0 IONOS,>Apple iCloud,; ";
	assert_string_equal(office_incidents(office), before);
	desk_log(office->desk);
	for (int who = 0; who < 40; who++) {
		report.at = MOVED + 2 * MINUTE + who * SECOND;
		snprintf(report.recipient, sizeof report.recipient, "person%d@online.de",
			who);
		office_report(office, &report);
	}
	/* That is an incident of our own, and a loud one. */
	const char *const log = desk_log(office->desk);
	assert_int_equal(occurrences(log, "kind=self severity=critical"), 1);
	assert_non_null(strstr(log, "defers all mail of all domains"));
	assert_int_equal(
		fixture_query(office->desk->fixture, "SELECT count(*) FROM incident"), 2);
	casebook_tick(office->casebook, MOVED + 60 * MINUTE);
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT state FROM incident WHERE number = 2"),
		INCIDENT_OPEN);
	casebook_tick(office->casebook, MOVED + 90 * MINUTE);
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT state FROM incident WHERE number = 2"),
		INCIDENT_CLOSED);
}

#define WITH_OFFICE(name)                                                                \
	cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(evidence_takes_softened_refusals_for_what_they_are),
		WITH_OFFICE(evidence_takes_our_own_holding_for_nobodys_fault),
	};
	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
