/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

static void csv_reads_mapped_columns(void **state)
{
	const struct reader_fields fields = {
		.recipient = "To Address", .at = "when", .text = "reply"};
	const struct reader_options options = {
		.fields = &fields, .zone = "Europe/Berlin"};
	char saved[READER_STATE_MAX];
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_CSV, &options);
	reading_rejects(
		&reading, "1,2,3", "no heading yet, or one without time and recipient");
	reading_ignores(&reading, "reply,to address,other,WHEN,relay-host,outcome");
	const struct report *report = reading_one(&reading,
		"\"smtp;550 5.1.1 no, never\",<ann@example.net>,x,2026-07-02 "
		"12:00:00,MX1.example.net.,");
	assert_int_equal(report->at, reading_instant("2026-07-02T10:00:00Z"));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_string_equal(report->recipient, "ann@example.net");
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "550 5.1.1 no, never");
	assert_string_equal(report->relay_host, "mx1.example.net");
	const size_t len = reader_save(reading.reader, saved);
	reading_stop(&reading);
	reading_start(&reading, READER_CSV, &options);
	assert_int_equal(reader_load(reading.reader, saved, len), 0);
	report = reading_one(&reading, "gone,b@example.net,x,1767323045,,expired");
	assert_int_equal(report->outcome, DELIVERY_EXPIRED);
	assert_int_equal(report->origin, REPORT_LOCAL);
	reading_rejects(&reading, "\"x", "no end of a quoted cell");
	reading_rejects(&reading, "x,b@example.net,x,1767323045,,odd", "unknown outcome");
	assert_int_equal(
		reader_load(reading.reader, "reader 1 csv 1 1\nx,y", 20), -EINVAL);
	reading_stop(&reading);
}

static void csv_takes_rows_without_a_time_where_it_may(void **state)
{
	const struct reader_options options = {.timeless = true};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_CSV, &options);
	reading_ignores(&reading, "recipient,code");
	const struct report *report = reading_one(&reading, "ann@example.net,550");
	assert_int_equal(report->at, 0);
	assert_int_equal(report->code, 550);
	reading_stop(&reading);
	reading_start(&reading, READER_CSV, NULL);
	reading_rejects(&reading, "recipient,code",
		"no heading yet, or one without time and recipient");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_reads_mapped_columns),
		cmocka_unit_test(csv_takes_rows_without_a_time_where_it_may),
	};
	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
