/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/archive.h"

#define BASE INT64_C(1700000000000)

static const uint64_t numbers[] = {
	0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_C(1) << 62, UINT64_MAX};
static const int64_t times[] = {
	0, 1, BASE - 1, BASE, BASE + 1, 2 * BASE, ARCHIVE_TIME_MOST};
#define LEN(list) (sizeof(list) / sizeof(list)[0])

/* One of everything. */
struct things {
	uint64_t numbers[LEN(numbers)];
	int64_t times[LEN(times)];
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;
	bool yes;
	bool no;
	unsigned choice;
	size_t count;
	float single;
	double twofold;
	uint8_t bytes[3];
	char text[8];
};

static void code(struct archive *archive, struct things *things)
{
	for (size_t i = 0; i < LEN(numbers); i++)
		archive_u64(archive, &things->numbers[i], UINT64_MAX);
	for (size_t i = 0; i < LEN(times); i++)
		archive_time(archive, &things->times[i]);
	archive_u32(archive, &things->u32);
	archive_u16(archive, &things->u16);
	archive_u8(archive, &things->u8, 200);
	archive_bool(archive, &things->yes);
	archive_bool(archive, &things->no);
	things->choice = archive_choice(archive, things->choice, 3, 9);
	things->count = archive_count(archive, things->count, 5);
	archive_float(archive, &things->single);
	archive_double(archive, &things->twofold);
	archive_bytes(archive, things->bytes, sizeof things->bytes);
	archive_text(archive, things->text, sizeof things->text);
}

static struct things make_things(void)
{
	struct things things = {
		.u32 = UINT32_MAX,
		.u16 = UINT16_MAX,
		.u8 = 200,
		.yes = true,
		.choice = 9,
		.count = 5,
		.single = 0.1F,
		.twofold = -1e300,
		.bytes = {0, 255, 1},
		.text = "seven77",
	};
	memcpy(things.numbers, numbers, sizeof numbers);
	memcpy(things.times, times, sizeof times);
	return things;
}

static void assert_same(const struct things *a, const struct things *b)
{
	assert_memory_equal(a->numbers, b->numbers, sizeof a->numbers);
	assert_memory_equal(a->times, b->times, sizeof a->times);
	assert_int_equal(a->u32, b->u32);
	assert_int_equal(a->u16, b->u16);
	assert_int_equal(a->u8, b->u8);
	assert_int_equal(a->yes, b->yes);
	assert_int_equal(a->no, b->no);
	assert_int_equal(a->choice, b->choice);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(&a->single, &b->single, sizeof a->single);
	assert_memory_equal(&a->twofold, &b->twofold, sizeof a->twofold);
	assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
	assert_string_equal(a->text, b->text);
}

static void archive_gives_back_what_it_took(void **state)
{
	struct archive out = {.len = 0}, in;
	struct things things = make_things(), again;
	(void)state;
	/* Twice, since an archive is used again. */
	for (int i = 0; i < 2; i++) {
		archive_begin(&out);
		out.base = BASE;
		code(&out, &things);
		assert_int_equal(archive_seal(&out), 0);
	}
	memset(&again, 0x55, sizeof again);
	assert_int_equal(archive_open(&in, out.bytes, out.len), 0);
	in.base = BASE;
	code(&in, &again);
	assert_int_equal(archive_end(&in), 0);
	assert_same(&things, &again);
	archive_finish(&out);
}

static void archive_notices_every_flipped_bit_and_cut(void **state)
{
	struct archive out = {.len = 0}, in;
	struct things things = make_things();
	(void)state;
	archive_begin(&out);
	code(&out, &things);
	assert_int_equal(archive_seal(&out), 0);
	for (size_t i = 0; i < out.len * 8; i++) {
		out.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(archive_open(&in, out.bytes, out.len), -EUCLEAN);
		out.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(archive_open(&in, out.bytes, len), -EUCLEAN);
	assert_int_equal(archive_open(&in, out.bytes, out.len), 0);
	archive_finish(&out);
}

/* Loads one value from bytes that are sealed, so that only its own limits are left. */
static struct archive in;
static struct archive sealed;

static void open_bytes(const void *bytes, size_t len)
{
	archive_begin(&sealed);
	archive_store(&sealed, bytes, len);
	assert_int_equal(archive_seal(&sealed), 0);
	assert_int_equal(archive_open(&in, sealed.bytes, sealed.len), 0);
}

static void archive_believes_no_limit_is_broken(void **state)
{
	static const uint8_t endless[] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
	static const uint8_t too_large[] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
	uint64_t number = 7;
	uint8_t small = 7;
	uint32_t middle = 7;
	char text[4] = "abc";
	(void)state;
	open_bytes(endless, sizeof endless);
	archive_u64(&in, &number, UINT64_MAX);
	assert_int_equal(number, 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes(too_large, sizeof too_large);
	archive_u64(&in, &number, UINT64_MAX);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\5", 1);
	archive_u8(&in, &small, 4);
	assert_int_equal(small, 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\377\377\377\377\37", 5);
	archive_u32(&in, &middle);
	assert_int_equal(middle, 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\2", 1);
	assert_int_equal(archive_choice(&in, 0, 3, 9), 3);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\4abc", 4);
	archive_text(&in, text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\3a\0b", 4);
	archive_text(&in, text, sizeof text);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	/* A count that the rest cannot hold. */
	open_bytes("\3ab", 3);
	assert_int_equal(archive_count(&in, 0, 100), 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
}

static void archive_refuses_what_is_no_time_and_no_number(void **state)
{
	static const uint8_t infinite[] = {0, 0, 0x80, 0x7f};
	static const uint8_t none[] = {1, 0, 0, 0, 0, 0, 0xf8, 0x7f};
	int64_t at = 7;
	float single = 7;
	double twofold = 7;
	(void)state;
	open_bytes("\5", 1); /* two before the base, which is 0 */
	archive_time(&in, &at);
	assert_int_equal(at, 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes("\1", 1); /* the base itself: 0 is written as 0 */
	archive_time(&in, &at);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes(infinite, sizeof infinite);
	archive_float(&in, &single);
	assert_true(single <= 0 && single >= 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
	open_bytes(none, sizeof none);
	archive_double(&in, &twofold);
	assert_true(twofold <= 0 && twofold >= 0);
	assert_int_equal(archive_end(&in), -EUCLEAN);
}

static void archive_keeps_the_first_error_and_gives_zeros(void **state)
{
	struct things things;
	(void)state;
	open_bytes("", 0);
	memset(&things, 0x55, sizeof things);
	in.error = -ENOMEM;
	code(&in, &things);
	assert_int_equal(things.numbers[0], 0);
	assert_int_equal(things.times[3], 0);
	assert_int_equal(things.bytes[1], 0);
	assert_int_equal(things.count, 0);
	assert_string_equal(things.text, "");
	assert_int_equal(archive_end(&in), -ENOMEM);
	open_bytes("ab", 2);
	assert_non_null(archive_take(&in, 1));
	assert_int_equal(archive_end(&in), -EUCLEAN); /* one is left */
	archive_finish(&sealed);
}

/* What the engine holds may be larger than what is believed: it is cut, not lost. */
static void archive_stores_no_more_than_it_would_load(void **state)
{
	struct archive out = {.len = 0};
	uint64_t number = 11;
	int64_t late = INT64_MAX, early = -5;
	(void)state;
	archive_begin(&out);
	archive_u64(&out, &number, 10);
	archive_time(&out, &late);
	archive_time(&out, &early);
	assert_int_equal(archive_seal(&out), 0);
	assert_int_equal(archive_open(&in, out.bytes, out.len), 0);
	archive_u64(&in, &number, 10);
	archive_time(&in, &late);
	archive_time(&in, &early);
	assert_int_equal(archive_end(&in), 0);
	assert_int_equal(number, 10);
	assert_int_equal(late, ARCHIVE_TIME_MOST);
	assert_int_equal(early, 0);
	archive_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archive_gives_back_what_it_took),
		cmocka_unit_test(archive_notices_every_flipped_bit_and_cut),
		cmocka_unit_test(archive_believes_no_limit_is_broken),
		cmocka_unit_test(archive_refuses_what_is_no_time_and_no_number),
		cmocka_unit_test(archive_stores_no_more_than_it_would_load),
		cmocka_unit_test(archive_keeps_the_first_error_and_gives_zeros),
	};
	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
