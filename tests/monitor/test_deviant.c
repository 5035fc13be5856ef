/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/deviant.h"
#include "tests/fake/memory.h"

static struct endpoint server(unsigned number)
{
	struct endpoint endpoint = {
		.address = {192, 0, 2, (uint8_t)number}, .port = 53, .family = AF_INET};

	return endpoint;
}

static void put(struct deviants *deviants, uint32_t target, unsigned number)
{
	struct endpoint endpoint = server(number);
	struct deviant *deviant = deviants_put(deviants, target, &endpoint);

	assert_non_null(deviant);
	assert_int_equal(deviant->target, target);
	assert_true(endpoint_equal(&deviant->server, &endpoint));
}

static struct deviant *find(struct deviants *deviants, uint32_t target, unsigned number)
{
	struct endpoint endpoint = server(number);

	return deviants_find(deviants, target, &endpoint);
}

static void deviants_are_none_at_first(void **state)
{
	struct deviants deviants = {.list = NULL};

	(void)state;
	assert_null(find(&deviants, 0, 1));
	assert_null(deviants_first(&deviants, 0));
	deviants_finish(&deviants);
}

static void deviants_are_found_again(void **state)
{
	struct deviants deviants = {.list = NULL};
	struct deviant *deviant;

	(void)state;
	/* 7 and 97 are coprime: all pairs, far from their order */
	for (unsigned i = 0; i < 970; i++)
		put(&deviants, i * 7 % 97, i * 3 % 10);
	assert_int_equal(deviants.len, 970);
	for (uint32_t target = 0; target < 97; target++)
		for (unsigned number = 0; number < 10; number++) {
			deviant = find(&deviants, target, number);
			assert_non_null(deviant);
			assert_int_equal(deviant->target, target);
			assert_int_equal(deviant->server.address[3], number);
			assert_int_equal(deviant->state, ANSWER_NONE);
			assert_int_equal(deviant->failure, 0);
			assert_false(deviant->gap);
			assert_false(deviant->dirty);
		}
	assert_null(find(&deviants, 97, 0));
	assert_null(find(&deviants, 3, 10));
	deviants_finish(&deviants);
	assert_int_equal(deviants.len, 0);
}

static void deviants_are_put_once(void **state)
{
	struct deviants deviants = {.list = NULL};

	(void)state;
	put(&deviants, 5, 1);
	find(&deviants, 5, 1)->failure = ANSWER_REFUSED;
	put(&deviants, 5, 2);
	put(&deviants, 5, 1);
	assert_int_equal(deviants.len, 2);
	assert_int_equal(find(&deviants, 5, 1)->failure, ANSWER_REFUSED);
	assert_int_equal(find(&deviants, 5, 2)->failure, 0);
	deviants_finish(&deviants);
}

static void deviants_of_a_target_stand_together(void **state)
{
	struct deviants deviants = {.list = NULL};
	struct deviant *first;

	(void)state;
	put(&deviants, 2, 9);
	put(&deviants, 1, 5);
	put(&deviants, UINT32_MAX, 1);
	put(&deviants, 1, 3);
	put(&deviants, 0, 7);
	put(&deviants, 1, 4);
	first = deviants_first(&deviants, 1);
	assert_non_null(first);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(first[i].target, 1);
		assert_int_equal(first[i].server.address[3], 3 + i);
	}
	assert_int_equal(first[3].target, 2);
	assert_ptr_equal(deviants_first(&deviants, 0), deviants.list);
	assert_non_null(deviants_first(&deviants, UINT32_MAX));
	assert_null(deviants_first(&deviants, 3));
	deviants_finish(&deviants);
}

static void deviants_leave(void **state)
{
	struct deviants deviants = {.list = NULL};

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		put(&deviants, i, 1);
	for (unsigned i = 0; i < 20; i += 2)
		deviants_remove(&deviants, find(&deviants, i, 1));
	assert_int_equal(deviants.len, 10);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(find(&deviants, i, 1) != NULL, i % 2);
	for (unsigned i = 19; i < 20; i -= 2)
		deviants_remove(&deviants, find(&deviants, i, 1));
	assert_int_equal(deviants.len, 0);
	assert_null(deviants_first(&deviants, 1));
	deviants_finish(&deviants);
}

static void deviant_counts_what_agrees(void **state)
{
	struct deviant deviant = {
		.pulse = {.polls = 1, .ttl_min = UINT32_MAX, .ttl_max = 0}};

	(void)state;
	deviant_agree(&deviant, 1000, UINT32_MAX);
	assert_int_equal(deviant.pulse.ttl_min, UINT32_MAX);
	assert_int_equal(deviant.pulse.ttl_max, 0);
	deviant_agree(&deviant, 2000, 300);
	deviant_agree(&deviant, 3000, 60);
	assert_int_equal(deviant.pulse.polls, 4);
	assert_int_equal(deviant.pulse.last_at, 3000);
	assert_int_equal(deviant.pulse.confirmed_at, 3000);
	assert_int_equal(deviant.pulse.ttl_min, 60);
	assert_int_equal(deviant.pulse.ttl_max, 300);
	assert_true(deviant.dirty);
}

static void deviants_survive_lack_of_memory(void **state)
{
	struct deviants deviants = {.list = NULL};
	struct endpoint endpoint = server(1);

	(void)state;
	memory_fail_after(0);
	assert_null(deviants_put(&deviants, 1, &endpoint));
	assert_true(memory_stop_failing());
	for (uint32_t i = 0; i < 16; i++)
		put(&deviants, i, 1);
	memory_fail_after(0);
	assert_null(deviants_put(&deviants, 16, &endpoint));
	assert_true(memory_stop_failing());
	assert_int_equal(deviants.len, 16);
	assert_non_null(find(&deviants, 15, 1));
	put(&deviants, 16, 1);
	deviants_finish(&deviants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deviants_are_none_at_first),
		cmocka_unit_test(deviants_are_found_again),
		cmocka_unit_test(deviants_are_put_once),
		cmocka_unit_test(deviants_of_a_target_stand_together),
		cmocka_unit_test(deviants_leave),
		cmocka_unit_test(deviant_counts_what_agrees),
		cmocka_unit_test(deviants_survive_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
