/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/nearest.h"

static void nearest_counts_edits(void **state)
{
	static const struct {
		const char *word;
		const char *candidate;
		size_t edits;
	} cases[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"store", "store", 0},
		{"stor", "store", 1},
		{"sotre", "store", 1},
		{"stroe", "store", 1},
		{"view", "views", 1},
		{"kitten", "sitting", 3},
		{"interval", "limits", 8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t edits = 99;

		assert_string_equal(
			nearest_word(cases[i].word, &cases[i].candidate, 1, &edits),
			cases[i].candidate);
		assert_int_equal(edits, cases[i].edits);
	}
}

static void nearest_takes_the_first_of_equals(void **state)
{
	const char *words[] = {"history", "changes", "charges"};

	(void)state;
	assert_string_equal(nearest_word("chanes", words, 3, NULL), "changes");
	assert_string_equal(nearest_word("chazges", words, 3, NULL), "changes");
	assert_null(nearest_word("x", words, 0, NULL));
}

static void nearest_bounds_long_words(void **state)
{
	char word[10000];
	const char *words[] = {"a", "b"};

	(void)state;
	memset(word, 'b', sizeof word);
	word[sizeof word - 1] = '\0';
	assert_string_equal(nearest_word(word, words, 2, NULL), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_counts_edits),
		cmocka_unit_test(nearest_takes_the_first_of_equals),
		cmocka_unit_test(nearest_bounds_long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
