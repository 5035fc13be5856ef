/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/deliveries.h"
#include "storage/popular.h"
#include "tests/storage/facts.h"
#include "tests/storage/fixture.h"

#define DAY (24 * HOUR)
#define D0 (T0 / DAY * DAY) /* begin of a day */

static void write_facts(
	struct fixture *fixture, const struct delivery_fact *facts, size_t len)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	struct deliveries *batch;
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_HASH, &batch), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(deliveries_add(batch, &facts[i]), 0);
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "test");
	fixture_commit(fixture, T0);
	deliveries_destroy(batch);
}

static void deliver(struct fixture *fixture, const char *domain, int count, int64_t at)
{
	char recipient[64];
	snprintf(recipient, sizeof recipient, "u@%s", domain);
	struct delivery_fact fact = delivered(recipient, at);
	fact.count = (uint32_t)count;
	write_facts(fixture, &fact, 1);
}

static int on_row(void *owner, const struct popular_domain *row)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX];
	sprintf(listing + strlen(listing), "%s=%d/%d/%d ", name_format(row->domain, name),
		(int)row->weight, (int)(row->since_at > 0 ? row->since_at - T0 : -1),
		(int)row->below_at);
	return 0;
}

static const char *top(struct fixture *fixture, size_t most, int64_t now)
{
	static char listing[512];
	*listing = '\0';
	assert_int_equal(
		popular_each(fixture->store, "auto", most, now, on_row, listing), 0);
	return listing;
}

static void put(struct fixture *fixture, const char *watch, const char *domain,
	int64_t since, int64_t below)
{
	const struct popular_domain member = {
		.domain = wire(domain), .since_at = T0 + since, .below_at = below};
	store_begin(fixture->store);
	popular_put(fixture->store, watch, &member);
	fixture_commit(fixture, T0);
}

static void popular_orders_by_weight_then_name(void **state)
{
	struct fixture *fixture = *state;
	assert_string_equal(top(fixture, 5, D0), "");
	deliver(fixture, "b.example", 2, D0 + HOUR);
	deliver(fixture, "a.example", 2, D0 + 3 * HOUR);
	deliver(fixture, "c.example", 3, D0);
	deliver(fixture, "c.example", 4, D0 + DAY - 1);
	assert_string_equal(top(fixture, 5, D0),
		"c.example=1344/-1/0 a.example=384/-1/0 b.example=384/-1/0 ");
	assert_string_equal(
		top(fixture, 2, D0), "c.example=1344/-1/0 a.example=384/-1/0 ");
}

static void popular_lets_weight_fade(void **state)
{
	struct fixture *fixture = *state;
	deliver(fixture, "a.example", 4, D0);
	deliver(fixture, "b.example", 2, D0 + 6 * DAY);
	assert_string_equal(
		top(fixture, 5, D0 + 6 * DAY), "b.example=384/-1/0 a.example=192/-1/0 ");
	assert_string_equal(top(fixture, 5, D0 + 6 * DAY + 47 * HOUR),
		"b.example=290/-1/0 a.example=4/-1/0 ");
	assert_string_equal(top(fixture, 5, D0 + 8 * DAY), "b.example=288/-1/0 ");
	assert_string_equal(top(fixture, 5, D0 + 20 * DAY), "");
	/* What lies ahead by more than a day is no mail of today. */
	assert_string_equal(top(fixture, 5, D0 + 4 * DAY), "a.example=384/-1/0 ");
}

static void popular_counts_what_others_answered(void **state)
{
	struct fixture *fixture = *state;
	struct delivery_fact facts[] = {
		delivered("a@a.example", D0),
		fact_of("b@a.example", DELIVERY_BOUNCED, REASON_NETWORK, D0),
		/* Three tries within the hour. */
		fact_of("c@a.example", DELIVERY_DEFERRED, REASON_NETWORK, D0 + 1),
		fact_of("c@a.example", DELIVERY_DEFERRED, REASON_NETWORK, D0 + 2),
		fact_of("c@a.example", DELIVERY_DEFERRED, REASON_NETWORK, D0 + 3),
		delivered("d@a.example", D0),
		fact_of("a@b.example", DELIVERY_BOUNCED, REASON_NETWORK, D0),
	};
	facts[5].remote = false;
	facts[6].remote = false;
	write_facts(fixture, facts, sizeof facts / sizeof *facts);
	assert_string_equal(top(fixture, 5, D0), "a.example=576/-1/0 ");
}

static void popular_tells_members_beside_the_heaviest(void **state)
{
	struct fixture *fixture = *state;
	deliver(fixture, "a.example", 2, D0);
	deliver(fixture, "b.example", 1, D0);
	put(fixture, "auto", "z.example", 3, 5);
	put(fixture, "auto", "a.example", 7, 0);
	put(fixture, "other", "b.example", 9, 0);
	assert_string_equal(top(fixture, 1, D0), "a.example=384/7/0 z.example=0/3/5 ");
	assert_string_equal(top(fixture, 9, D0),
		"a.example=384/7/0 b.example=192/-1/0 z.example=0/3/5 ");
	put(fixture, "auto", "z.example", 3, 0);
	char listing[256] = "";
	assert_int_equal(popular_members(fixture->store, "auto", on_row, listing), 0);
	assert_string_equal(listing, "a.example=0/7/0 z.example=0/3/0 ");
	store_begin(fixture->store);
	popular_remove(fixture->store, "auto", wire("z.example"));
	popular_remove(fixture->store, "auto", wire("b.example"));
	fixture_commit(fixture, T0);
	assert_string_equal(top(fixture, 1, D0), "a.example=384/7/0 ");
	*listing = '\0';
	assert_int_equal(popular_members(fixture->store, "other", on_row, listing), 0);
	assert_string_equal(listing, "b.example=0/9/0 ");
}

static void popular_forgets_what_weighs_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	const struct deliveries_limits limits = {.rows = 1};
	bool more = false;
	deliver(fixture, "a.example", 2, D0);
	deliver(fixture, "b.example", 2, D0);
	deliver(fixture, "b.example", 2, D0 + DAY);
	for (int i = 0; i < 3; i++)
		assert_int_equal(deliveries_prune(fixture->store, &limits, D0 + 8 * DAY,
					 &more, &error),
			0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM volume"), 1);
	assert_string_equal(top(fixture, 5, D0 + 8 * DAY), "b.example=48/-1/0 ");
}

static int stop(void *owner, const struct popular_domain *row)
{
	(void)owner;
	(void)row;
	return 5;
}

static void popular_stops_when_told_and_at_damage(void **state)
{
	struct fixture *fixture = *state;
	deliver(fixture, "a.example", 2, D0);
	put(fixture, "auto", "a.example", 1, 0);
	assert_int_equal(popular_each(fixture->store, "auto", 3, D0, stop, NULL), 5);
	assert_int_equal(popular_members(fixture->store, "auto", stop, NULL), 5);
	fixture_tamper(fixture, "UPDATE name SET wire = x'ff'");
	char listing[256] = "";
	assert_true(popular_each(fixture->store, "auto", 3, D0, on_row, listing) < 0);
	assert_true(popular_members(fixture->store, "auto", on_row, listing) < 0);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(popular_orders_by_weight_then_name),
		WITH_STORE(popular_lets_weight_fade),
		WITH_STORE(popular_counts_what_others_answered),
		WITH_STORE(popular_tells_members_beside_the_heaviest),
		WITH_STORE(popular_forgets_what_weighs_nothing),
		WITH_STORE(popular_stops_when_told_and_at_damage),
	};
	return cmocka_run_group_tests_name("popular", tests, NULL, NULL);
}
