/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/lexicon.h"

#define WORDS 20000

static char words[WORDS][24];

static const void *name_of(const void *thing, size_t *ret_len)
{
	*ret_len = strlen(thing);
	return thing;
}

static void *find(const struct lexicon *lexicon, const char *name)
{
	return lexicon_find(lexicon, name, strlen(name));
}

static void lexicon_empty_has_nothing(void **state)
{
	struct lexicon lexicon;
	(void)state;
	lexicon_init(&lexicon, name_of);
	assert_null(find(&lexicon, "word"));
	assert_null(find(&lexicon, ""));
	lexicon_finish(&lexicon);
}

static void lexicon_finds_each_while_it_grows(void **state)
{
	struct lexicon lexicon;
	(void)state;
	lexicon_init(&lexicon, name_of);
	for (int i = 0; i < WORDS; i++) {
		snprintf(words[i], sizeof words[i], "word%d", i);
		assert_null(find(&lexicon, words[i]));
		assert_int_equal(lexicon_add(&lexicon, words[i]), 0);
		assert_ptr_equal(find(&lexicon, words[i / 2]), words[i / 2]);
	}
	assert_int_equal(lexicon.len, WORDS);
	for (int i = 0; i < WORDS; i++)
		assert_ptr_equal(find(&lexicon, words[i]), words[i]);
	assert_null(find(&lexicon, "word20000"));
	lexicon_finish(&lexicon);
}

/* The same length and the same bytes in front and at the end. */
static void lexicon_tells_names_apart_by_all_their_bytes(void **state)
{
	struct lexicon lexicon;
	(void)state;
	lexicon_init(&lexicon, name_of);
	for (int i = 0; i < WORDS; i++) {
		snprintf(words[i], sizeof words[i], "wordfront%05dwordend", i);
		assert_null(find(&lexicon, words[i]));
		assert_int_equal(lexicon_add(&lexicon, words[i]), 0);
		assert_ptr_equal(find(&lexicon, words[i]), words[i]);
		assert_ptr_equal(find(&lexicon, words[i / 2]), words[i / 2]);
		assert_ptr_equal(find(&lexicon, words[i / 2]), words[i / 2]);
	}
	lexicon_finish(&lexicon);
}

static void lexicon_names_are_bytes_with_a_length(void **state)
{
	static char some[] = "some", longer[] = "somewhat";
	struct lexicon lexicon;
	(void)state;
	lexicon_init(&lexicon, name_of);
	assert_int_equal(lexicon_add(&lexicon, some), 0);
	assert_int_equal(lexicon_add(&lexicon, longer), 0);
	assert_ptr_equal(lexicon_find(&lexicon, "somewhat", 4), some);
	assert_ptr_equal(lexicon_find(&lexicon, "somewhat", 8), longer);
	assert_null(lexicon_find(&lexicon, "somewhat", 5));
	assert_null(lexicon_find(&lexicon, "SOME", 4));
	lexicon_finish(&lexicon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lexicon_empty_has_nothing),
		cmocka_unit_test(lexicon_finds_each_while_it_grows),
		cmocka_unit_test(lexicon_tells_names_apart_by_all_their_bytes),
		cmocka_unit_test(lexicon_names_are_bytes_with_a_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
