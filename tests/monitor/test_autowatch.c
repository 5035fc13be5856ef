/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "monitor/autowatch.h"
#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/control.h"
#include "monitor/log.h"
#include "monitor/toplist.h"
#include "resolvers/name.h"
#include "storage/deliveries.h"
#include "storage/popular.h"
#include "tests/storage/fixture.h"

#define DAY (24 * HOUR)

static void deliver(struct fixture *fixture, const char *domain, int count, int64_t at)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	const struct delivery_fact fact = {
		.domain = wire(domain),
		.recipient = "",
		.at = at,
		.outcome = DELIVERY_DELIVERED,
		.count = (uint32_t)count,
		.remote = true,
		.relay_host = "",
		.relay_ip = "",
		.id = "",
	};
	struct deliveries *batch;
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_HASH, &batch), 0);
	assert_int_equal(deliveries_add(batch, &fact), 0);
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "test");
	fixture_commit(fixture, at);
	deliveries_destroy(batch);
}

static int on_member(void *owner, const struct popular_domain *member)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX];
	sprintf(listing + strlen(listing), "%s ", name_format(member->domain, name));
	return 0;
}

static const char *members(struct fixture *fixture, const char *watch)
{
	static char listing[512];
	*listing = '\0';
	assert_int_equal(popular_members(fixture->store, watch, on_member, listing), 0);
	return listing;
}

static void autowatch_keeps_the_list_in_the_store(void **state)
{
	struct fixture *fixture = *state;
	struct autowatch_changes changes = {.len = 0};
	bool room = false;
	deliver(fixture, "b.example", 3, T0);
	deliver(fixture, "a.example", 2, T0);
	assert_int_equal(
		autowatch_update(fixture->store, "auto", 3, T0, &changes, &room), 0);
	assert_true(room);
	assert_int_equal(changes.len, 2);
	assert_int_equal(changes.entered, 2);
	assert_true(name_equal(changes.names[0], wire("b.example")));
	assert_true(name_equal(changes.names[1], wire("a.example")));
	assert_string_equal(members(fixture, "auto"), "a.example b.example ");
	autowatch_changes_finish(&changes);
	deliver(fixture, "c.example", 9, T0);
	assert_int_equal(
		autowatch_update(fixture->store, "auto", 2, T0, &changes, &room), 0);
	assert_false(room);
	assert_int_equal(changes.len, 1);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_string_equal(members(fixture, "auto"), "a.example b.example c.example ");
	/* Nothing new: nothing is written. */
	const int64_t links = fixture_query(fixture, "SELECT count(*) FROM popular");
	assert_int_equal(
		autowatch_update(fixture->store, "auto", 2, T0, &changes, &room), 0);
	assert_int_equal(changes.len, 1);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM popular"), links);
	/* They are heard of no more. */
	autowatch_changes_finish(&changes);
	const int64_t later = T0 + 9 * DAY;
	assert_int_equal(
		autowatch_update(fixture->store, "auto", 2, later, &changes, &room), 0);
	assert_int_equal(changes.len, 0);
	assert_int_equal(autowatch_update(fixture->store, "auto", 2,
				 later + TOPLIST_LEAVE_MS, &changes, &room),
		0);
	assert_int_equal(changes.left, 3);
	assert_string_equal(members(fixture, "auto"), "");
	autowatch_changes_finish(&changes);
}

static void autowatch_changes_nothing_that_cannot_be_written(void **state)
{
	struct fixture *fixture = *state;
	struct autowatch_changes changes = {.len = 0};
	bool room;
	deliver(fixture, "a.example", 2, T0);
	fixture_tamper(fixture,
		"CREATE TRIGGER full BEFORE INSERT ON popular BEGIN"
		" SELECT RAISE(ABORT, 'no room'); END");
	log_set_level(LOG_LEVEL_ERR);
	assert_true(autowatch_update(fixture->store, "auto", 3, T0, &changes, &room) < 0);
	assert_int_equal(changes.len, 0);
	assert_int_equal(changes.entered, 0);
	fixture_tamper(fixture, "DROP TRIGGER full");
	assert_int_equal(
		autowatch_update(fixture->store, "auto", 3, T0, &changes, &room), 0);
	assert_int_equal(changes.len, 1);
	autowatch_changes_finish(&changes);
}

/* --- with a loop --- */

struct heard {
	uv_loop_t loop;
	char text[4096];
	int domains;
	int requests; /* on_changes_end */
	int most; /* domains of one */
	int since;
	int wanted;
};

static void on_change(void *owner, const struct control_change *change)
{
	struct heard *heard = owner;
	char name[NAME_TEXT_MAX];
	assert_true(strlen(heard->text) + NAME_TEXT_MAX < sizeof heard->text);
	strcat(heard->text, name_format(change->domain, name));
	strcat(heard->text, " ");
	heard->domains++;
	heard->since++;
}

static void on_changes_end(void *owner)
{
	struct heard *heard = owner;
	heard->requests++;
	if (heard->since > heard->most)
		heard->most = heard->since;
	heard->since = 0;
	if (heard->domains >= heard->wanted)
		uv_stop(&heard->loop);
}

static void run(struct fixture *fixture, struct heard *heard, uint32_t most, int wanted)
{
	char name[] = "auto";
	char other[] = "key";
	struct conf_watch watches[] = {
		{.name = other}, {.name = name, .top_recipients = most}};
	const struct conf conf = {.watches = watches, .watches_len = 2};
	const struct conf *in_force = &conf;
	const struct control_hooks hooks = {
		.owner = heard, .on_change = on_change, .on_changes_end = on_changes_end};
	struct autowatch *autowatch;
	memset(heard, 0, sizeof *heard);
	heard->wanted = wanted;
	assert_int_equal(uv_loop_init(&heard->loop), 0);
	const struct autowatch_options options = {
		&heard->loop, fixture->store, &in_force, &hooks};
	assert_int_equal(autowatch_create(&options, &autowatch), 0);
	uv_run(&heard->loop, UV_RUN_DEFAULT);
	autowatch_destroy(autowatch);
	uv_run(&heard->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&heard->loop), 0);
}

static void autowatch_tells_polling_a_few_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	static struct heard heard;
	const int64_t now = clock_read().wall_ms;
	char domain[32];
	log_set_level(LOG_LEVEL_ERR);
	for (int i = 0; i < 100; i++) {
		snprintf(domain, sizeof domain, "d%02d.example", i);
		deliver(fixture, domain, 200 - i, now);
	}
	run(fixture, &heard, 70, 70);
	assert_int_equal(heard.domains, 70);
	assert_int_equal(heard.requests, 3);
	assert_int_equal(heard.most, 32);
	assert_ptr_equal(strstr(heard.text, "d00.example d01.example "), heard.text);
	assert_null(strstr(heard.text, "d70.example"));
	/* A restart has nothing to tell: who is watched is in the store. */
	deliver(fixture, "e.example", 300, now);
	run(fixture, &heard, 70, 1);
	assert_string_equal(heard.text, "e.example ");
	autowatch_destroy(NULL);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(autowatch_keeps_the_list_in_the_store),
		WITH_STORE(autowatch_changes_nothing_that_cannot_be_written),
		WITH_STORE(autowatch_tells_polling_a_few_at_a_time),
	};
	return cmocka_run_group_tests_name("autowatch", tests, NULL, NULL);
}
