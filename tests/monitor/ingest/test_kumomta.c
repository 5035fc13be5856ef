/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

#define RECORD(type, recipient, code, content)                                           \
	"{\"type\":\"" type "\",\"id\":\"abc\",\"recipient\":" recipient                 \
	",\"timestamp\":1767323045,\"peer_address\":{\"name\":\"MX1.example.net.\","     \
	"\"addr\":\"192.0.2.7\"},\"response\":{\"code\":" code                           \
	",\"enhanced_code\":{\"class\":5,\"subject\":1,\"detail\":1},\"content\":"       \
	"\"" content "\",\"command\":\"RCPT TO:<a@b>\"},\"bounce_classification\":"      \
	"\"Uncategorized\"}"

static void kumomta_reads_records(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_KUMOMTA, NULL);
	const struct report *report = reading_one(
		&reading, RECORD("Bounce", "\"ann@example.net\"", "550", "no such user"));
	assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05Z"));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->stage, REPORT_STAGE_RCPT);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "no such user");
	assert_string_equal(report->recipient, "ann@example.net");
	assert_string_equal(report->relay_host, "mx1.example.net");
	assert_string_equal(report->relay_ip, "192.0.2.7");
	assert_string_equal(report->id, "abc");
	reading_stop(&reading);
}

static void kumomta_reads_types(void **state)
{
	static const struct {
		const char *type;
		int outcome; /* 0: ignored */
	} rows[] = {{"Delivery", DELIVERY_DELIVERED}, {"Bounce", DELIVERY_BOUNCED},
		{"OOB", DELIVERY_BOUNCED}, {"TransientFailure", DELIVERY_DEFERRED},
		{"Expiration", DELIVERY_EXPIRED}, {"Reception", 0}, {"AdminBounce", 0},
		{"Feedback", 0}, {"Rejection", 0}, {"XferOut", 0}, {"Delayed", 0}};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_KUMOMTA, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char line[256];
		snprintf(line, sizeof line,
			"{\"type\":\"%s\",\"recipient\":\"a@b\",\"event_time\":"
			"\"2026-01-02T03:04:05.5Z\",\"response\":{\"code\":552,"
			"\"enhanced_code\":null,\"content\":\"x\"},\"peer_address\":"
			"null}",
			rows[i].type);
		if (rows[i].outcome == 0) {
			reading_ignores(&reading, line);
			continue;
		}
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->outcome, rows[i].outcome);
		assert_int_equal(report->code, 552);
		assert_string_equal(report->status, "");
		assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05.5Z"));
		assert_int_equal(report->origin,
			rows[i].outcome == DELIVERY_EXPIRED ? REPORT_LOCAL
							    : REPORT_REMOTE);
	}
	reading_stop(&reading);
}

static void kumomta_makes_one_report_a_recipient(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_KUMOMTA, NULL);
	reading_feed(&reading, RECORD("Delivery", "[\"a@b\",\"c@d\"]", "250", "ok") "\n");
	assert_int_equal(reading.len, 2);
	assert_string_equal(reading.reports[0].recipient, "a@b");
	assert_string_equal(reading.reports[1].recipient, "c@d");
	assert_int_equal(reading.reports[1].stage, REPORT_STAGE_END_OF_DATA);
	assert_int_equal(reading_one(&reading,
				 RECORD("TransientFailure", "\"a@b\"", "451",
					 "KumoMTA internal: no route"))
				 ->origin,
		REPORT_LOCAL);
	reading_stop(&reading);
}

static void kumomta_rejects_broken_records(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_KUMOMTA, NULL);
	reading_rejects(&reading, "{", "no JSON object");
	reading_rejects(&reading, "{}", "no type");
	reading_rejects(&reading, "{\"type\":\"Bounce\"}", "no time");
	reading_rejects(
		&reading, "{\"type\":\"Bounce\",\"timestamp\":1}", "no recipient");
	reading_rejects(&reading, RECORD("Bounce", "[]", "550", "x"), "no recipient");
	reading_rejects(&reading, RECORD("Bounce", "{}", "550", "x"), "no recipient");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kumomta_reads_records),
		cmocka_unit_test(kumomta_reads_types),
		cmocka_unit_test(kumomta_makes_one_report_a_recipient),
		cmocka_unit_test(kumomta_rejects_broken_records),
	};
	return cmocka_run_group_tests_name("kumomta", tests, NULL, NULL);
}
