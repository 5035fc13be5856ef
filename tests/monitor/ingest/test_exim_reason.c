/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/exim_reason.h"
#include "monitor/ingest/saying.h"

static struct report read_reason(const char *text)
{
	struct report report;
	saying_clear(&report);
	report.outcome = DELIVERY_BOUNCED;
	exim_reason(span_of(text), &report);
	return report;
}

static void exim_reason_knows_stages(void **state)
{
	static const struct {
		const char *text;
		enum report_stage stage;
		enum report_origin origin;
	} rows[] = {
		{"SMTP error from remote mail server after initial connection: 554 no",
			REPORT_STAGE_CONNECT, REPORT_REMOTE},
		{"SMTP error from remote mail server after EHLO mta1: 550 no",
			REPORT_STAGE_HELO, REPORT_REMOTE},
		{"SMTP error from remote mail server after MAIL FROM:<> SIZE=9: 550 no",
			REPORT_STAGE_MAIL, REPORT_REMOTE},
		{"SMTP error from remote mail server after DATA: 550 no",
			REPORT_STAGE_DATA, REPORT_REMOTE},
		{"LMTP error after RCPT TO:<a@b>: 550 no", REPORT_STAGE_RCPT,
			REPORT_REMOTE},
		{"SMTP error from remote mail server after RCPT TO:<a@b",
			REPORT_STAGE_RCPT, REPORT_LOCAL},
		{"SMTP timeout after end of data (10 bytes written): Connection timed "
		 "out",
			REPORT_STAGE_END_OF_DATA, REPORT_LOCAL},
		{"host mx1 [192.0.2.1]: 550 no", REPORT_STAGE_UNKNOWN, REPORT_LOCAL},
		{"", REPORT_STAGE_UNKNOWN, REPORT_LOCAL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct report report = read_reason(rows[i].text);
		assert_int_equal(report.stage, rows[i].stage);
		assert_int_equal(report.origin, rows[i].origin);
		assert_int_equal(report.outcome, DELIVERY_BOUNCED);
	}
}

static void exim_reason_knows_expiries(void **state)
{
	(void)state;
	assert_int_equal(read_reason("retry timeout exceeded").outcome, DELIVERY_EXPIRED);
	assert_int_equal(
		read_reason("all hosts for 'example.net' have been failing for a long "
			    "time (and retry time not reached)")
			.outcome,
		DELIVERY_EXPIRED);
	assert_int_equal(read_reason("all is well").outcome, DELIVERY_BOUNCED);
}

static void exim_reason_bounds_its_text(void **state)
{
	char text[3 * REPORT_TEXT_MAX];
	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	memcpy(text, "a\\nb\\tc\\", 8);
	const struct report report = read_reason(text);
	assert_int_equal(strlen(report.text), REPORT_TEXT_MAX - 1);
	assert_memory_equal(report.text, "a b c\\x", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exim_reason_knows_stages),
		cmocka_unit_test(exim_reason_knows_expiries),
		cmocka_unit_test(exim_reason_bounds_its_text),
	};
	return cmocka_run_group_tests_name("exim_reason", tests, NULL, NULL);
}
