/* SPDX-License-Identifier: MIT */
/* The queries over TCP, driven through the channel that owns them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolvers/channel.h"
#include "resolvers/stream.h"
#include "resolvers/wire.h"
#include "tests/fake/drive.h"
#include "tests/fake/fake_dns.h"
#include "tests/fake/memory.h"
#include "tests/resolvers/channel_fixture.h"

static struct channel_query tcp_query(void)
{
	struct channel_query query =
		drive_query(fake_dns_endpoint(fake), "example.test", WIRE_TYPE_MX, name);
	query.tcp = true;
	return query;
}

static void ask(struct drive_answer *answer)
{
	struct channel_query query = tcp_query();
	drive_ask(&drive, &query, answer);
	drive_await(&drive, answer);
	assert_true(answer->tcp);
}

static void stream_brings_the_answer(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	ask(&answer);
	assert_int_equal(answer.outcome, CHANNEL_REPLY);
	struct fake_query seen;
	assert_true(fake_dns_query(fake, 0, &seen));
	assert_true(seen.tcp);
	assert_int_equal(seen.from.port, answer.local_port);
	assert_int_equal(seen.edns_size, WIRE_UDP_SIZE);
	struct endpoint server = fake_dns_endpoint(fake);
	assert_true(endpoint_equal(&answer.server, &server));
	assert_in_range(answer.rtt_us, 1, PATIENCE_MS * 1000);
	assert_int_equal(counters()->sent, 1);
	assert_int_equal(counters()->replies, 1);
	drive_answer_finish(&answer);
}

static void stream_takes_64_kib_byte_by_byte(void **state)
{
	(void)state;
	script("rule * MX via=tcp do=bytes size=65535 an=MX:10,mx.example.test");
	struct drive_answer answer = {0};
	ask(&answer);
	assert_int_equal(answer.outcome, CHANNEL_REPLY);
	assert_int_equal(answer.len, 65535);
	struct wire_reader reader;
	struct wire_record record;
	unsigned records = 0;
	assert_int_equal(wire_reader_init(&reader, answer.msg, answer.len), 0);
	while (wire_next(&reader, &record) == 1)
		records++;
	assert_int_equal(records, 3); /* MX, filler, OPT */
	drive_answer_finish(&answer);
}

static void stream_says_network_for_a_broken_connection(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"rule * MX via=tcp do=half size=4000",
		"rule * MX via=tcp do=close",
		"rule * MX via=tcp do=reset",
		"tcp off",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		script(lines[i]);
		struct drive_answer answer = {0};
		uint64_t before = drive_now(&drive);
		ask(&answer);
		assert_int_equal(answer.outcome, CHANNEL_NETWORK);
		assert_in_range(drive_now(&drive) - before, 0, 1500);
		assert_int_equal(counters()->unreachable, i + 1);
	}
	script("tcp on");
	script("clear");
	struct drive_answer answer = {0};
	ask(&answer);
	assert_int_equal(answer.outcome, CHANNEL_REPLY);
	drive_answer_finish(&answer);
}

static void stream_ends_what_hangs(void **state)
{
	(void)state;
	script("rule * MX via=tcp do=drop");
	struct drive_answer answer = {0};
	struct channel_query query = tcp_query();
	drive_ask(&drive, &query, &answer);
	while (fake_dns_seen(fake) == 0)
		drive_turn(&drive, 10);
	drive_jump(&drive, 1000);
	assert_int_equal(answer.calls, 0);
	drive_jump(&drive, 1000);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_TIMEOUT);
	assert_int_equal(counters()->timeouts, 1);
	assert_int_equal(channel_deadline(drive.channel), UINT64_MAX);
}

static void stream_answers_only_for_its_own_question(void **state)
{
	(void)state;
	script("rule * MX via=tcp do=forge kind=qr");
	struct drive_answer answer = {0};
	ask(&answer);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_int_equal(counters()->wrong_question, 1);
}

static void stream_runs_some_and_lets_the_others_wait(void **state)
{
	(void)state;
	enum {
		QUERIES = 40
	};
	script("rule * MX via=tcp do=drop");
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.tcp = 4});
	struct drive_answer answers[QUERIES] = {0};
	for (int i = 0; i < QUERIES; i++) {
		struct channel_query query = tcp_query();
		drive_ask(&drive, &query, &answers[i]);
	}
	assert_int_equal(channel_outstanding(drive.channel), QUERIES);
	while (fake_dns_seen(fake) < 4)
		drive_turn(&drive, 10);
	assert_int_equal(counters()->sent, 4);
	drive_jump(&drive, 2000); /* their time is over, that of the next four begins */
	assert_int_equal(counters()->sent, 8);
	for (int i = 0; i < QUERIES; i++)
		assert_int_equal(answers[i].calls, i < 4);
	script("clear");
	script("rule * MX an=MX:10,mx.example.test");
	drive_jump(&drive, 2000);
	drive_await_all(&drive);
	for (int i = 8; i < QUERIES; i++) {
		assert_int_equal(answers[i].outcome, CHANNEL_REPLY);
		drive_answer_finish(&answers[i]);
	}
}

static void stream_survives_want_of_memory(void **state)
{
	(void)state;
	struct channel_query query = tcp_query();
	struct drive_answer answer = {0};
	memory_fail_after(0);
	assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive), drive_note,
				 &answer, 0),
		-ENOMEM);
	assert_true(memory_stop_failing());
	assert_int_equal(answer.calls, 0);
	assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive), drive_note,
				 &answer, 0),
		0);
	memory_fail_after(0);
	channel_flush(drive.channel, drive_now(&drive));
	assert_true(memory_stop_failing());
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_int_equal(channel_outstanding(drive.channel), 0);
}

static void stream_line_cannot_be_made_without_memory(void **state)
{
	(void)state;
	struct stream_options options = {.epoll = -1, .most = 1};
	for (size_t i = 0; i < 2; i++) {
		struct stream_line *line;
		memory_fail_after(i);
		assert_int_equal(stream_line_create(&options, &line), -ENOMEM);
		assert_true(memory_stop_failing());
	}
	stream_line_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			stream_brings_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stream_takes_64_kib_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stream_says_network_for_a_broken_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(stream_ends_what_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stream_answers_only_for_its_own_question, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stream_runs_some_and_lets_the_others_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stream_survives_want_of_memory, setup, teardown),
		cmocka_unit_test(stream_line_cannot_be_made_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
