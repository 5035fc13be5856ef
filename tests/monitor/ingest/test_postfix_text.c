/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/ingest/postfix_text.h"
#include "tests/monitor/ingest/reading.h"

#define HEAD "Jan  2 03:04:05 mta1 postfix/smtp[1234]: "
#define DELAYS "delay=1, delays=0.1/0/0.4/0.5"

/* What stands in front of which text. */
static const struct {
	const char *relay;
	const char *text;
	enum report_origin origin;
	enum report_stage stage;
	unsigned code;
	const char *host;
	const char *missing;
} rows[] = {
	{"none", "connect to mx9.example.net[2001:db8::9]:25: Connection refused",
		REPORT_LOCAL, REPORT_STAGE_CONNECT, 0, "mx9.example.net", ""},
	{"mx1.example.net[192.0.2.7]:25",
		"host mx1.example.net[192.0.2.7] refused to talk to me: "
		"554 no (in reply to nothing)",
		REPORT_REMOTE, REPORT_STAGE_CONNECT, 554, "mx1.example.net", ""},
	{"mx1.example.net[192.0.2.7]:25",
		"lost connection with mx1.example.net[192.0.2.7] while sending "
		"RCPT TO",
		REPORT_LOCAL, REPORT_STAGE_RCPT, 0, "mx1.example.net", ""},
	{"mx1.example.net[192.0.2.7]:25",
		"conversation with mx1.example.net[192.0.2.7] timed out while "
		"sending end of data -- message may be sent more than once",
		REPORT_LOCAL, REPORT_STAGE_END_OF_DATA, 0, "mx1.example.net", ""},
	{"none",
		"delivery temporarily suspended: host mx1.example.net[192.0.2.7] "
		"refused to talk to me: 421 4.7.0 busy",
		REPORT_REMOTE, REPORT_STAGE_CONNECT, 421, "mx1.example.net", ""},
	{"none",
		"Host or domain name not found. Name service error for "
		"name=mx.Gone.example type=A: Host not found",
		REPORT_LOCAL, REPORT_STAGE_UNKNOWN, 0, "", "mx.gone.example"},
	{"none", "unable to look up host mx.gone.example: No address", REPORT_LOCAL,
		REPORT_STAGE_UNKNOWN, 0, "", "mx.gone.example"},
	{"none", "Domain example.net does not accept mail (nullMX)", REPORT_LOCAL,
		REPORT_STAGE_UNKNOWN, 0, "", ""},
	{"local", "unknown user: \"ann\"", REPORT_LOCAL, REPORT_STAGE_UNKNOWN, 0, "", ""},
	{"none", "User unknown in virtual alias table", REPORT_LOCAL,
		REPORT_STAGE_UNKNOWN, 0, "", ""},
	{"mx1.example.net[192.0.2.7]:25",
		"TLS is required, but was not offered by host "
		"mx1.example.net[192.0.2.7]",
		REPORT_LOCAL, REPORT_STAGE_UNKNOWN, 0, "mx1.example.net", ""},
};

static void postfix_text_knows_who_decided(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char line[1024];
		snprintf(line, sizeof line,
			HEAD "4F9D195432C: to=<ann@example.net>, relay=%s, " DELAYS
			     ", dsn=4.4.1, status=deferred (%s)",
			rows[i].relay, rows[i].text);
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->origin, rows[i].origin);
		assert_int_equal(report->stage, rows[i].stage);
		assert_int_equal(report->code, rows[i].code);
		assert_string_equal(report->relay_host, rows[i].host);
		assert_string_equal(report->missing_name, rows[i].missing);
		assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	}
	reading_stop(&reading);
}

static void postfix_text_reads_cut_lines(void **state)
{
	struct report report = {.text = ""};
	const struct postfix_speech speech = {
		.text = SPAN("host mx1.example.net[192.0.2.7] said: 550 a very long (in "
			     "reply to RC"),
		.has_relay = false};
	(void)state;
	postfix_text(&speech, &report);
	assert_string_equal(report.text, "550 a very long");
	assert_int_equal(report.code, 550);
	assert_string_equal(report.relay_host, "mx1.example.net");
}

static void postfix_text_knows_our_own_holding(void **state)
{
	(void)state;
	assert_true(postfix_text_is_held(SPAN("held by mxvigil, incident 7")));
	assert_true(
		postfix_text_is_held(SPAN("Error looking up name=example.net type=MX: "
					  "DNS reply filter drops all results")));
	assert_false(
		postfix_text_is_held(SPAN("Error looking up name=example.net type=MX: "
					  "Invalid DNS reply filter syntax")));
	assert_false(postfix_text_is_held(
		SPAN("host a[192.0.2.1] said: 450 held by mxvigil")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(postfix_text_knows_who_decided),
		cmocka_unit_test(postfix_text_reads_cut_lines),
		cmocka_unit_test(postfix_text_knows_our_own_holding),
	};
	return cmocka_run_group_tests_name("postfix_text", tests, NULL, NULL);
}
