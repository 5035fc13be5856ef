/* SPDX-License-Identifier: MIT */
/* A log that is copied and cut, or compressed, looked at between any two steps of it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/monitor/ingest/source_lab.h"

#define MUCH 1000000 /* bytes: all there is */

static int64_t size_of(const char *path)
{
	struct stat stat_of;
	return stat(path, &stat_of) == 0 ? stat_of.st_size : 0;
}

static void name_packed(const struct source_lab *lab, int number, char path[170])
{
	char plain[160];
	source_lab_name(lab, number, plain);
	snprintf(path, 170, "%s.gz", plain);
}

static void shift(struct source_lab *lab)
{
	for (int i = SOURCE_LAB_KEPT; i > 0; i--) {
		char from[170];
		char to[170];
		source_lab_name(lab, i, from);
		source_lab_name(lab, i + 1, to);
		rename(from, to);
		name_packed(lab, i, from);
		name_packed(lab, i + 1, to);
		rename(from, to);
	}
}

/* Goes on with the copy, by so many bytes of the log. */
static void copy_on(struct source_lab *lab, size_t bytes)
{
	char path[160];
	source_lab_name(lab, 1, path);
	FILE *from = fopen(lab->log, "re");
	FILE *to = fopen(path, "ae");
	assert_true(from != NULL && to != NULL);
	assert_int_equal(fseek(from, size_of(path), SEEK_SET), 0);
	for (int byte; bytes > 0 && (byte = fgetc(from)) != EOF; bytes--)
		fputc(byte, to);
	fclose(from);
	fclose(to);
}

static void cut(struct source_lab *lab)
{
	assert_int_equal(truncate(lab->log, 0), 0);
}

/* The compressed file appears, in part at first. */
static void pack_half(struct source_lab *lab)
{
	char plain[160];
	char packed[170];
	source_lab_name(lab, 1, plain);
	name_packed(lab, 1, packed);
	source_lab_pack(plain, packed);
	assert_int_equal(truncate(packed, size_of(packed) / 2), 0);
}

static void pack(struct source_lab *lab)
{
	char plain[160];
	char packed[170];
	source_lab_name(lab, 1, plain);
	name_packed(lab, 1, packed);
	source_lab_pack(plain, packed);
	assert_int_equal(remove(plain), 0);
}

static void restart(struct source_lab *lab)
{
	source_lab_close(lab);
	source_lab_open(lab);
	source_lab_step(lab);
	source_lab_step(lab);
}

/* Reads some lines, so that the log is a known one. */
static void begin(struct source_lab *lab, int lines)
{
	source_lab_open(lab);
	source_lab_write(lab, lines);
	source_lab_step(lab);
}

static void copytruncate_copy_is_half_written_at_a_start(void **state)
{
	struct source_lab *lab = *state;
	begin(lab, 100);
	shift(lab);
	copy_on(lab, 5000);
	restart(lab);
	source_lab_expect_each_once(lab);
	copy_on(lab, MUCH);
	restart(lab);
	cut(lab);
	source_lab_write(lab, 3);
	restart(lab);
	source_lab_expect_each_once(lab);
}

static void copytruncate_copy_grows_past_the_place(void **state)
{
	struct source_lab *lab = *state;
	begin(lab, 20);
	source_lab_write(lab, 80);
	shift(lab);
	for (size_t bytes = 4000; bytes < 13000; bytes += 1001) {
		copy_on(lab, 1001);
		restart(lab);
	}
	copy_on(lab, MUCH);
	restart(lab);
	source_lab_expect_each_once(lab);
	cut(lab);
	source_lab_write(lab, 3);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	assert_int_equal(source_lab_ask(lab,
				 "SELECT ifnull(sum(count), 0) FROM rejected"
				 " WHERE reason NOT LIKE '%was cut%'"),
		0);
}

static void copytruncate_log_is_read_past_its_copy(void **state)
{
	struct source_lab *lab = *state;
	for (int i = 0; i < 8; i++) {
		/* From a single line on: less than what a head is taken over. */
		begin(lab, 1 << i);
		shift(lab);
		copy_on(lab, MUCH);
		source_lab_write(lab, 1 + i);
		source_lab_step(lab);
		if (i % 2 == 0)
			restart(lab);
		cut(lab);
		if (i % 4 < 2)
			restart(lab);
		source_lab_write(lab, 2);
		source_lab_step(lab);
		restart(lab);
		source_lab_expect_each_once(lab);
		source_lab_close(lab);
	}
}

static void copytruncate_comes_again_before_we_look(void **state)
{
	struct source_lab *lab = *state;
	for (int i = 0; i < 4; i++) {
		begin(lab, 30);
		shift(lab);
		copy_on(lab, MUCH);
		source_lab_write(lab, 5);
		source_lab_step(lab);
		cut(lab);
		for (int j = 0; j < i; j++) {
			source_lab_write(lab, 40);
			shift(lab);
			copy_on(lab, MUCH);
			cut(lab);
		}
		if (i % 2 == 0)
			source_lab_write(lab, 1);
		source_lab_step(lab);
		source_lab_step(lab);
		source_lab_expect_each_once(lab);
		restart(lab);
		source_lab_expect_each_once(lab);
		source_lab_close(lab);
	}
}

/* logrotate was killed: the copy stays while the log goes on, and becomes older. */
static void copytruncate_is_left_half_done(void **state)
{
	struct source_lab *lab = *state;
	begin(lab, 30);
	shift(lab);
	copy_on(lab, 3000);
	for (int i = 0; i < 3; i++) {
		source_lab_write(lab, 50);
		restart(lab);
		source_lab_expect_each_once(lab);
	}
	shift(lab);
	copy_on(lab, MUCH);
	source_lab_write(lab, 7);
	source_lab_step(lab);
	cut(lab);
	source_lab_write(lab, 2);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	restart(lab);
	source_lab_expect_each_once(lab);
}

static void copytruncate_short_copy_is_compressed(void **state)
{
	struct source_lab *lab = *state;
	/* Of the few lines, half a file has less than a head is taken over. */
	for (int lines = 3000; lines > 20; lines /= 10) {
		begin(lab, lines);
		shift(lab);
		copy_on(lab, MUCH);
		source_lab_write(lab, 50);
		source_lab_step(lab);
		cut(lab);
		source_lab_write(lab, 2);
		pack_half(lab);
		restart(lab);
		source_lab_expect_each_once(lab);
		pack(lab);
		restart(lab);
		source_lab_step(lab);
		source_lab_expect_each_once(lab);
		source_lab_close(lab);
	}
}

/* Both files have the same text, one all of it, of which some was read or nothing. */
static void copytruncate_is_told_from_compressing(void **state)
{
	struct source_lab *lab = *state;
	begin(lab, 3000);
	source_lab_rotate(lab);
	source_lab_write(lab, 2);
	pack_half(lab);
	source_lab_step(lab);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	for (int i = 0; i < 2; i++) {
		source_lab_close(lab);
		shift(lab);
		source_lab_write(lab, 3000);
		if (i == 1) {
			source_lab_rotate(lab);
			source_lab_write(lab, 3000);
		}
		source_lab_rotate(lab);
		source_lab_write(lab, 2);
		pack_half(lab);
		source_lab_open(lab);
		source_lab_step(lab);
		restart(lab);
		source_lab_expect_each_once(lab);
		pack(lab);
		restart(lab);
		source_lab_expect_each_once(lab);
	}
}

static int64_t cuts(const struct source_lab *lab)
{
	return source_lab_ask(lab,
		"SELECT ifnull(sum(count), 0) FROM rejected"
		" WHERE reason LIKE '%was cut%'");
}

/* By us as it happens, or by its copy when we come back; once. */
static void copytruncate_is_said(void **state)
{
	struct source_lab *lab = *state;
	for (int i = 0; i < 4; i++) {
		begin(lab, 30);
		if (i % 2 == 0)
			source_lab_close(lab);
		source_lab_write(lab, 5);
		shift(lab);
		copy_on(lab, MUCH);
		cut(lab);
		if (i < 2)
			source_lab_write(lab, 1);
		if (i % 2 == 0)
			source_lab_open(lab);
		source_lab_step(lab);
		restart(lab);
		assert_int_equal(cuts(lab), i + 1);
		source_lab_expect_each_once(lab);
		source_lab_close(lab);
	}
	/* A renamed log was not cut. */
	source_lab_write(lab, 5);
	source_lab_rotate(lab);
	begin(lab, 1);
	assert_int_equal(cuts(lab), 4);
	source_lab_expect_each_once(lab);
}

/* What the laboratory knows of the lines. */
struct tale {
	struct source_lab *lab;
	unsigned seed;
	int copied; /* lines that a copy has */
	int read;
	int lost; /* in no file when they could have been read */
};

static int draw(struct tale *tale, int choices)
{
	return rand_r(&tale->seed) % choices;
}

static void write_some(struct tale *tale)
{
	static const int lines[] = {0, 0, 1, 2, 9, 60, 400};
	source_lab_write(tale->lab, lines[draw(tale, 7)]);
}

static void maybe_look(struct tale *tale)
{
	const int what = draw(tale, 4);
	if (what < 2)
		return;
	if (what == 2)
		source_lab_step(tale->lab);
	else
		restart(tale->lab);
	tale->read = tale->lab->written;
}

static void maybe_pack(struct tale *tale)
{
	if (draw(tale, 2) == 0)
		return;
	pack_half(tale->lab);
	maybe_look(tale);
	write_some(tale);
	maybe_look(tale);
	pack(tale->lab);
	maybe_look(tale);
}

static void copy_and_cut(struct tale *tale)
{
	struct source_lab *lab = tale->lab;
	write_some(tale);
	maybe_look(tale);
	shift(lab);
	maybe_look(tale);
	copy_on(lab, (size_t)draw(tale, (int)size_of(lab->log) + 1));
	maybe_look(tale);
	write_some(tale);
	maybe_look(tale);
	copy_on(lab, MUCH);
	tale->copied = lab->written;
	maybe_look(tale);
	if (draw(tale, 2) == 0)
		write_some(tale);
	maybe_look(tale);
	cut(lab);
	const int kept = tale->read > tale->copied ? tale->read : tale->copied;
	tale->lost += lab->written - kept;
	tale->read = tale->copied = lab->written;
	maybe_look(tale);
}

static void copytruncate_is_looked_at_between_any_two_steps(void **state)
{
	struct tale tale = {.lab = *state, .seed = 11};
	struct source_lab *lab = tale.lab;
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 1000 : 60;
	begin(lab, 10);
	for (int i = 0; i < rounds; i++) {
		const unsigned seed = tale.seed;
		copy_and_cut(&tale);
		write_some(&tale);
		maybe_look(&tale);
		if (i % 3 == 0) /* the next comes before we look, perhaps */
			continue;
		maybe_pack(&tale);
		source_lab_step(lab);
		source_lab_step(lab);
		tale.read = lab->written;
		if (source_lab_counted(lab) != lab->written - tale.lost)
			print_message("# round %d of seed %u\n", i, seed);
		assert_int_equal(source_lab_counted(lab), lab->written - tale.lost);
		assert_int_equal(source_lab_ask(lab, "SELECT count(*) FROM recipient"),
			lab->written - tale.lost);
	}
	assert_true(tale.lost > 0);
}

int main(void)
{
#define WITH_LAB(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, source_lab_set_up, source_lab_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_LAB(copytruncate_copy_is_half_written_at_a_start),
		WITH_LAB(copytruncate_copy_grows_past_the_place),
		WITH_LAB(copytruncate_log_is_read_past_its_copy),
		WITH_LAB(copytruncate_comes_again_before_we_look),
		WITH_LAB(copytruncate_is_left_half_done),
		WITH_LAB(copytruncate_short_copy_is_compressed),
		WITH_LAB(copytruncate_is_told_from_compressing),
		WITH_LAB(copytruncate_is_said),
		WITH_LAB(copytruncate_is_looked_at_between_any_two_steps),
	};
	return cmocka_run_group_tests_name("ingest/copytruncate", tests, NULL, NULL);
}
