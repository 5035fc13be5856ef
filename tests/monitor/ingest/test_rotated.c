/* SPDX-License-Identifier: MIT */
/* Which files of a log are to be read, while somebody renames them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "monitor/ingest/logfile.h"
#include "monitor/ingest/rotated.h"
#include "tests/storage/fixture.h"

#define KEPT 6 /* rotated files */
#define SIZE 2000
#define PLACE 1500 /* that was read of the oldest */
#define TRIES_MOST 1000

static void name_of(const struct fixture *fixture, int number, char path[160])
{
	if (number == 0)
		snprintf(path, 160, "%s/mail.log", fixture->dir);
	else
		snprintf(path, 160, "%s/mail.log.%d", fixture->dir, number);
}

/* A file all of one letter. */
static void make_file(const struct fixture *fixture, int number)
{
	char path[160];
	char text[SIZE];
	const struct timespec times[2] = {
		{.tv_sec = T0 / 1000 - number}, {.tv_sec = T0 / 1000 - number}};
	memset(text, 'a' + number, sizeof text);
	name_of(fixture, number, path);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, sizeof text, file), sizeof text);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(futimens(fileno(file), times), 0);
	fclose(file);
}

/* Of the oldest file, among thousands of others. */
static void remember_places(struct fixture *fixture)
{
	char text[SIZE];
	struct feed_place place = {
		.format = "postfix",
		.head_len = FEED_HEAD_MOST,
		.tail_len = FEED_TAIL_MOST,
		.offset = PLACE,
		.at = T0,
		.state = "",
	};
	memset(text, 'a' + KEPT, sizeof text);
	name_of(fixture, KEPT, place.path);
	logfile_hash(text, FEED_HEAD_MOST, place.head);
	logfile_hash(text, FEED_TAIL_MOST, place.tail);
	store_begin(fixture->store);
	feed_put(fixture->store, "test", &place);
	fixture_commit(fixture, T0);
	fixture_tamper(fixture,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
		" WHERE i < 5000) INSERT INTO feed(source, format, path, device, inode,"
		" head_len, head, tail_len, tail, place, at, state) SELECT source, "
		"format,"
		" path, device, inode, head_len, randomblob(32), tail_len, tail, place,"
		" at - 1, state FROM feed, n");
}

/* The names go round until somebody ends this. */
static void churn(const struct fixture *fixture)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	char from[160];
	char to[160];
	for (;;) {
		for (int i = KEPT; i >= 0; i--) {
			name_of(fixture, i > 0 ? i : KEPT + 1, from);
			name_of(fixture, i + 1, to);
			rename(from, to);
		}
		nanosleep(&pause, NULL);
	}
}

static void remove_files(const struct fixture *fixture)
{
	char path[160];
	for (int i = 0; i <= KEPT + 1; i++) {
		name_of(fixture, i, path);
		remove(path);
	}
}

static void rotated_finds_all_files_while_they_are_renamed(void **state)
{
	struct fixture *fixture = *state;
	char path[160];
	struct rotated found = {.len = 0};
	struct rotated_file file;
	for (int i = KEPT; i >= 0; i--)
		make_file(fixture, i);
	remember_places(fixture);
	name_of(fixture, 0, path);
	const struct rotated_search search = {
		.path = path, .format = "postfix", .source = "test", .since_ms = -1};
	fflush(NULL);
	pid_t churner = fork();
	assert_true(churner >= 0);
	if (churner == 0)
		churn(fixture);
	/* What is renamed under the search has it begin again, and who follows the log too: on a
	 * busy machine the pauses between the renames are short. */
	int error = -ESTALE;
	for (int tries = 0; tries < TRIES_MOST && error == -ESTALE; tries++)
		error = rotated_find(&search, fixture->store, &found);
	assert_int_equal(kill(churner, SIGKILL), 0);
	assert_int_equal(waitpid(churner, NULL, 0), churner);
	remove_files(fixture);
	assert_int_equal(error, 0);
	assert_int_equal(rotated_len(&found), KEPT); /* the log itself later */
	for (int i = KEPT; i > 0; i--) {
		char letter;
		assert_int_equal(
			rotated_take(&found, "postfix", fixture->store, &file), 1);
		assert_int_equal(file.known, i == KEPT);
		assert_false(file.live);
		assert_int_equal(logfile_seek(file.file, PLACE), 0);
		assert_int_equal(logfile_read(file.file, &letter, 1), 1);
		assert_int_equal(letter, 'a' + i);
		rotated_file_finish(&file);
	}
	assert_int_equal(rotated_take(&found, "postfix", fixture->store, &file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rotated_finds_all_files_while_they_are_renamed, fixture_setup,
			fixture_teardown),
	};
	return cmocka_run_group_tests_name("ingest/rotated", tests, NULL, NULL);
}
