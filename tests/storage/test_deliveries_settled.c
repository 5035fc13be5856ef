/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/deliveries.h"
#include "tests/storage/facts.h"
#include "tests/storage/fixture.h"

#define H0 (T0 / HOUR * HOUR)

static const uint8_t key[DELIVERIES_KEY] = {1, 2, 3};

static void on_settled(void *owner, const struct delivery_settled *settled)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX];
	sprintf(listing + strlen(listing), "%d %s %s%s%s%s%s", (int)(settled->at - H0),
		name_format(settled->domain, name),
		delivery_outcome_name(settled->outcome), settled->fresh ? "" : " again",
		settled->accepted_before ? " known" : "",
		settled->refused_before ? " refused" : "",
		settled->hash != NULL ? "" : " nobody");
	if (settled->missing != NULL)
		sprintf(listing + strlen(listing), " no %s",
			name_format(settled->missing, name));
	strcat(listing, "; ");
}

/* A twin is not handed out, nor what was not written; the rest comes by time. */
static void deliveries_settled_come_by_time(void **state)
{
	struct fixture *fixture = *state;
	struct deliveries *batch;
	char listing[1024] = "";
	struct delivery_fact facts[] = {
		bounced("a@a.example", "2", H0 + 50),
		delivered("a@a.example", H0 + 10),
		bounced("a@a.example", "1", H0 + 30),
		fact_of("b@a.example", DELIVERY_DEFERRED, REASON_HOST_UNKNOWN, H0 + 20),
		fact_of("b@a.example", DELIVERY_DEFERRED, REASON_HOST_UNKNOWN, H0 + 40),
		delivered("b@b.example", H0 + 30),
		bounced("c@a.example", "9", H0 + 60),
	};
	facts[3].missing = wire("a.example");
	facts[4].missing = wire("mx.a.example");
	facts[5].recipient = "";
	const struct delivery_fact twin = bounced("c@a.example", "9", H0 + 55);
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_INCIDENT, &batch), 0);
	assert_int_equal(deliveries_add(batch, &twin), 0);
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "other");
	fixture_commit(fixture, T0);
	deliveries_clear(batch);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		assert_int_equal(deliveries_add(batch, &facts[i]), 0);
	assert_false(deliveries_each_settled(batch, on_settled, listing));
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "x");
	fixture_commit(fixture, T0);
	assert_true(deliveries_each_settled(batch, on_settled, listing));
	assert_string_equal(listing,
		"10 a.example delivered; 20 a.example deferred no a.example; "
		"30 a.example bounced known refused; 30 b.example delivered nobody; "
		"40 a.example deferred again no mx.a.example; 50 a.example bounced; ");
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM missing"), 1);
	deliveries_clear(batch);
	assert_false(deliveries_each_settled(batch, on_settled, listing));
	deliveries_destroy(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			deliveries_settled_come_by_time, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name(
		"storage/deliveries_settled", tests, NULL, NULL);
}
