/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/operator.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

/* Joins the operators of a blank-separated list of exchanges with blanks. */
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
	assert_int_equal(operator_list_of(&set, &list), 0);
	ret_text[0] = '\0';
	for (size_t i = 0; i < list.len; i++) {
		size_t len = strlen(ret_text);

		snprintf(ret_text + len, size - len, "%s%s", i > 0 ? " " : "",
			list.names[i]);
	}
	operator_list_finish(&list);
	mxset_finish(&set);
	free(copy);
}

static void operator_is_the_registrable_domain(void **state)
{
	static const struct {
		const char *exchanges;
		const char *operators;
	} cases[] = {
		{"mx00.ionos.de mx01.ionos.de", "ionos.de"},
		{"aspmx.l.google.com alt1.aspmx.l.google.com", "google.com"},
		{"mx.b.example.co.uk mx.a.example", "a.example example.co.uk"},
		{"mail.example.com.au", "example.com.au"}, {"ionos.de", "ionos.de"},
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
	assert_string_equal(text, "alpha.example mid.example zeta.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_is_the_registrable_domain),
		cmocka_unit_test(operator_of_what_has_no_registrable_domain_is_its_name),
		cmocka_unit_test(operators_are_sorted_and_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
