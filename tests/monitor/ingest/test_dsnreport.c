/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/bouncetext.h"
#include "monitor/ingest/dsnfield.h"
#include "monitor/ingest/dsnreport.h"
#include "monitor/ingest/report.h"

static const struct dsn_message message = {.id = "4B1C", .reporter = "out.example.net"};

static const struct {
	struct dsn_recipient recipient;
	enum delivery_outcome outcome;
	enum report_origin origin;
	uint16_t code;
	const char *status;
} outcomes[] = {
	{{.action = DSN_ACTION_FAILED, .status = "5.1.1", .smtp = true, .text = "550 no"},
		DELIVERY_BOUNCED, REPORT_REMOTE, 550, "5.1.1"},
	/* What was answered goes before what the reporter made of it. */
	{{.action = DSN_ACTION_FAILED, .status = "5.1.1", .text = "550 5.7.1 listed"},
		DELIVERY_BOUNCED, REPORT_REMOTE, 550, "5.7.1"},
	{{.action = DSN_ACTION_FAILED, .status = "5.0.0", .text = "550-'5.2.2 full'"},
		DELIVERY_BOUNCED, REPORT_REMOTE, 550, "5.2.2"},
	/* But not one of another class, and no address of a host. */
	{{.action = DSN_ACTION_FAILED, .status = "5.1.1", .text = "550 4.7.1 later"},
		DELIVERY_BOUNCED, REPORT_REMOTE, 550, "5.1.1"},
	{{.action = DSN_ACTION_FAILED, .status = "5.1.1", .text = "550 5.7.1.9 x"},
		DELIVERY_BOUNCED, REPORT_REMOTE, 550, "5.1.1"},
	{{.action = DSN_ACTION_FAILED,
		 .status = "5.4.4",
		 .text = "Host or domain name not found. Name service error for "
			 "name=gone.example type=A: Host not found"},
		DELIVERY_BOUNCED, REPORT_LOCAL, 0, "5.4.4"},
	{{.action = DSN_ACTION_FAILED,
		 .status = "4.4.1",
		 .text = "connect to a.example[192.0.2.1]:25: timed out"},
		DELIVERY_EXPIRED, REPORT_LOCAL, 0, "4.4.1"},
	{{.action = DSN_ACTION_FAILED, .status = "5.4.7", .text = "time"},
		DELIVERY_EXPIRED, REPORT_LOCAL, 0, "5.4.7"},
	{{.action = DSN_ACTION_FAILED, .status = "5.4.317", .text = "tls"},
		DELIVERY_BOUNCED, REPORT_LOCAL, 0, "5.4.317"},
	{{.action = DSN_ACTION_DELAYED, .status = "4.2.2", .text = "452 4.2.2 full"},
		DELIVERY_DEFERRED, REPORT_REMOTE, 452, "4.2.2"},
	{{.action = DSN_ACTION_DELIVERED, .status = "2.0.0", .text = "250 Ok"},
		DELIVERY_DELIVERED, REPORT_REMOTE, 250, "2.0.0"},
	{{.action = DSN_ACTION_RELAYED}, DELIVERY_DELIVERED, REPORT_REMOTE, 0, ""},
	{{.action = DSN_ACTION_EXPANDED}, DELIVERY_DELIVERED, REPORT_REMOTE, 0, ""},
	{{.status = "2.1.5"}, DELIVERY_DELIVERED, REPORT_REMOTE, 0, "2.1.5"},
	{{.status = "5.1.1"}, DELIVERY_BOUNCED, REPORT_REMOTE, 0, "5.1.1"},
};

static void dsnreport_takes_outcome_and_origin_of_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
		struct report report;
		struct dsn_recipient recipient = outcomes[i].recipient;
		strcpy(recipient.final, "kim@example.org");
		dsnreport_from_fields(&message, &recipient, NULL, &report);
		assert_int_equal(report.outcome, outcomes[i].outcome);
		assert_int_equal(report.origin, outcomes[i].origin);
		assert_int_equal(report.code, outcomes[i].code);
		assert_string_equal(report.status, outcomes[i].status);
		assert_string_equal(report.id, "4B1C");
		assert_int_equal(report.count, 1);
	}
}

static void dsnreport_names_whose_word_it_is(void **state)
{
	struct dsn_recipient recipient = {
		.final = "kim@example.org",
		.original = "team@example.com",
		.action = DSN_ACTION_FAILED,
		.text = "host mx.example.org[192.0.2.1] said: 550 5.1.1 no (in reply to "
			"RCPT TO command)",
	};
	struct bouncetext said = {
		.text = "554 5.7.1 no", .host = "b.example.org", .ip = "192.0.2.2"};
	struct report report;

	(void)state;
	dsnreport_from_fields(&message, &recipient, &said, &report);
	assert_string_equal(report.recipient, "kim@example.org");
	assert_string_equal(report.original, "team@example.com");
	assert_string_equal(report.relay_host, "mx.example.org");
	assert_string_equal(report.relay_ip, "192.0.2.1");
	assert_int_equal(report.stage, REPORT_STAGE_RCPT);
	assert_string_equal(report.text, "550 5.1.1 no (in reply to RCPT TO command)");
	/* The field goes before the text; an address of another host is not its. */
	strcpy(recipient.host, "c.example.org");
	dsnreport_from_fields(&message, &recipient, &said, &report);
	assert_string_equal(report.relay_host, "c.example.org");
	assert_string_equal(report.relay_ip, "");
	/* Without a diagnostic the notice speaks. */
	recipient.text[0] = '\0';
	recipient.host[0] = '\0';
	strcpy(recipient.original, "KIM@example.org");
	dsnreport_from_fields(&message, &recipient, &said, &report);
	assert_string_equal(report.text, "554 5.7.1 no");
	assert_string_equal(report.relay_host, "b.example.org");
	assert_string_equal(report.relay_ip, "192.0.2.2");
	assert_string_equal(report.original, "");
	/* Who reports a refusal and names nobody refused. */
	dsnreport_from_fields(&message, &recipient, NULL, &report);
	assert_string_equal(report.relay_host, "out.example.net");
	/* An alias alone is the recipient. */
	recipient.final[0] = '\0';
	dsnreport_from_fields(&message, &recipient, NULL, &report);
	assert_string_equal(report.recipient, "KIM@example.org");
	assert_string_equal(report.original, "");
}

static void dsnreport_notes_the_name_that_was_missing(void **state)
{
	struct bouncetext said = {.recipient = "kim@gone.example",
		.text = "Host or domain name not found. Name service error for "
			"name=mx.Gone.example type=AAAA: Host not found"};
	struct report report;

	(void)state;
	dsnreport_from_text(&said, false, &report);
	assert_string_equal(report.missing_name, "mx.gone.example");
	assert_int_equal(report.origin, REPORT_LOCAL);
	assert_string_equal(report.relay_host, "");
}

static void dsnreport_reads_texts(void **state)
{
	static const struct {
		const char *text;
		bool delayed;
		enum delivery_outcome outcome;
		uint16_t code;
		const char *status;
	} cases[] = {
		{"550 no", false, DELIVERY_BOUNCED, 550, ""},
		{"450 4.2.2 full I'm not going to try again", false, DELIVERY_EXPIRED,
			450, "4.2.2"},
		{"550 no. Giving up on 192.0.2.1.", false, DELIVERY_BOUNCED, 550, ""},
		{"450 later", true, DELIVERY_DEFERRED, 450, ""},
		{"Sorry, no mailbox here by that name. (#5.1.1)", false, DELIVERY_BOUNCED,
			0, "5.1.1"},
		{"5.2.2 <a@b.example>... full", false, DELIVERY_BOUNCED, 0, "5.2.2"},
		{"25 mails too many", false, DELIVERY_BOUNCED, 0, ""},
		{"number #1 of 5.2.2.1", false, DELIVERY_BOUNCED, 0, ""},
		{"554 5.4.7 Message expired", false, DELIVERY_EXPIRED, 554, "5.4.7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bouncetext said = {.recipient = "kim@example.org"};
		struct report report;
		strcpy(said.text, cases[i].text);
		dsnreport_from_text(&said, cases[i].delayed, &report);
		assert_int_equal(report.outcome, cases[i].outcome);
		assert_int_equal(report.code, cases[i].code);
		assert_string_equal(report.status, cases[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsnreport_takes_outcome_and_origin_of_fields),
		cmocka_unit_test(dsnreport_names_whose_word_it_is),
		cmocka_unit_test(dsnreport_notes_the_name_that_was_missing),
		cmocka_unit_test(dsnreport_reads_texts),
	};

	return cmocka_run_group_tests_name("dsnreport", tests, NULL, NULL);
}
