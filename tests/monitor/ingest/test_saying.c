/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/saying.h"

static void saying_reads_codes(void **state)
{
	static const struct {
		const char *reply;
		unsigned code;
		const char *status;
	} rows[] = {
		{"550 5.1.1 no", 550, "5.1.1"},
		{"550-5.1.1 no 550 5.1.1 user", 550, "5.1.1"},
		{" 450 later", 450, ""},
		{"550 #5.1.0 rejected", 550, "5.1.0"},
		{"550 2.1.1 lies", 550, ""},
		{"550 5.1.1.1 no", 550, ""},
		{"550 5.1111.1 no", 550, ""},
		{"550 5.7.606", 550, "5.7.606"},
		{"550", 550, ""},
		{"5501 x", 0, ""},
		{"650 x", 0, ""},
		{"no", 0, ""},
		{"", 0, ""},
	};
	char status[12];
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(
			saying_code(span_of(rows[i].reply), status), rows[i].code);
		assert_string_equal(status, rows[i].status);
	}
}

static void saying_lets_the_reply_decide_the_class(void **state)
{
	static const struct {
		const char *noted;
		const char *reply;
		const char *status;
	} rows[] = {
		{"5.0.0", "550 no", "5.0.0"},
		{"5.0.0", "550 5.1.1 no", "5.0.0"},
		{"4.1.1", "550 5.1.2 no", "5.1.2"},
		{"4.1.1", "550 no", "5.1.1"},
		{"", "550 no", ""},
		{"", "550 5.1.1 no", "5.1.1"},
		{"4.4.2", "no code", "4.4.2"},
	};
	struct report report;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		saying_clear(&report);
		(void)saying_status(&report, span_of(rows[i].noted));
		saying_reply(&report, span_of(rows[i].reply));
		assert_string_equal(report.status, rows[i].status);
		assert_string_equal(report.text, rows[i].reply);
		assert_int_equal(report.origin, REPORT_REMOTE);
	}
}

static void saying_takes_hosts(void **state)
{
	struct span text = SPAN("MX.Example.com.[IPv6:2001:DB8::1]:25");
	struct span host;
	struct span ip;
	struct report report;
	(void)state;
	assert_true(saying_take_host(&text, &host, &ip));
	assert_true(span_is(text, SPAN(":25")));
	saying_host(&report, host);
	saying_ip(&report, ip);
	assert_string_equal(report.relay_host, "mx.example.com");
	assert_string_equal(report.relay_ip, "2001:db8::1");
	saying_ip(&report, SPAN("private/dovecot-lmtp"));
	assert_string_equal(report.relay_ip, "");
	saying_ip(&report, SPAN("1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7"));
	assert_string_equal(report.relay_ip, "");
	text = SPAN("no host[1]");
	assert_false(saying_take_host(&text, &host, &ip));
	text = SPAN("host[1");
	assert_false(saying_take_host(&text, &host, &ip));
	text = SPAN("[1]");
	assert_false(saying_take_host(&text, &host, &ip));
}

static void saying_knows_stages(void **state)
{
	(void)state;
	assert_int_equal(saying_stage(SPAN("RCPT TO command")), REPORT_STAGE_RCPT);
	assert_int_equal(saying_stage(SPAN("rcpt to:<x>")), REPORT_STAGE_RCPT);
	assert_int_equal(saying_stage(SPAN("end of DATA")), REPORT_STAGE_END_OF_DATA);
	assert_int_equal(saying_stage(SPAN("DATA")), REPORT_STAGE_DATA);
	assert_int_equal(saying_stage(SPAN("LHLO")), REPORT_STAGE_HELO);
	assert_int_equal(saying_stage(SPAN("RSET")), REPORT_STAGE_UNKNOWN);
	assert_int_equal(saying_stage(SPAN("")), REPORT_STAGE_UNKNOWN);
}

static void saying_keeps_text_bounded_and_whole(void **state)
{
	char text[2 * REPORT_TEXT_MAX];
	struct report report;
	(void)state;
	memset(text, 'x', sizeof text);
	saying_text(&report, (struct span){text, sizeof text});
	assert_int_equal(strlen(report.text), REPORT_TEXT_MAX - 1);
	saying_text(&report, SPAN(" a\0b "));
	assert_string_equal(report.text, "a b");
	saying_clear(&report);
	assert_string_equal(report.text, "");
	assert_int_equal(report.count, 1);
	assert_false(saying_status(&report, SPAN("1.2.3")));
	assert_true(saying_status(&report, SPAN("5.1.1 (bad mailbox)")));
	assert_string_equal(report.status, "5.1.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saying_reads_codes),
		cmocka_unit_test(saying_lets_the_reply_decide_the_class),
		cmocka_unit_test(saying_takes_hosts),
		cmocka_unit_test(saying_knows_stages),
		cmocka_unit_test(saying_keeps_text_bounded_and_whole),
	};
	return cmocka_run_group_tests_name("saying", tests, NULL, NULL);
}
