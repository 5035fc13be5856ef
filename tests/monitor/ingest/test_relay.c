/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "monitor/ingest/relay.h"
#include "monitor/operators.h"
#include "tests/storage/fixture.h"

#define DAY INT64_C(86400000)

static struct operators *operators;

static int load_operators(void **state)
{
	struct operators_error error;
	(void)state;
	return operators_create(NULL, NULL, &operators, &error);
}

static int drop_operators(void **state)
{
	(void)state;
	operators_destroy(operators);
	return 0;
}

static const char *hosts_of(int number)
{
	static char host[64];
	snprintf(host, sizeof host, "mx.foreign%d.example", number);
	return host;
}

/* a.example was seen with these hosts from T0 to an hour later. */
static void know(struct fixture *fixture, const char *view, const char *answer)
{
	const int64_t point = fixture_point(fixture, "a.example", view);
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, answer, T0, 0);
	fixture_close_span(fixture, point, NULL, T0 + HOUR, 9);
	fixture_commit(fixture, T0 + HOUR);
}

/* Asked afresh. */
static int is_outside(struct fixture *fixture, const char *host, int64_t at)
{
	struct relay_memory memory = {.operators = operators};
	return relay_is_outside(&memory, fixture->store, wire("a.example"), host, at);
}

static void relay_says_nothing_of_what_no_poll_saw(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(is_outside(fixture, "mx.foreign.example", T0), 0);
	fixture_point(fixture, "a.example", "mta");
	assert_int_equal(is_outside(fixture, "mx.foreign.example", T0), 0);
	know(fixture, "mta", "nodata");
	assert_int_equal(is_outside(fixture, "mx.foreign.example", T0), 0);
}

static void relay_knows_hosts_and_their_operators(void **state)
{
	struct fixture *fixture = *state;
	know(fixture, "mta", "10 mx1.own.com 20 backup.other.co.uk");
	assert_int_equal(is_outside(fixture, "mx1.own.com", T0), 0);
	assert_int_equal(is_outside(fixture, "mx7.eu.own.com", T0), 0);
	assert_int_equal(is_outside(fixture, "a.other.co.uk", T0), 0);
	assert_int_equal(is_outside(fixture, "a.foreign.co.uk", T0), 1);
	assert_int_equal(is_outside(fixture, "mx1.own.org", T0), 1);
	assert_int_equal(is_outside(fixture, "notown.com", T0), 1);
	assert_int_equal(is_outside(fixture, "no..name", T0), 0);
}

static void relay_knows_providers_by_all_their_names(void **state)
{
	struct fixture *fixture = *state;
	know(fixture, "mta", "10 mx00.ionos.de");
	assert_int_equal(is_outside(fixture, "mx01.kundenserver.de", T0), 0);
	assert_int_equal(is_outside(fixture, "mx01.else.de", T0), 1);
}

static void relay_counts_every_view(void **state)
{
	struct fixture *fixture = *state;
	know(fixture, "mta", "10 mx1.own.com");
	assert_int_equal(is_outside(fixture, "mx.else.net", T0), 1);
	know(fixture, "authoritative", "10 mx.else.net");
	assert_int_equal(is_outside(fixture, "mx.else.net", T0), 0);
	assert_int_equal(is_outside(fixture, "mx1.own.com", T0), 0);
}

static void relay_reaches_a_day_around_the_answer(void **state)
{
	struct fixture *fixture = *state;
	know(fixture, "mta", "10 mx1.own.com");
	assert_int_equal(is_outside(fixture, "mx.else.net", T0 + HOUR + DAY - 1), 1);
	assert_int_equal(is_outside(fixture, "mx.else.net", T0 + HOUR + DAY + 1), 0);
	assert_int_equal(is_outside(fixture, "mx.else.net", T0 - DAY + 1), 1);
	assert_int_equal(is_outside(fixture, "mx.else.net", T0 - DAY - 1), 0);
}

static void relay_remembers_within_a_batch(void **state)
{
	struct fixture *fixture = *state;
	struct relay_memory memory = {.operators = operators};
	struct store *store = fixture->store;
	const uint8_t *domain = wire("a.example");
	assert_int_equal(relay_is_outside(&memory, store, domain, "mx.else.net", T0), 0);
	know(fixture, "mta", "10 mx1.own.com");
	assert_int_equal(relay_is_outside(&memory, store, domain, "mx.else.net", T0), 0);
	/* another hour, another host, another domain are other questions */
	assert_int_equal(
		relay_is_outside(&memory, store, domain, "mx.else.net", T0 + HOUR), 1);
	assert_int_equal(relay_is_outside(&memory, store, domain, "mx2.else.net", T0), 1);
	assert_int_equal(
		relay_is_outside(&memory, store, wire("b.example"), "mx2.else.net", T0),
		0);
	relay_memory_clear(&memory);
	assert_int_equal(relay_is_outside(&memory, store, domain, "mx.else.net", T0), 1);
}

static void relay_forgets_the_oldest_when_it_is_full(void **state)
{
	struct fixture *fixture = *state;
	struct relay_memory memory = {.operators = operators};
	struct store *store = fixture->store;
	const uint8_t *domain = wire("a.example");
	for (int i = 0; i <= RELAY_MEMORY; i++)
		assert_int_equal(
			relay_is_outside(&memory, store, domain, hosts_of(i), T0), 0);
	assert_int_equal(memory.len, RELAY_MEMORY);
	know(fixture, "mta", "10 mx1.own.com");
	for (int i = 1; i <= RELAY_MEMORY; i++)
		assert_int_equal(
			relay_is_outside(&memory, store, domain, hosts_of(i), T0), 0);
	assert_int_equal(relay_is_outside(&memory, store, domain, hosts_of(0), T0), 1);
}

#define STORE_TEST(name)                                                                 \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(relay_says_nothing_of_what_no_poll_saw),
		STORE_TEST(relay_knows_hosts_and_their_operators),
		STORE_TEST(relay_knows_providers_by_all_their_names),
		STORE_TEST(relay_counts_every_view),
		STORE_TEST(relay_reaches_a_day_around_the_answer),
		STORE_TEST(relay_remembers_within_a_batch),
		STORE_TEST(relay_forgets_the_oldest_when_it_is_full),
	};
	return cmocka_run_group_tests(tests, load_operators, drop_operators);
}
