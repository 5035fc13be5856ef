/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/flight.h"
#include "tests/fake/memory.h"

#define SOCKET 3

static struct flight_table table;
static struct entropy entropy;
static struct channel_counters counters;
static struct endpoint server;
static uint8_t name[NAME_WIRE_MAX];

static int setup(void **state)
{
	(void)state;
	counters = (struct channel_counters){0};
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &server), 0);
	assert_int_equal(name_parse("example.test", name), 0);
	return flight_table_init(&table, NULL, 8);
}

static int teardown(void **state)
{
	(void)state;
	flight_table_finish(&table);
	return 0;
}

/* A query that has left from SOCKET to server. */
static struct flight *sent(void)
{
	struct flight *flight = flight_begin(&table, &entropy, 1000);
	assert_non_null(flight);
	flight->server = server;
	flight->socket = SOCKET;
	flight->type = WIRE_TYPE_MX;
	flight->limit = WIRE_UDP_SIZE;
	flight->query_len = (uint16_t)wire_build_query(
		flight->query, flight->id, name, WIRE_TYPE_MX, 0, true);
	flight->state = FLIGHT_SENT;
	flight->sent_us = 5;
	return flight;
}

/* The query turned into a reply without records. */
static size_t reply_to(const struct flight *flight, uint8_t ret_msg[WIRE_QUERY_MAX])
{
	memcpy(ret_msg, flight->query, flight->query_len);
	ret_msg[2] |= 0x80;
	return flight->query_len;
}

static void flight_lands_on_its_reply(void **state)
{
	(void)state;
	struct flight *flight = sent();
	uint8_t msg[WIRE_QUERY_MAX];
	struct flight_datagram datagram = {.bytes = msg,
		.len = reply_to(flight, msg),
		.from = &server,
		.socket = SOCKET,
		.received_us = 9};
	assert_ptr_equal(flight_land(&table, &datagram, &counters), flight);
	assert_int_equal(flight->outcome, CHANNEL_REPLY);
	assert_ptr_equal(flight->msg, msg);
	assert_int_equal(flight->ended_us, 9);
	/* A second copy finds nobody. */
	assert_null(flight_land(&table, &datagram, &counters));
	assert_int_equal(counters.stray, 1);
	assert_ptr_equal(TAILQ_FIRST(&table.ended), flight);
	flight_release(&table, flight);
	assert_int_equal(table.used, 0);
}

static void flight_refuses_each_kind_of_forgery(void **state)
{
	(void)state;
	struct flight *flight = sent();
	uint8_t msg[WIRE_QUERY_MAX];
	struct endpoint other = server, otherport = server;
	other.address[3] ^= 1;
	otherport.port++;
	size_t len = reply_to(flight, msg);
	struct flight_datagram good = {
		.bytes = msg, .len = len, .from = &server, .socket = SOCKET};
	struct flight_datagram bad = good;
	bad.from = &other;
	assert_null(flight_land(&table, &bad, &counters));
	bad.from = &otherport;
	assert_null(flight_land(&table, &bad, &counters));
	assert_int_equal(counters.wrong_server, 2);
	bad = good;
	bad.socket = SOCKET + 1;
	assert_null(flight_land(&table, &bad, &counters));
	assert_int_equal(counters.wrong_socket, 1);
	msg[0] ^= 0x55;
	assert_null(flight_land(&table, &good, &counters));
	msg[0] ^= 0x55;
	bad = good;
	for (bad.len = 0; bad.len < 12; bad.len++)
		assert_null(flight_land(&table, &bad, &counters));
	assert_int_equal(counters.stray, 13);
	static const size_t offsets[] = {2, 5, 13, 24, 27, 29};
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		uint8_t was = msg[offsets[i]];
		msg[offsets[i]] ^= 0x80 >> (i == 0 ? 0 : 5);
		assert_null(flight_land(&table, &good, &counters));
		assert_int_equal(counters.wrong_question, i + 1);
		msg[offsets[i]] = was;
	}
	flight->state =
		FLIGHT_QUEUED; /* the answer is there before the question has left */
	assert_null(flight_land(&table, &good, &counters));
	assert_int_equal(counters.stray, 14);
	flight->state = FLIGHT_SENT;
	assert_ptr_equal(flight_land(&table, &good, &counters), flight);
}

static void flight_replaces_what_is_too_large(void **state)
{
	(void)state;
	for (int cut = 0; cut < 2; cut++) {
		struct flight *flight = sent();
		uint8_t msg[WIRE_UDP_SIZE + 1] = {0};
		(void)reply_to(flight, msg);
		struct flight_datagram datagram = {.bytes = msg,
			.len = cut ? WIRE_UDP_SIZE : WIRE_UDP_SIZE + 1,
			.cut = cut,
			.from = &server,
			.socket = SOCKET};
		assert_ptr_equal(flight_land(&table, &datagram, &counters), flight);
		struct wire_head head;
		assert_true(wire_read_head(flight->msg, flight->len, &head));
		assert_int_equal(head.flags, WIRE_QR | WIRE_TC);
		assert_int_equal(head.questions, 1);
		assert_int_equal(head.additionals, 0);
		assert_int_equal(flight->len, 12 + name_length(name) + 4);
		assert_true(wire_is_reply(
			flight->msg, flight->len, flight->id, name, WIRE_TYPE_MX));
	}
	assert_int_equal(counters.oversized, 2);
}

static void flight_ids_are_unique_among_the_outstanding(void **state)
{
	(void)state;
	struct flight_table large;
	assert_int_equal(flight_table_init(&large, NULL, FLIGHTS_MAX), 0);
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = flight_begin(&large, &entropy, i);
		assert_non_null(flight);
		assert_ptr_equal(flight_find(&large, flight->id), flight);
	}
	assert_null(flight_begin(&large, &entropy, 0));
	size_t found = 0;
	for (unsigned id = 0; id < 65536; id++)
		found += flight_find(&large, (uint16_t)id) != NULL;
	assert_int_equal(found, FLIGHTS_MAX);
	struct flight *first = TAILQ_FIRST(&large.outstanding);
	assert_int_equal(first->deadline_mono_ms, 0);
	uint16_t id = first->id;
	flight_release(&large, first);
	assert_null(flight_find(&large, id));
	assert_ptr_equal(flight_begin(&large, &entropy, 0), first);
	flight_table_finish(&large);
}

static void flight_crashes_only_on_its_own_icmp_error(void **state)
{
	(void)state;
	struct flight *flight = sent();
	uint8_t quoted[WIRE_QUERY_MAX];
	struct endpoint other = server;
	size_t len = flight->query_len;
	memcpy(quoted, flight->query, len);
	other.port++;
	assert_null(flight_crash(&table, &other, SOCKET, quoted, len));
	assert_null(flight_crash(&table, &server, SOCKET + 1, quoted, len));
	assert_null(flight_crash(&table, &server, SOCKET, quoted, 16));
	assert_null(flight_crash(&table, &server, SOCKET, quoted, len + 1));
	quoted[20] ^= 1;
	assert_null(flight_crash(&table, &server, SOCKET, quoted, len));
	quoted[20] ^= 1;
	quoted[1] ^= 1;
	assert_null(flight_crash(&table, &server, SOCKET, quoted, len));
	quoted[1] ^= 1;
	flight->state = FLIGHT_QUEUED;
	assert_null(flight_crash(&table, &server, SOCKET, quoted, len));
	flight->state = FLIGHT_SENT;
	assert_ptr_equal(flight_crash(&table, &server, SOCKET, quoted, 20), flight);
	assert_int_equal(flight->outcome, CHANNEL_NETWORK);
}

static void flight_table_cannot_be_made_without_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct flight_table none;
		memory_fail_after(i);
		assert_int_equal(flight_table_init(&none, NULL, 8), -ENOMEM);
		assert_true(memory_stop_failing());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			flight_lands_on_its_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(
			flight_refuses_each_kind_of_forgery, setup, teardown),
		cmocka_unit_test_setup_teardown(
			flight_replaces_what_is_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(
			flight_ids_are_unique_among_the_outstanding, setup, teardown),
		cmocka_unit_test_setup_teardown(
			flight_crashes_only_on_its_own_icmp_error, setup, teardown),
		cmocka_unit_test(flight_table_cannot_be_made_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
