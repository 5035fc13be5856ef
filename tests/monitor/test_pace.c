/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/pace.h"
#include "tests/fake/memory.h"

#define NOW UINT64_C(5000000)
#define MINUTE UINT64_C(60000)

static struct endpoint server(uint32_t number)
{
	struct endpoint endpoint = {.port = 53, .family = AF_INET};

	endpoint.address[0] = 10;
	endpoint.address[1] = (uint8_t)(number >> 16);
	endpoint.address[2] = (uint8_t)(number >> 8);
	endpoint.address[3] = (uint8_t)number;
	return endpoint;
}

static struct pace *create(double total_qps)
{
	struct pace *pace;

	assert_int_equal(pace_create(total_qps, &pace), 0);
	return pace;
}

/* How many of `len` instants lie in the fullest window of this length. */
static size_t fullest(const uint64_t *instants, size_t len, uint64_t window)
{
	size_t most = 0;

	for (size_t first = 0, last = 0; last < len; last++) {
		while (instants[last] - instants[first] >= window)
			first++;
		if (last - first + 1 > most)
			most = last - first + 1;
	}
	return most;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void pace_lets_pass_without_a_limit(void **state)
{
	struct pace *pace = create(0);
	struct endpoint one = server(1);

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(pace_reserve(pace, &one, 0, NOW), 0);
	pace_destroy(pace);
	pace_destroy(NULL);
}

/* Ten thousand polls want one server at once: they leave evenly, in the order in which they
 * asked, neither faster than allowed nor slower. */
static void pace_spreads_a_crowd_over_one_server(void **state)
{
	enum {
		MANY = 10000
	};
	struct pace *pace = create(0);
	struct endpoint one = server(1);
	uint64_t *leave = calloc(MANY, sizeof *leave);

	(void)state;
	assert_non_null(leave);
	for (size_t i = 0; i < MANY; i++) {
		leave[i] = NOW + pace_reserve(pace, &one, 50, NOW);
		assert_true(i == 0 || leave[i] >= leave[i - 1]);
	}
	assert_int_equal(leave[0], NOW);
	assert_in_range(leave[MANY - 1], NOW + 199000, NOW + 200000);
	assert_in_range(fullest(leave, MANY, 1000), 50, 56);
	assert_in_range(fullest(leave, MANY, MINUTE), 3000, 3006);
	free(leave);
	pace_destroy(pace);
}

/* A burst is a tenth of a second's worth, however long nobody asked. */
static void pace_bounds_the_burst(void **state)
{
	struct pace *pace = create(0);
	struct endpoint one = server(1);
	uint64_t now = NOW;

	(void)state;
	for (int round = 0; round < 3; round++) {
		unsigned burst = 0;

		while (pace_reserve(pace, &one, 1000, now) == 0)
			burst++;
		assert_in_range(burst, 100, 102);
		now += round == 0 ? 3600 * UINT64_C(1000) : 10000;
	}
	pace_destroy(pace);
}

static void pace_lets_at_least_one_leave(void **state)
{
	struct pace *pace = create(0);
	struct endpoint one = server(1);
	uint64_t wait;

	(void)state;
	assert_int_equal(pace_reserve(pace, &one, 0.5, NOW), 0);
	wait = pace_reserve(pace, &one, 0.5, NOW);
	assert_in_range(wait, 1900, 2001);
	wait = pace_reserve(pace, &one, 0.5, NOW);
	assert_in_range(wait, 3900, 4001);
	/* in the first moments of a machine, too */
	pace_destroy(pace);
	pace = create(1);
	assert_int_equal(pace_reserve(pace, &one, 0.5, 0), 0);
	wait = pace_reserve(pace, &one, 0.5, 0);
	assert_in_range(wait, 1900, 2001);
	pace_destroy(pace);
}

/* For a virtual minute a poller offers more than a server may be asked, as it comes. */
static void pace_keeps_the_rate_over_a_minute(void **state)
{
	static const double rates[] = {1, 7, 50, 333, 5000};

	(void)state;
	for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
		struct pace *pace = create(0);
		struct endpoint one = server(1);
		double sent = 0;

		for (uint64_t now = NOW; now < NOW + MINUTE;) {
			uint64_t wait = pace_reserve(pace, &one, rates[r], now);

			now += wait;
			sent += now < NOW + MINUTE;
		}
		assert_true(sent <= rates[r] * 60.1 + 1);
		assert_true(sent >= rates[r] * 60 * 0.95);
		pace_destroy(pace);
	}
}

/* A slow server does not hold up the others, and each has its own rate. */
static void pace_keeps_servers_apart(void **state)
{
	struct pace *pace = create(0);
	struct endpoint slow = server(1);
	struct endpoint same_host = server(1);
	struct endpoint six = {.address = {10, 0, 0, 1}, .port = 53, .family = AF_INET6};

	(void)state;
	same_host.port = 5353;
	for (int i = 0; i < 1000; i++)
		pace_reserve(pace, &slow, 1, NOW);
	assert_true(pace_reserve(pace, &slow, 1, NOW) > 900000);
	assert_int_equal(pace_reserve(pace, &same_host, 1, NOW), 0);
	assert_int_equal(pace_reserve(pace, &six, 1, NOW), 0);
	for (uint32_t i = 2; i < 1000; i++) {
		struct endpoint other = server(i);

		assert_int_equal(pace_reserve(pace, &other, 1, NOW), 0);
	}
	pace_destroy(pace);
}

/* Thousand servers, each far below its own rate: the limit for all holds. */
static void pace_bounds_the_total(void **state)
{
	enum {
		MANY = 20000
	};
	struct pace *pace = create(500);
	uint64_t *leave = calloc(MANY, sizeof *leave);

	(void)state;
	assert_non_null(leave);
	for (uint32_t i = 0; i < MANY; i++) {
		struct endpoint any = server(i % 1000);

		uint64_t now = NOW + i / 100;

		leave[i] = now + pace_reserve(pace, &any, 100, now);
	}
	qsort(leave, MANY, sizeof *leave, compare);
	assert_in_range(fullest(leave, MANY, 1000), 500, 552);
	assert_in_range(fullest(leave, MANY, 10000), 5000, 5052);
	free(leave);
	pace_destroy(pace);
}

/* The limit for all holds also for servers without one of their own. */
static void pace_bounds_the_total_of_the_unlimited(void **state)
{
	struct pace *pace = create(10);
	struct endpoint one = server(1);
	unsigned at_once = 0;

	(void)state;
	while (pace_reserve(pace, &one, 0, NOW) == 0)
		at_once++;
	assert_in_range(at_once, 1, 2);
	pace_destroy(pace);
}

/* Every server is still known after the table has grown many times. */
static void pace_remembers_a_hundred_thousand_servers(void **state)
{
	enum {
		MANY = 100000
	};
	struct pace *pace = create(0);

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct endpoint any = server(i);

		assert_int_equal(pace_reserve(pace, &any, 1, NOW), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct endpoint any = server(i);
		uint64_t wait = pace_reserve(pace, &any, 1, NOW);

		assert_in_range(wait, 850, 1001);
	}
	pace_destroy(pace);
}

/* Without memory servers are not paced, those already known still are, and nothing breaks. */
static void pace_survives_lack_of_memory(void **state)
{
	struct pace *pace;
	bool failed = true;

	(void)state;
	for (size_t before = 0; before < 2; before++) {
		memory_fail_after(before);
		assert_int_equal(pace_create(0, &pace), -ENOMEM);
		assert_true(memory_stop_failing());
	}
	pace = create(0);
	for (uint32_t i = 0; i < 300; i++) {
		struct endpoint any = server(i);

		memory_fail_after(0);
		assert_int_equal(pace_reserve(pace, &any, 1, NOW), 0);
		failed = memory_stop_failing();
	}
	assert_true(failed);
	for (uint32_t i = 0; i < 20; i++) {
		struct endpoint any = server(i);

		assert_true(pace_reserve(pace, &any, 1, NOW) > 0);
	}
	pace_destroy(pace);
}

/* What would have to wait is not taken, and costs who does wait nothing. */
static void pace_takes_only_what_may_leave_at_once(void **state)
{
	struct pace *pace = create(0);
	struct endpoint one = server(1);
	struct endpoint two = server(2);
	unsigned taken = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		taken += pace_take(pace, &one, 50, NOW);
	assert_in_range(taken, 1, 6);
	assert_in_range(pace_reserve(pace, &one, 50, NOW), 1, 21);
	assert_false(pace_take(pace, &one, 50, NOW + 10));
	assert_true(pace_take(pace, &two, 50, NOW));
	assert_true(pace_take(pace, &one, 0, NOW));
	assert_true(pace_take(pace, &one, 50, NOW + 100));
	pace_destroy(pace);
	pace = create(20);
	taken = 0;
	for (uint32_t i = 0; i < 100; i++) {
		struct endpoint any = server(i);

		taken += pace_take(pace, &any, 0, NOW);
	}
	assert_in_range(taken, 1, 3);
	pace_destroy(pace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_lets_pass_without_a_limit),
		cmocka_unit_test(pace_spreads_a_crowd_over_one_server),
		cmocka_unit_test(pace_bounds_the_burst),
		cmocka_unit_test(pace_lets_at_least_one_leave),
		cmocka_unit_test(pace_keeps_the_rate_over_a_minute),
		cmocka_unit_test(pace_keeps_servers_apart),
		cmocka_unit_test(pace_bounds_the_total),
		cmocka_unit_test(pace_bounds_the_total_of_the_unlimited),
		cmocka_unit_test(pace_remembers_a_hundred_thousand_servers),
		cmocka_unit_test(pace_takes_only_what_may_leave_at_once),
		cmocka_unit_test(pace_survives_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
