/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/describe.h"
#include "monitor/operators.h"
#include "resolvers/mxset.h"
#include "storage/lookup.h"
#include "storage/record.h"

static void describe_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "0 ms"},
		{999, "999 ms"},
		{1000, "1.0 s"},
		{9999, "9.9 s"},
		{11000, "11 s"},
		{119999, "119 s"},
		{120000, "2 min"},
		{7199999, "119 min"},
		{7200000, "2 h 0 min"},
		{18180000, "5 h 3 min"},
		{172800000, "2 d 0 h"},
		{INT64_C(86400000) * 400 + 3600000, "400 d 1 h"},
	};
	char text[DESCRIBE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(describe_duration(cases[i].ms, text), cases[i].text);
	assert_string_equal(describe_instant(INT64_C(1693303929123), text),
		"2023-08-29 10:12:09.123");
	assert_string_equal(describe_instant(0, text), "-");
}

static void describe_counts(void **state)
{
	char text[DESCRIBE_TEXT_MAX];

	(void)state;
	assert_string_equal(describe_count(0, text), "0");
	assert_string_equal(describe_count(999, text), "999");
	assert_string_equal(describe_count(4137, text), "4,137");
	assert_string_equal(
		describe_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static struct operators *operators;

static int create_operators(void **state)
{
	struct operators_error error;

	(void)state;
	return operators_create(NULL, NULL, &operators, &error);
}

static int destroy_operators(void **state)
{
	(void)state;
	operators_destroy(operators);
	return 0;
}

static char *answer_of(enum answer_state answer_state, const char *exchange, bool utf8)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	char *text;

	if (exchange != NULL) {
		assert_int_equal(name_parse(exchange, name), 0);
		assert_int_equal(mxset_add(&set, 10, name), 0);
	}
	text = describe_answer(operators, RECORD_TYPE_MX,
		&(struct answer_value){.state = answer_state, .set = &set}, utf8);
	mxset_finish(&set);
	return text;
}

static void describe_answers(void **state)
{
	static const struct {
		enum answer_state state;
		const char *exchange;
		bool utf8;
		const char *text;
	} cases[] = {
		{ANSWER_MX, "mx00.ionos.de", true, "10\tmx00.ionos.de [IONOS]"},
		{ANSWER_MX, "mx01.mail.icloud.com", true,
			"10\tmx01.mail.icloud.com [Apple\tiCloud]"},
		{ANSWER_MX, "mx.xn--mnchen-3ya.de", true,
			"10\tmx.xn--mnchen-3ya.de\t(mx.m\xc3\xbcnchen.de) "
			"[xn--mnchen-3ya.de]"},
		{ANSWER_MX, "mx.xn--mnchen-3ya.de", false,
			"10\tmx.xn--mnchen-3ya.de [xn--mnchen-3ya.de]"},
		{ANSWER_MX, "esc\\027[31m.example.de", true,
			"10\tesc\\027\\09131m.example.de "
			"[esc\\027\\09131m.example.de]"},
		{ANSWER_NULL_MX, ".", true, "null-mx (takes no mail)"},
		{ANSWER_NODATA, NULL, true, "nodata (no MX: mail goes to A and AAAA)"},
		{ANSWER_NXDOMAIN, NULL, true, "nxdomain (no such domain)"},
		{ANSWER_NONE, NULL, true, "nothing yet"},
		{ANSWER_SERVFAIL, NULL, true, "servfail"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = answer_of(cases[i].state, cases[i].exchange, cases[i].utf8);

		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void expect_coverage(const struct coverage *coverage, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	describe_coverage(coverage, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void describe_coverage_as_a_sentence(void **state)
{
	const int64_t from = INT64_C(1693303929000);
	const struct gap gap = {
		.from_at = from + 60000, .to_at = from + 75000, .reason = ANSWER_TIMEOUT};
	struct coverage coverage = {.view = "mta",
		.from = from,
		.to = from + 41370000,
		.polls = 4137,
		.polls_exact = true,
		.covered_ms = 41370000,
		.largest_gap_ms = 11000};

	(void)state;
	expect_coverage(&coverage,
		"mta: 4,137 polls from 2023-08-29 10:12:09.000 to "
		"2023-08-29 21:41:39.000, never\n"
		"  blind for more than 11 s; no gap\n");
	coverage.polls_exact = false;
	coverage.gaps = &gap;
	coverage.gaps_len = 1;
	coverage.covered_ms -= 15000;
	coverage.largest_gap_ms = 15000;
	expect_coverage(&coverage,
		"mta: at least 4,137 polls from 2023-08-29 10:12:09.000 to\n"
		"  2023-08-29 21:41:39.000, never blind for more than 15 s; 1 gap, "
		"15 s in all:\n"
		"    2023-08-29 10:13:09.000 to 2023-08-29 10:13:24.000  timeout, 15 "
		"s\n");
	coverage = (struct coverage){.view = "dnsdb", .from = from, .to = from + 1000};
	expect_coverage(&coverage,
		"dnsdb: no poll from 2023-08-29 10:12:09.000 to "
		"2023-08-29 10:12:10.000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describe_times),
		cmocka_unit_test(describe_counts),
		cmocka_unit_test(describe_answers),
		cmocka_unit_test(describe_coverage_as_a_sentence),
	};

	return cmocka_run_group_tests(tests, create_operators, destroy_operators);
}
