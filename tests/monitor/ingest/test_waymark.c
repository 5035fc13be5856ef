/* SPDX-License-Identifier: MIT */
/* Texts that are compared with a place behind their end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/ingest/logfile.h"
#include "monitor/ingest/waymark.h"
#include "tests/storage/fixture.h"

#define SIZE 20000
#define HEADING                                                                          \
	1500 /* bytes that many texts begin with: more than a head is taken over */

static uint8_t text[SIZE];

static struct logfile *open_text(size_t len)
{
	struct logfile *file = NULL;
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(logfile_open_fd(fd, &file), 0);
	return file;
}

/* A heading, and what `number` stands for. */
static void make_text(unsigned number)
{
	for (size_t i = 0; i < SIZE; i++) {
		number = number * 1103515245 + 12345;
		text[i] = i < HEADING ? (uint8_t)i : (uint8_t)(number >> 16);
	}
}

static void make_place(size_t offset, struct feed_place *ret_place)
{
	struct logfile *file = open_text(offset);
	*ret_place = (struct feed_place){
		.offset = (int64_t)offset,
		.head_len = offset < FEED_HEAD_MOST ? (uint32_t)offset : FEED_HEAD_MOST,
		.tail_len = offset < FEED_TAIL_MOST ? (uint32_t)offset : FEED_TAIL_MOST,
	};
	logfile_hash(text, ret_place->head_len, ret_place->head);
	logfile_hash(text + offset - ret_place->tail_len, ret_place->tail_len,
		ret_place->tail);
	logfile_mark(file, ret_place->offset, &ret_place->marks);
	assert_int_equal(ret_place->marks.len, waymark_count(ret_place->offset));
	logfile_close(file);
}

/* Whether the first bytes of the text end on the way to the place. */
static bool ends_before(const struct feed_place *place, size_t len)
{
	int64_t end = -1;
	struct logfile *file = open_text(len);
	const int found = logfile_ends_before(file, place, &end);
	logfile_close(file);
	assert_in_range(found, 0, 1);
	if (found == 1)
		assert_int_equal(end, len);
	return found == 1;
}

static void waymark_lies_an_eighth_on(void **state)
{
	(void)state;
	size_t count = 0;
	int64_t before = 0;
	int64_t at = waymark_next(0);
	assert_int_equal(at, 32);
	for (; at <= 1 << 30; at = waymark_next(at)) {
		assert_true(at - before <= (at < 512 ? 32 : at / 8));
		assert_int_equal(waymark_next(before), at);
		assert_int_equal(waymark_next(at - 1), at);
		assert_int_equal(waymark_count(at - 1), count);
		assert_int_equal(waymark_count(at), ++count);
		before = at;
	}
	assert_int_equal(waymark_count((int64_t)500 << 30), FEED_MARKS_MOST - 1);
	assert_int_equal(waymark_count(INT64_MAX / 4), FEED_MARKS_MOST);
}

static void waymark_tells_how_a_text_began(void **state)
{
	(void)state;
	struct feed_place place;
	static const size_t places[] = {40, 700, 1024, 1100, SIZE};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		make_text(1);
		make_place(places[i], &place);
		for (size_t len = 32; len < places[i]; len = len * 3 / 2)
			assert_true(ends_before(&place, len));
		assert_true(ends_before(&place, places[i] - 1));
		/* Nothing can be said, or the place is in it. */
		assert_false(ends_before(&place, 0));
		assert_false(ends_before(&place, 31));
		assert_false(ends_before(&place, places[i]));
		assert_false(ends_before(&place, SIZE));
		text[20] ^= 1;
		assert_false(ends_before(&place, 32));
		assert_false(ends_before(&place, places[i] - 1));
	}
}

static void waymark_is_not_misled_by_a_heading(void **state)
{
	(void)state;
	struct feed_place place;
	make_text(1);
	make_place(SIZE, &place);
	make_text(2);
	for (size_t len = HEADING * 9 / 8; len < SIZE; len += 97)
		assert_false(ends_before(&place, len));
	place.marks.len = 0; /* of an older release */
	make_text(1);
	assert_false(ends_before(&place, SIZE / 2));
}

static void waymark_knows_a_copy_of_a_log_that_goes_on(void **state)
{
	(void)state;
	make_text(1);
	struct logfile *log = open_text(SIZE - 1);
	static const size_t lens[] = {1, 300, 1024, 5000, SIZE - 1, SIZE};
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct logfile *copy = open_text(lens[i]);
		assert_int_equal(logfile_is_start_of(copy, log), lens[i] < SIZE);
		logfile_close(copy);
	}
	make_text(2);
	struct logfile *other = open_text(HEADING + 200);
	assert_false(logfile_is_start_of(other, log));
	logfile_close(other);
	logfile_close(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waymark_lies_an_eighth_on),
		cmocka_unit_test(waymark_tells_how_a_text_began),
		cmocka_unit_test(waymark_is_not_misled_by_a_heading),
		cmocka_unit_test(waymark_knows_a_copy_of_a_log_that_goes_on),
	};
	return cmocka_run_group_tests_name("ingest/waymark", tests, NULL, NULL);
}
