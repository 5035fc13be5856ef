/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/intake.h"
#include "storage/incidents.h"
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

static void bounce(struct office *office, int who, int64_t at)
{
	char recipient[64];
	snprintf(recipient, sizeof recipient, "person%d@online.de", who);
	office_mail(office, at, recipient, "mx01.mail.icloud.com", UNKNOWN);
}

static void hijack(struct office *office)
{
	move(office);
	bounce(office, 1, MOVED + MINUTE);
	bounce(office, 2, MOVED + 2 * MINUTE);
}

static void casebook_ties_a_change_to_bounces(void **state)
{
	struct office *office = *state;
	move(office);
	assert_string_equal(office_incidents(office),
		"1 transient-move suspected 0/0 IONOS,>Apple iCloud,; ");
	const char *log = desk_log(office->desk);
	const char *change = strstr(log, "info change: domain=online.de view=own");
	const char *line = strstr(log,
		"incident: domain=online.de id=lab-i1 "
		"event=suspected kind=transient-move");
	assert_non_null(change);
	assert_non_null(line);
	assert_true(change < line);
	bounce(office, 1, MOVED + MINUTE);
	bounce(office, 2, MOVED + 2 * MINUTE);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT count(*) FROM incident_recipient"
				 " WHERE advice = 1 AND address IS NOT NULL"),
		2);
	log = desk_log(office->desk);
	assert_int_equal(occurrences(log, "\n"), 1);
	assert_non_null(strstr(log,
		" warn incident: domain=online.de id=lab-i1 "
		"event=opened kind=transient-hijack "
		"from=transient-move severity=warning "));
	office_say(office, "online.de", HOME, MOVED + HOUR);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack reverted 2/2 IONOS,>Apple iCloud,; ");
	log = desk_log(office->desk);
	assert_int_equal(occurrences(log, "event=reverted"), 1);
}

static void casebook_lets_time_close_what_is_over(void **state)
{
	struct office *office = *state;
	hijack(office);
	office_say(office, "online.de", HOME, MOVED + HOUR);
	office_everyday(office, "online.de", "mx00.kundenserver.de", MOVED + 2 * HOUR,
		MOVED + 3 * HOUR);
	desk_log(office->desk);
	casebook_tick(office->casebook, MOVED + DAY);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack closed 2/2 IONOS,>Apple iCloud,; ");
	assert_non_null(strstr(desk_log(office->desk), "event=closed"));
	casebook_tick(office->casebook, MOVED + 2 * DAY);
	assert_string_equal(desk_log(office->desk), "");
}

/* Nothing is told of what was not written, nothing is lost of it, and nothing told twice. */
static void casebook_survives_a_store_that_does_not_write(void **state)
{
	struct office *office = *state;
	move(office);
	struct desk *const desk = office->desk;
	bounce(office, 1, MOVED + MINUTE);
	desk_log(desk);
	fixture_tamper(desk->fixture,
		"CREATE TRIGGER full BEFORE INSERT ON final BEGIN"
		" SELECT raise(ABORT, 'full'); END");
	struct report report = {
		.at = MOVED + 2 * MINUTE,
		.outcome = DELIVERY_BOUNCED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.count = 1,
		.code = 550,
		.recipient = "person2@online.de",
		.relay_host = "mx02.mail.icloud.com",
		.text = UNKNOWN,
		.status = "5.1.1",
		.id = "again",
	};
	struct store_error error;
	struct store *const store = desk->fixture->store;
	intake_report(office->intake, store, &report);
	for (int i = 0; i < 2; i++)
		assert_true(intake_commit(
				    office->intake, store, NULL, report.at, &error) < 0);
	assert_string_equal(office_incidents(office),
		"1 transient-move suspected 1/1 IONOS,>Apple iCloud,; ");
	assert_string_equal(desk_log(desk), "");
	fixture_tamper(desk->fixture, "DROP TRIGGER full");
	assert_int_equal(
		intake_commit(office->intake, store, NULL, report.at, &error), 0);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
	assert_int_equal(occurrences(desk_log(desk), "event=opened"), 1);
}

/* The same where the facts are in, and what follows from them cannot be written. */
static void casebook_puts_back_what_was_rolled_back(void **state)
{
	struct office *office = *state;
	move(office);
	struct desk *const desk = office->desk;
	bounce(office, 1, MOVED + MINUTE);
	desk_log(desk);
	fixture_tamper(desk->fixture,
		"CREATE TRIGGER full BEFORE INSERT ON incident_recipient BEGIN"
		" SELECT raise(ABORT, 'full'); END");
	struct store_error error;
	struct store *const store = desk->fixture->store;
	struct report report = {
		.at = MOVED + 2 * MINUTE,
		.outcome = DELIVERY_BOUNCED,
		.origin = REPORT_REMOTE,
		.count = 1,
		.code = 550,
		.recipient = "person2@online.de",
		.relay_host = "mx02.mail.icloud.com",
		.text = UNKNOWN,
		.status = "5.1.1",
		.id = "again",
	};
	intake_report(office->intake, store, &report);
	for (int i = 0; i < 3; i++)
		assert_true(intake_commit(
				    office->intake, store, NULL, report.at, &error) < 0);
	assert_string_equal(desk_log(desk), "");
	fixture_tamper(desk->fixture, "DROP TRIGGER full");
	assert_int_equal(
		intake_commit(office->intake, store, NULL, report.at, &error), 0);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
	assert_int_equal(
		fixture_query(desk->fixture, "SELECT count(*) FROM incident_recipient"),
		2);
}

/* One line of a log with a wrong clock would make all that comes after a thing of the past. */
static void casebook_goes_by_its_own_clock(void **state)
{
	struct office *office = *state;
	move(office);
	struct report report = {
		.at = MOVED + 400 * DAY,
		.outcome = DELIVERY_DELIVERED,
		.origin = REPORT_REMOTE,
		.count = 1,
		.code = 250,
		.recipient = "somebody@gmx.de",
		.relay_host = "mx00.gmx.net",
		.text = "250 ok",
		.id = "future",
	};
	struct store_error error;
	struct store *const store = office->desk->fixture->store;
	intake_report(office->intake, store, &report);
	assert_int_equal(
		intake_commit(office->intake, store, NULL, MOVED + SECOND, &error), 0);
	bounce(office, 1, MOVED + MINUTE);
	bounce(office, 2, MOVED + 2 * MINUTE);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
}

static void casebook_lets_people_close(void **state)
{
	struct office *office = *state;
	hijack(office);
	struct store *const store = office->desk->fixture->store;
	store_begin(store);
	assert_true(incidents_close(store, 1, MOVED + HOUR));
	fixture_commit(office->desk->fixture, MOVED + HOUR);
	desk_log(office->desk);
	casebook_closed(office->casebook, 1, MOVED + HOUR);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack closed 2/2 IONOS,>Apple iCloud,; ");
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT count(*) FROM incident_evidence"
				 " WHERE name = 'closed-by-hand'"),
		1);
	assert_int_equal(occurrences(desk_log(office->desk), "event=closed"), 1);
	assert_int_equal(casebook_totals(office->casebook).open, 0);
}

static void casebook_knows_what_was_closed_while_it_did_not_run(void **state)
{
	struct office *office = *state;
	hijack(office);
	struct store *const store = office->desk->fixture->store;
	store_begin(store);
	assert_true(incidents_close(store, 1, MOVED + HOUR));
	fixture_commit(office->desk->fixture, MOVED + HOUR);
	desk_log(office->desk);
	office_restart(office);
	assert_int_equal(casebook_totals(office->casebook).open, 0);
	office_say(office, "online.de", HOME, MOVED + 2 * HOUR);
	casebook_tick(office->casebook, MOVED + DAY);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack closed 2/2 IONOS,>Apple iCloud,; ");
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT count(*) FROM incident WHERE reverted_at = 0"
				 " AND closed_at = updated_at"),
		1);
	assert_int_equal(fixture_query(office->desk->fixture,
				 "SELECT count(*) FROM incident_evidence"
				 " WHERE name = 'closed-by-hand'"),
		1);
	assert_null(strstr(desk_log(office->desk), "event=reverted"));
}

static int copy_hash(void *owner, const struct incident_recipient *recipient)
{
	memcpy(owner, recipient->hash, INCIDENT_HASH);
	return 0;
}

/* What was erased does not come back when the incident becomes another. */
static void casebook_forgets_with_the_store(void **state)
{
	struct office *office = *state;
	struct fixture *const fixture = office->desk->fixture;
	const char count[] = "SELECT count(*) FROM incident_recipient";
	uint8_t hash[INCIDENT_HASH];
	uint64_t rows;
	hijack(office);
	assert_int_equal(incidents_recipients(
				 fixture->store, 1, ADVICE_REACTIVATE, copy_hash, hash),
		0);
	store_begin(fixture->store);
	incidents_forget_recipient(fixture->store, hash, &rows);
	fixture_commit(fixture, MOVED + 3 * MINUTE);
	casebook_forget(office->casebook, hash, NULL);
	office_everyday(office, "online.de", "mx01.mail.icloud.com", MOVED + 4 * MINUTE,
		MOVED + 4 * HOUR);
	assert_string_equal(office_incidents(office),
		"1 migration-fallout open 2/1 IONOS,>Apple iCloud,; ");
	assert_int_equal(fixture_query(fixture, count), 1);
	store_begin(fixture->store);
	incidents_forget_domain(fixture->store, wire("online.de"), &rows);
	fixture_commit(fixture, MOVED + 4 * HOUR);
	casebook_forget(office->casebook, NULL, wire("online.de"));
	casebook_tick(office->casebook, MOVED + 5 * HOUR);
	office_restart(office);
	casebook_tick(office->casebook, MOVED + 10 * DAY);
	assert_int_equal(fixture_query(fixture, count), 0);
}

static void expect(struct office *office, const char *operators, int64_t until_at)
{
	const struct expectation expectation = {
		.domain = wire("online.de"),
		.operators = operators,
		.until_at = until_at,
		.note = "",
	};
	store_begin(office->desk->fixture->store);
	incidents_expect(office->desk->fixture->store, &expectation);
	fixture_commit(office->desk->fixture, T0);
	casebook_expect(office->casebook);
}

static void casebook_expects_what_it_is_told(void **state)
{
	struct office *office = *state;
	expect(office, "Apple iCloud\n", MOVED + DAY);
	move(office);
	assert_string_equal(
		office_incidents(office), "1 migration open 0/0 IONOS,>Apple iCloud,; ");
	for (int who = 1; who < 5; who++)
		bounce(office, who, MOVED + who * MINUTE);
	assert_string_equal(office_incidents(office),
		"1 migration-fallout open 4/4 IONOS,>Apple iCloud,; ");
}

static void casebook_lets_go_of_an_expectation(void **state)
{
	struct office *office = *state;
	expect(office, "", 0);
	store_begin(office->desk->fixture->store);
	incidents_expect_no_more(office->desk->fixture->store, 1);
	fixture_commit(office->desk->fixture, T0);
	casebook_expect(office->casebook);
	hijack(office);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
}

/* Operators that are right for good: anything else is wrong from its first sight. */
static void casebook_suspects_what_is_not_expected(void **state)
{
	struct office *office = *state;
	expect(office, "ionos\n", 0);
	office_say(office, "online.de", AWAY, T0 + HOUR);
	office_mail(
		office, T0 + 2 * HOUR, "a@online.de", "mx01.mail.icloud.com", UNKNOWN);
	assert_non_null(strstr(office_incidents(office), ">Apple iCloud,"));
}

static void casebook_hears_views_fail_and_come_back(void **state)
{
	struct office *office = *state;
	office_say(office, "online.de", HOME, T0);
	for (int i = 1; i < 3; i++) {
		office_fail(office, "own", "online.de", T0 + i * MINUTE);
		office_fail(office, "mta", "online.de", T0 + i * MINUTE);
	}
	casebook_tick(office->casebook, T0 + HOUR);
	assert_string_equal(office_incidents(office), "1 dns-outage open 0/0 IONOS,>; ");
	office_recover(office, "own", "online.de", T0 + 2 * HOUR);
	office_recover(office, "mta", "online.de", T0 + 2 * HOUR);
	assert_string_equal(
		office_incidents(office), "1 dns-outage closed 0/0 IONOS,>; ");
}

/* Nobody says good-bye before any of these starts. */
static void casebook_goes_on_after_a_restart(void **state)
{
	struct office *office = *state;
	move(office);
	office_restart(office);
	bounce(office, 1, MOVED + MINUTE);
	office_restart(office);
	assert_string_equal(office_incidents(office),
		"1 transient-move suspected 1/1 IONOS,>Apple iCloud,; ");
	bounce(office, 2, MOVED + 2 * MINUTE);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
	office_restart(office);
	desk_log(office->desk);
	bounce(office, 3, MOVED + 3 * MINUTE);
	assert_string_equal(desk_log(office->desk), ""); /* it was said */
	office_restart(office);
	office_say(office, "online.de", HOME, MOVED + HOUR);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack reverted 3/3 IONOS,>Apple iCloud,; ");
	assert_int_equal(occurrences(desk_log(office->desk), "event=reverted"), 1);
	office_restart(office);
	office_everyday(office, "online.de", "mx00.kundenserver.de", MOVED + 2 * HOUR,
		MOVED + 3 * HOUR);
	casebook_tick(office->casebook, MOVED + DAY);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack closed 3/3 IONOS,>Apple iCloud,; ");
}

/* What only teaches is written with a delay, and when there is time. */
static void casebook_writes_down_what_it_learns_in_time(void **state)
{
	struct office *office = *state;
	struct fixture *const fixture = office->desk->fixture;
	const char count[] = "SELECT count(*) FROM memory";
	office_say(office, "online.de", HOME, T0);
	casebook_tick(office->casebook, T0 + CASEBOOK_EASY_MS);
	assert_int_equal(fixture_query(fixture, count), 0);
	office_mail(
		office, T0 + 11 * SECOND, "a@online.de", "mx00.kundenserver.de", NULL);
	const int64_t first = fixture_query(fixture, count);
	assert_true(first >= 2); /* of the domain, and of all */
	office_mail(office, T0 + 12 * SECOND, "a@gmx.de", "mx00.gmx.net", NULL);
	assert_int_equal(fixture_query(fixture, count), first);
	office_mail(office, T0 + 14 * SECOND, "b@gmx.de", "mx00.gmx.net", UNKNOWN);
	assert_true(fixture_query(fixture, count) > first); /* a bounce is urgent */
	office_mail(office, T0 + 15 * SECOND, "a@web.de", "mx-ha.web.de", NULL);
	const int64_t second = fixture_query(fixture, count);
	casebook_tick(office->casebook, T0 + 23 * SECOND);
	assert_int_equal(fixture_query(fixture, count), second);
	casebook_tick(office->casebook, T0 + 24 * SECOND);
	assert_true(fixture_query(fixture, count) > second);
	office_mail(office, T0 + 25 * SECOND, "a@aol.com", "mx.aol.com", NULL);
	casebook_flush(office->casebook, T0 + 25 * SECOND);
	assert_true(fixture_query(fixture, count) > second + 1);
}

/* A view that had failed is well when the monitor comes back. */
static void casebook_hears_views_anew_after_a_restart(void **state)
{
	struct office *office = *state;
	office_say(office, "online.de", HOME, T0);
	for (int i = 1; i < 3; i++) {
		office_fail(office, "own", "online.de", T0 + i * MINUTE);
		office_fail(office, "mta", "online.de", T0 + i * MINUTE);
	}
	casebook_tick(office->casebook, T0 + HOUR);
	assert_string_equal(office_incidents(office), "1 dns-outage open 0/0 IONOS,>; ");
	office_restart(office);
	casebook_tick(office->casebook, T0 + 2 * HOUR);
	assert_string_equal(
		office_incidents(office), "1 dns-outage closed 0/0 IONOS,>; ");
}

static void casebook_learns_anew_what_it_cannot_read(void **state)
{
	struct office *office = *state;
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, T0 + DAY);
	fixture_tamper(office->desk->fixture, "UPDATE memory SET bytes = x'00'");
	desk_log(office->desk);
	office_restart(office);
	assert_int_equal(occurrences(desk_log(office->desk), "learnt anew"), 1);
	hijack(office);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
}

int main(void)
{
#define WITH_OFFICE(test)                                                                \
	cmocka_unit_test_setup_teardown(test, office_setup, office_teardown)
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(casebook_ties_a_change_to_bounces),
		WITH_OFFICE(casebook_lets_time_close_what_is_over),
		WITH_OFFICE(casebook_survives_a_store_that_does_not_write),
		WITH_OFFICE(casebook_puts_back_what_was_rolled_back),
		WITH_OFFICE(casebook_goes_by_its_own_clock),
		WITH_OFFICE(casebook_lets_people_close),
		WITH_OFFICE(casebook_knows_what_was_closed_while_it_did_not_run),
		WITH_OFFICE(casebook_forgets_with_the_store),
		WITH_OFFICE(casebook_expects_what_it_is_told),
		WITH_OFFICE(casebook_lets_go_of_an_expectation),
		WITH_OFFICE(casebook_suspects_what_is_not_expected),
		WITH_OFFICE(casebook_hears_views_fail_and_come_back),
		WITH_OFFICE(casebook_goes_on_after_a_restart),
		WITH_OFFICE(casebook_writes_down_what_it_learns_in_time),
		WITH_OFFICE(casebook_hears_views_anew_after_a_restart),
		WITH_OFFICE(casebook_learns_anew_what_it_cannot_read),
	};
	return cmocka_run_group_tests_name("casebook", tests, NULL, NULL);
}
