/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alerts/lookalike.h"

static void lookalike_finds_what_is_drawn_like_a_known_name(void **state)
{
	static const struct {
		const char *name;
		const char *like;
		bool mixed;
	} cases[] = {
		{"xn--gmil-63d.com", "gmail", true}, /* one Cyrillic letter */
		{"mx.xn--gmil-63d.com", "gmail", true},
		{"xn--nline-iye.de", "online", true},
		{"xn--gmil-moa.com", "gmail", false}, /* an umlaut */
		{"gmai1.com", "gmail", false},
		{"g00gle.com", "google", false},
		{"grnail.com", "gmail", false},
		{"vveb.de", "web", false},
		{"0utlook.com", "outlook", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct lookalike found;

		if (!lookalike_find(cases[i].name, &found))
			fail_msg("%s is not found", cases[i].name);
		assert_string_equal(found.like, cases[i].like);
		assert_int_equal(found.mixed, cases[i].mixed);
	}
}

static void lookalike_leaves_honest_names_alone(void **state)
{
	static const char *const names[] = {"gmail.com", "online.de", "1und1.de",
		"163.com", "126.com", "mx00.ionos.de", "mail1.example", "web1.example",
		"xn--bcher-kva.example", /* an umlaut, and like nothing */
		"xn--fsqu00a.example", /* Chinese */
		"xn--80aswg.xn--p1ai", /* Cyrillic alone */
		"a\\000b.example", "", "\\", "mx.t-online.de"};
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct lookalike found = {0};

		if (lookalike_find(names[i], &found))
			fail_msg("%s is like %s", names[i],
				found.like != NULL ? found.like : "several scripts");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lookalike_finds_what_is_drawn_like_a_known_name),
		cmocka_unit_test(lookalike_leaves_honest_names_alone),
	};
	return cmocka_run_group_tests_name("alerts/lookalike", tests, NULL, NULL);
}
