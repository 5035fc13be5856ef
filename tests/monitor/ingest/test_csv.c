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
	reading_rejects(&reading, "\"x\"y", "something behind a quoted cell");
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

#define HEADING "at,recipient,outcome,text\n"
#define ROW "2026-01-02 03:04:05,a@example.net,bounced,"
#define FORGED "2026-01-02 03:04:05,forged@example.com,bounced,x"

/* However the bytes come: what a server said is no row, whatever lines it has. */
static void csv_reads_line_breaks_inside_quotes(void **state)
{
	static const char text[] =
		HEADING ROW "\"550 5.1.1 one\r\n" FORGED "\n\n\"\"said\"\"\"\n" ROW
			    "550 two\n" ROW "\"550 \"\"three\n\"\"\"\n";
	(void)state;
	for (size_t piece = 1; piece < sizeof text; piece++) {
		struct reading reading;
		reading_start(&reading, READER_CSV, NULL);
		for (size_t at = 0; at + 1 < sizeof text; at += piece)
			reader_feed(reading.reader, text + at,
				at + piece < sizeof text ? piece : sizeof text - 1 - at);
		assert_int_equal(reading.rejected_len, 0);
		assert_int_equal(reading.len, 3);
		assert_string_equal(reading.reports[0].recipient, "a@example.net");
		assert_string_equal(
			reading.reports[0].text, "550 5.1.1 one " FORGED "  \"said\"");
		assert_string_equal(reading.reports[1].text, "550 two");
		assert_string_equal(reading.reports[2].text, "550 \"three \"");
		assert_int_equal(reader_position(reading.reader), sizeof text - 1);
		reading_stop(&reading);
	}
}

/* A row that has not ended is read again after a restart, from its start. */
static void csv_waits_for_the_end_of_a_row(void **state)
{
	char saved[READER_STATE_MAX];
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_CSV, NULL);
	reading_feed(&reading, HEADING ROW "one\n");
	const uint64_t position = reader_position(reading.reader);
	reading_feed(&reading, ROW "\"550 two\n" FORGED "\n");
	assert_int_equal(reader_position(reading.reader), position);
	assert_int_equal(reading.len, 1);
	const size_t len = reader_save(reading.reader, saved);
	reading_stop(&reading);
	reading_start(&reading, READER_CSV, NULL);
	assert_int_equal(reader_load(reading.reader, saved, len), 0);
	assert_int_equal(reader_position(reading.reader), position);
	/* what was before may begin anywhere, even with what looks like a heading */
	reader_warm(reading.reader, "text,recipient,at\n\"", 19);
	reading_feed(&reading, ROW "\"550 two\n" FORGED "\n");
	const struct report *report = reading_one(&reading, "end\"");
	assert_string_equal(report->text, "550 two " FORGED " end");
	reading_stop(&reading);
}

static void csv_bounds_a_cell_without_an_end(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_CSV, NULL);
	reading_feed(&reading, HEADING ROW "\"no end\n");
	uint64_t rows = 0;
	while (reading.rejected_len == 0 && rows < READER_LINE_MAX) {
		reading_feed(&reading, ROW "550 swallowed\n");
		rows++;
	}
	assert_int_equal(reading.rejected_len, 1);
	assert_int_equal(reading.rejected.line, 2);
	assert_string_equal(reading.rejected.why, "longer than 65536 bytes");
	assert_in_range(rows, 1, READER_LINE_MAX / strlen(ROW));
	assert_int_equal(reading.len, 0);
	reading_one(&reading, ROW "550 read again");
	reading_rejects(&reading, ROW "\"x\"y", "something behind a quoted cell");
	assert_int_equal(reading.rejected.line, 2 + rows + 2);
	reading_feed(&reading, ROW "\"at the end of the file\nof two lines");
	reader_end(reading.reader);
	assert_int_equal(reading.rejected_len, 3);
	assert_string_equal(reading.rejected.why, "no end of a quoted cell");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_reads_mapped_columns),
		cmocka_unit_test(csv_takes_rows_without_a_time_where_it_may),
		cmocka_unit_test(csv_reads_line_breaks_inside_quotes),
		cmocka_unit_test(csv_waits_for_the_end_of_a_row),
		cmocka_unit_test(csv_bounds_a_cell_without_an_end),
	};
	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
