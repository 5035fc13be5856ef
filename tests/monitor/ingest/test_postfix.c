/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/monitor/ingest/reading.h"

#define HEAD "Jan  2 03:04:05 mta1 postfix/smtp[1234]: "
#define MANAGER "Jan  2 03:04:06 mta1 postfix/qmgr[99]: "
#define DELAYS "delay=1, delays=0.1/0/0.4/0.5"
#define RELAY "relay=mx1.example.net[192.0.2.7]:25, "
#define SAID "host mx1.example.net[192.0.2.7] said: "

static struct reading reading;

static int start(void **state)
{
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	reading_stop(&reading);
	return 0;
}

static void postfix_reads_a_delivery(void **state)
{
	(void)state;
	const struct report *report = reading_one(&reading,
		HEAD "4F9D195432C: to=<Ann@Example.NET>, orig_to=<ann@example.org>, "
		     "relay=MX1.Example.net.[192.0.2.7]:25, conn_use=3, " DELAYS
		     ", tls=verified/TLSv1.3, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
	assert_int_equal(report->at, reading_instant("2026-01-02T03:04:05Z"));
	assert_int_equal(report->outcome, DELIVERY_DELIVERED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->count, 1);
	assert_int_equal(report->code, 250);
	assert_string_equal(report->recipient, "Ann@Example.NET");
	assert_string_equal(report->original, "ann@example.org");
	assert_string_equal(report->relay_host, "mx1.example.net");
	assert_string_equal(report->relay_ip, "192.0.2.7");
	assert_string_equal(report->status, "2.0.0");
	assert_string_equal(report->text, "250 2.0.0 Ok");
	assert_string_equal(report->id, "4F9D195432C");
}

static void postfix_reads_a_remote_refusal(void **state)
{
	(void)state;
	const struct report *report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, " RELAY DELAYS
		     ", dsn=5.1.1, status=bounced (" SAID
		     "550-5.1.1 No such 550 5.1.1  user (in reply to RCPT TO command))");
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->stage, REPORT_STAGE_RCPT);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	assert_string_equal(report->text, "550-5.1.1 No such 550 5.1.1  user");
}

static void postfix_reads_all_headers(void **state)
{
	static const char *const heads[] = {
		"Jan  2 03:04:05 mta1 postfix/smtp[1234]: ",
		"Jan 2 03:04:05 mta1 postfix-out/smtp[1234]: ",
		"<22>Jan  2 03:04:05 mta1 postfix/relay/smtp[1234]: ",
		"Jan  2 03:04:05 mta1 postfix/smtp[1234]: [ID 197553 mail.info] ",
		"2026-01-02T03:04:05Z mta1 postfix/smtp[1234]: ",
		"2026-01-02T04:04:05.123456+01:00 mta1 tlsproxy/error[1234]: ",
		"2026-01-02T04:04:05.000456+01:00 INFO    postfix/retry[1234]: ",
		"2026-01-02T04:04:05+01:00 INFO    mta1 postfix/smtp[1234]: ",
		"<22>1 2026-01-02T03:04:05Z mta1 postfix/lmtp 12 - - ",
		"<22>1 2026-01-02T03:04:05Z mta1 postfix/smtp 12 - [a@1 "
		"b=\"]\\\"\"][c@1] "
		"\xef\xbb\xbf",
	};
	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char line[1024];
		snprintf(line, sizeof line,
			"%s4F9D195432C: to=<ann@example.net>, " RELAY DELAYS
			", dsn=2.0.0, status=sent (250 Ok)",
			heads[i]);
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->at / 1000,
			reading_instant("2026-01-02T03:04:05Z") / 1000);
	}
	/* Without a time, the reference is the time. */
	assert_int_equal(reading_one(&reading,
				 "postfix/smtp[1]: 4F9D195432C: to=<ann@example.net>, "
				 "relay=none, dsn=4.4.1, status=deferred (x)")
				 ->at,
		reading_instant("2026-06-01T00:00:00Z"));
}

static void postfix_skips_keys_that_are_to_come(void **state)
{
	(void)state;
	const struct report *report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, " RELAY
		     "conn_use=2 delay=1, later=what, ever (it is), more=1, dsn=2.0.0, "
		     "newest=x y, status=sent (250 Ok)");
	assert_string_equal(report->status, "2.0.0");
	report = reading_one(&reading,
		HEAD
		"4F9D195432C: to=<ann@example.net>, relay=mx1.example.net[192.0.2.7], "
		"delay=4, status=sent (250 Ok)");
	assert_string_equal(report->relay_ip, "192.0.2.7");
	assert_string_equal(report->status, "");
}

static void postfix_reads_odd_addresses(void **state)
{
	static const char *const addresses[] = {
		"\"a b\"@example.net",
		"\"a>, relay=none, status=bounced (x\"@example.net",
		"a b@example.net",
		"a>b@example.net",
		"j\xc3\xbcrgen@example.net",
		"user@[192.0.2.1]",
		"",
	};
	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		char line[1024];
		snprintf(line, sizeof line,
			HEAD "4F9D195432C: to=<%s>, " RELAY DELAYS
			     ", dsn=2.0.0, status=sent (250 Ok)",
			addresses[i]);
		const struct report *report = reading_one(&reading, line);
		assert_string_equal(report->recipient, addresses[i]);
		assert_int_equal(report->outcome, DELIVERY_DELIVERED);
	}
}

static void postfix_keeps_what_a_forger_says_as_text(void **state)
{
	/* Each is the text of a deferral by mx1. */
	static const char *const forged[] = {
		"450 x), dsn=5.1.1, status=bounced (host mx1 said: 550 5.1.1 no",
		"450 4F9D195432C: to=<bob@example.org>, relay=none, status=bounced (x)",
		"450 postfix/smtp[1]: 4F9D195432C: to=<b@example.org>, status=sent (250)",
		"450 Jan  2 03:04:05 mta1 postfix/smtp[1]: 4F9D195432C: "
		"to=<b@example.org>,"
		" relay=mx6.example.org[192.0.2.66]:25, dsn=5.1.1, status=bounced (no)",
		"450 host mx6.example.org[192.0.2.66] said: 550 5.1.1 no",
		"450 relay=mx6.example.org[192.0.2.66]:25",
		"450 delivery temporarily suspended: connect to "
		"mx6.example.org[192.0.2.6]",
		"450 Name service error for name=mx6.example.org type=A: Host not found",
		"450 last message repeated 99 times",
		"450 (in reply to end of DATA command) told",
		"450 \", dsn=5.1.1, status=bounced",
		"450 held by mxvigil: DNS reply filter drops all results",
	};
	(void)state;
	for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
		char line[1024];
		snprintf(line, sizeof line,
			HEAD "4F9D195432C: to=<ann@example.net>, " RELAY DELAYS
			     ", dsn=4.0.0, status=deferred (" SAID
			     "%s (in reply to RCPT TO command))",
			forged[i]);
		const struct report *report = reading_one(&reading, line);
		assert_int_equal(report->outcome, DELIVERY_DEFERRED);
		assert_int_equal(report->stage, REPORT_STAGE_RCPT);
		assert_int_equal(report->count, 1);
		assert_int_equal(report->code, 450);
		assert_string_equal(report->status, "4.0.0");
		assert_string_equal(report->recipient, "ann@example.net");
		assert_string_equal(report->relay_host, "mx1.example.net");
		assert_string_equal(report->missing_name, "");
		assert_string_equal(report->text, forged[i]);
	}
}

static void postfix_ignores_what_is_no_delivery(void **state)
{
	static const char *const lines[] = {
		"",
		"nonsense",
		HEAD "connect to mx1.example.net[192.0.2.7]:25: Connection refused",
		HEAD "4F9D195432C: host mx1.example.net[192.0.2.7] said: 450 later, "
		     "to=<a@example.net>, status=bounced (x)",
		"Jan  2 03:04:05 mta1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from "
		"x[192.0.2.9]: 550 5.1.1 <a@example.net>: undeliverable; "
		"from=<b@c.example> "
		"to=<a@example.net> proto=ESMTP helo=<to=<a@b>, status=bounced (x)>",
		"Jan  2 03:04:05 mta1 postfix/cleanup[1]: 4F9D195432C: "
		"message-id=<to=<a@b>,"
		" status=sent (x)>",
		"Jan  2 03:04:05 mta1 postfix/bounce[1]: 4F9D195432C: sender "
		"non-delivery "
		"notification: 5A9D195432C",
		"Jan  2 03:04:05 mta1 postfix/bounce[1]: 4F9D195432C: status=deferred "
		"(bounce failed)",
		"Jan  2 03:04:05 mta1 sshd[1]: Invalid user postfix/smtp[1]: "
		"4F9D195432C: "
		"to=<a@example.net>, relay=none, status=bounced (x)",
		"Jan  2 03:04:05 mta1 kernel: 4F9D195432C: to=<a@example.net>, "
		"relay=none, "
		"status=bounced (x)",
		"Jan  2 03:04:05 mta1 last message repeated 3 times",
		HEAD "4F9D195432C: to=<a@example.net>, " RELAY
		     "dsn=2.1.5, status=deliverable (250 ok)",
		HEAD "4F9D195432C: to=<a@example.net>, " RELAY
		     "dsn=5.1.1, status=undeliverable (550 no)",
		HEAD
		"4F9D195432C: to=<a@example.net>, relay=none, delay=0.02, dsn=4.7.0, "
		"status=deferred (Error looking up name=example.net type=MX: DNS reply "
		"filter drops all results)",
		HEAD "4F9D195432C: to=<a@example.net>, relay=none, dsn=4.3.0, "
		     "status=deferred (held by mxvigil, incident 7)",
	};
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		reading_ignores(&reading, lines[i]);
}

/* A refusal that our own mail server has softened, and a filter of ours that is broken. */
static void postfix_reads_what_our_own_holding_does(void **state)
{
	(void)state;
	const struct report *report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, " RELAY DELAYS
		     ", dsn=4.1.1, status=deferred (" SAID
		     "550 5.1.1 <ann@example.net>: no (in reply to RCPT TO command))");
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, relay=none, dsn=4.4.3, "
		     "status=deferred (Error looking up name=example.net type=MX: "
		     "Invalid DNS reply filter syntax)");
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_string_equal(report->missing_name, "");
}

static void postfix_rejects_broken_deliveries(void **state)
{
	char line[2048];
	(void)state;
	reading_rejects(&reading, HEAD "4F9D195432C: to=<a@example.net",
		"no end of the recipient");
	reading_rejects(&reading, HEAD "4F9D195432C: to=<a@example.net>, relay=none",
		"no status");
	reading_rejects(&reading,
		HEAD "4F9D195432C: to=<a@example.net>, relay=none, status=odd (x)",
		"unknown status");
	reading_rejects(&reading,
		"Feb 30 03:04:05 mta1 postfix/smtp[1]: 4F9D195432C: to=<a@example.net>, "
		"status=sent (x)",
		"no time");
	snprintf(line, sizeof line,
		HEAD "4F9D195432C: to=<%0600d@example.net>, relay=none, status=sent (x)",
		1);
	reading_rejects(&reading, line, "recipient too long");
}

static void postfix_multiplies_repeated_messages(void **state)
{
	(void)state;
	const char *line = HEAD "4F9D195432C: to=<ann@example.net>, " RELAY DELAYS
				", dsn=2.0.0, status=sent (250 Ok)";
	reading_one(&reading, line);
	const struct report *report = reading_one(
		&reading, "Jan  2 03:05:00 mta1 last message repeated 3 times");
	assert_int_equal(report->count, 3);
	assert_string_equal(report->recipient, "ann@example.net");
	assert_int_equal(report->at, reading_instant("2026-01-02T03:05:00Z"));
	assert_int_equal(reader_counts(reading.reader)->reports, 4);
	/* It speaks of the line before, which is no delivery now. */
	reading_ignores(&reading, "Jan  2 03:05:00 mta1 last message repeated 3 times");
	report = reading_one(&reading,
		HEAD "message repeated 2 times: [ 4F9D195432C: to=<ann@example.net>, "
		     "relay=none, dsn=4.4.1, status=deferred (x)]");
	assert_int_equal(report->count, 2);
	assert_string_equal(report->text, "x");
	reading_ignores(&reading,
		HEAD "message repeated 99999999999 times: [ 4F9D195432C: to=<a@b>, "
		     "status=sent (x)]");
}

#define DEFERRAL(recipient)                                                              \
	HEAD "4F9D195432C: to=<" recipient ">, " RELAY DELAYS                            \
	     ", dsn=4.2.2, status=deferred (" SAID "452 4.2.2 full)"

static void postfix_joins_expiries_by_queue_id(void **state)
{
	(void)state;
	reading_one(&reading, DEFERRAL("ann@example.net"));
	reading_one(&reading, DEFERRAL("ann@example.net"));
	reading_one(&reading, DEFERRAL("bob@example.net"));
	reading_one(&reading, DEFERRAL("eve@example.net"));
	reading_one(&reading,
		HEAD "4F9D195432C: to=<eve@example.net>, " RELAY
		     "dsn=2.0.0, status=sent (250 Ok)");
	const size_t before = reading.len;
	reading_feed(&reading,
		MANAGER "4F9D195432C:from=<\"x>, status=sent\"@example.org>, "
			"status=force-expired, returned to sender\n");
	assert_int_equal(reading.len, before + 2);
	const struct report *bob = &reading.reports[before];
	const struct report *ann = &reading.reports[before + 1];
	assert_string_equal(bob->recipient, "bob@example.net");
	assert_string_equal(ann->recipient, "ann@example.net");
	assert_int_equal(ann->outcome, DELIVERY_EXPIRED);
	assert_int_equal(ann->origin, REPORT_REMOTE);
	assert_int_equal(ann->code, 452);
	assert_string_equal(ann->status, "4.2.2");
	assert_string_equal(ann->text, "452 4.2.2 full");
	assert_string_equal(ann->relay_host, "mx1.example.net");
	assert_string_equal(ann->id, "4F9D195432C");
	assert_int_equal(ann->at, reading_instant("2026-01-02T03:04:06Z"));
	/* Once. */
	reading_ignores(&reading,
		MANAGER "4F9D195432C: from=<>, status=expired, returned to sender");
	assert_int_equal(reader_counts(reading.reader)->unjoined, 1);
}

static void postfix_forgets_removed_messages(void **state)
{
	(void)state;
	reading_one(&reading, DEFERRAL("ann@example.net"));
	reading_ignores(&reading, MANAGER "4F9D195432C: removed");
	reading_ignores(&reading,
		MANAGER "4F9D195432C: from=<>, status=expired, returned to sender");
	reading_one(&reading, DEFERRAL("ann@example.net"));
	reading_ignores(&reading,
		HEAD "4F9D195432C: from=<>, status=expired, returned to sender");
}

static void postfix_takes_softened_refusals_by_their_reply(void **state)
{
	(void)state;
	const struct report *report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, " RELAY
		     "dsn=4.1.1, status=deferred (" SAID
		     "550 5.1.1 no such user (in reply to RCPT TO command))");
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	assert_int_equal(report->code, 550);
	assert_string_equal(report->status, "5.1.1");
	report = reading_one(&reading,
		HEAD "4F9D195432C: to=<ann@example.net>, " RELAY
		     "dsn=4.0.0, status=SOFTBOUNCE (" SAID "554 no)");
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	assert_string_equal(report->status, "5.0.0");
}

static void postfix_leaves_internal_relays_out(void **state)
{
	static const char *const relays[] = {"127.0.0.1:10025", "filter.example.com"};
	const struct reader_options options = {
		.internal_relays = relays, .internal_relays_len = 2};
	(void)state;
	reading_stop(&reading);
	reading_start(&reading, READER_POSTFIX, &options);
	reading_ignores(&reading,
		HEAD "4F9D195432C: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:10025, "
		     "dsn=2.0.0, status=sent (250 Ok: queued as 1)");
	reading_ignores(&reading,
		HEAD
		"4F9D195432C: to=<a@example.net>, relay=Filter.example.com[192.0.2.5]:"
		"25, dsn=2.0.0, status=sent (250 Ok)");
	const struct report *report = reading_one(&reading,
		HEAD
		"4F9D195432C: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:10025, "
		"dsn=5.7.1, status=bounced (host 127.0.0.1[127.0.0.1] said: 554 5.7.1 "
		"virus (in reply to end of DATA command))");
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_int_equal(report->code, 554);
	reading_one(&reading,
		HEAD "4F9D195432C: to=<a@example.net>, relay=127.0.0.1[127.0.0.1]:25, "
		     "dsn=2.0.0, status=sent (250 Ok)");
}

/* A smart host of our own that asks the recipient's host, and hands on what that said. */
static void postfix_hears_who_spoke_to_an_internal_relay(void **state)
{
	static const char *const relays[] = {"smart.example.com"};
	const struct reader_options options = {
		.internal_relays = relays, .internal_relays_len = 1};
	static const char smart[] =
		HEAD "4F9D195432C: to=<a@example.net>, "
		     "relay=smart.example.com[192.0.2.5]:25, dsn=5.1.1, "
		     "status=bounced (host smart.example.com[192.0.2.5] said: ";
	static const char beyond[] =
		"550 5.1.1 <a@example.net>: Recipient address rejected: undeliverable "
		"address: host mx01.mail.icloud.com[198.51.100.7] said: 550-5.7.1 no "
		"relaying: host x[192.0.2.1] said: 250 ok (in reply to RCPT TO command) "
		"(in reply to RCPT TO command))";
	char line[1024];
	(void)state;
	snprintf(line, sizeof line, "%s%s", smart, beyond);
	const struct report *report = reading_one(&reading, line);
	assert_string_equal(report->relay_host, "smart.example.com");
	reading_stop(&reading);
	reading_start(&reading, READER_POSTFIX, &options);
	report = reading_one(&reading, line);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_string_equal(report->relay_host, "mx01.mail.icloud.com");
	assert_string_equal(report->relay_ip, "198.51.100.7");
	assert_int_equal(report->stage, REPORT_STAGE_RCPT);
	assert_int_equal(report->code, 550);
	assert_string_equal(
		report->text, "550-5.7.1 no relaying: host x[192.0.2.1] said: 250 ok");
	/* Words of the relay itself, and of who is quoted in them, are its own. */
	snprintf(line, sizeof line, "%s%s", smart,
		"550 5.1.1 <\"host mx[192.0.2.1] said: 5\"@example.net> unknown)");
	report = reading_one(&reading, line);
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_string_equal(report->relay_host, "smart.example.com");
}

static void postfix_takes_lmtp_on_this_machine_as_its_own(void **state)
{
	(void)state;
	assert_int_equal(reading_one(&reading,
				 "Jan  2 03:04:05 mta1 postfix/lmtp[1]: 4F9D195432C: "
				 "to=<a@example.net>,"
				 " relay=mta1[private/dovecot-lmtp], dsn=5.1.1, "
				 "status=bounced (host "
				 "mta1[private/dovecot-lmtp] said: 550 5.1.1 no)")
				 ->origin,
		REPORT_LOCAL);
	assert_int_equal(reading_one(&reading,
				 "Jan  2 03:04:05 mta1 postfix/lmtp[1]: 4F9D195432C: "
				 "to=<a@example.net>,"
				 " relay=::1[::1]:24, dsn=2.0.0, status=sent (250 ok)")
				 ->origin,
		REPORT_LOCAL);
}

static void postfix_reads_one_instance_where_asked(void **state)
{
	const struct reader_options options = {.instance = "postfix-out"};
	(void)state;
	reading_stop(&reading);
	reading_start(&reading, READER_POSTFIX, &options);
	reading_ignores(&reading, DEFERRAL("ann@example.net"));
	const struct report *report = reading_one(&reading,
		"2026-01-02T03:04:05Z mta1 postfix-out/smtp[1]: 4F9D195432C: "
		"to=<ann@example.net>, relay=none, dsn=4.4.1, status=deferred (x)");
	assert_string_equal(report->recipient, "ann@example.net");
}

static void postfix_reads_journal_messages(void **state)
{
	static const char text[] = "4F9D195432C: to=<ann@example.net>, relay=none, "
				   "dsn=4.4.1, status=deferred (x)";
	(void)state;
	reader_message(reading.reader, 1234567, "postfix/smtp", text, sizeof text - 1);
	assert_int_equal(reading.len, 1);
	assert_int_equal(reading.reports[0].at, 1234567);
	reader_message(reading.reader, 1234567, "kernel", text, sizeof text - 1);
	assert_int_equal(reading.len, 1);
	assert_int_equal(reader_counts(reading.reader)->ignored, 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)
	const struct CMUnitTest tests[] = {
		EACH(postfix_reads_a_delivery),
		EACH(postfix_reads_a_remote_refusal),
		EACH(postfix_reads_all_headers),
		EACH(postfix_skips_keys_that_are_to_come),
		EACH(postfix_reads_odd_addresses),
		EACH(postfix_keeps_what_a_forger_says_as_text),
		EACH(postfix_ignores_what_is_no_delivery),
		EACH(postfix_reads_what_our_own_holding_does),
		EACH(postfix_rejects_broken_deliveries),
		EACH(postfix_multiplies_repeated_messages),
		EACH(postfix_joins_expiries_by_queue_id),
		EACH(postfix_forgets_removed_messages),
		EACH(postfix_takes_softened_refusals_by_their_reply),
		EACH(postfix_leaves_internal_relays_out),
		EACH(postfix_hears_who_spoke_to_an_internal_relay),
		EACH(postfix_takes_lmtp_on_this_machine_as_its_own),
		EACH(postfix_reads_one_instance_where_asked),
		EACH(postfix_reads_journal_messages),
	};
	return cmocka_run_group_tests_name("postfix", tests, NULL, NULL);
}
