/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "storage/pulse.h"
#include "tests/storage/fixture.h"

static void pulse_comes_back_from_its_block(void **state)
{
	(void)state;
	static uint8_t data[PULSE_DATA_MAX];
	static struct pulse pulses[PULSE_BLOCK];
	pulses[255] = (struct pulse){.last_at = T0,
		.confirmed_at = -5,
		.polls = 4000000000u,
		.ttl_min = 2,
		.ttl_max = UINT32_MAX,
		.bucket_polls = 3,
		.bucket_usable = 4,
		.bucket_longest_ms = 5,
		.bucket_at = T0 - 1};
	size_t len = pulse_pack(pulses, PULSE_BLOCK, data);
	assert_int_equal(len, PULSE_DATA_MAX);
	struct pulse back;
	assert_int_equal(pulse_unpack(data, len, 255, &back), 0);
	assert_int_equal(back.last_at, T0);
	assert_int_equal(back.confirmed_at, -5);
	assert_int_equal(back.polls, 4000000000u);
	assert_int_equal(back.ttl_min, 2);
	assert_int_equal(back.ttl_max, UINT32_MAX);
	assert_int_equal(back.bucket_polls, 3);
	assert_int_equal(back.bucket_usable, 4);
	assert_int_equal(back.bucket_longest_ms, 5);
	assert_int_equal(back.bucket_at, T0 - 1);

	len = pulse_pack(pulses, 2, data);
	assert_int_equal(pulse_unpack(data, len, 2, &back), 0);
	assert_int_equal(back.last_at, 0);
	assert_int_equal(pulse_unpack(data, 0, 0, &back), 0);
	assert_int_equal(pulse_unpack(data, len - 1, 0, &back), -EUCLEAN);
	data[0] = 2;
	assert_int_equal(pulse_unpack(data, len, 0, &back), -EUCLEAN);
}

static void pulse_of_an_older_span_is_ignored(void **state)
{
	(void)state;
	struct pulse pulse = {.confirmed_at = T0, .polls = 9, .ttl_min = 1, .ttl_max = 2};
	struct span span = {.first_at = T0, .last_at = T0, .polls = 1, .ttl_min = 7};
	pulse_overlay(&pulse, &span);
	assert_int_equal(span.polls, 1);
	assert_int_equal(span.ttl_min, 7);
	pulse.confirmed_at = T0 + 1;
	pulse_overlay(&pulse, &span);
	assert_int_equal(span.polls, 9);
	assert_int_equal(span.ttl_min, 1);
	assert_int_equal(span.last_at, T0 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pulse_comes_back_from_its_block),
		cmocka_unit_test(pulse_of_an_older_span_is_ignored),
	};
	return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
