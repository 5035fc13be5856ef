/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/orphans.h"

static void orphans_are_found_as_often_as_they_were_added(void **state)
{
	struct orphans orphans = {.len = 0};
	(void)state;
	assert_false(orphans_find(&orphans, 5));
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(orphans_add(&orphans, i * 7919 % 500), 0);
	for (int times = 0; times < 2; times++)
		for (uint64_t digest = 0; digest < 400; digest++)
			assert_true(orphans_find(&orphans, digest));
	assert_false(orphans_find(&orphans, 7));
	assert_false(orphans_find(&orphans, 500));
	assert_int_equal(orphans.left, 200);
	assert_int_equal(orphans_add(&orphans, 7), 0);
	assert_true(orphans_find(&orphans, 7));
	assert_false(orphans_find(&orphans, 7));
	assert_int_equal(orphans.len, 201); /* others were let go */
	orphans_finish(&orphans);
}

static void orphans_keep_nothing_when_all_are_found(void **state)
{
	struct orphans orphans = {.len = 0};
	(void)state;
	assert_int_equal(orphans_add(&orphans, 1), 0);
	assert_true(orphans_find(&orphans, 1));
	assert_null(orphans.list);
	assert_false(orphans_find(&orphans, 1));
}

static void orphans_are_bounded(void **state)
{
	struct orphans orphans = {.len = 0};
	(void)state;
	for (uint64_t i = 0; i < ORPHANS_MOST + 100; i++)
		assert_int_equal(orphans_add(&orphans, i), 0);
	assert_int_equal(orphans.len, ORPHANS_MOST);
	assert_false(orphans_find(&orphans, ORPHANS_MOST));
	assert_true(orphans_find(&orphans, ORPHANS_MOST - 1));
	orphans_finish(&orphans);
}

static void orphans_digest_goes_on(void **state)
{
	const uint64_t whole = orphans_digest(0, "domain", 6);
	(void)state;
	assert_true(orphans_digest(orphans_digest(0, "dom", 3), "ain", 3) == whole);
	assert_true(orphans_digest(0, "domaim", 6) != whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orphans_are_found_as_often_as_they_were_added),
		cmocka_unit_test(orphans_keep_nothing_when_all_are_found),
		cmocka_unit_test(orphans_are_bounded),
		cmocka_unit_test(orphans_digest_goes_on),
	};
	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
