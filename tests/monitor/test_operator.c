/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/operator.h"
#include "monitor/operators.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/record.h"
#include "tests/fake/memory.h"

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

/* Joins the operators of a blank-separated list of exchanges with '|'. */
static void join(const char *exchanges, char *ret_text, size_t size)
{
	struct mxset set = {0};
	struct operator_list list;
	char *copy = strdup(exchanges);
	char *rest = NULL;

	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest)) {
		uint8_t name[NAME_WIRE_MAX];

		assert_int_equal(name_parse(word, name), 0);
		assert_int_equal(mxset_add(&set, 10, name), 0);
	}
	assert_int_equal(operator_list_of(operators, RECORD_TYPE_MX, &set, &list), 0);
	ret_text[0] = '\0';
	for (size_t i = 0; i < list.len; i++) {
		size_t len = strlen(ret_text);

		snprintf(ret_text + len, size - len, "%s%s", i > 0 ? "|" : "",
			list.entries[i]->name);
	}
	operator_list_finish(&list);
	mxset_finish(&set);
	free(copy);
}

static void operator_is_a_provider_or_a_registrable_domain(void **state)
{
	static const struct {
		const char *exchanges;
		const char *operators;
	} cases[] = {
		{"mx00.ionos.de mx01.kundenserver.de", "IONOS"},
		{"aspmx.l.google.com alt1.aspmx.l.google.com", "Google"},
		{"mx01.mail.icloud.com mx00.ionos.de", "Apple iCloud|IONOS"},
		{"mx.example.net mx00.ionos.de", "IONOS|example.net"},
		{"mx.b.example.co.uk mx.a.example", "a.example|example.co.uk"},
		{"mail.example.com.au", "example.com.au"}, {"ionos.de", "IONOS"},
		{"mx.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"}, {"", ""},
		{".", ""}, /* the null MX */
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		join(cases[i].exchanges, text, sizeof text);
		assert_string_equal(text, cases[i].operators);
	}
}

static void operator_of_what_has_no_registrable_domain_is_its_name(void **state)
{
	char text[512];

	(void)state;
	join("co.uk", text, sizeof text);
	assert_string_equal(text, "co.uk");
	join("localhost", text, sizeof text);
	assert_string_equal(text, "localhost");
	join("com", text, sizeof text);
	assert_string_equal(text, "com");
	join("m\\000x.example.com", text, sizeof text);
	assert_string_equal(text, "m\\000x.example.com");
}

static void operators_are_sorted_and_unique(void **state)
{
	char text[512];

	(void)state;
	join("b.zeta.example a.alpha.example b.alpha.example a.zeta.example "
	     "mx.mid.example",
		text, sizeof text);
	assert_string_equal(text, "alpha.example|mid.example|zeta.example");
}

static void operators_are_known_by_identity(void **state)
{
	const struct operator_entry *ionos = operators_find(operators, "ionos");
	struct mxset set = {0};
	struct operator_list list;
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	assert_int_equal(name_parse("mx01.ionos.de", name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	assert_int_equal(operator_list_of(operators, RECORD_TYPE_MX, &set, &list), 0);
	assert_true(operator_list_has(&list, ionos));
	assert_false(operator_list_has(&list, operators_find(operators, "GMX")));
	operator_list_finish(&list);
	assert_false(operator_list_has(&list, ionos));
	mxset_finish(&set);
}

static void operators_are_none_without_memory(void **state)
{
	struct mxset set = {0};
	struct operator_list list;
	uint8_t name[NAME_WIRE_MAX];
	bool failed = true;

	(void)state;
	assert_int_equal(name_parse("mx.memory.example", name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	for (size_t before = 0; failed; before++) {
		int err;

		memory_fail_after(before);
		err = operator_list_of(operators, RECORD_TYPE_MX, &set, &list);
		failed = memory_stop_failing();
		assert_int_equal(err, failed ? -ENOMEM : 0);
	}
	operator_list_finish(&list);
	mxset_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_is_a_provider_or_a_registrable_domain),
		cmocka_unit_test(operator_of_what_has_no_registrable_domain_is_its_name),
		cmocka_unit_test(operators_are_sorted_and_unique),
		cmocka_unit_test(operators_are_known_by_identity),
		cmocka_unit_test(operators_are_none_without_memory),
	};

	return cmocka_run_group_tests(tests, create_operators, destroy_operators);
}
