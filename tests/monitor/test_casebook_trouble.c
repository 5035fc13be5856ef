/* SPDX-License-Identifier: MIT */
/* The casebook when something is wrong on our own side, or becomes another meanwhile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/intake.h"
#include "storage/incidents.h"
#include "tests/monitor/office.h"

#define HOME "10 mx00.kundenserver.de 10 mx01.kundenserver.de"

/* --- logs that say nothing --- */

/* Ordinary mail, and somebody who looks, each ten minutes; the clock goes on in between. */
static void live(struct office *office, int64_t from, int64_t to)
{
	for (int64_t at = from; at < to; at += MINUTE / 2) {
		casebook_tick(office->casebook, at);
		if (at % (10 * MINUTE) == 0)
			office_mail(
				office, at, "a@online.de", "mx00.kundenserver.de", NULL);
	}
}

static void pass(struct office *office, int64_t from, int64_t to)
{
	for (int64_t at = from; at < to; at += MINUTE / 2)
		casebook_tick(office->casebook, at);
}

static void casebook_tells_of_a_log_that_falls_silent(void **state)
{
	struct office *office = *state;
	const int64_t start = T0 - T0 % DAY + DAY;
	const int64_t end = start + 8 * DAY;
	office_say(office, "online.de", HOME, start - HOUR);
	live(office, start, end);
	assert_string_equal(office_incidents(office), "");
	desk_log(office->desk);
	pass(office, end, end + 2 * HOUR);
	assert_string_equal(office_incidents(office), "1 self open 0/0 >; ");
	const char *log = desk_log(office->desk);
	assert_non_null(strstr(log, "event=opened kind=self"));
	assert_non_null(strstr(log, "domain=- "));
	assert_non_null(strstr(log, "deliveries of log: none for 60 minutes"));
	office->now = end + 2 * HOUR;
	office_restart(office);
	pass(office, end + 2 * HOUR, end + 4 * HOUR);
	assert_string_equal(office_incidents(office), "1 self open 0/0 >; ");
	live(office, end + 4 * HOUR, end + 4 * HOUR + 5 * MINUTE);
	assert_string_equal(office_incidents(office), "1 self closed 0/0 >; ");
}

static void casebook_tells_of_a_source_that_cannot_be_read(void **state)
{
	struct office *office = *state;
	for (int64_t at = T0; at < T0 + HOUR; at += MINUTE / 2) {
		casebook_failed(office->casebook, "journal", -EACCES);
		casebook_tick(office->casebook, at);
	}
	assert_string_equal(office_incidents(office), "1 self open 0/0 >; ");
	casebook_failed(office->casebook, "journal", 0);
	casebook_tick(office->casebook, T0 + HOUR);
	assert_string_equal(office_incidents(office), "1 self closed 0/0 >; ");
}

/* --- a store that does not write --- */

static void take(struct office *office, int who, int64_t at)
{
	struct report report = {
		.at = at,
		.outcome = DELIVERY_BOUNCED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.count = 1,
		.code = 550,
		.relay_host = "mx02.mail.icloud.com",
		.text = "550 5.1.1 user does not exist",
		.status = "5.1.1",
	};
	snprintf(report.recipient, sizeof report.recipient, "person%d@online.de", who);
	snprintf(report.id, sizeof report.id, "queued%d-%u", who, office->mails++);
	intake_report(office->intake, office->desk->fixture->store, &report);
}

static int commit(struct office *office, int64_t at)
{
	struct store_error error;
	office->now = at;
	return intake_commit(
		office->intake, office->desk->fixture->store, NULL, at, &error);
}

/* A command's reports are let go when they could not be committed, and it is called again: there
 * may be more of them by then, in other batches. */
static void casebook_counts_once_what_another_batch_brings_again(void **state)
{
	struct office *office = *state;
	struct fixture *const fixture = office->desk->fixture;
	const int64_t start = T0 + 5 * DAY;
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, start);
	office_say(office, "online.de", "10 mx01.mail.icloud.com", start);
	fixture_tamper(fixture,
		"CREATE TRIGGER full BEFORE INSERT ON incident_recipient BEGIN"
		" SELECT raise(ABORT, 'full'); END");
	for (int tries = 0; tries < 3; tries++) {
		take(office, 1, start + MINUTE);
		take(office, 2, start + MINUTE);
		take(office, 2, start + MINUTE); /* two mails, as it were */
		assert_true(commit(office, start + MINUTE) < 0);
		if (tries == 1)
			assert_true(commit(office, start + MINUTE) < 0);
		intake_clear(office->intake);
	}
	assert_string_equal(office_incidents(office),
		"1 transient-move suspected 0/0 IONOS,>Apple iCloud,; ");
	fixture_tamper(fixture, "DROP TRIGGER full");
	take(office, 1, start + MINUTE);
	assert_int_equal(commit(office, start + 2 * MINUTE), 0);
	take(office, 2, start + MINUTE);
	take(office, 2, start + MINUTE);
	take(office, 3, start + 2 * MINUTE);
	assert_int_equal(commit(office, start + 2 * MINUTE), 0);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 4/3 IONOS,>Apple iCloud,; ");
	office_mail(office, start + 3 * MINUTE, "person1@online.de",
		"mx02.mail.icloud.com", "550 5.1.1 user does not exist");
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 5/3 IONOS,>Apple iCloud,; ");
}

/* --- very many recipients --- */

static int64_t ask(struct office *office, const char *sql)
{
	return fixture_query(office->desk->fixture, sql);
}

static void bounce_many(struct office *office, int from, int to, int64_t at)
{
	for (int who = from; who < to; who++)
		take(office, who, at);
	assert_int_equal(commit(office, at), 0);
}

/* The row of memory with all of them is not written again for each of them; nor is anything lost
 * for that when the monitor crashes. */
static void casebook_writes_large_rows_now_and_then(void **state)
{
	struct office *office = *state;
	const int64_t start = T0 + 5 * DAY;
	const char length[] = "SELECT max(length(bytes)) FROM memory";
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, start);
	office_say(office, "online.de", "10 mx01.mail.icloud.com", start);
	bounce_many(office, 0, 4000, start + MINUTE);
	const int64_t before = ask(office, length);
	assert_true(before > 65536);
	bounce_many(office, 4000, 4100, start + MINUTE + SECOND / 2);
	bounce_many(office, 4000, 4010, start + MINUTE + SECOND);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 4110/4100 IONOS,>Apple iCloud,; ");
	assert_int_equal(ask(office, length), before);
	office_restart(office);
	bounce_many(office, 4099, 4101, start + MINUTE + 2 * SECOND);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 4112/4101 IONOS,>Apple iCloud,; ");
	assert_int_equal(
		ask(office, "SELECT sum(bounces) FROM incident_recipient"), 4112);
	office->now = start + MINUTE + 3 * SECOND;
	office_restart(office);
	const int64_t caught_up = ask(office, length);
	assert_true(caught_up > before);
	bounce_many(office, 4101, 4103, start + 2 * MINUTE);
	casebook_tick(office->casebook, start + 3 * MINUTE);
	assert_true(ask(office, length) > caught_up);
	bounce_many(office, 4103, 4104, start + 3 * MINUTE);
	const int64_t latest = ask(office, length);
	office_say(
		office, "online.de", HOME, start + 3 * MINUTE); /* an end is no count */
	assert_true(ask(office, length) > latest);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack reverted 4115/4104 IONOS,>Apple iCloud,; ");
}

int main(void)
{
#define WITH_OFFICE(test)                                                                \
	cmocka_unit_test_setup_teardown(test, office_setup, office_teardown)
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(casebook_tells_of_a_log_that_falls_silent),
		WITH_OFFICE(casebook_tells_of_a_source_that_cannot_be_read),
		WITH_OFFICE(casebook_counts_once_what_another_batch_brings_again),
		WITH_OFFICE(casebook_writes_large_rows_now_and_then),
	};
	return cmocka_run_group_tests_name("casebook_trouble", tests, NULL, NULL);
}
