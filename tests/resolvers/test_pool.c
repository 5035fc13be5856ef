/* SPDX-License-Identifier: MIT */
/* The pool of UDP sockets, driven through the channel that owns it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolvers/channel.h"
#include "resolvers/pool.h"
#include "resolvers/wire.h"
#include "tests/fake/drive.h"
#include "tests/fake/fake_dns.h"
#include "tests/fake/memory.h"
#include "tests/fake/network.h"

#define PATIENCE_MS 10000

static struct fake_dns *fake;
static struct drive drive;
static uint8_t name[NAME_WIRE_MAX];

static int setup(void **state)
{
	(void)state;
	const char *why;
	assert_int_equal(fake_dns_start("127.0.0.1", 0, &fake), 0);
	assert_int_equal(
		fake_dns_script(fake, "rule * MX an=MX:10,mx.example.test", &why), 0);
	drive_open(&drive, (struct channel_options){.sockets = 1});
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	network_fail_sends(0, 0);
	drive_close(&drive);
	fake_dns_stop(fake);
	return 0;
}

static struct channel_query mx_query(void)
{
	return drive_query(fake_dns_endpoint(fake), "example.test", WIRE_TYPE_MX, name);
}

static const struct channel_counters *counters(void)
{
	return channel_counters(drive.channel);
}

static enum channel_outcome ask(void)
{
	struct drive_answer answer = {0};
	struct channel_query query = mx_query();
	drive_ask(&drive, &query, &answer);
	drive_await(&drive, &answer);
	enum channel_outcome outcome = answer.outcome;
	drive_answer_finish(&answer);
	return outcome;
}

static void pool_keeps_a_packet_while_the_buffer_is_full(void **state)
{
	(void)state;
	static const int errors[] = {EAGAIN, ENOBUFS, EINTR};
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		network_fail_sends(3, errors[i]);
		assert_int_equal(ask(), CHANNEL_REPLY);
		assert_int_equal(network_sends(), 4);
	}
	assert_int_equal(counters()->unreachable, 0);
	assert_int_equal(counters()->sent, 3);
}

static void pool_queues_behind_a_packet_that_waits(void **state)
{
	(void)state;
	struct drive_answer answers[5] = {0};
	struct channel_query query = mx_query();
	network_fail_sends(1, EAGAIN);
	for (int i = 0; i < 5; i++)
		drive_ask(&drive, &query, &answers[i]);
	assert_int_equal(network_sends(), 1); /* the others do not try again */
	drive_await_all(&drive);
	assert_int_equal(network_sends(), 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(answers[i].outcome, CHANNEL_REPLY);
		drive_answer_finish(&answers[i]);
	}
}

static void pool_never_sent_is_no_timeout_of_a_server(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	struct channel_query query = mx_query();
	network_fail_sends(1000000, EAGAIN);
	drive_ask(&drive, &query, &answer);
	drive_jump(&drive, 2000);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_int_equal(counters()->timeouts, 0);
	network_fail_sends(0, 0);
	assert_int_equal(ask(), CHANNEL_REPLY);
	assert_int_equal(fake_dns_seen(fake), 1);
}

static void pool_sends_nothing_whose_time_is_over(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	struct channel_query query = mx_query();
	assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive), drive_note,
				 &answer, 0),
		0);
	drive_jump(&drive, 2000); /* and was never flushed */
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_int_equal(counters()->sent, 0);
	assert_int_equal(ask(), CHANNEL_REPLY);
	assert_int_equal(fake_dns_seen(fake), 1);
}

static void pool_blames_no_packet_for_an_error_of_another(void **state)
{
	(void)state;
	network_fail_sends(1, ECONNREFUSED); /* of an ICMP error that came meanwhile */
	assert_int_equal(ask(), CHANNEL_REPLY);
	network_fail_sends(2, EHOSTUNREACH); /* its own: it stays */
	assert_int_equal(ask(), CHANNEL_NETWORK);
	assert_int_equal(counters()->unreachable, 1);
	assert_int_equal(counters()->sent, 1);
}

static void pool_sends_a_batch_at_once(void **state)
{
	(void)state;
	enum {
		QUERIES = 2 * POOL_BATCH
	};
	struct drive_answer answers[QUERIES] = {0};
	struct channel_query query = mx_query();
	network_fail_sends(0, 0);
	for (int i = 0; i < QUERIES; i++)
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 drive_note, &answers[i], 0),
			0);
	assert_int_equal(network_sends(), 0);
	channel_flush(drive.channel, drive_now(&drive));
	assert_int_equal(network_sends(), 2);
	drive_await_all(&drive);
	for (int i = 0; i < QUERIES; i++) {
		assert_int_equal(answers[i].outcome, CHANNEL_REPLY);
		drive_answer_finish(&answers[i]);
	}
}

static void pool_serves_on_where_no_fresh_socket_can_be_had(void **state)
{
	(void)state;
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.sockets = 2, .uses = 1});
	struct rlimit limit, none;
	assert_int_equal(ask(), CHANNEL_REPLY);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	for (int i = 0; i < 8; i++) {
		struct drive_answer answer = {0};
		struct channel_query query = mx_query();
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		drive_ask(&drive, &query, &answer);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		drive_await(&drive, &answer);
		assert_int_equal(answer.outcome, CHANNEL_REPLY);
		drive_answer_finish(&answer);
	}
}

/* Retired sockets wait for their answers, but not in any number. */
static void pool_bounds_the_retired(void **state)
{
	(void)state;
	enum {
		QUERIES = 40
	};
	const char *why;
	assert_int_equal(fake_dns_script(fake, "rule * MX do=drop", &why), 0);
	struct entropy entropy = {0};
	struct flight_table flights;
	struct channel_counters own = {0};
	struct pool_options options = {
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.entropy = &entropy,
		.flights = &flights,
		.counters = &own,
		.sockets = 2,
		.uses = 1,
		.lifetime_ms = 10000,
		.receive_buffer = 65536,
	};
	struct pool *pool;
	assert_int_equal(flight_table_init(&flights, NULL, QUERIES), 0);
	assert_int_equal(pool_create(&options, 0, &pool), 0);
	assert_int_equal(pool_open_sockets(pool), 0);
	assert_true(pool_granted(pool) >= (size_t)2 * 65536);
	uint16_t ports[QUERIES];
	for (int i = 0; i < QUERIES; i++) {
		struct flight *flight = flight_begin(&flights, &entropy, 1000);
		flight->server = fake_dns_endpoint(fake);
		pool_draw(pool, flight, 0, 0);
		ports[i] = flight->local_port;
		assert_int_not_equal(ports[i], 0);
		pool_push(pool, flight);
	}
	size_t most = pool_open_sockets(pool);
	assert_in_range(most, 3, 16);
	pool_flush(pool);
	assert_int_equal(own.sent, QUERIES);
	struct flight *flight;
	while ((flight = TAILQ_FIRST(&flights.outstanding)) != NULL) {
		pool_leave(pool, flight);
		flight_release(&flights, flight);
	}
	assert_in_range(pool_open_sockets(pool), 1, 2);
	close(options.epoll);
	pool_destroy(pool);
	flight_table_finish(&flights);
}

static void pool_cannot_be_made_without_memory(void **state)
{
	(void)state;
	struct entropy entropy = {0};
	struct pool_options options = {
		.epoll = -1, .entropy = &entropy, .sockets = 2, .receive_buffer = 65536};
	struct pool *pool;
	for (size_t i = 0;; i++) {
		memory_fail_after(i);
		int error = pool_create(&options, 0, &pool);
		if (!memory_stop_failing()) {
			assert_int_equal(error, -EBADF); /* of epoll_ctl(2), at the end */
			assert_in_range(i, 4, 10);
			break;
		}
		assert_int_equal(error, -ENOMEM);
	}
	pool_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			pool_keeps_a_packet_while_the_buffer_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_queues_behind_a_packet_that_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_never_sent_is_no_timeout_of_a_server, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_sends_nothing_whose_time_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_blames_no_packet_for_an_error_of_another, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_sends_a_batch_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pool_serves_on_where_no_fresh_socket_can_be_had, setup, teardown),
		cmocka_unit_test_setup_teardown(pool_bounds_the_retired, setup, teardown),
		cmocka_unit_test(pool_cannot_be_made_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
