/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/span.h"

static void span_finds_first_and_last(void **state)
{
	const struct span text = SPAN("abcabc");
	(void)state;
	assert_int_equal(span_find(text, SPAN("bc")), 1);
	assert_int_equal(span_find_last(text, SPAN("bc")), 4);
	assert_int_equal(span_find(text, SPAN("x")), 6);
	assert_int_equal(span_find_last(text, SPAN("x")), 6);
	assert_int_equal(span_find_last(text, SPAN("abcabcabc")), 6);
	assert_int_equal(span_find(SPAN(""), SPAN("x")), 0);
	assert_true(span_ends(text, SPAN("bc")));
	assert_false(span_ends(SPAN("c"), SPAN("bc")));
	assert_true(span_is_nocase(text, SPAN("ABCabc")));
	assert_true(span_is(span_trim(SPAN(" \tx y ")), SPAN("x y")));
}

static void span_takes_numbers(void **state)
{
	struct span text = SPAN("123456789012345678x");
	uint64_t number;
	int digits;
	(void)state;
	assert_true(span_take_number(&text, &number));
	assert_int_equal(number, 123456789012345678);
	assert_false(span_take_number(&text, &number));
	text = SPAN("1234567890123456789");
	assert_false(span_take_number(&text, &number));
	assert_true(span_take_digits(&text, 3, &digits));
	assert_int_equal(digits, 123);
	text = SPAN("1x");
	assert_false(span_take_digits(&text, 2, &digits));
	assert_false(span_take_digits(&text, 3, &digits));
	assert_int_equal(text.len, 2);
}

static void span_takes_angles(void **state)
{
	struct span inside;
	struct span text = SPAN("<\"a\\\">b\"@c> x");
	(void)state;
	assert_true(span_take_angle(&text, &inside));
	assert_true(span_is(inside, SPAN("\"a\\\">b\"@c")));
	assert_true(span_is(text, SPAN(" x")));
	text = SPAN("<>");
	assert_true(span_take_angle(&text, &inside));
	assert_int_equal(inside.len, 0);
	text = SPAN("<\"a>");
	assert_true(span_take_angle(&text, &inside));
	assert_true(span_is(inside, SPAN("\"a")));
	text = SPAN("<a");
	assert_false(span_take_angle(&text, &inside));
	text = SPAN("");
	assert_false(span_take_angle(&text, &inside));
}

static void span_copies_and_cuts(void **state)
{
	char text[5];
	(void)state;
	span_copy(SPAN("a\0b\0cdef"), text, sizeof text);
	assert_string_equal(text, "a b ");
	span_copy_lower(SPAN("A-Z"), text, sizeof text);
	assert_string_equal(text, "a-z");
	span_copy(SPAN("abcd"), text, sizeof text);
	assert_string_equal(text, "abcd");
	span_copy(SPAN(""), text, 1);
	assert_string_equal(text, "");
}

static void span_takes_words(void **state)
{
	struct span text = SPAN("one \t two: three");
	struct span word;
	(void)state;
	assert_true(span_take_word(&text, &word));
	assert_true(span_is(word, SPAN("one")));
	assert_true(span_take_before(&text, SPAN(": "), &word));
	assert_true(span_is(word, SPAN("two")));
	assert_false(span_take_before(&text, SPAN(": "), &word));
	assert_true(span_take_word(&text, &word));
	assert_false(span_take_word(&text, &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(span_finds_first_and_last),
		cmocka_unit_test(span_takes_numbers),
		cmocka_unit_test(span_takes_angles),
		cmocka_unit_test(span_copies_and_cuts),
		cmocka_unit_test(span_takes_words),
	};
	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
