/* SPDX-License-Identifier: MIT */
/* Files that are damaged, and queries that take too long. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/watchlist.h"
#include "tests/storage/fixture.h"
#include "tests/storage/reading.h"

/* Byte by byte at random, and cut short: refused, found by verifying, or harmless. Never a
 * crash. */
static void store_survives_damaged_files(void **state)
{
	struct fixture *fixture = *state;
	fixture_fill(fixture);
	store_begin(fixture->store);
	history_put_pulses(
		fixture->store, 0, &(struct pulse){.last_at = T0, .polls = 1}, 1);
	history_start_run(fixture->store, T0, "1");
	const struct watched watched = {.domain = wire("a.example"), .tags = ""};
	watchlist_put(fixture->store, &watched);
	fixture_commit(fixture, T0 + 2 * HOUR);
	assert_true(reading_everything(fixture->store));
	fixture_close(fixture);

	FILE *file = fopen(fixture->path, "r+");
	assert_non_null(file);
	static uint8_t bytes[1 << 20];
	size_t len = fread(bytes, 1, sizeof bytes, file);
	assert_true(len > 0 && len < sizeof bytes);
	unsigned seed = 11;
	int noticed = 0;
	for (int round = 0; round < 400; round++) {
		size_t at = (size_t)rand_r(&seed) % len;
		while (bytes[at] == 0) /* most of a small store is empty */
			at = (at + 1) % len;
		uint8_t old = bytes[at];
		bytes[at] = (uint8_t)rand_r(&seed);
		rewind(file);
		assert_int_equal(fwrite(bytes, 1, len, file), len);
		fflush(file);
		bytes[at] = old;
		struct store_error error;
		struct store *store = NULL;
		int code = store_open(
			&(struct store_options){.path = fixture->path, .now = T0}, &store,
			&error);
		bool whole =
			code == 0 && reading_everything(store) && reading_holds(store);
		noticed += !whole;
		store_close(store);
	}
	assert_true(noticed > 100);
	for (size_t size = len / 3; size > 0; size /= 3) {
		struct store_error error;
		struct store *store = NULL;
		rewind(file);
		assert_int_equal(fwrite(bytes, 1, len, file), len);
		fflush(file);
		assert_int_equal(ftruncate(fileno(file), (off_t)size), 0);
		assert_int_equal(store_open(&(struct store_options){.path = fixture->path,
						    .now = T0},
					 &store, &error),
			-EUCLEAN);
		assert_non_null(strstr(error.text, fixture->path));
	}
	fclose(file);
}

static int on_gap(void *owner, const struct gap *gap)
{
	(void)owner;
	(void)gap;
	return 0;
}

static void store_gives_up_after_its_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	struct store *reader;
	fixture_point(fixture, "a.example", "mta");
	fixture_tamper(fixture,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
		"60000)"
		" INSERT INTO gap SELECT i, 1, 0, i, i + 1, 1, 0 FROM n");
	assert_int_equal(store_open(&(struct store_options){.path = fixture->path,
					    .deadline_ms = 1,
					    .now = T0},
				 &reader, &error),
		0);
	const struct lookup_window all = {.now = T0};
	assert_int_equal(lookup_gaps(reader, &all, on_gap, NULL), -ETIME);
	store_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			store_survives_damaged_files, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(store_gives_up_after_its_deadline,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("store_damage", tests, NULL, NULL);
}
