/* SPDX-License-Identifier: MIT */
#include "storage/bytes.h"
#include "tests/storage/fixture.h"

static void bytes_are_big_endian(void **state)
{
	(void)state;
	static const uint8_t expected[] = {
		7, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
	struct bytes bytes = {0};
	bytes_add_u8(&bytes, 7);
	bytes_add_u32(&bytes, 0x01020304);
	bytes_add_i64(&bytes, -2);
	assert_int_equal(bytes.len, sizeof expected);
	assert_memory_equal(bytes.data, expected, sizeof expected);
	bytes_finish(&bytes);
}

static void bytes_give_back_integers(void **state)
{
	(void)state;
	static const int64_t values[] = {0, 1, -1, 63, 64, -64, -65, 127, 128, 300,
		INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
	struct bytes bytes = {0};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		bytes_add_signed(&bytes, values[i]);
		bytes_add_varint(&bytes, (uint64_t)values[i]);
	}
	struct bytes_reader reader = {.data = bytes.data, .len = bytes.len};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_false(bytes_at_end(&reader));
		assert_true(bytes_take_signed(&reader) == values[i]);
		assert_true(bytes_take_varint(&reader) == (uint64_t)values[i]);
	}
	assert_true(bytes_at_end(&reader));
	assert_false(reader.failed);
	bytes_take_u8(&reader);
	assert_true(reader.failed);
	bytes_finish(&bytes);
}

static void bytes_refuse_overlong_integers(void **state)
{
	(void)state;
	static const uint8_t endless[] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
	struct bytes_reader reader = {.data = endless, .len = sizeof endless};
	bytes_take_varint(&reader);
	assert_true(reader.failed);
	assert_true(bytes_at_end(&reader));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_big_endian),
		cmocka_unit_test(bytes_give_back_integers),
		cmocka_unit_test(bytes_refuse_overlong_integers),
	};
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
