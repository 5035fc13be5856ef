/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/dsnfield.h"

struct seen {
	struct dsn_message message;
	struct dsn_recipient recipients[4];
	size_t len;
	int stop;
};

static int on_recipient(void *owner, const struct dsn_message *message,
	const struct dsn_recipient *recipient)
{
	struct seen *seen = owner;

	if (seen->len < sizeof seen->recipients / sizeof seen->recipients[0])
		seen->recipients[seen->len] = *recipient;
	seen->message = *message;
	seen->len++;
	return seen->stop;
}

static struct seen *read_fields(const char *text)
{
	static struct seen seen;

	seen = (struct seen){0};
	assert_int_equal(dsnfield_read(text, strlen(text), on_recipient, &seen), 0);
	return &seen;
}

static void dsnfield_reads_message_and_recipients(void **state)
{
	const struct seen *seen =
		read_fields("Reporting-MTA: dns; out.example.net\n"
			    "Original-Envelope-Id: env\n"
			    "X-Postfix-Queue-ID: 4B1C22A\n"
			    "Arrival-Date: Tue, 3 Mar 2026 10:15:29 +0100\n\n"
			    "Original-Recipient: rfc822;a+2Bb+40example.org\n"
			    "Final-Recipient: RFC822 ; c@example.org\n"
			    "Action: Failed (bounced)\n"
			    "STATUS: 5.1.1 (no such)\n"
			    "Remote-MTA: DNS; MX.Example.org. (192.0.2.1)\n"
			    "Diagnostic-Code: smtp; 550 5.1.1\n\t  unknown\n user\n"
			    "Last-Attempt-Date: Tue, 3 Mar 2026 10:15:30 +0100\n"
			    "\n"
			    "Final-Recipient: rfc822;<d@example.org>\n"
			    "Action: relayed\n"
			    "Diagnostic-Code: X-Postfix; all is well\n");

	(void)state;
	assert_int_equal(seen->len, 2);
	assert_string_equal(seen->message.reporter, "out.example.net");
	assert_string_equal(seen->message.id, "4B1C22A");
	assert_string_equal(seen->message.arrival, "Tue, 3 Mar 2026 10:15:29 +0100");
	const struct dsn_recipient *first = &seen->recipients[0];
	assert_string_equal(first->final, "c@example.org");
	assert_string_equal(first->original, "a+b@example.org");
	assert_int_equal(first->action, DSN_ACTION_FAILED);
	assert_string_equal(first->status, "5.1.1");
	assert_string_equal(first->host, "mx.example.org");
	assert_string_equal(first->ip, "192.0.2.1");
	assert_true(first->smtp);
	assert_string_equal(first->text, "550 5.1.1 unknown user");
	assert_string_equal(first->attempt, "Tue, 3 Mar 2026 10:15:30 +0100");
	const struct dsn_recipient *second = &seen->recipients[1];
	assert_string_equal(second->final, "d@example.org");
	assert_string_equal(second->original, "");
	assert_int_equal(second->action, DSN_ACTION_RELAYED);
	assert_false(second->smtp);
	assert_string_equal(second->text, "all is well");
}

static void dsnfield_needs_no_blank_lines_and_bears_more(void **state)
{
	const struct seen *seen =
		read_fields("Final-Recipient: rfc822;a@example.org\n\n\n"
			    "Status: 5.2.2\n"
			    "Final-Recipient: rfc822;b@example.org\n"
			    "Status: 4.2.2\nsome words\n: x\n"
			    "Original-Recipient: rfc822;b@example.org\n\n"
			    "Original-Recipient: rfc822;c@example.org\n"
			    "Final-Recipient: rfc822;\n");

	(void)state;
	assert_int_equal(seen->len, 3);
	assert_string_equal(seen->recipients[0].status, "5.2.2");
	assert_string_equal(seen->recipients[1].final, "b@example.org");
	assert_string_equal(seen->recipients[1].original, "b@example.org");
	assert_string_equal(seen->recipients[2].final, "");
	assert_string_equal(seen->recipients[2].original, "c@example.org");
}

static void dsnfield_says_nothing_without_an_address(void **state)
{
	(void)state;
	assert_int_equal(read_fields("")->len, 0);
	assert_int_equal(read_fields("Action: failed\nStatus: 5.1.1\n")->len, 0);
	assert_int_equal(read_fields("Final-Recipient: rfc822; nobody\n")->len, 0);
	assert_int_equal(read_fields("Final-Recipient rfc822; a@b.example\n")->len, 0);
}

static void dsnfield_takes_only_status_codes(void **state)
{
	static const struct {
		const char *field;
		const char *status;
	} cases[] = {
		{"Status: #5.7.26\n", "5.7.26"},
		{"Status: 5.01.001\n", "5.1.1"},
		{"Status: 3.1.1\n", ""},
		{"Status: 5.1\n", ""},
		{"Status: none\n", ""},
		{"Status: 5.4.317;x\n", "5.4.317"},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		strcpy(text, "Final-Recipient: rfc822;a@example.org\n");
		strcat(text, cases[i].field);
		assert_string_equal(
			read_fields(text)->recipients[0].status, cases[i].status);
	}
}

static void dsnfield_decodes_addresses(void **state)
{
	static const struct {
		const char *value;
		const char *address;
	} cases[] = {
		{"rfc822; a@example.org", "a@example.org"},
		{"utf-8; j\\x{F6}rg@b\\x{fc}cher.example",
			"j\xc3\xb6rg@b\xc3\xbc"
			"cher.example"},
		{"UTF-8;\\x{1F600}@example.org", "\xf0\x9f\x98\x80@example.org"},
		{"rfc822;a+2Bb+3Dc+40example.org", "a+b=c@example.org"},
		/* With an "@" it is no xtext: this is a sub-address. */
		{"rfc822;a+2B@example.org", "a+2B@example.org"},
		{"rfc822;\"a b\"@example.org", "\"a b\"@example.org"},
		{"Kim <kim@example.org>", "kim@example.org"},
		{"a@[192.0.2.1]", "a@[192.0.2.1]"},
		{"rfc822;a+0Ab+40example.org", ""},
		{"utf-8;\\x{0A}@example.org", ""},
		{"utf-8;\\x{D800}@example.org", ""},
		{"utf-8;\\x{110000}@example.org", ""},
		{"rfc822;@example.org", ""},
		{"rfc822;a@", ""},
		{"rfc822;a@b/c", ""},
		{"", ""},
	};
	char address[REPORT_ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool is = dsnfield_address(cases[i].value, address, sizeof address);
		assert_string_equal(address, cases[i].address);
		assert_int_equal(is, cases[i].address[0] != '\0');
	}
	/* One that does not fit is none. */
	assert_false(dsnfield_address("abcdef@example.org", address, 8));
}

static void dsnfield_splits_hosts(void **state)
{
	static const struct {
		const char *value;
		const char *host;
		const char *ip;
	} cases[] = {
		{"dns; mx.example.org", "mx.example.org", ""},
		{"dns; MX.example.org. (192.0.2.1, the server for the domain x.)",
			"mx.example.org", "192.0.2.1"},
		{"dns;[192.0.2.1]", "", "192.0.2.1"},
		{"dns; [IPv6:2001:db8::1]", "", "2001:db8::1"},
		{"mx.example.org[2001:db8::1]", "mx.example.org", "2001:db8::1"},
		{"smtp; localhost", "", ""},
		{"", "", ""},
		{"dns; 999.1.1.1", "999.1.1.1", ""},
	};
	char host[REPORT_HOST_MAX];
	char ip[48];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		dsnfield_host(cases[i].value, host, sizeof host, ip, sizeof ip);
		assert_string_equal(host, cases[i].host);
		assert_string_equal(ip, cases[i].ip);
	}
}

static void dsnfield_stops_when_told_and_when_it_is_enough(void **state)
{
	static const char one[] = "Final-Recipient: rfc822;a@example.org\n\n";
	size_t times = DSNFIELD_RECIPIENTS_MAX + 5;
	struct seen seen = {.stop = 9};
	char *text = malloc(times * (sizeof one - 1));

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * (sizeof one - 1), one, sizeof one - 1);
	assert_int_equal(
		dsnfield_read(text, times * (sizeof one - 1), on_recipient, &seen), 9);
	assert_int_equal(seen.len, 1);
	seen = (struct seen){0};
	assert_int_equal(
		dsnfield_read(text, times * (sizeof one - 1), on_recipient, &seen), 0);
	assert_int_equal(seen.len, DSNFIELD_RECIPIENTS_MAX);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsnfield_reads_message_and_recipients),
		cmocka_unit_test(dsnfield_needs_no_blank_lines_and_bears_more),
		cmocka_unit_test(dsnfield_says_nothing_without_an_address),
		cmocka_unit_test(dsnfield_takes_only_status_codes),
		cmocka_unit_test(dsnfield_decodes_addresses),
		cmocka_unit_test(dsnfield_splits_hosts),
		cmocka_unit_test(dsnfield_stops_when_told_and_when_it_is_enough),
	};

	return cmocka_run_group_tests_name("dsnfield", tests, NULL, NULL);
}
