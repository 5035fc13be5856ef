/* SPDX-License-Identifier: MIT */
#include "storage/bucket.h"
#include "tests/storage/fixture.h"

static void bucket_keeps_every_version(void **state)
{
	(void)state;
	const int64_t chunk_at = bucket_chunk_at(T0, HOUR);
	assert_true(chunk_at <= T0 && T0 - chunk_at < BUCKET_CHUNK * HOUR);
	assert_int_equal(chunk_at % (BUCKET_CHUNK * HOUR), 0);

	struct bucket bucket = {.from_at = T0,
		.length_ms = HOUR,
		.polls = 360,
		.usable = 350,
		.longest_ms = 3};
	struct bytes data = {0};
	bucket_pack(&bucket, 0, chunk_at, &data);
	bucket.polls = 400;
	bucket.usable = 400;
	bucket_pack(&bucket, 1, chunk_at, &data);
	bucket.from_at = T0 + HOUR;
	bucket_pack(&bucket, 0, chunk_at, &data);
	assert_true(data.len <= 3 * 10);

	struct bucket found;
	uint64_t found_version;
	uint64_t version = 0;
	assert_true(bucket_find(
		data.data, data.len, chunk_at, T0, &version, &found, &found_version));
	assert_int_equal(found.polls, 360);
	assert_int_equal(found.usable, 350);
	assert_int_equal(found.longest_ms, 3);
	assert_int_equal(found_version, 0);
	assert_true(bucket_find(
		data.data, data.len, chunk_at, T0, NULL, &found, &found_version));
	assert_int_equal(found.polls, 400);
	assert_int_equal(found_version, 1);
	version = 2;
	assert_false(bucket_find(
		data.data, data.len, chunk_at, T0, &version, &found, &found_version));
	assert_false(bucket_find(data.data, data.len, chunk_at, T0 + 2 * HOUR, NULL,
		&found, &found_version));

	/* More failed polls than polls; an entry that ends early. */
	static const uint8_t wrong[] = {0, 0, 1, 2, 0};
	assert_false(
		bucket_find(wrong, sizeof wrong, 0, 0, NULL, &found, &found_version));
	assert_false(bucket_find(wrong, 2, 0, 0, NULL, &found, &found_version));
	bytes_finish(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_keeps_every_version),
	};
	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
