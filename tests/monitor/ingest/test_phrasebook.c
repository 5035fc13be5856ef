/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/phrasebook.h"
#include "monitor/ingest/reply_text.h"

static int add(struct phrasebook *book, const char *phrase, uint16_t mark)
{
	const char *expected = NULL;
	int err = phrasebook_add(book, phrase, mark, &expected);

	assert_true((err == -EINVAL) == (expected != NULL));
	return err;
}

static bool has(const struct phrasebook *book, const char *words, uint16_t mark)
{
	uint8_t marks[PHRASEBOOK_MARKS_MAX] = {0};
	struct reply_text text;

	reply_text_read(words, "", &text);
	phrasebook_match(book, &text, marks);
	return marks[mark] != 0;
}

/* Whether a text has the one phrase. */
static bool matches(const char *phrase, const char *words)
{
	struct phrasebook *book = phrasebook_create();
	bool found;

	assert_non_null(book);
	assert_int_equal(add(book, phrase, 7), 0);
	found = has(book, words, 7);
	assert_false(has(book, words, 6));
	phrasebook_destroy(book);
	return found;
}

static void phrasebook_finds_whole_words_in_order(void **state)
{
	(void)state;
	assert_true(matches("no such user", "Sorry, no such user here"));
	assert_true(matches("no such user", "No-Such: USER"));
	assert_false(matches("no such user", "no such users"));
	assert_false(matches("no such user", "such no user"));
	assert_false(matches("no such user", "no such"));
	assert_false(matches("no such user", ""));
}

/* "there is no such user", in Chinese. */
static void phrasebook_finds_characters_without_blanks(void **state)
{
	(void)state;
	assert_true(matches("\xe7\x94\xa8\xe6\x88\xb7 \xe4\xb8\x8d",
		"550\xe7\x94\xa8\xe6\x88\xb7\xe4\xb8\x8d\xe5\xad\x98"));
	assert_true(matches(
		"\xe7\x94\xa8[\xe6\x88\xb7]\xe4\xb8\x8d", "\xe7\x94\xa8\xe4\xb8\x8d"));
	assert_true(matches("\xe7\x94\xa8[\xe6\x88\xb7\xe5\xad\x98] user",
		"\xe7\x94\xa8\xe6\x88\xb7\xe5\xad\x98 user"));
	assert_false(matches("\xe7\x94\xa8\xe6\x88\xb7", "\xe6\x88\xb7\xe7\x94\xa8"));
}

static void phrasebook_takes_alternatives(void **state)
{
	(void)state;
	assert_true(matches("unknown user|mailbox", "unknown mailbox"));
	assert_true(matches("unknown user|mailbox", "unknown user"));
	assert_false(matches("unknown user|mailbox", "unknown host"));
}

static void phrasebook_takes_words_that_may_be_missing(void **state)
{
	(void)state;
	assert_true(matches("user [is] unknown", "user is unknown"));
	assert_true(matches("user [is] unknown", "user unknown"));
	assert_false(matches("user [is] unknown", "user was unknown"));
	assert_true(matches("full [of it|them]", "full"));
	assert_true(matches("box [of a|the] size", "box of the size"));
	assert_false(matches("box [of a|the] size", "box of size"));
	assert_true(matches("box [of a|the] size", "box size"));
}

static void phrasebook_bounds_gaps(void **state)
{
	(void)state;
	assert_true(matches("mailbox .. full", "mailbox full"));
	assert_true(matches("mailbox .. full", "mailbox a b c full"));
	assert_false(matches("mailbox .. full", "mailbox a b c d full"));
	assert_true(matches("mailbox ... full", "mailbox a b c d e f g h full"));
	assert_false(matches("mailbox ... full", "mailbox a b c d e f g h i full"));
	assert_false(matches("mailbox .. full", "full mailbox"));
	assert_true(matches("mailbox .. full", "mailbox a b c d mailbox full"));
	assert_true(matches("a .. b .. c", "a x b x c"));
	assert_false(matches("a .. b .. c", "a x c x b"));
	assert_true(matches("user|box .. full|shut now", "box is shut now"));
}

static void phrasebook_keeps_phrases_apart(void **state)
{
	struct phrasebook *book = phrasebook_create();

	(void)state;
	assert_int_equal(add(book, "user unknown", 1), 0);
	assert_int_equal(add(book, "user unknown here", 2), 0);
	assert_int_equal(add(book, "unknown", 3), 0);
	assert_int_equal(add(book, "user unknown", 4), 0);
	for (uint16_t mark = 1; mark <= 4; mark++)
		assert_int_equal(has(book, "the user unknown to us", mark), mark != 2);
	assert_true(has(book, "user unknown here", 2));
	phrasebook_destroy(book);
}

static void phrasebook_refuses_what_is_no_phrase(void **state)
{
	static const char *const bad[] = {"", "..", "[a]", "[a] [b]", "a ..", ".. a",
		"a .", "a ....", "Upper", "a-b", "a|", "|a", "a||b", "[a", "[]", "a]",
		"a .. [b]", "a.b", "a [b .. c]"};
	struct phrasebook *book = phrasebook_create();

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (add(book, bad[i], 0) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	phrasebook_destroy(book);
}

static void phrasebook_bounds_alternatives(void **state)
{
	struct phrasebook *book = phrasebook_create();

	(void)state;
	assert_int_equal(add(book, "a|b|c|d a|b|c|d a|b|c|d a|b|c|d a|b|c|d", 0), 0);
	assert_int_equal(
		add(book, "e|b|c|d|a e|b|c|d|a e|b|c|d|a e|b|c|d|a e|b|c|d|a", 0),
		-EINVAL);
	phrasebook_destroy(book);
}

static void phrasebook_holds_many_words(void **state)
{
	struct phrasebook *book = phrasebook_create();
	char phrase[64];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(phrase, sizeof phrase, "f%u s%u", i, i % 7);
		assert_int_equal(add(book, phrase, (uint16_t)i), 0);
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(phrase, sizeof phrase, "f%u s%u", i, i % 7);
		assert_true(has(book, phrase, (uint16_t)i));
		snprintf(phrase, sizeof phrase, "f%u s%u", i, (i + 1) % 7);
		assert_false(has(book, phrase, (uint16_t)i));
	}
	phrasebook_destroy(book);
	phrasebook_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phrasebook_finds_whole_words_in_order),
		cmocka_unit_test(phrasebook_finds_characters_without_blanks),
		cmocka_unit_test(phrasebook_takes_alternatives),
		cmocka_unit_test(phrasebook_takes_words_that_may_be_missing),
		cmocka_unit_test(phrasebook_bounds_gaps),
		cmocka_unit_test(phrasebook_keeps_phrases_apart),
		cmocka_unit_test(phrasebook_refuses_what_is_no_phrase),
		cmocka_unit_test(phrasebook_bounds_alternatives),
		cmocka_unit_test(phrasebook_holds_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
