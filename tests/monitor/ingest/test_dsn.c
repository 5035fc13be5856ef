/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/dsn.h"
#include "monitor/ingest/report.h"

#define NOW_MS 1773500000000LL /* 14 March 2026, a few days after the samples */
#define REPORTS_MAX 8

struct seen {
	struct report reports[REPORTS_MAX];
	size_t len;
	const char *why;
	int stop;
};

static int on_report(void *owner, const struct report *report)
{
	struct seen *seen = owner;

	if (seen->len < REPORTS_MAX)
		seen->reports[seen->len] = *report;
	seen->len++;
	return seen->stop;
}

static void read_bytes(const void *message, size_t len, struct seen *ret_seen)
{
	*ret_seen = (struct seen){.why = "not set"};
	assert_int_equal(
		dsn_read(message, len, NOW_MS, on_report, ret_seen, &ret_seen->why), 0);
	assert_true((ret_seen->why == NULL) == (ret_seen->len > 0));
}

static char *load(const char *name, size_t *ret_len)
{
	const char *folder = getenv("MXVIGIL_TEST_DATA");
	char path[4096];
	char *text = calloc(1, 1 << 20);

	assert_non_null(folder);
	assert_non_null(text);
	snprintf(path, sizeof path, "%s/dsn/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	*ret_len = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

static void read_sample(const char *name, struct seen *ret_seen)
{
	size_t len;
	char *text = load(name, &len);

	read_bytes(text, len, ret_seen);
	free(text);
}

/* What a sample says: an empty recipient ends it. */
static const struct expectation {
	const char *file;
	struct report reports[3];
} expectations[] = {
	{"postfix-user-unknown.eml",
		{{.recipient = "lena@example.com",
			.original = "team@example.com",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 550,
			.status = "5.1.1",
			.relay_host = "mx1.example.com",
			.id = "4B1C22A",
			.at = 1772529329000,
			.text = "550 5.1.1 <lena@example.com>: Recipient address "
				"rejected: "
				"User unknown in virtual mailbox table"}}},
	{"gmail-two-recipients.eml",
		{{.recipient = "kim@example.org",
			 .outcome = DELIVERY_BOUNCED,
			 .origin = REPORT_REMOTE,
			 .code = 550,
			 .status = "5.1.0",
			 .relay_host = "mail.example.org",
			 .relay_ip = "198.51.100.7",
			 .id = "<march.2@example.net>",
			 .at = 1772640002000,
			 .text = "550 #5.1.0 Address rejected."},
			{.recipient = "alex@example.org",
				.outcome = DELIVERY_DEFERRED,
				.origin = REPORT_REMOTE,
				.code = 452,
				.status = "4.2.2",
				.relay_host = "mail.example.org",
				.relay_ip = "198.51.100.7",
				.id = "<march.2@example.net>",
				.at = 1772640001000,
				.text = "452 4.2.2 Over quota"}}},
	{"global-base64.eml",
		{{.recipient = "j\xc3\xb6rg@b\xc3\xbc"
			       "cher.example",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 552,
			.status = "5.2.2",
			.relay_ip = "2001:db8::25",
			.id = "env-77",
			.at = 1772712000000,
			.text = "552 5.2.2 Postfach voll"}}},
	{"delivered.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_DELIVERED,
			.origin = REPORT_REMOTE,
			.code = 250,
			.status = "2.0.0",
			.relay_host = "mail.example.org",
			.at = 1772787601000,
			.text = "250 2.0.0 Ok: queued as 7F3A"}}},
	{"qmail.eml",
		{{.recipient = "kim@example.org",
			 .outcome = DELIVERY_BOUNCED,
			 .origin = REPORT_REMOTE,
			 .code = 550,
			 .status = "5.1.1",
			 .relay_ip = "198.51.100.7",
			 .id = "<march.4@example.net>",
			 .at = 1772870123000,
			 .text = "550 5.1.1 <kim@example.org>: no such user Giving up on "
				 "198.51.100.7."},
			{.recipient = "alex@example.org",
				.outcome = DELIVERY_EXPIRED,
				.origin = REPORT_REMOTE,
				.code = 451,
				.status = "4.7.1",
				.relay_ip = "198.51.100.7",
				.id = "<march.4@example.net>",
				.at = 1772870123000,
				.text = "451 4.7.1 greylisted, come back later I'm not "
					"going "
					"to try again; this message has been in the "
					"queue too "
					"long."},
			{.recipient = "nobody@nowhere.example",
				.outcome = DELIVERY_BOUNCED,
				.origin = REPORT_LOCAL,
				.status = "5.4.4",
				.id = "<march.4@example.net>",
				.at = 1772870123000,
				.text = "Sorry, I couldn't find a mail exchanger or IP "
					"address. (#5.4.4)"}}},
	{"exim.eml",
		{{.recipient = "kim@example.org",
			 .outcome = DELIVERY_BOUNCED,
			 .origin = REPORT_REMOTE,
			 .code = 550,
			 .status = "5.7.1",
			 .relay_host = "mail.example.org",
			 .relay_ip = "198.51.100.7",
			 .id = "<march.5@example.net>",
			 .at = 1772993719000,
			 .text = "550-5.7.1 Our blocklist has your 550 5.7.1 address "
				 "203.0.113.9"},
			{.recipient = "alex@example.org",
				.outcome = DELIVERY_EXPIRED,
				.origin = REPORT_REMOTE,
				.id = "<march.5@example.net>",
				.at = 1772993719000,
				.text = "(generated from all@example.net) mailbox is "
					"full: "
					"retry timeout exceeded"}}},
	{"exim-delay.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_DEFERRED,
			.origin = REPORT_REMOTE,
			.code = 450,
			.status = "4.7.25",
			.relay_host = "mail.example.org",
			.relay_ip = "198.51.100.7",
			.at = 1773080119000,
			.text = "450 4.7.25 no reverse DNS"}}},
	{"exchange.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 550,
			.status = "5.1.10",
			.id = "<march.6@example.net>",
			.at = 1773136800000,
			.text = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not "
				"found'"}}},
	{"utf16-notice.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 550,
			.status = "5.1.1",
			.at = 1773140400000,
			.text = "550 5.1.1 No such user"}}},
	{"yahoo.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 554,
			.status = "5.2.2",
			.at = 1773187260000,
			.text = "554 5.2.2 mailbox of kim@example.org is full "
				"[RCPT_TO]"}}},
	{"sendmail-transcript.eml",
		{{.recipient = "kim@example.org",
			 .outcome = DELIVERY_BOUNCED,
			 .origin = REPORT_REMOTE,
			 .code = 501,
			 .at = 1773302400000,
			 .text = "501 <news@example.net>... no access from mail server "
				 "[203.0.113.9]"},
			{.recipient = "alex@nowhere.example",
				.outcome = DELIVERY_BOUNCED,
				.origin = REPORT_LOCAL,
				.code = 550,
				.at = 1773302400000,
				.text = "550 Host unknown (Authoritative answer)"},
			{.recipient = "lena@example.com",
				.outcome = DELIVERY_BOUNCED,
				.origin = REPORT_REMOTE,
				.code = 550,
				.at = 1773302400000,
				.text = "550 <lena@example.com>... User unknown"}}},
	{"wrapped.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 550,
			.status = "5.1.1",
			.relay_host = "in.example.net",
			.at = 1773305940000,
			.text = "550 5.1.1 unknown"}}},
	{"fields-in-text.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.code = 552,
			.status = "5.2.2",
			.relay_host = "mail.example.org",
			.id = "77AB",
			.at = 1773309600000,
			.text = "552 5.2.2 full"}}},
	{"no-words-in-headers.eml",
		{{.recipient = "kim@example.org",
			.outcome = DELIVERY_BOUNCED,
			.origin = REPORT_REMOTE,
			.id = "<march.9@example.net>",
			.at = 1773313200000,
			.text = "Your mail sent on: Thu, 12 Mar 2026 10:59:00 +0000 "
				"Could "
				"not be delivered to: <kim@example.org> As their mailbox "
				"is "
				"full."}}},
};

static void assert_report(const struct report *report, const struct report *expected)
{
	assert_string_equal(report->recipient, expected->recipient);
	assert_string_equal(report->original, expected->original);
	assert_int_equal(report->outcome, expected->outcome);
	assert_int_equal(report->origin, expected->origin);
	assert_int_equal(report->code, expected->code);
	assert_string_equal(report->status, expected->status);
	assert_string_equal(report->relay_host, expected->relay_host);
	assert_string_equal(report->relay_ip, expected->relay_ip);
	assert_string_equal(report->id, expected->id);
	assert_string_equal(report->text, expected->text);
	assert_int_equal(report->at, expected->at);
	assert_int_equal(report->count, 1);
}

static void dsn_reads_the_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
		const struct report *expected = expectations[i].reports;
		struct seen seen;
		size_t len = 0;
		read_sample(expectations[i].file, &seen);
		while (len < 3 && expected[len].recipient[0] != '\0')
			len++;
		assert_int_equal(seen.len, len);
		for (size_t j = 0; j < len; j++)
			assert_report(&seen.reports[j], &expected[j]);
	}
}

static void dsn_refuses_what_is_no_bounce(void **state)
{
	static const char *const cases[][2] = {
		{"not-complaint.eml", "a complaint, not a bounce"},
		{"not-vacation.eml", "an automatic reply"},
		{"not-receipt.eml", "a receipt, not a bounce"},
		{"not-letter.eml", "not a bounce"},
		{"not-quoting.eml", "not a bounce"},
	};
	static const char nobody[] =
		"From: MAILER-DAEMON\nSubject: failure notice\n\nSorry.\n";
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		read_sample(cases[i][0], &seen);
		assert_string_equal(seen.why, cases[i][1]);
	}
	read_bytes(nobody, sizeof nobody - 1, &seen);
	assert_string_equal(seen.why, "a bounce that names no recipient");
	read_bytes("", 0, &seen);
	assert_string_equal(seen.why, "not a bounce");
}

/* The mail with another line end; returns its length. */
static size_t twin(const char *text, size_t len, const char *end, char *to)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			to[used++] = text[i];
			continue;
		}
		for (const char *c = end; *c != '\0'; c++)
			to[used++] = *c;
	}
	return used;
}

static void dsn_reads_any_line_end_alike(void **state)
{
	static const char *const ends[] = {"\r\n", "\r"};

	(void)state;
	for (size_t i = 0; i < sizeof expectations / sizeof expectations[0] * 2; i++) {
		const struct expectation *expected = &expectations[i / 2];
		struct seen first;
		struct seen second;
		size_t len;
		char *text = load(expected->file, &len);
		char *other = malloc(len * 2);
		assert_non_null(other);
		read_bytes(text, len, &first);
		read_bytes(other, twin(text, len, ends[i % 2], other), &second);
		assert_int_equal(first.len, second.len);
		for (size_t j = 0; j < first.len; j++)
			assert_report(&second.reports[j], &first.reports[j]);
		free(other);
		free(text);
	}
}

static void dsn_survives_being_cut_anywhere(void **state)
{
	size_t len;
	char *text = load("gmail-two-recipients.eml", &len);
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		char *cut = malloc(i + 1);
		assert_non_null(cut);
		memcpy(cut, text, i);
		read_bytes(cut, i, &seen);
		free(cut);
	}
	free(text);
}

static void dsn_believes_no_impossible_date(void **state)
{
	static const struct {
		const char *date;
		int64_t at;
	} cases[] = {
		{"Wed, 11 Mar 2026 02:00:00 +0000", 1773194400000},
		{"Wed, 11 Mar 2099 02:00:00 +0000", 0},
		{"Thu, 01 Jan 1970 00:00:00 +0000", 0},
		{"yesterday", 0},
		{"", 0},
	};
	char text[256];
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int len = snprintf(text, sizeof text,
			"From: MAILER-DAEMON\nSubject: failure notice\nDate: %s\n\n"
			"<kim@example.org>:\n550 no\n",
			cases[i].date);
		read_bytes(text, (size_t)len, &seen);
		assert_int_equal(seen.len, 1);
		assert_int_equal(seen.reports[0].at, cases[i].at);
	}
}

static void dsn_stops_when_told(void **state)
{
	struct seen seen = {.stop = -42};
	size_t len;
	char *text = load("qmail.eml", &len);

	(void)state;
	assert_int_equal(
		dsn_read((const uint8_t *)text, len, NOW_MS, on_report, &seen, &seen.why),
		-42);
	assert_int_equal(seen.len, 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsn_reads_the_samples),
		cmocka_unit_test(dsn_refuses_what_is_no_bounce),
		cmocka_unit_test(dsn_reads_any_line_end_alike),
		cmocka_unit_test(dsn_survives_being_cut_anywhere),
		cmocka_unit_test(dsn_believes_no_impossible_date),
		cmocka_unit_test(dsn_stops_when_told),
	};

	return cmocka_run_group_tests_name("dsn", tests, NULL, NULL);
}
