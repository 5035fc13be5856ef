/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/storage/fixture.h"

static int try_open(const char *path, bool write, struct store_error *ret_error)
{
	struct store *store = NULL;
	int code = store_open(
		&(struct store_options){
			.path = path, .site = "lab", .write = write, .now = T0},
		&store, ret_error);
	store_close(store);
	return code;
}

static void store_keeps_its_site(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(store_site(fixture->store), "lab");
	fixture_close(fixture);
	struct store_error error;
	assert_int_equal(store_open(&(struct store_options){.path = fixture->path,
					    .site = "elsewhere",
					    .write = true,
					    .now = T0},
				 &fixture->store, &error),
		0);
	assert_string_equal(store_site(fixture->store), "lab");
}

static void store_refuses_second_writer(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	char expected[160];
	snprintf(expected, sizeof expected,
		"store %s is held by another mxvigil (pid %d)", fixture->path, getpid());
	assert_int_equal(try_open(fixture->path, true, &error), -EBUSY);
	assert_int_equal(error.code, -EBUSY);
	assert_string_equal(error.text, expected);

	char other[128];
	snprintf(other, sizeof other, "%s/link.db", fixture->dir);
	assert_int_equal(symlink(fixture->path, other), 0);
	assert_int_equal(try_open(other, true, &error), -EBUSY);
	unlink(other);
	assert_int_equal(try_open(fixture->path, false, &error), 0);
}

static void store_tells_who_holds_it(void **state)
{
	struct fixture *fixture = *state;
	int64_t pid = 0;
	assert_true(store_is_held(fixture->path, &pid));
	assert_int_equal(pid, getpid());
	fixture_close(fixture);
	assert_false(store_is_held(fixture->path, NULL));
	assert_false(store_is_held("/nonexistent/dir/history.db", NULL));
}

static void store_lock_ends_with_its_process(void **state)
{
	struct fixture *fixture = *state;
	fixture_close(fixture);
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct store_error error;
		struct store *store;
		bool opened = store_open(&(struct store_options){.path = fixture->path,
						 .write = true,
						 .now = T0},
				      &store, &error) == 0;
		if (write(ready[1], opened ? "y" : "n", 1) == 1)
			pause();
		_exit(1);
	}
	char answer = 0;
	int64_t pid = 0;
	struct store_error error;
	assert_int_equal(read(ready[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	assert_int_equal(try_open(fixture->path, true, &error), -EBUSY);
	assert_true(store_is_held(fixture->path, &pid));
	assert_int_equal(pid, child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	assert_false(store_is_held(fixture->path, NULL));
	assert_int_equal(try_open(fixture->path, true, &error), 0);
}

static void store_refuses_newer_schema(void **state)
{
	struct fixture *fixture = *state;
	fixture_close(fixture);
	fixture_tamper(fixture, "PRAGMA user_version = 999");
	struct store_error error = {0};
	assert_int_equal(try_open(fixture->path, true, &error), -EPROTO);
	assert_non_null(strstr(error.text, "version 999"));
	assert_non_null(strstr(error.text, "up to 6"));
	assert_non_null(strstr(error.text, fixture->path));
	assert_int_equal(try_open(fixture->path, false, &error), -EPROTO);
	assert_false(store_is_held(fixture->path, NULL));
}

static void store_refuses_foreign_files(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	char path[128];
	snprintf(path, sizeof path, "%s/other", fixture->dir);

	FILE *file = fopen(path, "w");
	for (int i = 0; i < 4096; i++)
		fputc("mail log "[i % 9], file);
	fclose(file);
	assert_int_equal(try_open(path, false, &error), -EUCLEAN);
	assert_int_equal(try_open(path, true, &error), -EUCLEAN);
	assert_non_null(strstr(error.text, path));
	unlink(path);

	struct fixture other = *fixture;
	strcpy(other.path, path);
	fixture_tamper(&other, "CREATE TABLE theirs(x)");
	assert_int_equal(try_open(path, true, &error), -EUCLEAN);
	assert_int_equal(fixture_query(&other, "SELECT count(*) FROM sqlite_schema"), 1);
	unlink(path);

	snprintf(path, sizeof path, "%s/other.lock", fixture->dir);
	unlink(path);
}

static void store_says_why_it_cannot_open(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	char path[128];
	snprintf(path, sizeof path, "%s/none.db", fixture->dir);
	assert_int_equal(try_open(path, false, &error), -ENOENT);
	assert_non_null(strstr(error.text, "none.db"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(try_open("/nonexistent/x/history.db", true, &error), -ENOENT);
	assert_int_equal(try_open(fixture->dir, false, &error), -EIO);

	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(try_open(path, false, &error), -ENOENT);
	unlink(path);
}

static void store_is_always_synchronous(void **state)
{
	struct fixture *fixture = *state;
	char wal[128];
	struct stat stat_of;
	snprintf(wal, sizeof wal, "%s-wal", fixture->path);
	fixture_point(fixture, "a.example", "mta");
	assert_int_equal(stat(wal, &stat_of), 0);
	assert_true(store_bytes(fixture->store) > stat_of.st_size);
	fixture_close(fixture);
	assert_int_equal(stat(wal, &stat_of), -1);
}

static void store_ids_name_their_site(void **state)
{
	struct fixture *fixture = *state;
	char text[STORE_ID_MAX];
	int64_t number = 0;
	assert_string_equal(store_id_format(fixture->store, 42, text), "lab-42");
	assert_int_equal(store_id_parse(fixture->store, "lab-42", &number), 0);
	assert_int_equal(number, 42);
	static const char *const wrong[] = {"", "lab", "lab-", "lab-042", "lab-0",
		"lab-4x", "lab--4", "lab- 4", "other-42", "lab-9999999999999999999"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(
			store_id_parse(fixture->store, wrong[i], &number), -EINVAL);
}

static void store_rolls_back_what_failed(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
	assert_int_equal(fixture_open_span(fixture, point, NULL, "nodata", T0, 0), 0);
	assert_int_equal(fixture_open_span(fixture, point, "s", "nodata", T0, 0), 0);
	assert_int_equal(store_commit(fixture->store, T0, &error), -EUCLEAN);
	assert_non_null(strstr(error.text, "UNIQUE"));
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM span"), 0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM ledger"), 0);

	store_begin(fixture->store);
	assert_int_equal(
		fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0), 1);
	store_rollback(fixture->store);
	store_rollback(fixture->store);
	store_begin(fixture->store);
	assert_int_equal(
		fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0), 1);
	fixture_commit(fixture, T0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM span"), 1);
}

static void store_refuses_to_write_as_reader(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error = {0};
	struct store *reader = fixture_reader(fixture);
	store_begin(reader);
	history_start_run(reader, T0, "1");
	assert_int_equal(store_commit(reader, T0, &error), -EROFS);
	store_close(reader);
	store_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			store_keeps_its_site, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_refuses_second_writer, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_tells_who_holds_it, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_lock_ends_with_its_process,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_refuses_newer_schema, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_refuses_foreign_files, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_says_why_it_cannot_open, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_is_always_synchronous, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_ids_name_their_site, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			store_rolls_back_what_failed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_refuses_to_write_as_reader,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
