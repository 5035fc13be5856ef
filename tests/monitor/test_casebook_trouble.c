/* SPDX-License-Identifier: MIT */
/* The casebook when something is wrong on our own side, or becomes another meanwhile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/conf_file.h"
#include "monitor/ingest/intake.h"
#include "monitor/roster.h"
#include "resolvers/name.h"
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

/* --- another configuration --- */

#define AWAY "10 mx01.mail.icloud.com"
#define MOVED (T0 + 5 * DAY)

/* SIGHUP: the monitor takes up what is configured now. */
static void reload(struct office *office, const struct conf *conf)
{
	struct roster *roster;
	const struct roster_sources sources = {
		.conf = conf, .store = office->desk->fixture->store};
	assert_int_equal(casebook_reload(office->casebook, conf, office->now), 0);
	assert_int_equal(roster_build(&sources, &roster), 0);
	casebook_watch(office->casebook, roster);
	roster_destroy(roster);
}

/* The configuration of the office, where the watch has the domain and what is expected of it. */
struct expecting {
	struct conf conf;
	struct conf_watch watch;
	char *operators[2];
	uint8_t *domains[1];
	uint8_t domain[NAME_WIRE_MAX];
};

static const struct conf *expect(const struct office *office, struct expecting *expecting,
	char *first, char *second)
{
	const uint8_t *name = wire("online.de");
	memcpy(expecting->domain, name, name_length(name));
	expecting->domains[0] = expecting->domain;
	expecting->operators[0] = first;
	expecting->operators[1] = second;
	expecting->watch = office->watch;
	expecting->watch.domains = expecting->domains;
	expecting->watch.domains_len = 1;
	expecting->watch.expect = expecting->operators;
	expecting->watch.expect_len = second ? 2 : first ? 1 : 0;
	expecting->conf = office->conf;
	expecting->conf.watches = &expecting->watch;
	return &expecting->conf;
}

static void settle(struct office *office)
{
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
}

/* What was learnt, and what goes on, outlasts it. */
static void casebook_keeps_its_memory_over_a_reload(void **state)
{
	struct office *office = *state;
	settle(office);
	office_say(office, "online.de", AWAY, MOVED);
	take(office, 1, MOVED + MINUTE);
	assert_int_equal(commit(office, MOVED + MINUTE), 0);
	reload(office, &office->conf);
	take(office, 2, MOVED + 2 * MINUTE);
	assert_int_equal(commit(office, MOVED + 2 * MINUTE), 0);
	assert_string_equal(office_incidents(office),
		"1 transient-hijack open 2/2 IONOS,>Apple iCloud,; ");
}

static void casebook_expects_what_a_reload_says(void **state)
{
	struct office *office = *state;
	struct expecting now;
	struct expecting later;
	char ionos[] = "ionos";
	char icloud[] = "Apple iCloud";
	settle(office);
	reload(office, expect(office, &now, ionos, icloud));
	office_say(office, "online.de", AWAY, MOVED);
	casebook_tick(office->casebook, MOVED + DAY);
	assert_null(strstr(office_incidents(office), "move"));
	assert_null(strstr(office_incidents(office), "migration"));
	office_say(office, "online.de", HOME, MOVED + DAY);
	reload(office, expect(office, &later, ionos, NULL));
	office_say(office, "online.de", AWAY, MOVED + 2 * DAY);
	assert_non_null(
		strstr(office_incidents(office), "transient-move suspected 0/0 IONOS,>"));
}

/* What the old configuration expected is not expected for that it was learnt. */
static void casebook_expects_no_more_what_a_reload_does_not_say(void **state)
{
	struct office *office = *state;
	struct expecting now;
	char ionos[] = "ionos";
	char icloud[] = "Apple iCloud";
	settle(office);
	reload(office, expect(office, &now, ionos, icloud));
	casebook_tick(office->casebook, MOVED);
	reload(office, &office->conf);
	office_say(office, "online.de", AWAY, MOVED + DAY);
	assert_non_null(
		strstr(office_incidents(office), "transient-move suspected 0/0 IONOS,>"));
}

static void casebook_knows_operators_of_a_reload(void **state)
{
	struct office *office = *state;
	struct conf_file file = {.operators_file = NULL};
	struct conf conf = office->conf;
	char path[] = "/tmp/mxvigil-casebook-XXXXXX";
	const char table[] = "Us\tmailbox\tours.example theirs.example\n";
	const int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, table, strlen(table)), (ssize_t)strlen(table));
	close(fd);
	office_say(office, "online.de", "10 mx.ours.example", T0);
	office_everyday(office, "online.de", "mx.ours.example", T0 + HOUR, MOVED);
	file.operators_file = path;
	conf.file = &file;
	reload(office, &conf);
	office_say(office, "online.de", "10 mx.theirs.example", MOVED);
	unlink(path);
	assert_string_equal(office_incidents(office), "1 rotation closed 0/0 Us,>Us,; ");
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
		WITH_OFFICE(casebook_keeps_its_memory_over_a_reload),
		WITH_OFFICE(casebook_expects_what_a_reload_says),
		WITH_OFFICE(casebook_expects_no_more_what_a_reload_does_not_say),
		WITH_OFFICE(casebook_knows_operators_of_a_reload),
	};
	return cmocka_run_group_tests_name("casebook_trouble", tests, NULL, NULL);
}
