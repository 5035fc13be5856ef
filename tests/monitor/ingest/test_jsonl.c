/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

static void jsonl_reads_paths(void **state)
{
	const struct reader_fields fields = {.recipient = "rcpt",
		.code = "result.code",
		.text = "result.reason.0",
		.relay_host = "remotemx",
		.at = "ts"};
	const struct reader_options options = {.fields = &fields};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_JSONL, &options);
	const struct report *report = reading_one(&reading,
		"{\"ts\": 1767323045.25, \"rcpt\": \"ann@example.net\", \"remotemx\": "
		"\"mx1.example.net\", \"result\": {\"code\": 550, \"reason\": [\"5.1.1 "
		"no\"]}, "
		"\"text\": \"status=sent\", \"id\": \"x\"}");
	assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05.250Z"));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->text, "5.1.1 no");
	assert_string_equal(report->relay_host, "mx1.example.net");
	assert_string_equal(report->id, "x");
	report = reading_one(&reading,
		"{\"ts\":\"2026-01-02T03:04:05Z\",\"rcpt\":\"a\\u0000b@example.net\","
		"\"outcome\":\"deferred\"}");
	assert_string_equal(report->recipient, "a b@example.net");
	reading_stop(&reading);
}

static void jsonl_makes_one_report_a_recipient(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_JSONL, NULL);
	reading_feed(
		&reading, "{\"at\":1,\"recipient\":[\"a@b\",\"c@d\"],\"code\":250}\n");
	assert_int_equal(reading.len, 2);
	assert_string_equal(reading.reports[1].recipient, "c@d");
	reading_rejects(
		&reading, "{\"at\":1,\"recipient\":[],\"code\":250}", "no recipient");
	reading_stop(&reading);
}

static void jsonl_rejects_what_is_no_object(void **state)
{
	static const char *const lines[] = {
		"{", "[]", "1", "x", "{\"a\":\"\xff\"}", "{\"at\":1} {}"};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_JSONL, NULL);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		reading_rejects(&reading, lines[i], "no JSON object");
	reading_rejects(&reading, "{}", "no time");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsonl_reads_paths),
		cmocka_unit_test(jsonl_makes_one_report_a_recipient),
		cmocka_unit_test(jsonl_rejects_what_is_no_object),
	};
	return cmocka_run_group_tests_name("jsonl", tests, NULL, NULL);
}
