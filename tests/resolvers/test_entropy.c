/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/entropy.h"

static void entropy_spreads_over_all_words(void **state)
{
	(void)state;
	enum {
		DRAWS = 1 << 20,
		CELLS = 256
	};
	static unsigned cells[CELLS];
	struct entropy entropy = {0};
	for (unsigned i = 0; i < DRAWS; i++)
		cells[entropy_next(&entropy) >> 8]++;
	double chi = 0;
	double expected = (double)DRAWS / CELLS;
	for (unsigned i = 0; i < CELLS; i++)
		chi += (cells[i] - expected) * (cells[i] - expected) / expected;
	/* 255 degrees of freedom: beyond these with a chance of one in ten million. */
	assert_true(chi > 150 && chi < 385);
}

static void entropy_gives_each_word_once(void **state)
{
	(void)state;
	struct entropy a = {0}, b = {0};
	unsigned same = 0;
	for (unsigned i = 0; i < 4 * ENTROPY_WORDS; i++)
		same += entropy_next(&a) == entropy_next(&b);
	assert_in_range(same, 0, 5);
	for (unsigned i = a.left; i < ENTROPY_WORDS; i++)
		assert_int_equal(a.words[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entropy_spreads_over_all_words),
		cmocka_unit_test(entropy_gives_each_word_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
