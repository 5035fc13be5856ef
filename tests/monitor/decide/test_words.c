/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

static const struct operator_entry apple = {.name = "Apple iCloud"};
static const struct operator_entry ionos = {.name = "IONOS"};
static const struct operator_entry other = {.name = "example.net"};

static void words_name_operators_in_a_few(void **state)
{
	const struct operator_entry *list[] = {&apple, &ionos, &other, &other};
	char text[AFFAIR_TEXT];
	(void)state;
	assert_string_equal(words_operators(list, 0, text), "");
	assert_string_equal(words_operators(list, 1, text), "Apple iCloud");
	assert_string_equal(words_operators(list, 2, text), "Apple iCloud and IONOS");
	assert_string_equal(words_operators(list, 4, text), "Apple iCloud and 3 others");
}

static void words_sum_up_each_kind(void **state)
{
	static const struct {
		enum incident_kind kind;
		const char *text;
	} cases[] = {
		{INCIDENT_TRANSIENT_MOVE, "MX of words.test moved to Apple iCloud"},
		{INCIDENT_TRANSIENT_HIJACK,
			"mail for words.test goes to Apple iCloud: 7 bounces of valid "
			"users"},
		{INCIDENT_MIGRATION, "words.test has moved to Apple iCloud"},
		{INCIDENT_MIGRATION_FALLOUT,
			"words.test has moved to Apple iCloud, and "
			"valid users bounce (7)"},
		{INCIDENT_ROTATION, "words.test has another set of its operator's hosts"},
		{INCIDENT_RESOLVER_POISONING,
			"one resolver sends mail for words.test to Apple iCloud"},
		{INCIDENT_DNS_OUTAGE, "the DNS of words.test gives no usable answer"},
		{INCIDENT_RECEIVER_FAULT,
			"words.test calls valid users unknown (7 "
			"bounces), MX unchanged"},
		{INCIDENT_RECEIVER_OUTAGE,
			"words.test takes no mail at the moment (9 deferred)"},
		{INCIDENT_LIST_QUALITY,
			"7 addresses at words.test that never existed were written to"},
		{INCIDENT_EXPIRY, "words.test has expired or is parked"},
		{INCIDENT_NULL_MX, "words.test takes no mail any more (null MX)"},
		{INCIDENT_SELF, "our own look-ups fail"},
	};
	uint8_t domain[NAME_WIRE_MAX];
	char text[AFFAIR_TEXT];
	(void)state;
	assert_int_equal(name_parse("words.test.", domain), 0);
	struct subject subject = {.domain = domain};
	assert_int_equal(sizeof cases / sizeof cases[0], INCIDENT_KINDS - 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct affair affair = {
			.subject = cases[i].kind == INCIDENT_SELF ? NULL : &subject,
			.kind = cases[i].kind,
			.from = {&ionos},
			.from_len = 1,
			.to = {&apple},
			.to_len = 1,
			.bounces = 7,
			.deferrals = 9,
		};
		assert_string_equal(words_summary(&affair, text), cases[i].text);
	}
}

static void words_tell_what_is_over_as_past(void **state)
{
	uint8_t domain[NAME_WIRE_MAX];
	char text[AFFAIR_TEXT];
	(void)state;
	assert_int_equal(name_parse("words.test.", domain), 0);
	struct subject subject = {.domain = domain};
	struct affair affair = {.subject = &subject,
		.kind = INCIDENT_TRANSIENT_HIJACK,
		.bounces = 2,
		.reverted_at = 1};
	assert_string_equal(words_summary(&affair, text),
		"mail for words.test went to a foreign operator: 2 bounces of valid "
		"users");
	affair.kind = INCIDENT_TRANSIENT_MOVE;
	assert_string_equal(words_summary(&affair, text),
		"MX of words.test was for a while at a foreign operator");
	affair.kind = INCIDENT_MIGRATION_FALLOUT;
	assert_string_equal(words_summary(&affair, text),
		"words.test has moved, and valid users bounce (2)");
}

/* Names come from outside, and are as long as they like. */
static void words_long_names_are_cut(void **state)
{
	static char name[400];
	struct operator_entry longest = {.name = name};
	uint8_t domain[NAME_WIRE_MAX];
	char text[AFFAIR_TEXT], dotted[NAME_TEXT_MAX] = "";
	(void)state;
	memset(name, 'n', sizeof name - 1);
	for (int i = 0; i < 4; i++) {
		char *const label = dotted + strlen(dotted);
		memset(label, 'a' + i, 60);
		memcpy(label + 60, ".", 2);
	}
	assert_int_equal(name_parse(dotted, domain), 0);
	struct subject subject = {.domain = domain};
	const struct affair affair = {.subject = &subject,
		.kind = INCIDENT_TRANSIENT_HIJACK,
		.to = {&longest, &longest, &longest},
		.to_len = 3,
		.bounces = UINT64_MAX};
	assert_in_range(strlen(words_summary(&affair, text)), 100, AFFAIR_TEXT - 1);
	assert_non_null(strstr(text, "18446744073709551615 bounces"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_name_operators_in_a_few),
		cmocka_unit_test(words_sum_up_each_kind),
		cmocka_unit_test(words_tell_what_is_over_as_past),
		cmocka_unit_test(words_long_names_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
