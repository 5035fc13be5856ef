/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/digest.h"
#include "resolvers/name.h"

static const struct digest_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static const uint8_t mx_a[] = "\1a\7example";
static const uint8_t mx_b[] = "\1b\7example";

static const char *hex(struct digest digest)
{
	static char text[33];

	for (unsigned i = 0; i < 16; i++) {
		uint64_t half = i < 8 ? digest.lo : digest.hi;
		snprintf(text + (size_t)2 * i, 3, "%02x",
			(unsigned)(half >> (i % 8 * 8) & 0xff));
	}
	return text;
}

/* Expected values: `openssl mac -macopt size:16 -macopt hexkey:K SIPHASH` of OpenSSL 3.0, which for
 * the empty input and the ascending key agrees with the reference implementation's first vector. */
static void digest_is_siphash_2_4_128(void **state)
{
	static const struct {
		size_t len;
		const char *hex;
	} cases[] = {
		{0, "a3817f04ba25a8e66df67214c7550293"},
		{1, "da87c1d86b99af44347659119b22fc45"},
		{2, "8177228da4a45dc7fca38bdef60affe4"},
		{7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
		{8, "3b62a9ba6258f5610f83e264f31497b4"},
		{9, "264499060ad9baabc47f8b02bb6d71ed"},
		{15, "5493e99933b0a8117e08ec0f97cfc3d9"},
		{16, "6ee2a4ca67b054bbfd3315bf85230577"},
		{31, "2939b0183223fafc1723de4f52c43d35"},
		{63, "5150d1772f50834a503e069a973fbd7c"},
		{255, "1c9bb67528165f8e468248e3799b0eab"},
		{256, "67a00304d3834c4612eaee7b5f579acb"},
	};
	uint8_t input[256];

	(void)state;
	for (size_t i = 0; i < sizeof input; i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(
			hex(digest_bytes(&key, input, cases[i].len)), cases[i].hex);
}

static void digest_depends_on_both_halves_of_the_key(void **state)
{
	const struct digest_key ones = {UINT64_MAX, UINT64_MAX};
	const struct digest_key other = {0x1122334455667788, 0x123456789abcdef0};

	(void)state;
	assert_string_equal(hex(digest_bytes(&ones, "mx.example", 10)),
		"3bc56b0c59be710d1f20797986237bb3");
	assert_string_equal(hex(digest_bytes(&other, "mx.example", 10)),
		"6505154a8aeea3409b49e7fff6623bba");
}

static void digest_reads_unaligned_input(void **state)
{
	uint8_t input[64 + 8];

	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		for (size_t i = 0; i < 63; i++)
			input[shift + i] = (uint8_t)i;
		assert_string_equal(hex(digest_bytes(&key, input + shift, 63)),
			"5150d1772f50834a503e069a973fbd7c");
	}
}

static struct digest two(uint16_t first, const uint8_t *a, uint16_t second,
	const uint8_t *b, enum answer_state state)
{
	struct digest_set set = {.len = 0};

	assert_int_equal(digest_set_add(&set, &key, first, a), 0);
	assert_int_equal(digest_set_add(&set, &key, second, b), 0);
	return digest_set_end(&set, &key, state);
}

static void digest_ignores_order_and_repeats(void **state)
{
	struct digest_set set = {.len = 0};
	struct digest once = two(10, mx_a, 20, mx_b, ANSWER_MX);

	(void)state;
	assert_true(digest_equal(once, two(20, mx_b, 10, mx_a, ANSWER_MX)));
	for (int i = 0; i < 5; i++) {
		assert_int_equal(digest_set_add(&set, &key, 20, mx_b), 0);
		assert_int_equal(digest_set_add(&set, &key, 10, mx_a), 0);
	}
	assert_true(digest_equal(once, digest_set_end(&set, &key, ANSWER_MX)));
}

static void digest_notices_what_matters(void **state)
{
	struct digest_set set = {.len = 0};
	struct digest base = two(10, mx_a, 20, mx_b, ANSWER_MX);

	(void)state;
	assert_false(digest_equal(base, two(20, mx_a, 10, mx_b, ANSWER_MX)));
	assert_false(digest_equal(base, two(10, mx_a, 21, mx_b, ANSWER_MX)));
	assert_false(digest_equal(base, two(10, mx_a, 20, mx_a, ANSWER_MX)));
	assert_false(digest_equal(base, two(10, mx_a, 20, mx_b, ANSWER_NULL_MX)));
	assert_false(digest_equal(base, two(10, mx_a, 10, mx_a, ANSWER_MX)));

	struct digest nodata = digest_set_end(&set, &key, ANSWER_NODATA);
	struct digest nxdomain = digest_set_end(&set, &key, ANSWER_NXDOMAIN);

	assert_false(digest_equal(nodata, nxdomain));
}

static void digest_refuses_too_many_records(void **state)
{
	struct digest_set set = {.len = 0};

	(void)state;
	for (unsigned i = 0; i < DIGEST_RECORDS_MAX; i++)
		assert_int_equal(digest_set_add(&set, &key, (uint16_t)i, mx_a), 0);
	assert_int_equal(digest_set_add(&set, &key, 1, mx_a), -E2BIG);
	assert_int_equal(set.len, DIGEST_RECORDS_MAX);
}

static void digest_of_a_set_is_that_of_its_records(void **state)
{
	char text[32];

	(void)state;
	for (unsigned len = 1; len <= DIGEST_RECORDS_MAX; len *= 2) {
		struct digest_set records = {.len = 0};
		struct mxset set = {0};

		for (unsigned i = 0; i < len; i++) {
			uint8_t name[NAME_WIRE_MAX];
			uint16_t preference = (uint16_t)(i * 7919 % 100);

			snprintf(text, sizeof text, "mx%u.example", i);
			assert_int_equal(name_parse(text, name), 0);
			assert_int_equal(mxset_add(&set, preference, name), 0);
			assert_int_equal(
				digest_set_add(&records, &key, preference, name), 0);
		}
		assert_true(digest_equal(digest_answer(&key, ANSWER_MX, &set),
			digest_set_end(&records, &key, ANSWER_MX)));
		mxset_finish(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_is_siphash_2_4_128),
		cmocka_unit_test(digest_depends_on_both_halves_of_the_key),
		cmocka_unit_test(digest_reads_unaligned_input),
		cmocka_unit_test(digest_ignores_order_and_repeats),
		cmocka_unit_test(digest_notices_what_matters),
		cmocka_unit_test(digest_refuses_too_many_records),
		cmocka_unit_test(digest_of_a_set_is_that_of_its_records),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
