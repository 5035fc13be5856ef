/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "tests/monitor/ingest/judging.h"

#define UNKNOWN REASON_USER_UNKNOWN
#define FULL REASON_MAILBOX_FULL

static void reply_does_not_read_addresses_hosts_and_links(void **state)
{
	(void)state;
	assert_int_equal(judging_reason("5.1.1",
				 "550 5.1.1 <quota@spam.example>: Recipient address "
				 "rejected: User unknown"),
		UNKNOWN);
	assert_int_equal(judging_reason("5.1.1",
				 "550 5.1.1 \"mailbox full\"@spam.example: User unknown"),
		UNKNOWN);
	assert_int_equal(judging_reason("5.0.0",
				 "550 user unknown, see https://spam.example/over-quota"),
		UNKNOWN);
	assert_int_equal(
		judging_reason("5.0.0", "550 user unknown (mx10.spam.blacklist.example)"),
		UNKNOWN);
	assert_int_equal(judging_reason("5.0.0", "550 dmarc... User unknown"),
		REASON_AUTH_FAILURE);
}

static void reply_does_not_read_a_local_part(void **state)
{
	struct report report = judging_report("5.0.0", "550 dmarc... User unknown");

	(void)state;
	snprintf(report.recipient, sizeof report.recipient, "DMARC@example.com");
	assert_int_equal(judging_verdict(&report).reason, UNKNOWN);
}

static void reply_takes_generic_codes_for_none(void **state)
{
	struct report report = judging_report("5.0.0", "550 nothing that we know");

	(void)state;
	assert_string_equal(judging_verdict(&report).rule, "other");
	assert_string_equal(judging_verdict(&report).status, "5.0.0");
	report = judging_report("5.0.0", "550 cuda_nsu 5.1.1 <jane@example.com>: no");
	assert_string_equal(judging_verdict(&report).status, "5.1.1");
	assert_int_equal(judging_verdict(&report).reason, UNKNOWN);
	assert_int_equal(judging_verdict(&report).code, 550);
	report = judging_report("", "");
	assert_string_equal(judging_verdict(&report).status, "");
	assert_int_equal(judging_verdict(&report).code, 0);
}

static void reply_believes_the_reports_own_codes_first(void **state)
{
	struct report report = judging_report("5.2.2", "550 5.1.1 sorry");

	(void)state;
	report.code = 552;
	assert_int_equal(judging_verdict(&report).code, 552);
	assert_string_equal(judging_verdict(&report).status, "5.2.2");
}

static void reply_takes_no_local_decision_for_an_unknown_user(void **state)
{
	static const char *const texts[] = {
		"User unknown in virtual alias table",
		"unknown user: \"jane\"",
		"550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown",
		"mailbox is full",
		"this account is disabled",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct report report = judging_report("5.1.1", texts[i]);

		report.origin = REPORT_LOCAL;
		assert_int_equal(judging_verdict(&report).reason, REASON_OTHER);
	}
}

static void reply_names_what_our_own_server_met(void **state)
{
	static const struct {
		const char *status;
		const char *text;
		enum delivery_reason reason;
	} rows[] = {
		{"4.4.1", "connect to mx.example.com[192.0.2.1]:25: Connection timed out",
			REASON_NETWORK},
		{"4.4.1", "connect to mx.example.com[192.0.2.1]:25: Connection refused",
			REASON_NETWORK},
		{"4.4.2",
			"lost connection with mx.example.com[192.0.2.1] while sending "
			"RCPT "
			"TO",
			REASON_NETWORK},
		{"5.4.4",
			"Host or domain name not found. Name service error for "
			"name=example.com type=MX: Host not found",
			REASON_HOST_UNKNOWN},
		{"4.4.3",
			"Host or domain name not found. Name service error for "
			"name=example.com type=MX: Host not found, try again",
			REASON_NETWORK},
		{"5.1.0", "Domain example.com does not accept mail (nullMX)",
			REASON_NO_ROUTE},
		{"", "an MX or SRV record indicated no SMTP service", REASON_NO_ROUTE},
		{"", "all relevant MX records point to non-existent hosts",
			REASON_NO_ROUTE},
		{"", "Unrouteable address", REASON_HOST_UNKNOWN},
		{"5.4.6", "mail for example.com loops back to myself", REASON_SYSTEM},
		{"4.7.4",
			"TLS is required, but was not offered by host "
			"mx.example.com[192.0.2.1]",
			REASON_TLS},
		{"4.7.5", "Server certificate not trusted", REASON_TLS},
		{"5.7.1", "<jane@example.com>: Relay access denied", REASON_RELAY_DENIED},
		{"5.0.0", "recipient is on the suppression list", REASON_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct report report = judging_report(rows[i].status, rows[i].text);

		report.origin = REPORT_LOCAL;
		if (judging_verdict(&report).reason != rows[i].reason)
			fail_msg("%s by %s: %s",
				delivery_reason_name(judging_verdict(&report).reason),
				judging_verdict(&report).rule, rows[i].text);
	}
}

static void reply_tells_deferrals_apart(void **state)
{
	(void)state;
	assert_int_equal(
		judging_reason("4.2.0", "450 4.2.0 Greylisted, please try later"),
		REASON_GREYLISTED);
	assert_int_equal(
		judging_reason("4.7.1", "450 4.7.1 Try again in 5 minutes (greylisting)"),
		REASON_GREYLISTED);
	assert_int_equal(judging_reason("4.7.0", "421 4.7.0 Too many connections"),
		REASON_RATE_LIMITED);
	assert_int_equal(judging_reason("4.3.0", "451 4.3.0 Temporary lookup failure"),
		REASON_NETWORK);
	assert_int_equal(
		judging_reason("4.0.0", "450 mailbox unavailable, try again later"),
		REASON_SYSTEM);
}

static void reply_calls_expired_what_met_only_the_network(void **state)
{
	struct report report = judging_report(
		"4.4.1", "connect to mx.example.com[192.0.2.1]:25: Connection timed out");

	(void)state;
	report.origin = REPORT_LOCAL;
	report.outcome = DELIVERY_EXPIRED;
	assert_int_equal(judging_verdict(&report).reason, REASON_EXPIRED);
	report = judging_report("4.2.2", "452 4.2.2 mailbox full");
	report.outcome = DELIVERY_EXPIRED;
	assert_int_equal(judging_verdict(&report).reason, FULL);
}

static void reply_has_nothing_to_say_of_a_delivery(void **state)
{
	struct report report = judging_report("2.0.0", "250 2.0.0 OK user unknown");

	(void)state;
	report.outcome = DELIVERY_DELIVERED;
	assert_int_equal(judging_verdict(&report).reason, REASON_NONE);
	assert_string_equal(judging_verdict(&report).rule, "");
}

static void reply_reads_only_what_a_host_said(void **state)
{
	struct report report = judging_report("5.0.0",
		"host mx-spam.example.com[192.0.2.1] said: 550 No such user (in reply to "
		"RCPT TO command)");

	(void)state;
	assert_int_equal(judging_verdict(&report).reason, UNKNOWN);
	assert_int_equal(judging_verdict(&report).code, 550);
	report = judging_report("4.0.0",
		"host mx.mimecast.com[192.0.2.1] said: 451 Recipient temporarily "
		"unavailable");
	assert_string_equal(judging_verdict(&report).rule, "mimecast-greylisted");
}

/* Texts built to make every word begin many phrases. */
static void reply_is_quick_on_hostile_texts(void **state)
{
	static const char *const words[] = {"user ", "mailbox ", "no such ", "exceeded ",
		"the recipient address ", "<", "\"", "a@", "host ", "5.1.1 ", "\xc3\xa9"};
	struct timespec start;
	struct timespec end;
	double spent;

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct report report = judging_report("5.0.0", "");
		size_t len = strlen(words[i]);

		for (size_t at = 0; at + len < sizeof report.text; at += len)
			memcpy(report.text + at, words[i], len + 1);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
		for (unsigned round = 0; round < 100; round++)
			judging_verdict(&report);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		spent = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			(double)(end.tv_nsec - start.tv_nsec) / 1e3;
		print_message("# %.1f us for \"%s\"...\n", spent / 100, words[i]);
		assert_true(spent / 100 < 1000); /* sanitizers and busy machines */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_does_not_read_addresses_hosts_and_links),
		cmocka_unit_test(reply_does_not_read_a_local_part),
		cmocka_unit_test(reply_takes_generic_codes_for_none),
		cmocka_unit_test(reply_believes_the_reports_own_codes_first),
		cmocka_unit_test(reply_takes_no_local_decision_for_an_unknown_user),
		cmocka_unit_test(reply_names_what_our_own_server_met),
		cmocka_unit_test(reply_tells_deferrals_apart),
		cmocka_unit_test(reply_calls_expired_what_met_only_the_network),
		cmocka_unit_test(reply_has_nothing_to_say_of_a_delivery),
		cmocka_unit_test(reply_reads_only_what_a_host_said),
		cmocka_unit_test(reply_is_quick_on_hostile_texts),
	};

	return cmocka_run_group_tests(tests, judging_setup, judging_teardown);
}
