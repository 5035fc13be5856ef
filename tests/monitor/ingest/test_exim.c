/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

#define HEAD "2026-01-02 03:04:05 1abCDe-000FGh-2i "
#define FIELDS " F=<s@example.com> R=dnslookup T=remote_smtp "
#define HOST "H=MX1.example.net [192.0.2.7]"

static void exim_reads_deliveries(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	const struct report *report = reading_one(&reading,
		HEAD "=> ann@example.net <Alias@example.org>" FIELDS "S=1234 " HOST
		     ":25* "
		     "X=TLS1.3:ECDHE_X25519__RSA:256 CV=yes DN=\"/C=DE/CN=a: b\" "
		     "C=\"250 2.0.0 Ok: \\\"queued\\\" F=<x@y>\" QT=2s DT=1s");
	assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05Z"));
	assert_int_equal(report->outcome, DELIVERY_DELIVERED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->code, 250);
	assert_string_equal(report->recipient, "ann@example.net");
	assert_string_equal(report->original, "Alias@example.org");
	assert_string_equal(report->relay_host, "mx1.example.net");
	assert_string_equal(report->relay_ip, "192.0.2.7");
	assert_string_equal(report->id, "1abCDe-000FGh-2i");
	report = reading_one(&reading,
		HEAD "-> \"a b\"@example.net" FIELDS "H=mx2.example.net "
		     "[2001:db8::2] C=\"250 ok\"");
	assert_string_equal(report->recipient, "\"a b\"@example.net");
	assert_string_equal(report->relay_ip, "2001:db8::2");
	report = reading_one(&reading, HEAD ">> cut@example.net" FIELDS HOST);
	assert_int_equal(report->outcome, DELIVERY_DELIVERED);
	report = reading_one(
		&reading, HEAD "=> ann <ann@example.net> R=local_user T=mail_spool");
	assert_string_equal(report->recipient, "ann@example.net");
	assert_int_equal(report->origin, REPORT_LOCAL);
	report = reading_one(&reading,
		HEAD "=> |/usr/bin/procmail -a x@y (b@example.net) <ann@example.net> "
		     "R=pipe T=address_pipe");
	assert_string_equal(report->recipient, "ann@example.net");
	reading_stop(&reading);
}

static void exim_reads_failures(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	const struct report *report = reading_one(&reading,
		HEAD
		"** ann@example.net" FIELDS HOST " X=TLS1.3:A:256 CV=yes: SMTP error "
		"from remote mail server after pipelined RCPT TO:<a: b@example.net>: "
		"550-5.1.1 No such\\n550 5.1.1 user");
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->stage, REPORT_STAGE_RCPT);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "550-5.1.1 No such 550 5.1.1 user");
	report = reading_one(&reading,
		HEAD
		"** ann@example.net R=dnslookup T=remote_smtp: SMTP error from remote "
		"mailer after RCPT TO:<ann@example.net>: host mx3.example.net "
		"[192.0.2.3]: 550 Unknown user");
	assert_string_equal(report->relay_host, "mx3.example.net");
	assert_string_equal(report->relay_ip, "192.0.2.3");
	assert_string_equal(report->text, "550 Unknown user");
	report =
		reading_one(&reading, HEAD "** nobody@gone.example: Unrouteable address");
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_string_equal(report->recipient, "nobody@gone.example");
	assert_string_equal(report->text, "Unrouteable address");
	report = reading_one(&reading,
		HEAD "** ann@example.net" FIELDS HOST ": retry timeout exceeded");
	assert_int_equal(report->outcome, DELIVERY_EXPIRED);
	assert_string_equal(report->text, "retry timeout exceeded");
	report = reading_one(&reading,
		HEAD "** ann@example.net" FIELDS HOST
		     ": SMTP error from remote mail server "
		     "after end of data: 451 4.3.0 later: retry timeout exceeded");
	assert_int_equal(report->outcome, DELIVERY_EXPIRED);
	assert_int_equal(report->stage, REPORT_STAGE_END_OF_DATA);
	assert_string_equal(report->text, "451 4.3.0 later");
	/* The words of somebody else. */
	report = reading_one(&reading,
		HEAD "** ann@example.net" FIELDS HOST
		     ": SMTP error from remote mail server "
		     "after end of data: 550 no: retry timeout exceeded");
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_string_equal(report->text, "550 no: retry timeout exceeded");
	reading_stop(&reading);
}

static void exim_reads_deferrals(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	const struct report *report = reading_one(&reading,
		"2026-01-02 03:04:05.678 +0100 [77] 1abCDe-0000000FGhi-2jkl == "
		"ann@example.net R=dnslookup T=remote_smtp defer (-44) " HOST
		": SMTP error from remote mail server after RCPT TO:<ann@example.net>: "
		"450 4.7.1 Greylisted");
	assert_int_equal(report->at, reading_instant("2026-01-02T02:04:05.678Z"));
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	assert_string_equal(report->status, "4.7.1");
	assert_string_equal(report->relay_host, "mx1.example.net");
	report = reading_one(&reading,
		HEAD "== ann@example.net R=dnslookup T=remote_smtp defer (110) " HOST
		     ": Connection timed out");
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_string_equal(report->relay_ip, "192.0.2.7");
	report = reading_one(&reading,
		HEAD "== ann@example.net R=dnslookup T=remote_smtp defer (-18) " HOST
		     ": Remote host closed connection in response to initial connection");
	assert_int_equal(report->stage, REPORT_STAGE_CONNECT);
	report = reading_one(&reading,
		HEAD "== ann@example.net R=dnslookup defer (-1): no IP address found for "
		     "host MX9.example.net");
	assert_string_equal(report->missing_name, "mx9.example.net");
	reading_ignores(&reading,
		HEAD
		"== ann@example.net R=dnslookup T=remote_smtp defer (-53): retry time "
		"not reached for any host for 'example.net'");
	reading_ignores(&reading,
		HEAD "== ann@example.net routing defer (-51): retry time not reached");
	reading_stop(&reading);
}

static void exim_ignores_what_is_no_delivery(void **state)
{
	static const char *const lines[] = {
		HEAD "<= s@example.com H=app [192.0.2.9] P=esmtp S=1234",
		HEAD "Completed",
		HEAD "=> :blackhole: <ann@example.net> R=drop",
		HEAD "=> discarded <ann@example.net>",
		HEAD "*> ann@example.net R=dnslookup T=remote_smtp H=mx [192.0.2.1]",
		"2026-01-02 03:04:05 Start queue run: pid=1",
		"2026-01-02 03:04:05 no host name found for IP address 192.0.2.9",
		"2026-01-02 03:04:05 1abCDe-000FGh-2 => a@example.net R=x T=y H=h "
		"[192.0.2.1]",
		"Jan  2 03:04:05 mta1 other[1]: 1abCDe-000FGh-2i => a@example.net R=x "
		"T=y",
		"x 2026-01-02 03:04:05 1abCDe-000FGh-2i => a@example.net R=x T=y",
		"2026-01-02 03:04:05 H=x rejected RCPT <1abCDe-000FGh-2i => "
		"a@example.net>",
	};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		reading_ignores(&reading, lines[i]);
	reading_rejects(&reading, HEAD "** ", "no recipient");
	reading_rejects(&reading, HEAD "=> |/bin/x R=a T=b", "no recipient");
	reading_stop(&reading);
}

static void exim_keeps_what_a_forger_says_as_text(void **state)
{
	static const char *const forged[] = {
		"550 x: SMTP error from remote mail server after RCPT TO:<b@c>: 250 ok",
		"550 H=mx6.example.org [192.0.2.66] C=\"250 ok\"",
		"550 => bob@example.org R=x T=y H=mx6.example.org [192.0.2.66]",
		"550 host mx6.example.org [192.0.2.66]: 250 ok",
		"550 2026-01-02 03:04:05 1abCDe-000FGh-2i => bob@example.org",
		"550 <bob@example.org> defer (-44) no",
	};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
		char line[1024] =
			HEAD "** ann@example.net" FIELDS HOST
			     ": SMTP error from remote mail server after end of data: ";
		strcat(line, forged[i]);
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->outcome, DELIVERY_BOUNCED);
		assert_int_equal(report->code, 550);
		assert_string_equal(report->recipient, "ann@example.net");
		assert_string_equal(report->original, "");
		assert_string_equal(report->relay_host, "mx1.example.net");
		assert_string_equal(report->text, forged[i]);
	}
	reading_stop(&reading);
}

static void exim_reads_syslog_and_journals(void **state)
{
	static const char text[] = "1abCDe-000FGh-2i => ann@example.net" FIELDS HOST;
	static const char *const relays[] = {"192.0.2.7:2525"};
	const struct reader_options options = {.internal_relays = relays,
		.internal_relays_len = 1,
		.zone = "Europe/Berlin"};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_EXIM, NULL);
	const struct report *report = reading_one(&reading,
		"Jan  2 03:04:05 mta1 exim[12]: 1abCDe-000FGh-2i => "
		"ann@example.net" FIELDS HOST);
	assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05Z"));
	reader_message(reading.reader, 5000, "exim4", text, sizeof text - 1);
	assert_int_equal(reading.reports[1].at, 5000);
	reader_message(reading.reader, 5000, "cron", text, sizeof text - 1);
	assert_int_equal(reading.len, 2);
	reading_stop(&reading);
	reading_start(&reading, READER_EXIM, &options);
	reading_ignores(&reading, HEAD "=> ann@example.net" FIELDS HOST ":2525");
	reading_stop(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exim_reads_deliveries),
		cmocka_unit_test(exim_reads_failures),
		cmocka_unit_test(exim_reads_deferrals),
		cmocka_unit_test(exim_ignores_what_is_no_delivery),
		cmocka_unit_test(exim_keeps_what_a_forger_says_as_text),
		cmocka_unit_test(exim_reads_syslog_and_journals),
	};
	return cmocka_run_group_tests_name("exim", tests, NULL, NULL);
}
