/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/watchlist.h"
#include "tests/storage/fixture.h"

static int on_watched(void *owner, const struct watched *watched)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX];
	sprintf(listing + strlen(listing), "%s=%s@%d ",
		name_format(watched->domain, name), watched->tags,
		(int)(watched->added_at - T0));
	return 0;
}

static const char *list(struct store *store)
{
	static char listing[256];
	*listing = '\0';
	assert_int_equal(watchlist_each(store, on_watched, listing), 0);
	return listing;
}

static int put(struct fixture *fixture, const char *domain, const char *tags, int64_t at)
{
	store_begin(fixture->store);
	const struct watched watched = {
		.domain = wire(domain), .tags = tags, .added_at = T0 + at};
	int added = watchlist_put(fixture->store, &watched);
	fixture_commit(fixture, T0);
	return added;
}

static void watchlist_keeps_domains_with_their_tags(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(list(fixture->store), "");
	assert_int_equal(put(fixture, "b.example", "", 1), 1);
	assert_int_equal(put(fixture, "a.example", "vip,eu", 2), 1);
	assert_int_equal(put(fixture, "b.example", "eu", 3), 0);
	assert_string_equal(list(fixture->store), "a.example=vip,eu@2 b.example=eu@1 ");
	store_begin(fixture->store);
	assert_int_equal(watchlist_remove(fixture->store, wire("a.example")), 1);
	assert_int_equal(watchlist_remove(fixture->store, wire("a.example")), 0);
	fixture_commit(fixture, T0);
	assert_string_equal(list(fixture->store), "b.example=eu@1 ");
}

static int stop(void *owner, const struct watched *watched)
{
	(void)owner;
	(void)watched;
	return 5;
}

static void watchlist_stops_when_told_and_at_damage(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, "a.example", "", 1);
	put(fixture, "b.example", "", 1);
	assert_int_equal(watchlist_each(fixture->store, stop, NULL), 5);
	fixture_tamper(fixture,
		"UPDATE watched SET name = x'0061'"
		" WHERE name = x'0161076578616d706c6500'");
	assert_int_equal(watchlist_each(fixture->store, stop, NULL), -EUCLEAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(watchlist_keeps_domains_with_their_tags,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(watchlist_stops_when_told_and_at_damage,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("watchlist", tests, NULL, NULL);
}
