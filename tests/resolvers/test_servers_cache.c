/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/servers_cache.h"
#include "resolvers/servers_set.h"
#include "tests/fake/memory.h"

static struct servers_sets *sets;
static struct servers_cache cache;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(servers_sets_create(&sets), 0);
	return servers_cache_init(&cache, 1000);
}

static int teardown(void **state)
{
	(void)state;
	servers_cache_finish(&cache);
	servers_sets_destroy(sets);
	return 0;
}

static const struct servers_set *set_of(const char *first, const char *second)
{
	struct endpoint addresses[2];
	assert_int_equal(endpoint_parse(first, 53, &addresses[0]), 0);
	assert_int_equal(endpoint_parse(second, 53, &addresses[1]), 0);
	const struct servers_set *set = servers_sets_intern(sets, addresses, 2);
	assert_non_null(set);
	return set;
}

static const uint8_t *name_of(unsigned number)
{
	static uint8_t name[NAME_WIRE_MAX];
	char text[32];
	snprintf(text, sizeof text, "d%u.test", number);
	assert_int_equal(name_parse(text, name), 0);
	return name;
}

static void put(unsigned number, uint64_t until, uint64_t now)
{
	struct servers_entry value = {
		.until_mono_ms = until, .state = (uint8_t)(number % 200)};
	servers_cache_put(&cache, name_of(number), &value, now);
}

static bool has(unsigned number, uint64_t now)
{
	const struct servers_entry *entry =
		servers_cache_find(&cache, name_of(number), now);
	if (entry != NULL)
		assert_int_equal(entry->state, number % 200);
	return entry != NULL;
}

static void servers_cache_forgets_with_time(void **state)
{
	(void)state;
	put(1, 1000, 0);
	assert_true(has(1, 999));
	assert_false(has(1, 1000));
	assert_false(has(2, 0));
	assert_non_null(servers_cache_recall(&cache, name_of(1)));
	put(1, 2000, 1000);
	assert_true(has(1, 1000));
	assert_int_equal(cache.used, 1);
}

static void servers_cache_grows_for_the_living_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 900; i++)
		put(i, 10000, 0);
	for (unsigned i = 0; i < 900; i++)
		assert_true(has(i, 1));
	size_t room = cache.room;
	assert_int_equal(cache.used, 900);
	/* An hour after their end they leave for others; the table need not grow. */
	uint64_t later = 10000 + SERVERS_STALE_MS;
	for (unsigned i = 900; i < 1800; i++)
		put(i, later + 10000, later);
	for (unsigned i = 900; i < 1800; i++)
		assert_true(has(i, later));
	assert_int_equal(cache.room, room);
	assert_in_range(cache.used, 900, 1000);
}

static void servers_cache_holds_no_more_than_it_may(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		put(i, 10000, 0);
		assert_true(has(i, 1)); /* the newest is always there */
		assert_in_range(cache.used, 0, 1000);
	}
	unsigned found = 0;
	for (unsigned i = 0; i < 5000; i++)
		found += has(i, 1);
	assert_int_equal(found, 1000);
}

static void servers_cache_drops_the_expired_before_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		put(i, i < 500 ? 10 : 10000, 0);
	for (unsigned i = 1000; i < 1100; i++)
		put(i, 10000, 20);
	unsigned living = 0;
	for (unsigned i = 500; i < 1100; i++)
		living += has(i, 20);
	assert_in_range(living, 595, 600);
}

static void servers_cache_holds_its_sets(void **state)
{
	(void)state;
	const struct servers_set *set = set_of("192.0.2.1", "192.0.2.2");
	struct servers_entry value = {.set = set, .until_mono_ms = 1000};
	servers_cache_put(&cache, name_of(1), &value, 0);
	servers_cache_put(&cache, name_of(2), &value, 0);
	assert_int_equal(set->references, 3);
	put(1, 1000, 0);
	assert_int_equal(set->references, 2);
	servers_release(set);
	assert_int_equal(servers_sets_count(sets), 1);
	servers_cache_finish(&cache);
	assert_int_equal(servers_sets_count(sets), 0);
}

static void servers_cache_survives_want_of_memory(void **state)
{
	(void)state;
	struct servers_cache none;
	memory_fail_after(0);
	assert_int_equal(servers_cache_init(&none, 10), -ENOMEM);
	assert_true(memory_stop_failing());
	put(1, 1000, 0);
	memory_fail_after(0);
	put(1, 1000, 0);
	assert_true(memory_stop_failing());
	assert_false(has(1, 0)); /* forgotten rather than wrong */
	for (unsigned i = 0; i < 48; i++)
		put(i, 1000, 0);
	memory_fail_after(0);
	put(100, 1000, 0);
	assert_true(memory_stop_failing());
	assert_false(has(100, 0));
	assert_true(has(47, 0));
}

static void servers_set_is_one_for_equal_addresses(void **state)
{
	(void)state;
	const struct servers_set *a = set_of("192.0.2.2", "192.0.2.1");
	const struct servers_set *b = set_of("192.0.2.1", "192.0.2.2");
	const struct servers_set *c = set_of("192.0.2.1", "192.0.2.1");
	assert_ptr_equal(a, b);
	assert_int_equal(a->len, 2);
	assert_int_equal(c->len, 1);
	assert_true(endpoint_compare(&a->addresses[0], &a->addresses[1]) < 0);
	assert_int_not_equal(a->sequence, c->sequence);
	assert_int_equal(servers_sets_count(sets), 2);
	servers_release(a);
	assert_int_equal(servers_sets_count(sets), 2);
	servers_release(b);
	assert_int_equal(servers_sets_count(sets), 1);
	servers_release(c);
	servers_release(NULL);
	assert_int_equal(servers_sets_count(sets), 0);
}

static void servers_set_outlives_its_collection(void **state)
{
	(void)state;
	const struct servers_set *set = set_of("192.0.2.1", "192.0.2.2");
	servers_sets_destroy(sets);
	sets = NULL;
	assert_int_equal(set->len, 2);
	servers_release(set);
}

static void servers_set_survives_want_of_memory(void **state)
{
	(void)state;
	struct servers_sets *none;
	struct endpoint address;
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &address), 0);
	memory_fail_after(0);
	assert_int_equal(servers_sets_create(&none), -ENOMEM);
	assert_true(memory_stop_failing());
	memory_fail_after(0);
	assert_null(servers_sets_intern(sets, &address, 1));
	assert_true(memory_stop_failing());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(servers_cache_forgets_with_time),
		TEST(servers_cache_grows_for_the_living_only),
		TEST(servers_cache_holds_no_more_than_it_may),
		TEST(servers_cache_drops_the_expired_before_others),
		TEST(servers_cache_holds_its_sets),
		TEST(servers_cache_survives_want_of_memory),
		TEST(servers_set_is_one_for_equal_addresses),
		TEST(servers_set_outlives_its_collection),
		TEST(servers_set_survives_want_of_memory),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
