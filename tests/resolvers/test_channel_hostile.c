/* SPDX-License-Identifier: MIT */
/* The channel among forgers, dead servers and servers that answer badly. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolvers/channel.h"
#include "resolvers/wire.h"
#include "tests/fake/drive.h"
#include "tests/fake/fake_dns.h"
#include "tests/resolvers/channel_fixture.h"

#define FORGED 100000
#define FORGED_AT_ONCE 400 /* they fit in an unprivileged receive buffer */

static uint16_t flags_of(const struct drive_answer *answer)
{
	struct wire_head head;
	assert_true(wire_read_head(answer->msg, answer->len, &head));
	return head.flags;
}

static uint64_t refused_so_far(void)
{
	const struct channel_counters *c = counters();
	return c->stray + c->wrong_server + c->wrong_socket + c->wrong_question;
}

static void channel_believes_no_forged_packet(void **state)
{
	(void)state;
	char line[128];
	snprintf(line, sizeof line,
		"rule * MX do=forge kind=mix count=%d an=MX:10,mx.example.test",
		FORGED_AT_ONCE);
	for (int i = 0; i < 64;
		i++) { /* so that other sockets of ours are known to the forger */
		struct drive_answer answer = {0};
		ask_once("first.test", &answer);
		drive_answer_finish(&answer);
	}
	script(line);
	for (uint64_t i = 0; i < FORGED / FORGED_AT_ONCE; i++) {
		struct drive_answer answer = {0};
		ask_once("example.test", &answer);
		assert_true_answer(&answer);
		drive_answer_finish(&answer);
	}
	/* Those to other sockets of ours, or from other addresses, may come after the answer. */
	uint64_t until = drive_now(&drive) + PATIENCE_MS;
	while (refused_so_far() < FORGED && drive_now(&drive) < until)
		drive_turn(&drive, 10);
	assert_int_equal(refused_so_far(), FORGED);
	assert_int_equal(counters()->replies, 64 + FORGED / FORGED_AT_ONCE);
	assert_in_range(counters()->stray, FORGED / 9, FORGED);
	assert_in_range(counters()->wrong_server, FORGED / 9, FORGED);
	assert_in_range(counters()->wrong_socket, FORGED / 9, FORGED);
	assert_in_range(counters()->wrong_question, FORGED / 9, FORGED);
}

static void channel_drops_an_answer_that_comes_late(void **state)
{
	(void)state;
	script("rule late.test MX delay=50 an=MX:10,mx.example.test");
	struct drive_answer late = {0}, other = {0};
	struct channel_query query = mx_query("late.test");
	drive_ask(&drive, &query, &late);
	assert_true(fake_dns_wait(fake, 1, PATIENCE_MS));
	drive_jump(&drive, 2001);
	assert_int_equal(late.outcome, CHANNEL_TIMEOUT);
	ask_once("example.test", &other);
	assert_true_answer(&other);
	while (counters()->stray == 0)
		drive_turn(&drive, 100);
	assert_int_equal(late.calls, 1);
	drive_answer_finish(&other);
}

static void channel_turns_an_oversized_reply_into_a_truncated_one(void **state)
{
	(void)state;
	static const struct {
		int size;
		bool plain;
		bool truncated;
	} cases[] = {{1232, false, false}, {1233, false, true}, {4096, false, true},
		{512, true, false}, {513, true, true}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[96];
		snprintf(line, sizeof line, "rule * MX size=%d an=MX:10,mx.example.test",
			cases[i].size);
		script(line);
		struct drive_answer answer = {0};
		struct channel_query query = mx_query("example.test");
		query.plain = cases[i].plain;
		drive_ask(&drive, &query, &answer);
		drive_await(&drive, &answer);
		assert_int_equal(answer.outcome, CHANNEL_REPLY);
		assert_int_equal(!!(flags_of(&answer) & WIRE_TC), cases[i].truncated);
		if (!cases[i].truncated) {
			assert_int_equal(answer.len, cases[i].size);
			assert_true_answer(&answer);
		} else {
			struct wire_head head;
			assert_true(wire_read_head(answer.msg, answer.len, &head));
			assert_int_equal(
				head.answers + head.authorities + head.additionals, 0);
			assert_true(wire_is_reply(
				answer.msg, answer.len, head.id, name, WIRE_TYPE_MX));
		}
		drive_answer_finish(&answer);
	}
	assert_int_equal(counters()->oversized, 3);
}

static void channel_takes_the_answer_after_garbage(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"rule * MX do=garbage count=300 an=MX:10,mx.example.test",
		"rule * MX do=empty count=300 an=MX:10,mx.example.test",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		script(lines[i]);
		struct drive_answer answer = {0};
		ask_once("example.test", &answer);
		assert_true_answer(&answer);
		drive_answer_finish(&answer);
		assert_int_equal(refused_so_far(), 300 * (i + 1));
	}
}

static void channel_passes_every_rcode_and_goes_on(void **state)
{
	(void)state;
	for (int rcode = 0; rcode < 16; rcode++) {
		char line[64];
		snprintf(line, sizeof line, "rule * MX rcode=%d edns=no times=1", rcode);
		script(line);
		struct drive_answer answer = {0}, next = {0};
		ask_once("example.test", &answer);
		assert_int_equal(answer.outcome, CHANNEL_REPLY);
		assert_int_equal(flags_of(&answer) & 15, rcode);
		ask_once("example.test", &next);
		assert_true_answer(&next);
		drive_answer_finish(&answer);
		drive_answer_finish(&next);
	}
	struct fake_query seen;
	assert_int_equal(fake_dns_seen(fake), 32);
	for (size_t i = 0; i < 32; i++) {
		assert_true(fake_dns_query(fake, i, &seen));
		assert_int_equal(seen.edns_size, WIRE_UDP_SIZE);
	}
}

static void channel_hears_that_a_port_is_closed(void **state)
{
	(void)state;
	script("udp off");
	struct drive_answer answer = {0};
	uint64_t before = drive_now(&drive);
	ask_once("example.test", &answer);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_in_range(drive_now(&drive) - before, 0, 1000);
	assert_int_equal(counters()->unreachable, 1);
	assert_int_equal(counters()->timeouts, 0);
	script("udp on");
	struct drive_answer again = {0};
	ask_once("example.test", &again);
	assert_true_answer(&again);
	drive_answer_finish(&again);
}

static void channel_one_dead_server_harms_no_other(void **state)
{
	(void)state;
	enum {
		QUERIES = 400
	};
	struct fake_dns *dead;
	const char *why;
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.sockets = 4});
	assert_int_equal(fake_dns_start("127.0.0.2", 0, &dead), 0);
	assert_int_equal(fake_dns_script(dead, "udp off", &why), 0);
	struct drive_answer answers[QUERIES] = {0};
	for (int i = 0; i < QUERIES; i++) {
		struct channel_query query = mx_query("example.test");
		if (i % 2)
			query.server = fake_dns_endpoint(dead);
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 drive_note, &answers[i], 7),
			0);
	}
	channel_flush(drive.channel, drive_now(&drive));
	drive_await_all(&drive);
	for (int i = 0; i < QUERIES; i++) {
		assert_int_equal(answers[i].cookie, 7);
		if (i % 2 == 0)
			assert_true_answer(&answers[i]);
		else
			assert_int_equal(answers[i].outcome, CHANNEL_NETWORK);
		drive_answer_finish(&answers[i]);
	}
	fake_dns_stop(dead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			channel_believes_no_forged_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_drops_an_answer_that_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_hears_that_a_port_is_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_one_dead_server_harms_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_turns_an_oversized_reply_into_a_truncated_one, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			channel_takes_the_answer_after_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_passes_every_rcode_and_goes_on, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
