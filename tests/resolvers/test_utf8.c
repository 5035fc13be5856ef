/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/utf8.h"

static size_t decode(const char *text, uint32_t *ret_character)
{
	return utf8_decode((const uint8_t *)text, strlen(text), ret_character);
}

static void utf8_decodes_each_length(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		uint32_t character;
	} cases[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t character = 0;

		assert_int_equal(decode(cases[i].text, &character), cases[i].size);
		assert_int_equal(character, cases[i].character);
	}
	uint32_t nul = 1;
	assert_int_equal(utf8_decode((const uint8_t *)"", 1, &nul), 1);
	assert_int_equal(nul, 0);
}

static void utf8_refuses_what_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		"\x80",
		"\xbf",
		"\xc0\x80", /* overlong NUL */
		"\xc1\xbf",
		"\xe0\x9f\xbf", /* overlong */
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* surrogates */
		"\xed\xbf\xbf",
		"\xf4\x90\x80\x80", /* beyond the last character */
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3", /* cut */
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc3\x28",
		"\xe2\x28\xa1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t character = 42;

		assert_int_equal(decode(cases[i], &character), 0);
		assert_int_equal(character, 42);
	}
}

static void utf8_knows_controls_and_blanks(void **state)
{
	static const uint32_t controls[] = {0, 0xfdd0, 0xfffe, 0x10ffff, '\t', '\n', 0x1b,
		0x7f, 0x80, 0x9b, 0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e,
		0x2066, 0x2069, 0xe0041};
	static const uint32_t blanks[] = {' ', 0xa0, 0xad, 0x1680, 0x2003, 0x200b, 0x200d,
		0x202f, 0x2060, 0x2800, 0x3000, 0x3164, 0xfeff};
	static const uint32_t harmless[] = {
		'!', 'a', '~', 0xa1, 0xfc, 0x5d0, 0x627, 0x4e2d, 0x1f4e7};

	(void)state;
	for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
		assert_true(utf8_is_control(controls[i]));
	for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
		assert_true(utf8_is_blank(blanks[i]));
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
		assert_false(utf8_is_control(harmless[i]));
		assert_false(utf8_is_blank(harmless[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_decodes_each_length),
		cmocka_unit_test(utf8_refuses_what_is_none),
		cmocka_unit_test(utf8_knows_controls_and_blanks),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
