/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/letter.h"

static void expect(const char *text, size_t taken, const char *bytes, bool is_word)
{
	struct letter letter;

	letter_read(text, strlen(text), &letter);
	assert_int_equal(letter.taken, taken);
	assert_int_equal(letter.len, strlen(bytes));
	assert_memory_equal(letter.bytes, bytes, letter.len);
	assert_int_equal(letter.is_word, is_word);
}

static void letter_lowers_and_divides_ascii(void **state)
{
	(void)state;
	expect("A", 1, "a", false);
	expect("z9", 1, "z", false);
	expect("9", 1, "9", false);
	expect("-", 1, "", false);
	expect("\x7f", 1, "", false);
}

static void letter_drops_accents(void **state)
{
	(void)state;
	expect("\xc3\xa9t", 2, "e", false);
	expect("\xc5\x81", 2, "l", false); /* a Polish capital */
	expect("\xc4\x80", 2, "a", false); /* the row's first */
	expect("\xc5\xbf", 2, "s", false); /* and last */
	expect("\xc3\x97", 2, "", false); /* the sign for times */
	expect("\xe9t", 1, "e", false); /* Latin-1 */
}

static void letter_lowers_cyrillic(void **state)
{
	(void)state;
	expect("\xd0\x9f", 2, "\xd0\xbf", false); /* pe */
	expect("\xd0\xaf", 2, "\xd1\x8f", false); /* ya */
	expect("\xd0\x84", 2, "\xd1\x94", false); /* Ukrainian ie */
	expect("\xd0\x81", 2, "\xd0\xb5", false); /* io */
	expect("\xd1\x91", 2, "\xd0\xb5", false);
	expect("\xd1\x8f", 2, "\xd1\x8f", false);
}

static void letter_takes_a_character_for_a_word(void **state)
{
	(void)state;
	expect("\xe7\x94\xa8\xe6\x88\xb7", 3, "\xe7\x94\xa8", true);
	expect("\xe3\x82\xa2", 3, "\xe3\x82\xa2", true);
	expect("\xed\x95\x9c", 3, "\xed\x95\x9c", true);
	expect("\xe3\x80\x82", 3, "", false); /* a full stop */
	expect("\xef\xbc\x8c", 3, "", false); /* a comma */
	expect("\xe0\xb9\x84", 3, "\xe0\xb9\x84", false); /* Thai */
}

static void letter_takes_signs_for_ends(void **state)
{
	(void)state;
	expect("\xc2\xab", 2, "", false);
	expect("\xc2\xa0", 2, "", false);
	expect("\xe2\x80\x9c", 3, "", false);
}

/* The last byte may be the first of more. */
static void letter_reads_no_further_than_the_text(void **state)
{
	static const char cut[] = {'\xe7', '\x94', '\xa8'};
	struct letter letter;

	(void)state;
	for (size_t len = 1; len < sizeof cut; len++) {
		letter_read(cut, len, &letter);
		assert_int_equal(letter.taken, 1);
		assert_int_equal(letter.len, 1);
	}
	for (unsigned first = 0; first < 256; first++) {
		for (unsigned second = 0; second < 256; second++) {
			const char text[] = {(char)first, (char)second};

			letter_read(text, 2, &letter);
			assert_in_range(letter.taken, 1, 2);
			assert_in_range(letter.len, 0, letter.taken);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letter_lowers_and_divides_ascii),
		cmocka_unit_test(letter_drops_accents),
		cmocka_unit_test(letter_lowers_cyrillic),
		cmocka_unit_test(letter_takes_a_character_for_a_word),
		cmocka_unit_test(letter_takes_signs_for_ends),
		cmocka_unit_test(letter_reads_no_further_than_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
