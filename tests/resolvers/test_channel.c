/* SPDX-License-Identifier: MIT */
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

static void channel_brings_the_answer(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	ask_once("Example.Test", &answer);
	assert_true_answer(&answer);
	struct fake_query seen;
	assert_true(fake_dns_query(fake, 0, &seen));
	assert_int_equal(seen.flags & WIRE_RD, 0);
	assert_int_equal(seen.edns_size, WIRE_UDP_SIZE);
	assert_int_equal(seen.from.port, answer.local_port);
	struct endpoint server = fake_dns_endpoint(fake);
	assert_true(endpoint_equal(&answer.server, &server));
	assert_false(answer.tcp);
	assert_in_range(answer.rtt_us, 1, PATIENCE_MS * 1000);
	assert_int_equal(counters()->sent, 1);
	assert_int_equal(counters()->replies, 1);
	assert_int_equal(channel_deadline(drive.channel), UINT64_MAX);
	drive_answer_finish(&answer);
}

static void channel_sends_the_flags_that_are_asked_for(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	struct channel_query query = mx_query("example.test");
	query.recursion = true;
	query.plain = true;
	drive_ask(&drive, &query, &answer);
	drive_await(&drive, &answer);
	struct fake_query seen;
	assert_true(fake_dns_query(fake, 0, &seen));
	assert_int_equal(seen.flags, WIRE_RD | WIRE_AD);
	assert_int_equal(seen.edns_size, 0);
	drive_answer_finish(&answer);
}

static void channel_asks_from_many_changing_ports(void **state)
{
	(void)state;
	enum {
		QUERIES = 3000,
		AT_ONCE = 100
	};
	static unsigned uses[65536];
	memset(uses, 0, sizeof uses);
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.uses = 20});
	struct drive_answer answers[AT_ONCE];
	for (int i = 0; i < QUERIES / AT_ONCE; i++) {
		memset(answers, 0, sizeof answers);
		for (int j = 0; j < AT_ONCE; j++) {
			struct channel_query query = mx_query("example.test");
			drive_ask(&drive, &query, &answers[j]);
		}
		drive_await_all(&drive);
		for (int j = 0; j < AT_ONCE; j++) {
			assert_true_answer(&answers[j]);
			uses[answers[j].local_port]++;
			drive_answer_finish(&answers[j]);
		}
	}
	unsigned distinct = 0;
	for (unsigned port = 0; port < 65536; port++) {
		distinct += uses[port] > 0;
		assert_in_range(uses[port], 0, port < 1024 ? 0 : 20);
	}
	assert_in_range(distinct, QUERIES / 20, QUERIES);
}

static void channel_changes_ports_with_time(void **state)
{
	(void)state;
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.sockets = 1, .lifetime_ms = 10000});
	uint16_t ports[3];
	for (int i = 0; i < 3; i++) {
		struct drive_answer answer = {0};
		ask_once("example.test", &answer);
		ports[i] = answer.local_port;
		drive_answer_finish(&answer);
		drive_jump(&drive, i == 0 ? 9000 : 1000);
	}
	assert_int_equal(ports[0], ports[1]);
	assert_int_not_equal(ports[1], ports[2]);
}

static void channel_avoids_the_port_of_the_first_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct drive_answer first = {0}, second = {0};
		drive_close(&drive);
		drive_open(&drive, (struct channel_options){.sockets = 1 + i % 2});
		ask_once("example.test", &first);
		struct channel_query query = mx_query("example.test");
		query.avoid_port = first.local_port;
		drive_ask(&drive, &query, &second);
		drive_await(&drive, &second);
		assert_int_not_equal(first.local_port, second.local_port);
		drive_answer_finish(&first);
		drive_answer_finish(&second);
	}
}

static void channel_ids_repeat_in_no_order(void **state)
{
	(void)state;
	enum {
		QUERIES = 500
	};
	struct drive second;
	drive_open(&second, (struct channel_options){0});
	struct drive *drives[] = {&drive, &second};
	struct drive_answer answers[QUERIES];
	for (int i = 0; i < 2; i++) {
		memset(answers, 0, sizeof answers);
		for (int j = 0; j < QUERIES; j++) {
			struct channel_query query = mx_query("example.test");
			drive_ask(drives[i], &query, &answers[j]);
		}
		drive_await_all(drives[i]);
		for (int j = 0; j < QUERIES; j++)
			drive_answer_finish(&answers[j]);
	}
	drive_close(&second);
	unsigned same = 0, rising = 0;
	struct fake_query a, b, before = {0};
	for (size_t i = 0; i < QUERIES; i++) {
		assert_true(fake_dns_query(fake, i, &a));
		assert_true(fake_dns_query(fake, i + QUERIES, &b));
		same += a.id == b.id;
		rising += a.id > before.id;
		before = a;
	}
	assert_in_range(same, 0, 3);
	assert_in_range(rising, QUERIES / 3, QUERIES * 2 / 3);
}

static void channel_ends_what_nobody_answers(void **state)
{
	(void)state;
	script("rule * MX do=drop");
	struct drive_answer answer = {0};
	struct channel_query query = mx_query("example.test");
	uint64_t before = drive_now(&drive);
	drive_ask(&drive, &query, &answer);
	assert_in_range(
		channel_deadline(drive.channel), before + 2000, drive_now(&drive) + 2000);
	assert_true(fake_dns_wait(fake, 1, PATIENCE_MS));
	drive_jump(&drive, 1000);
	assert_int_equal(answer.calls, 0);
	drive_jump(&drive, 1000);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_TIMEOUT);
	assert_int_equal(counters()->timeouts, 1);
	assert_int_equal(channel_outstanding(drive.channel), 0);
}

static void channel_says_what_cannot_be_sent(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	struct channel_query query = mx_query("example.test");
	assert_int_equal(endpoint_parse("255.255.255.255", 53, &query.server), 0);
	drive_ask(&drive, &query, &answer);
	drive_await(&drive, &answer);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	assert_int_equal(counters()->unreachable, 1);
}

static void channel_waits_where_no_socket_can_be_opened(void **state)
{
	(void)state;
	struct rlimit limit, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct drive_answer answer = {0};
	struct channel_query query = mx_query("example.test");
	assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive), drive_note,
				 &answer, 0),
		0);
	assert_int_equal(answer.calls, 0);
	channel_flush(drive.channel, drive_now(&drive));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(answer.calls, 1);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	struct drive_answer again = {0};
	ask_once("example.test", &again);
	assert_true_answer(&again);
	drive_answer_finish(&again);
}

static void channel_refuses_more_than_it_can_hold(void **state)
{
	(void)state;
	script("rule * MX do=drop");
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.outstanding = 10});
	struct drive_answer answers[11] = {0};
	struct channel_query query = mx_query("example.test");
	for (int i = 0; i < 11; i++) {
		query.tcp = i % 2;
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 drive_note, &answers[i], 0),
			i < 10 ? 0 : -EAGAIN);
	}
	assert_int_equal(channel_outstanding(drive.channel), 10);
	channel_flush(drive.channel, drive_now(&drive));
	drive_jump(&drive, 2000);
	for (int i = 0; i < 11; i++)
		assert_int_equal(answers[i].calls, i < 10);
	assert_int_equal(channel_outstanding(drive.channel), 0);
	script("clear");
	ask_once("example.test", &answers[10]);
	assert_int_equal(answers[10].outcome, CHANNEL_REPLY);
	drive_answer_finish(&answers[10]);
}

static void ask_again(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct channel_query query = mx_query("example.test");
	struct drive_answer *answer = owner;
	drive_note(owner, cookie, reply);
	if (answer->calls < 5)
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 ask_again, owner, cookie),
			0);
	channel_flush(drive.channel, drive_now(&drive)); /* harmless in here */
}

static void channel_sends_what_a_callback_asks(void **state)
{
	(void)state;
	struct drive_answer answer = {0};
	for (int tcp = 0; tcp < 2; tcp++) {
		answer.calls = 0;
		struct channel_query query = mx_query("example.test");
		query.tcp = tcp;
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 ask_again, &answer, 0),
			0);
		channel_flush(drive.channel, drive_now(&drive));
		drive_await_all(&drive);
		assert_int_equal(answer.calls, 5);
	}
	drive_answer_finish(&answer);
}

static void ask_for_ever(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct channel_query query = mx_query("example.test");
	drive_note(owner, cookie, reply);
	assert_int_equal(endpoint_parse("255.255.255.255", 53, &query.server), 0);
	int error = channel_ask(
		drive.channel, &query, drive_now(&drive), ask_for_ever, owner, cookie);
	assert_true(error == 0 || error == -EAGAIN);
}

static void channel_comes_back_from_an_asker_without_end(void **state)
{
	(void)state;
	static struct drive_answer answer; /* lives until the channel is destroyed */
	answer = (struct drive_answer){0};
	ask_for_ever(&answer, 0, &(struct channel_reply){.outcome = CHANNEL_NETWORK});
	channel_flush(drive.channel, drive_now(&drive));
	assert_in_range(answer.calls, 2, 20);
	assert_int_equal(channel_deadline(drive.channel), 0);
}

static void channel_destroy_ends_every_query_once(void **state)
{
	(void)state;
	script("rule * MX do=drop");
	struct drive own;
	drive_open(&own, (struct channel_options){.tcp = 2});
	struct drive_answer answers[30] = {0};
	struct channel_query query = mx_query("example.test");
	for (int i = 0; i < 30; i++) {
		query.tcp = i % 3 == 0;
		assert_int_equal(channel_ask(own.channel, &query, drive_now(&own),
					 drive_note, &answers[i], 0),
			0);
		if (i ==
			20) /* some are sent, some run, some wait, some are as they were */
			channel_flush(own.channel, drive_now(&own));
	}
	drive_close(&own);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(answers[i].calls, 1);
		assert_int_equal(answers[i].outcome, CHANNEL_NETWORK);
		assert_int_equal(answers[i].tcp, i % 3 == 0);
	}
	channel_destroy(NULL);
}

static void channel_asks_over_ipv6(void **state)
{
	(void)state;
	struct fake_dns *six;
	const char *why;
	if (fake_dns_start("::1", 0, &six) < 0)
		skip();
	assert_int_equal(
		fake_dns_script(six, "rule * MX an=MX:10,mx.example.test", &why), 0);
	for (int i = 0; i < 100; i++) {
		struct drive_answer answer = {0};
		struct channel_query query = mx_query("example.test");
		query.server = fake_dns_endpoint(six);
		query.tcp = i >= 90;
		drive_ask(&drive, &query, &answer);
		drive_await(&drive, &answer);
		assert_true_answer(&answer);
		drive_answer_finish(&answer);
	}
	assert_int_equal(fake_dns_script(six, "udp off", &why), 0);
	struct drive_answer answer = {0};
	struct channel_query query = mx_query("example.test");
	query.server = fake_dns_endpoint(six);
	drive_ask(&drive, &query, &answer);
	drive_await(&drive, &answer);
	assert_int_equal(answer.outcome, CHANNEL_NETWORK);
	fake_dns_stop(six);
}

static void channel_asks_fifty_servers_at_once(void **state)
{
	(void)state;
	enum {
		SERVERS = 50,
		EACH = 10
	};
	struct fake_dns *fakes[SERVERS];
	struct drive_answer answers[SERVERS * EACH] = {0};
	for (int i = 0; i < SERVERS; i++) {
		char address[32];
		const char *why;
		snprintf(address, sizeof address, "127.0.1.%d", i + 1);
		assert_int_equal(fake_dns_start(address, 0, &fakes[i]), 0);
		char line[64];
		snprintf(line, sizeof line, "rule * MX an=MX:%d,mx.example.test", i);
		assert_int_equal(fake_dns_script(fakes[i], line, &why), 0);
	}
	for (int i = 0; i < SERVERS * EACH; i++) {
		struct channel_query query = mx_query("example.test");
		query.server = fake_dns_endpoint(fakes[i % SERVERS]);
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 drive_note, &answers[i], 0),
			0);
	}
	channel_flush(drive.channel, drive_now(&drive));
	drive_await_all(&drive);
	for (int i = 0; i < SERVERS * EACH; i++) {
		assert_int_equal(answers[i].outcome, CHANNEL_REPLY);
		/* The preference says who spoke: behind header, question and record head. */
		size_t at = 12 + name_length(name) + 4 + name_length(name) + 10;
		assert_int_equal(answers[i].msg[at + 1], i % SERVERS);
		drive_answer_finish(&answers[i]);
	}
	for (int i = 0; i < SERVERS; i++) {
		assert_int_equal(fake_dns_seen(fakes[i]), EACH);
		fake_dns_stop(fakes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			channel_brings_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_sends_the_flags_that_are_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_asks_from_many_changing_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_changes_ports_with_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_avoids_the_port_of_the_first_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_ids_repeat_in_no_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_ends_what_nobody_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_says_what_cannot_be_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_waits_where_no_socket_can_be_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_refuses_more_than_it_can_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_sends_what_a_callback_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_comes_back_from_an_asker_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_destroy_ends_every_query_once, setup, teardown),
		cmocka_unit_test_setup_teardown(channel_asks_over_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(
			channel_asks_fifty_servers_at_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
