/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolvers/channel_ares.h"
#include "tests/fake/memory.h"

#define QUERIES 4

static struct entropy entropy;
static struct channel_counters counters;
static struct flight_table flights;
static struct pool *pool;
static struct channel_ares_relay *relay;
static int epoll;
static unsigned told;
static unsigned again; /* so many times, a callback asks again */
static uint8_t name[NAME_WIRE_MAX];

static struct flight *begin(void)
{
	struct flight *flight = flight_begin(&flights, &entropy, 1000);
	assert_non_null(flight);
	assert_int_equal(endpoint_parse("127.0.0.1", 1, &flight->server), 0);
	uint8_t query[WIRE_QUERY_MAX];
	size_t len = wire_build_query(query, flight->id, name, WIRE_TYPE_MX, 0, true);
	assert_int_equal(channel_ares_ask(relay, flight, query, len), 0);
	assert_int_equal(flight->query_len, len);
	assert_memory_equal(flight->query, query, len);
	return flight;
}

static void on_ended(struct flight *flight)
{
	assert_int_equal(flight->state, FLIGHT_ENDED);
	told++;
	if (again > 0) {
		again--;
		flight_end(&flights, begin(), CHANNEL_TIMEOUT);
	}
	channel_ares_deliver(relay); /* nothing, in here */
}

static int setup(void **state)
{
	(void)state;
	told = again = 0;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pool_options options = {
		.epoll = epoll,
		.entropy = &entropy,
		.flights = &flights,
		.counters = &counters,
		.sockets = 1,
		.uses = 100,
		.lifetime_ms = 10000,
		.receive_buffer = 65536,
	};
	assert_int_equal(name_parse("example.test", name), 0);
	assert_int_equal(flight_table_init(&flights, NULL, QUERIES), 0);
	assert_int_equal(pool_create(&options, 0, &pool), 0);
	assert_int_equal(
		channel_ares_open_relay(2000, &flights, pool, on_ended, &relay), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	channel_ares_close_relay(relay);
	pool_destroy(pool);
	flight_table_finish(&flights);
	close(epoll);
	return 0;
}

static void channel_ares_tells_of_each_end_once(void **state)
{
	(void)state;
	struct flight *flight[QUERIES];
	for (int i = 0; i < QUERIES; i++)
		flight[i] = begin();
	channel_ares_deliver(relay);
	assert_int_equal(told, 0);
	flight_end(&flights, flight[2], CHANNEL_REPLY);
	flight_end(&flights, flight[0], CHANNEL_TIMEOUT);
	channel_ares_deliver(relay);
	assert_int_equal(told, 2);
	assert_int_equal(flights.used, 2);
	assert_int_equal(flight[1]->state, FLIGHT_QUEUED);
	flight_end(&flights, flight[1], CHANNEL_NETWORK);
	flight_end(&flights, flight[3], CHANNEL_NETWORK);
	channel_ares_deliver(relay);
	assert_int_equal(told, QUERIES);
	assert_int_equal(flights.used, 0);
}

static void channel_ares_goes_on_with_what_ends_meanwhile(void **state)
{
	(void)state;
	again = 20;
	flight_end(&flights, begin(), CHANNEL_REPLY);
	channel_ares_deliver(relay);
	assert_int_equal(told, 21);
	assert_int_equal(flights.used, 0);
}

static void channel_ares_cannot_open_without_memory(void **state)
{
	(void)state;
	struct channel_ares_relay *none;
	struct channel_ares_link *link;
	struct endpoint server;
	assert_int_equal(endpoint_parse("127.0.0.1", 53, &server), 0);
	memory_fail_after(0);
	assert_int_equal(
		channel_ares_open_relay(2000, &flights, pool, on_ended, &none), -ENOMEM);
	assert_true(memory_stop_failing());
	memory_fail_after(0);
	assert_int_equal(
		channel_ares_open_link(&server, 2000, NULL, NULL, NULL, &link), -ENOMEM);
	assert_true(memory_stop_failing());
	channel_ares_close_link(NULL);
	channel_ares_close_relay(NULL);
}

static void on_want(void *owner, int fd, int events)
{
	(void)owner;
	(void)fd;
	(void)events;
}

static void on_answer(
	void *owner, enum channel_outcome outcome, const uint8_t *msg, size_t len)
{
	(void)msg;
	(void)len;
	enum channel_outcome *seen = owner;
	*seen = outcome;
	told++;
}

static void channel_ares_closes_an_unanswered_link(void **state)
{
	(void)state;
	struct channel_ares_link *link;
	struct endpoint server;
	uint8_t query[WIRE_QUERY_MAX];
	enum channel_outcome outcome = CHANNEL_REPLY;
	assert_int_equal(endpoint_parse("127.0.0.1", 53, &server), 0);
	assert_int_equal(channel_ares_open_link(
				 &server, 2000, on_want, on_answer, &outcome, &link),
		0);
	assert_int_equal(channel_ares_local_port(link), 0);
	channel_ares_ready(link, CHANNEL_READABLE); /* nothing is open yet */
	size_t len = wire_build_query(query, 7, name, WIRE_TYPE_MX, 0, true);
	channel_ares_start(link, query, len);
	channel_ares_close_link(link);
	assert_int_equal(told, 1);
	assert_int_equal(outcome, CHANNEL_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			channel_ares_tells_of_each_end_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_ares_goes_on_with_what_ends_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_ares_cannot_open_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_ares_closes_an_unanswered_link, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
