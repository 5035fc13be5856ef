/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/feed.h"
#include "tests/storage/fixture.h"

static struct feed_place place_of(const char *path, int64_t offset, int64_t at)
{
	struct feed_place place = {
		.format = "postfix",
		.device = UINT64_MAX,
		.inode = 7,
		.head_len = 1024,
		.tail_len = 256,
		.offset = offset,
		.at = at,
		.state = "s",
	};
	snprintf(place.path, sizeof place.path, "%s", path);
	memset(place.head, 1, sizeof place.head);
	memset(place.tail, 2, sizeof place.tail);
	place.marks.len = FEED_MARKS_MOST;
	memset(place.marks.hashes, 3, sizeof place.marks.hashes);
	return place;
}

static int on_place(void *owner, const struct feed_place *place)
{
	char *listing = owner;
	assert_int_equal(place->device, UINT64_MAX);
	assert_string_equal(place->state, "s");
	assert_int_equal(place->head[31], 1);
	assert_int_equal(place->tail[0], 2);
	assert_int_equal(place->marks.len, FEED_MARKS_MOST);
	assert_int_equal(place->marks.hashes[FEED_MARKS_MOST - 1][FEED_MARK - 1], 3);
	sprintf(listing + strlen(listing), "%s@%d ", place->path, (int)place->offset);
	return 0;
}

static const char *list(struct fixture *fixture, const char *format)
{
	static char listing[256];
	*listing = '\0';
	assert_int_equal(feed_each(fixture->store, format, on_place, listing), 0);
	return listing;
}

static void feed_keeps_places_latest_first(void **state)
{
	struct fixture *fixture = *state;
	struct feed_place a = place_of("/log.1", 10, T0);
	struct feed_place b = place_of("/log", 20, T0 + 1);
	store_begin(fixture->store);
	feed_put(fixture->store, "x", &a);
	feed_put(fixture->store, "x", &b);
	fixture_commit(fixture, T0);
	assert_true(a.number != 0 && b.number != 0 && a.number != b.number);
	assert_string_equal(list(fixture, "postfix"), "/log@20 /log.1@10 ");
	assert_string_equal(list(fixture, "exim"), "");
	a.offset = 30;
	a.at = T0 + 2;
	strcpy(a.path, "/log.2");
	store_begin(fixture->store);
	feed_put(fixture->store, "y", &a);
	fixture_commit(fixture, T0);
	assert_string_equal(list(fixture, "postfix"), "/log.2@30 /log@20 ");
	assert_int_equal(feed_offset(fixture->store, a.number), 30);
	assert_int_equal(feed_offset(fixture->store, 99), -1);
	assert_true(feed_is_known(fixture->store, "postfix", "/log.2"));
	assert_false(feed_is_known(fixture->store, "postfix", "/log.1"));
	assert_false(feed_is_known(fixture->store, "exim", "/log.2"));
	store_begin(fixture->store);
	feed_forget(fixture->store, T0 + 2);
	fixture_commit(fixture, T0);
	assert_string_equal(list(fixture, "postfix"), "/log.2@30 ");
}

static int on_number(void *owner, const struct feed_place *place)
{
	int64_t *number = owner;
	*number = place->number;
	return 0;
}

static void feed_finds_places_by_number(void **state)
{
	struct fixture *fixture = *state;
	struct feed_place place = place_of("/log", 10, T0);
	int64_t found = 0;
	assert_int_equal(feed_latest(fixture->store), 0);
	store_begin(fixture->store);
	feed_put(fixture->store, "x", &place);
	fixture_commit(fixture, T0);
	assert_int_equal(feed_latest(fixture->store), place.number);
	assert_int_equal(feed_get(fixture->store, place.number, on_number, &found), 0);
	assert_int_equal(found, place.number);
	found = 0;
	assert_int_equal(
		feed_get(fixture->store, place.number + 1, on_number, &found), 0);
	assert_int_equal(found, 0);
}

static void feed_tells_who_else_took_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct feed_place place = place_of("/log", 10, T0);
	store_begin(fixture->store);
	feed_put(fixture->store, "x", &place);
	fixture_commit(fixture, T0);
	struct feed_place other = place;
	assert_true(feed_was_taken(fixture->store, &other, 0));
	assert_false(feed_was_taken(fixture->store, &other, place.number));
	other.inode++; /* a copy begins the same */
	assert_true(feed_was_taken(fixture->store, &other, 0));
	other.head[3]++;
	assert_false(feed_was_taken(fixture->store, &other, 0));
	other.inode--; /* the same file, read less far */
	assert_true(feed_was_taken(fixture->store, &other, 0));
	strcpy(other.format, "exim");
	assert_false(feed_was_taken(fixture->store, &other, 0));
}

static void feed_names_a_damaged_place(void **state)
{
	struct fixture *fixture = *state;
	struct feed_place place = place_of("/log", 10, T0);
	char listing[64] = "";
	store_begin(fixture->store);
	feed_put(fixture->store, "x", &place);
	fixture_commit(fixture, T0);
	fixture_tamper(fixture, "UPDATE feed SET marks = x'00'");
	assert_int_equal(
		feed_each(fixture->store, "postfix", on_place, listing), -EUCLEAN);
	fixture_tamper(fixture, "UPDATE feed SET marks = zeroblob(1028)");
	assert_int_equal(
		feed_each(fixture->store, "postfix", on_place, listing), -EUCLEAN);
	fixture_tamper(fixture, "UPDATE feed SET marks = x'', head = x'00'");
	assert_int_equal(
		feed_each(fixture->store, "postfix", on_place, listing), -EUCLEAN);
}

static int on_rejected(void *owner, const struct feed_rejected *rejected)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%s/%s x%d %.*s; ", rejected->source,
		rejected->reason, (int)rejected->count, (int)rejected->line_len,
		rejected->line != NULL ? (const char *)rejected->line : "");
	return 0;
}

static void reject(struct fixture *fixture, const char *source, const char *line)
{
	const struct feed_rejected rejected = {
		.source = source,
		.reason = "no header",
		.count = 3,
		.first_at = T0,
		.last_at = T0 + 1,
		.line = (const uint8_t *)line,
		.line_len = strlen(line),
	};
	store_begin(fixture->store);
	feed_reject(fixture->store, &rejected);
	fixture_commit(fixture, T0);
}

static void feed_counts_rejected_lines_and_keeps_the_last(void **state)
{
	struct fixture *fixture = *state;
	char listing[2048] = "";
	char line[16];
	reject(fixture, "b", "of b");
	for (int i = 0; i < FEED_LINES_KEPT + 5; i++) {
		sprintf(line, "line %d", i);
		reject(fixture, "a", line);
	}
	reject(fixture, "a", ""); /* counted, in the place of no other line */
	assert_int_equal(
		feed_each_rejected(fixture->store, false, on_rejected, listing), 0);
	assert_string_equal(listing, "a/no header x48 ; b/no header x3 ; ");
	*listing = '\0';
	assert_int_equal(
		feed_each_rejected(fixture->store, true, on_rejected, listing), 0);
	assert_null(strstr(listing, "line 4;"));
	assert_non_null(strstr(listing, "a/no header x1 line 5; "));
	assert_null(strstr(listing, "x1 ; "));
	assert_non_null(strstr(listing, "line 14; b/no header x1 of b; "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			feed_keeps_places_latest_first, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			feed_finds_places_by_number, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			feed_tells_who_else_took_a_file, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			feed_names_a_damaged_place, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			feed_counts_rejected_lines_and_keeps_the_last, fixture_setup,
			fixture_teardown),
	};
	return cmocka_run_group_tests_name("storage/feed", tests, NULL, NULL);
}
