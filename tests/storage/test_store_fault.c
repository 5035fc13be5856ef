/* SPDX-License-Identifier: MIT */
/* A store whose disk fails, fills up, cannot be written, or lies. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/storage/fault_vfs.h"
#include "tests/storage/fixture.h"
#include "tests/storage/reading.h"

static bool passes_integrity_check(const struct fixture *fixture)
{
	return fixture_query(fixture,
		       "SELECT count(*) FROM pragma_integrity_check"
		       " WHERE integrity_check <> 'ok'") == 0;
}

/* One batch as the monitor writes it: the answer of point 1 becomes another. */
static int write_batch(struct store *store, int round, struct store_error *ret_error)
{
	static const char *const answers[] = {
		"10 a.example", "20 b.example 30 c.example"};
	int64_t at = T0 + round * 60 * SECOND;
	store_begin(store);
	struct fixture fixture = {.store = store};
	if (round > 0)
		fixture_close_span(&fixture, 1, NULL, at - 10 * SECOND, 5);
	fixture_open_span(&fixture, 1, NULL, answers[round % 2], at,
		round > 0 ? at - 10 * SECOND : 0);
	if (round > 0)
		fixture_change(&fixture, 1, NULL, answers[(round + 1) % 2],
			answers[round % 2], at, at - 10 * SECOND);
	history_put_pulses(store, 0, &(struct pulse){.last_at = at, .polls = 1}, 1);
	return store_commit(store, at, ret_error);
}

static void count_batches(struct fixture *fixture, int expected)
{
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM span"), expected);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM ledger"), expected);
	assert_true(reading_holds(fixture->store));
}

/* Every writing call of a batch fails in turn, once or from then on. What commit refused is not
 * there, and the same handle takes the same batch when the disk is well again. */
static void fail_every_call(
	struct fixture *fixture, int sqlite_code, int expected, bool sticky)
{
	int round = 0;
	bool failed = true;
	fixture_point(fixture, "a.example", "mta");
	for (int call = 1; failed && call < 500; call++, round++) {
		struct store_error error = {0};
		fault_vfs_arm(call, sqlite_code, sticky);
		int code = write_batch(fixture->store, round, &error);
		failed = fault_vfs_disarm();
		if (code != 0) {
			assert_true(failed);
			if (code != expected && code != -EIO)
				fail_msg("call %d: %d %s", call, code, error.text);
			assert_int_equal(error.code, code);
			count_batches(fixture, round);
			code = write_batch(fixture->store, round, &error);
			if (code != 0)
				fail_msg("again after call %d: %s", call, error.text);
		}
		count_batches(fixture, round + 1);
	}
	assert_false(failed);
	assert_true(round > 3);
	assert_true(passes_integrity_check(fixture));
	fixture_close(fixture);
	fixture_open(fixture);
	count_batches(fixture, round);
}

static void store_survives_failed_writes(void **state)
{
	fail_every_call(*state, SQLITE_IOERR_WRITE, -EIO, false);
}

static void store_survives_a_disk_that_stays_broken(void **state)
{
	fail_every_call(*state, SQLITE_IOERR_FSYNC, -EIO, true);
}

static void store_survives_a_full_disk(void **state)
{
	fail_every_call(*state, SQLITE_FULL, -ENOSPC, true);
}

/* Opening a new store, and writing until the WAL is copied back, with every call failing. */
static void store_opens_after_failed_openings(void **state)
{
	struct fixture *fixture = *state;
	fixture_close(fixture);
	unlink(fixture->path);
	bool failed = true;
	int refused = 0;
	for (int call = 1; failed && call < 2000; call++) {
		struct store_error error = {0};
		struct store *store = NULL;
		fault_vfs_arm(call, SQLITE_FULL, false);
		int code = store_open(&(struct store_options){.path = fixture->path,
					      .site = "lab",
					      .write = true,
					      .now = T0},
			&store, &error);
		store_close(store);
		failed = fault_vfs_disarm();
		refused += code < 0;
		if (code < 0 && *error.text == '\0')
			fail_msg("call %d: no text for %d", call, code);
	}
	assert_false(failed);
	assert_true(refused > 3);
	fixture_open(fixture);
	assert_true(passes_integrity_check(fixture));
}

static void store_checkpoints_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct stat stat_of;
	char wal[128];
	static struct pulse pulses[PULSE_BLOCK];
	snprintf(wal, sizeof wal, "%s-wal", fixture->path);
	for (int round = 0; round < 60; round++) {
		store_begin(fixture->store);
		for (int64_t block = 0; block < 40; block++) {
			pulses[0].last_at = T0 + round;
			history_put_pulses(fixture->store, block, pulses, PULSE_BLOCK);
		}
		fixture_commit(fixture, T0);
	}
	/* 60 x 40 x 12 KiB went through; without checkpoints the WAL would hold it all. */
	assert_int_equal(stat(wal, &stat_of), 0);
	assert_true(stat_of.st_size < 16 << 20);
}

/* Runs a test in a mount namespace of its own with a small file system at the fixture's
 * directory. Skips where that is not allowed. */
static void in_small_file_system(
	struct fixture *fixture, int (*run)(struct fixture *fixture))
{
	enum {
		NOT_ALLOWED = 77
	};
	fixture_close(fixture);
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
			mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("tmpfs", fixture->dir, "tmpfs", 0, "size=1m") < 0)
			_exit(NOT_ALLOWED);
		_exit(run(fixture));
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_ALLOWED)
		skip();
	if (WEXITSTATUS(status) != 0)
		fail_msg("step %d failed", WEXITSTATUS(status));
}

static int open_writer(struct fixture *fixture, struct store_error *ret_error)
{
	return store_open(
		&(struct store_options){
			.path = fixture->path, .site = "lab", .write = true, .now = T0},
		&fixture->store, ret_error);
}

/* Returns 0, or the number of the step that went wrong. */
static int fill_the_disk(struct fixture *fixture)
{
	struct store_error error = {0};
	char ballast[128];
	if (open_writer(fixture, &error) != 0)
		return 1;
	snprintf(ballast, sizeof ballast, "%s/ballast", fixture->dir);
	int fd = open(ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (posix_fallocate(fd, 0, 300 << 10) != 0)
		return 2;
	store_begin(fixture->store);
	history_put_point(fixture->store,
		&(struct point){.domain = wire("a.example"), .view = "mta"});
	if (store_commit(fixture->store, T0, &error) != 0)
		return 3;
	int round = 0;
	int code = 0;
	for (; code == 0 && round < 5000; round++)
		code = write_batch(fixture->store, round, &error);
	round--;
	if (code != -ENOSPC)
		return 4;
	if (write_batch(fixture->store, round, &error) != -ENOSPC)
		return 5;
	/* What is there can still be read. */
	if (!reading_holds(fixture->store))
		return 6;
	unlink(ballast);
	close(fd);
	if (write_batch(fixture->store, round, &error) != 0)
		return 7;
	if (!reading_holds(fixture->store) || !passes_integrity_check(fixture))
		return 8;
	store_close(fixture->store);
	return 0;
}

static void store_goes_on_when_the_disk_has_room_again(void **state)
{
	in_small_file_system(*state, fill_the_disk);
}

static int read_only(struct fixture *fixture)
{
	struct store_error error = {0};
	struct store *reader = NULL;
	const struct store_options reading = {.path = fixture->path, .now = T0};
	if (open_writer(fixture, &error) != 0)
		return 1;
	fixture_fill(fixture);
	store_close(fixture->store);
	if (mount("none", fixture->dir, "none", MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 2;
	if (open_writer(fixture, &error) != -EROFS ||
		strstr(error.text, fixture->path) == NULL)
		return 3;
	if (store_open(&reading, &reader, &error) != 0)
		return 4;
	if (!reading_holds(reader))
		return 5;
	store_close(reader);

	/* A store that was copied while it was written: its WAL needs an index to be read. */
	if (mount("none", fixture->dir, "none", MS_REMOUNT, NULL) < 0)
		return 6;
	if (open_writer(fixture, &error) != 0)
		return 7;
	store_begin(fixture->store);
	history_start_run(fixture->store, T0, "1");
	if (store_commit(fixture->store, T0, &error) != 0)
		return 8;
	char copy[512];
	snprintf(copy, sizeof copy, "cp %s %s/copy && cp %s-wal %s/copy-wal",
		fixture->path, fixture->dir, fixture->path, fixture->dir);
	if (system(copy) != 0)
		return 9;
	store_close(fixture->store);
	if (mount("none", fixture->dir, "none", MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 10;
	snprintf(fixture->path, sizeof fixture->path, "%s/copy", fixture->dir);
	if (store_open(&reading, &reader, &error) != -EROFS ||
		strstr(error.text, "write-ahead log") == NULL)
		return 11;
	return 0;
}

static void store_reads_from_a_read_only_file_system(void **state)
{
	in_small_file_system(*state, read_only);
}

static void reader_sees_one_state_while_the_writer_goes_on(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	fixture_point(fixture, "a.example", "mta");
	assert_int_equal(write_batch(fixture->store, 0, &error), 0);
	struct store *reader = fixture_reader(fixture);
	struct lookup_totals totals;
	for (int round = 1; round < 20; round++) {
		assert_int_equal(write_batch(fixture->store, round, &error), 0);
		assert_int_equal(lookup_totals(reader, &totals), 0);
		assert_int_equal(totals.spans, round + 1);
		assert_int_equal(totals.changes, round);
	}
	store_close(reader);
	assert_int_equal(write_batch(fixture->store, 20, &error), 0);
}

int main(void)
{
	fault_vfs_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			store_survives_failed_writes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_survives_a_disk_that_stays_broken,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_survives_a_full_disk, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_opens_after_failed_openings,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_checkpoints_by_itself, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_goes_on_when_the_disk_has_room_again, fixture_setup,
			fixture_teardown),
		cmocka_unit_test_setup_teardown(store_reads_from_a_read_only_file_system,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			reader_sees_one_state_while_the_writer_goes_on, fixture_setup,
			fixture_teardown),
	};
	return cmocka_run_group_tests_name("store_fault", tests, NULL, NULL);
}
