/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/wordmap.h"
#include "tests/fake/memory.h"

#define WORDS 3000

static void wordmap_that_is_empty_has_nothing(void **state)
{
	struct wordmap map = {0};

	(void)state;
	assert_null(wordmap_find(&map, ""));
	assert_null(wordmap_find(&map, "a"));
	wordmap_finish(&map);
}

static void wordmap_finds_each_word(void **state)
{
	static int values[WORDS];
	struct wordmap map = {0};
	char word[32];

	(void)state;
	for (unsigned i = 0; i < WORDS; i++) {
		snprintf(word, sizeof word, "word %u", i);
		assert_null(wordmap_find(&map, word));
		assert_int_equal(wordmap_add(&map, word, &values[i]), 0);
	}
	assert_int_equal(map.len, WORDS);
	for (unsigned i = 0; i < WORDS; i++) {
		snprintf(word, sizeof word, "word %u", i);
		assert_ptr_equal(wordmap_find(&map, word), &values[i]);
	}
	assert_null(wordmap_find(&map, "word"));
	assert_null(wordmap_find(&map, "Word 1"));
	wordmap_finish(&map);
	assert_null(wordmap_find(&map, "word 1"));
}

static void wordmap_stays_as_it_was_without_memory(void **state)
{
	struct wordmap map = {0};
	int value = 0;

	(void)state;
	memory_fail_after(0);
	assert_int_equal(wordmap_add(&map, "a", &value), -ENOMEM);
	memory_stop_failing();
	assert_int_equal(wordmap_add(&map, "a", &value), 0);
	for (unsigned i = 0; i < WORDS; i++) {
		char word[32];

		snprintf(word, sizeof word, "word %u", i);
		memory_fail_after(0);
		if (wordmap_add(&map, word, &value) == -ENOMEM)
			assert_null(wordmap_find(&map, word));
		memory_stop_failing();
		assert_ptr_equal(wordmap_find(&map, "a"), &value);
	}
	wordmap_finish(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wordmap_that_is_empty_has_nothing),
		cmocka_unit_test(wordmap_finds_each_word),
		cmocka_unit_test(wordmap_stays_as_it_was_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
