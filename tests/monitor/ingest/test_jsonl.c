/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/* The lines of an answer, and the numbers of its code, as Halon has them. */
static void jsonl_joins_arrays_of_an_answer(void **state)
{
	const struct reader_fields fields = {.code = "result.code",
		.status = "result.enhanced",
		.text = "result.reason"};
	const struct reader_options options = {.fields = &fields};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_JSONL, &options);
	const struct report *report = reading_one(&reading,
		"{\"at\":1767323046,\"recipient\":\"bob@example.net\",\"result\":{"
		"\"code\":"
		"550,\"enhanced\":[5,1,1],\"reason\":[\"mailbox unavailable\",\"no such "
		"user\"]}}");
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "mailbox unavailable no such user");
	report = reading_one(&reading,
		"{\"at\":1,\"recipient\":\"bob@example.net\",\"result\":{\"code\":450,"
		"\"enhanced\":[],\"reason\":[]}}");
	assert_string_equal(report->status, "");
	assert_string_equal(report->text, "");
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	reading_stop(&reading);
}

static void jsonl_cuts_an_answer_without_end(void **state)
{
	const struct reader_fields fields = {.text = "reason"};
	const struct reader_options options = {.fields = &fields};
	static char line[32768];
	size_t len = 0;
	struct reading reading;
	(void)state;
	len += (size_t)snprintf(line, sizeof line,
		"{\"at\":1,\"recipient\":\"a@example.net\",\"code\":550,\"reason\":["
		"\"x\"");
	while (len < sizeof line - 32)
		len += (size_t)snprintf(line + len, sizeof line - len, ",\"again\"");
	snprintf(line + len, sizeof line - len, "]}");
	reading_start(&reading, READER_JSONL, &options);
	const struct report *report = reading_one(&reading, line);
	assert_memory_equal(report->text, "x again again ", 14);
	assert_in_range(strlen(report->text), REPORT_TEXT_MAX / 2, REPORT_TEXT_MAX - 1);
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
		cmocka_unit_test(jsonl_joins_arrays_of_an_answer),
		cmocka_unit_test(jsonl_cuts_an_answer_without_end),
		cmocka_unit_test(jsonl_makes_one_report_a_recipient),
		cmocka_unit_test(jsonl_rejects_what_is_no_object),
	};
	return cmocka_run_group_tests_name("jsonl", tests, NULL, NULL);
}
