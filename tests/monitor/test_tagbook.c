/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/roster.h"
#include "monitor/tagbook.h"
#include "resolvers/name.h"
#include "storage/popular.h"
#include "storage/watchlist.h"
#include "tests/storage/fixture.h"

static const char *tags_of(
	const struct tagbook *tagbook, struct fixture *fixture, const char *domain)
{
	static char text[512];
	struct tagbook_tags tags;
	text[0] = '\0';
	tagbook_find(tagbook, fixture->store, wire(domain), &tags);
	for (size_t i = 0; i < tags.len; i++)
		sprintf(text + strlen(text), "%s ", tags.tags[i]);
	return text;
}

static void tagbook_knows_watches_and_the_watch_list(void **state)
{
	struct fixture *fixture = *state;
	static char key[] = "key";
	static char vip[] = "vip";
	static char volume[] = "volume";
	char *key_tags[] = {key, vip};
	char *volume_tags[] = {volume};
	uint8_t a[NAME_WIRE_MAX];
	uint8_t *domains[] = {a};
	memcpy(a, wire("a.example"), 11);
	struct conf_watch watches[] = {
		{.domains = domains,
			.domains_len = 1,
			.interval_ms = 1000,
			.tags = key_tags,
			.tags_len = 2},
		{.domains = domains, .domains_len = 1, .interval_ms = 1000},
		{.name = volume,
			.top_recipients = 5,
			.interval_ms = 1000,
			.tags = volume_tags,
			.tags_len = 1},
	};
	const struct conf conf = {.watches = watches, .watches_len = 3};
	const struct roster_sources sources = {.conf = &conf, .store = fixture->store};
	struct roster *roster;
	struct tagbook *tagbook;
	assert_int_equal(roster_build(&sources, &roster), 0);
	assert_int_equal(tagbook_create(&conf, roster, &tagbook), 0);
	roster_destroy(roster);
	assert_string_equal(tags_of(tagbook, fixture, "a.example"), "key vip ");
	assert_string_equal(tags_of(tagbook, fixture, "b.example"), "");

	store_begin(fixture->store);
	const struct watched listed = {wire("b.example"), "own,other", T0};
	watchlist_put(fixture->store, &listed);
	popular_put(fixture->store, "volume",
		&(struct popular_domain){.domain = wire("b.example"), .since_at = T0});
	fixture_commit(fixture, T0); /* both came after the book was made */
	assert_string_equal(tags_of(tagbook, fixture, "b.example"), "volume own other ");
	assert_string_equal(tags_of(tagbook, fixture, "a.example"), "key vip ");
	tagbook_destroy(tagbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tagbook_knows_watches_and_the_watch_list,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("monitor/tagbook", tests, NULL, NULL);
}
