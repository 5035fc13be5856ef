/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/hosts.h"
#include "monitor/decide/tolls.h"

static const struct host here = {.name = "here"}, there = {.name = "there"};

static struct toll toll_of(unsigned number, int64_t at)
{
	struct toll toll = {.host = &here, .first_at = at, .last_at = at, .bounces = 1};
	memcpy(toll.hash, &number, sizeof number);
	return toll;
}

static const struct toll *find(const struct tolls *tolls, unsigned number)
{
	const struct toll wanted = toll_of(number, 0);
	return tolls_find(tolls, wanted.hash);
}

static void add(struct tolls *tolls, unsigned number, int64_t at)
{
	const struct toll toll = toll_of(number, at);
	assert_int_equal(tolls_add(tolls, &toll), 0);
}

static void tolls_keep_each_recipient_once(void **state)
{
	struct tolls tolls = {0};
	(void)state;
	assert_null(find(&tolls, 1));
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 1000; i++)
			add(&tolls, i, 100 + round * 10 + i % 7);
	assert_int_equal(tolls.len, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_non_null(find(&tolls, i));
		assert_int_equal(find(&tolls, i)->bounces, 3);
		assert_int_equal(find(&tolls, i)->first_at, 100 + i % 7);
		assert_int_equal(find(&tolls, i)->last_at, 120 + i % 7);
	}
	assert_null(find(&tolls, 1000));
	tolls_finish(&tolls);
	assert_int_equal(tolls.len, 0);
}

static void tolls_tell_home_and_elsewhere_apart(void **state)
{
	struct tolls tolls = {0};
	struct toll elsewhere = toll_of(1, 500);
	(void)state;
	elsewhere.host = &there;
	elsewhere.foreign = true;
	add(&tolls, 1, 300);
	assert_int_equal(tolls_add(&tolls, &elsewhere), 0);
	/* He was unknown at home too, and what happened there is no part of this. */
	assert_true(find(&tolls, 1)->refused_before && find(&tolls, 1)->foreign);
	assert_int_equal(find(&tolls, 1)->bounces, 1);
	assert_int_equal(find(&tolls, 1)->first_at, 500);
	/* The other way round. */
	memcpy(elsewhere.hash, toll_of(2, 0).hash, sizeof elsewhere.hash);
	assert_int_equal(tolls_add(&tolls, &elsewhere), 0);
	assert_false(find(&tolls, 2)->refused_before);
	add(&tolls, 2, 700);
	assert_true(find(&tolls, 2)->refused_before && find(&tolls, 2)->foreign);
	assert_int_equal(find(&tolls, 2)->bounces, 1);
	assert_int_equal(find(&tolls, 2)->last_at, 500);
	tolls_finish(&tolls);
}

static void tolls_merge_what_is_said_of_one(void **state)
{
	struct tolls tolls = {0};
	struct toll one = toll_of(7, 500);
	(void)state;
	one.accepted_before = true;
	assert_int_equal(tolls_add(&tolls, &one), 0);
	/* Told late, and of another host: the window grows, the last host stays. */
	struct toll early = toll_of(7, 300);
	early.host = &there;
	early.refused_before = true;
	early.bounces = 2;
	tolls.list[0].changed = false;
	assert_int_equal(tolls_add(&tolls, &early), 0);
	const struct toll *found = find(&tolls, 7);
	assert_int_equal(found->first_at, 300);
	assert_int_equal(found->last_at, 500);
	assert_int_equal(found->bounces, 3);
	assert_ptr_equal(found->host, &here);
	assert_false(found->foreign);
	assert_true(found->accepted_before && found->refused_before && found->changed);
	struct toll late = toll_of(7, 900);
	late.host = &there;
	assert_int_equal(tolls_add(&tolls, &late), 0);
	found = find(&tolls, 7);
	assert_ptr_equal(found->host, &there);
	assert_true(found->accepted_before);
	/* Each later bounce finds that he was refused: by the first of these. */
	struct toll again = toll_of(8, 500);
	assert_int_equal(tolls_add(&tolls, &again), 0);
	again.last_at = again.first_at = 600;
	again.refused_before = true;
	assert_int_equal(tolls_add(&tolls, &again), 0);
	assert_false(find(&tolls, 8)->refused_before);
	tolls_finish(&tolls);
}

static void tolls_trim_the_old_and_the_surplus(void **state)
{
	struct tolls tolls = {0};
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		add(&tolls, i, i);
	tolls_trim(&tolls, 0, 100);
	assert_int_equal(tolls.len, 100);
	tolls_trim(&tolls, 10, 100);
	assert_int_equal(tolls.len, 90);
	assert_null(find(&tolls, 9));
	assert_non_null(find(&tolls, 10));
	tolls_trim(&tolls, 0, 40);
	assert_int_equal(tolls.len, 40);
	assert_null(find(&tolls, 59));
	for (unsigned i = 60; i < 100; i++)
		assert_int_equal(find(&tolls, i)->first_at, i);
	tolls_trim(&tolls, 1000, 40);
	assert_int_equal(tolls.len, 0);
	assert_null(find(&tolls, 99));
	add(&tolls, 99, 1);
	assert_non_null(find(&tolls, 99));
	tolls_finish(&tolls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tolls_keep_each_recipient_once),
		cmocka_unit_test(tolls_tell_home_and_elsewhere_apart),
		cmocka_unit_test(tolls_merge_what_is_said_of_one),
		cmocka_unit_test(tolls_trim_the_old_and_the_surplus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
