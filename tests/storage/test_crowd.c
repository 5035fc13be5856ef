/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "storage/crowd.h"
#include "tests/storage/fixture.h"

/* A well-spread 32-bit value for each number (the finaliser of MurmurHash3). */
static uint32_t spread(uint32_t x)
{
	x = (x ^ x >> 16) * 0x85ebca6bu;
	x = (x ^ x >> 13) * 0xc2b2ae35u;
	return x ^ x >> 16;
}

static void fill(struct crowd *crowd, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		assert_int_equal(crowd_add(crowd, spread(i)), 0);
}

static void crowd_counts_each_member_once(void **state)
{
	struct crowd crowd = {0};
	(void)state;
	assert_int_equal(crowd_count(&crowd), 0);
	for (int i = 0; i < 3; i++)
		fill(&crowd, 0, 5000);
	assert_int_equal(crowd_count(&crowd), 5000);
	crowd_finish(&crowd);
}

static void crowd_packs_few_exactly(void **state)
{
	struct crowd a = {0};
	struct crowd b = {0};
	struct bytes packed = {0};
	(void)state;
	fill(&a, 0, 127);
	fill(&a, 0, 127);
	assert_int_equal(crowd_pack(&a, &packed), 0);
	assert_int_equal(packed.len, 508);
	fill(&b, 100, 150);
	assert_int_equal(crowd_unite(&b, packed.data, packed.len), 0);
	assert_int_equal(crowd_count(&b), 150);
	bytes_finish(&packed);
	crowd_finish(&a);
	crowd_finish(&b);
}

static void crowd_estimates_many(void **state)
{
	(void)state;
	for (uint32_t n = 128; n < 2000000; n *= 3) {
		struct crowd a = {0};
		struct crowd b = {0};
		struct bytes packed = {0};
		fill(&a, 0, n);
		assert_int_equal(crowd_pack(&a, &packed), 0);
		assert_int_equal(packed.len, 512);
		fill(&b, n / 2, n);
		assert_int_equal(crowd_unite(&b, packed.data, packed.len), 0);
		double share = (double)crowd_count(&b) / n;
		assert_true(share > 0.85 && share < 1.15);
		bytes_finish(&packed);
		crowd_finish(&a);
		crowd_finish(&b);
	}
}

static void crowd_refuses_what_it_never_packed(void **state)
{
	static const uint8_t bytes[600];
	struct crowd crowd = {0};
	(void)state;
	assert_int_equal(crowd_unite(&crowd, bytes, 3), -EINVAL);
	assert_int_equal(crowd_unite(&crowd, bytes, 516), -EINVAL);
	assert_int_equal(crowd_count(&crowd), 0);
	uint8_t wild[512];
	for (size_t i = 0; i < sizeof wild; i++)
		wild[i] = 255;
	assert_int_equal(crowd_unite(&crowd, wild, sizeof wild), 0);
	assert_true(crowd_count(&crowd) > 0);
	crowd_finish(&crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowd_counts_each_member_once),
		cmocka_unit_test(crowd_packs_few_exactly),
		cmocka_unit_test(crowd_estimates_many),
		cmocka_unit_test(crowd_refuses_what_it_never_packed),
	};
	return cmocka_run_group_tests_name("storage/crowd", tests, NULL, NULL);
}
