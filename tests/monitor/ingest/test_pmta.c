/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

#define HEADING                                                                          \
	"type,timeLogged,orcpt,rcpt,dsnStatus,dsnDiag,dsnMTA,bounceCat,"                 \
	"dlvDestinationIp,"                                                              \
	"queue"

static void pmta_reads_columns_by_name(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_PMTA, NULL);
	reading_ignores(&reading, HEADING);
	const struct report *report = reading_one(&reading,
		"b,2026-01-02 "
		"10:00:02+0100,rfc822;old@example.net,ann@example.net,\"5.1.1 (bad "
		"mailbox, or so)\",\"smtp;550 5.1.1 no \"\"such\"\" "
		"user\",mx1.example.net "
		"(192.0.2.7),policy-related,,example.net/vmta1");
	assert_int_equal(report->at, reading_instant("2026-01-02T09:00:02Z"));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "550 5.1.1 no \"such\" user");
	assert_string_equal(report->recipient, "ann@example.net");
	assert_string_equal(report->original, "old@example.net");
	assert_string_equal(report->relay_host, "mx1.example.net");
	assert_string_equal(report->relay_ip, "192.0.2.7");
	reading_stop(&reading);
}

static void pmta_reads_types(void **state)
{
	static const struct {
		const char *type;
		const char *status;
		int outcome; /* 0: ignored */
	} rows[] = {
		{"d", "2.0.0 (success)", DELIVERY_DELIVERED},
		{"b", "5.1.1", DELIVERY_BOUNCED},
		{"b", "4.4.7 (delivery time expired)", DELIVERY_EXPIRED},
		{"rb", "5.1.1", DELIVERY_BOUNCED},
		{"t", "4.7.0", DELIVERY_DEFERRED},
		{"tq", "4.7.0", 0},
		{"r", "", 0},
		{"f", "", 0},
		{"rs", "2.0.0", 0},
		{"", "", 0},
	};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_PMTA, NULL);
	reading_ignores(&reading, "#Type,timeLogged,rcpt,dsnStatus");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char line[256];
		snprintf(line, sizeof line,
			"%s,2026-01-02 10:00:02+0100,a@example.net,%s", rows[i].type,
			rows[i].status);
		if (rows[i].outcome == 0) {
			reading_ignores(&reading, line);
			continue;
		}
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->outcome, rows[i].outcome);
		assert_int_equal(report->origin, REPORT_LOCAL);
	}
	reading_stop(&reading);
}

static void pmta_takes_the_heading_that_fits(void **state)
{
	char saved[READER_STATE_MAX];
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_PMTA, NULL);
	reading_rejects(
		&reading, "d,2026-01-02 10:00:02Z,a@example.net", "no heading yet");
	reading_ignores(&reading, "type,timeLogged,queue");
	reading_ignores(&reading, "type,rcpt,timeLogged,dsnDiag");
	reading_ignores(&reading, "type,timeLogged,queue");
	const struct report *report =
		reading_one(&reading, "d,2026-01-02 10:00:02Z,example.net/vmta1");
	assert_string_equal(report->recipient, "@example.net");
	report = reading_one(&reading, "b,a@example.net,2026-01-02 10:00:02Z,x");
	assert_string_equal(report->recipient, "a@example.net");
	assert_string_equal(report->text, "x");
	reading_rejects(&reading, "b,a@example.net", "as many cells as no heading has");
	/* Another with that width takes its place. */
	reading_ignores(&reading, "type,timeLogged,rcpt");
	const size_t len = reader_save(reading.reader, saved);
	reading_stop(&reading);

	reading_start(&reading, READER_PMTA, NULL);
	assert_int_equal(reader_load(reading.reader, saved, len), 0);
	report = reading_one(&reading, "d,2026-01-02 10:00:02Z,b@example.net");
	assert_string_equal(report->recipient, "b@example.net");
	report = reading_one(&reading, "b,a@example.net,2026-01-02 10:00:02Z,x");
	assert_string_equal(report->recipient, "a@example.net");
	assert_int_equal(
		reader_load(reading.reader, "reader 1 pmta 1 1\nx,y\n", 22), -EINVAL);
	assert_int_equal(
		reader_load(reading.reader, "reader 1 pmta 1 1\ntype,y", 24), -EINVAL);
	reading_stop(&reading);
}

static void pmta_rejects_broken_records(void **state)
{
	char line[1024];
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_PMTA, NULL);
	reading_rejects(&reading, "type,\"x", "a heading that makes no sense");
	reading_ignores(&reading, "type,timeLogged,rcpt");
	reading_rejects(&reading, "d,yesterday,a@example.net", "no time");
	reading_rejects(&reading, "d,2026-01-02 10:00:02Z,", "no recipient");
	reading_rejects(&reading, "d,\"2026", "no end of a quoted cell");
	snprintf(line, sizeof line, "d,2026-01-02 10:00:02Z,%0600d", 1);
	reading_rejects(&reading, line, "recipient too long");
	reading_stop(&reading);
}

static void pmta_keeps_many_headings(void **state)
{
	struct reading reading;
	char heading[512] = "type,timeLogged,rcpt";
	(void)state;
	reading_start(&reading, READER_PMTA, NULL);
	for (int i = 0; i < 20; i++) {
		reading_ignores(&reading, heading);
		strcat(heading, ",x");
	}
	reading_rejects(&reading, "d,2026-01-02 10:00:02Z,a@b",
		"as many cells as no heading has");
	reading_one(&reading, "d,2026-01-02 10:00:02Z,a@b,,,,,,,,,,,,,,,,,,,");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pmta_reads_columns_by_name),
		cmocka_unit_test(pmta_reads_types),
		cmocka_unit_test(pmta_takes_the_heading_that_fits),
		cmocka_unit_test(pmta_rejects_broken_records),
		cmocka_unit_test(pmta_keeps_many_headings),
	};
	return cmocka_run_group_tests_name("pmta", tests, NULL, NULL);
}
