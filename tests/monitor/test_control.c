/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/clock.h"
#include "monitor/control.h"
#include "monitor/request.h"
#include "tests/monitor/daemon.h"
#include "tests/storage/incident_case.h"

static void control_answers(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	for (int i = 0; i < 3; i++) {
		daemon_say(daemon, fd, PING);
		assert_true(is_ok(daemon_hear(daemon, fd)));
	}
	close(fd);
}

static void control_lets_owner_and_group_speak(void **state)
{
	struct daemon *daemon = *state;
	struct stat found;

	assert_int_equal(stat(daemon->path, &found), 0);
	assert_true(S_ISSOCK(found.st_mode));
	assert_int_equal(found.st_mode & 07777, 0660);
}

static void control_tells_who_joins_and_leaves(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	daemon_say(daemon, fd,
		"{\"request\":\"watch-add\",\"domains\":[{\"domain\":\"A.example\","
		"\"tags\":\"key,eu\"},{\"domain\":\"b.example\",\"tags\":\"\"}]}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_string_equal(daemon->changes, "+a.example key,eu;+b.example;end");
	daemon->changes[0] = '\0';
	daemon_say(daemon, fd,
		"{\"request\":\"watch-remove\",\"domains\":[\"b.example\"]}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_string_equal(daemon->changes, "-b.example;end");
	close(fd);
}

static void control_hands_deliveries_on(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	daemon_say(daemon, fd, "{\"request\":\"ingest-place\",\"number\":1}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	daemon_say(daemon, fd, "{\"request\":\"ingest\"}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_int_equal(daemon->ingests, 2);
	daemon_say(daemon, fd, "{\"request\":\"ingestion\"}\n");
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	assert_int_equal(daemon->ingests, 2);
	close(fd);
}

static void control_asks_the_detector(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);
	const char *answer;

	daemon_say(daemon, fd, "{\"request\":\"detector\"}\n");
	answer = daemon_hear(daemon, fd);
	assert_true(is_ok(answer));
	assert_non_null(strstr(answer, "\"domains\""));
	close(fd);
}

static void control_tells_the_detector_what_people_did(void **state)
{
	struct daemon *daemon = *state;
	const struct incident incident = case_hijack();
	int fd = daemon_connect(daemon);

	case_put(daemon->fixture, &incident);
	daemon_say(
		daemon, fd, "{\"request\":\"incident-close\",\"incident\":\"lab-i2\"}\n");
	expect_refused(daemon_hear(daemon, fd), "ENOENT");
	daemon_say(
		daemon, fd, "{\"request\":\"incident-ack\",\"incident\":\"lab-i1\"}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_int_equal(daemon->closed, 0);
	daemon_say(
		daemon, fd, "{\"request\":\"incident-close\",\"incident\":\"lab-i1\"}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_int_equal(daemon->closed, 1);
	assert_int_equal(daemon->expectations, 0);
	daemon_say(daemon, fd,
		"{\"request\":\"expect-add\",\"domain\":\"a.example\",\"operators\":[],"
		"\"until\":0,\"note\":\"\"}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	daemon_say(daemon, fd, "{\"request\":\"expect-remove\",\"number\":1}\n");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_int_equal(daemon->expectations, 2);
	daemon_say(daemon, fd, "{\"request\":\"expect-remove\",\"number\":1}\n");
	expect_refused(daemon_hear(daemon, fd), "ENOENT");
	assert_int_equal(daemon->expectations, 2);
	assert_string_equal(daemon->changes, "");
	close(fd);
}

/* What was refused as a whole is told to nobody. */
static void control_tells_nothing_of_what_it_refused(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	daemon_say(daemon, fd,
		"{\"request\":\"watch-add\",\"domains\":[{\"domain\":\"a.example\","
		"\"tags\":\"\"},{\"domain\":\"no domain\",\"tags\":\"\"}]}\n");
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	assert_string_equal(daemon->changes, "");
	daemon_say(daemon, fd, "{\"request\":\"dance\"}\n");
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	daemon_say(daemon, fd, "[1,2]\n");
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	daemon_say(daemon, fd, "{}\n");
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	/* foreign words, but JSON: it may go on */
	daemon_say(daemon, fd, PING);
	assert_true(is_ok(daemon_hear(daemon, fd)));
	close(fd);
}

static void control_cuts_off_who_speaks_no_json(void **state)
{
	static const char *const garbage[] = {"\n", "hello\n", "{\n",
		"GET / HTTP/1.1\r\n", "{\"request\":\"ping\",\"request\":\"ping\"}\n",
		"\xff\xfe\xfd\n", "{\"a\":\"\xc3\"}\n", "{\"\xc3\xbc\xff\":1}\n",
		"\xc3\xbc\xc3\xbc\n", "{\"request\":\"ping\"} {\"request\":\"ping\"}\n",
		"\"\\ud800\"\n", "{\"a\":\"\x01\"}\n"};
	struct daemon *daemon = *state;

	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
		int fd = daemon_connect(daemon);

		daemon_say(daemon, fd, garbage[i]);
		expect_refused(daemon_hear(daemon, fd), "EINVAL");
		daemon_expect_cut_off(daemon, fd);
		close(fd);
	}
}

static void control_cuts_off_nul_bytes_and_deep_nests(void **state)
{
	static char nest[200001];
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	assert_true(daemon_offer(daemon, fd, "{\"a\":\"\0\"}\n", 10));
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	daemon_expect_cut_off(daemon, fd);
	close(fd);
	memset(nest, '[', sizeof nest - 1);
	nest[sizeof nest - 1] = '\n';
	fd = daemon_connect(daemon);
	assert_true(daemon_offer(daemon, fd, nest, sizeof nest));
	expect_refused(daemon_hear(daemon, fd), "EINVAL");
	daemon_expect_cut_off(daemon, fd);
	close(fd);
}

static void control_takes_requests_as_they_are_cut(void **state)
{
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);

	daemon_say(daemon, fd, PING PING PING);
	for (int i = 0; i < 3; i++)
		assert_true(is_ok(daemon_hear(daemon, fd)));
	for (const char *byte = PING; *byte != '\0'; byte++)
		assert_true(daemon_offer(daemon, fd, byte, 1));
	assert_true(is_ok(daemon_hear(daemon, fd)));
	daemon_say(daemon, fd, PING "{\"requ");
	assert_true(is_ok(daemon_hear(daemon, fd)));
	daemon_say(daemon, fd, "est\":\"ping\"}\n" PING);
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_true(is_ok(daemon_hear(daemon, fd)));
	close(fd);
}

/* A request that fills its line to the last byte is taken, one byte more is refused. */
static void control_bounds_lines(void **state)
{
	struct daemon *daemon = *state;
	char *line = malloc(REQUEST_LINE_MAX + 70000);
	int fd = daemon_connect(daemon);

	assert_non_null(line);
	memset(line, ' ', REQUEST_LINE_MAX + 70000);
	memcpy(line, PING, sizeof PING - 2);
	line[REQUEST_LINE_MAX - 1] = '\n';
	assert_true(daemon_offer(daemon, fd, line, REQUEST_LINE_MAX));
	assert_true(is_ok(daemon_hear(daemon, fd)));
	line[REQUEST_LINE_MAX - 1] = ' ';
	line[REQUEST_LINE_MAX + 1] = '\n';
	if (daemon_offer(daemon, fd, line, REQUEST_LINE_MAX + 2))
		expect_refused(daemon_hear(daemon, fd), "EMSGSIZE");
	daemon_expect_cut_off(daemon, fd);
	close(fd);
	/* and it does not wait for the end of a line that has none */
	fd = daemon_connect(daemon);
	line[REQUEST_LINE_MAX + 1] = ' ';
	daemon_offer(daemon, fd, line, REQUEST_LINE_MAX + 70000);
	expect_refused(daemon_hear(daemon, fd), "EMSGSIZE");
	daemon_expect_cut_off(daemon, fd);
	close(fd);
	free(line);
}

/* Answers pile up because the client does not read; then it reads them all, the refusal too. */
static void control_sends_every_answer_before_it_cuts_off(void **state)
{
	enum {
		MANY = 20000
	};
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);
	char *pings = malloc(MANY * (sizeof PING - 1) + 16);
	size_t len = 0;
	int small = 4096;
	size_t sent = 0;
	unsigned answers = 0;
	const char *line;
	const uint64_t until = clock_mono_ms() + PATIENCE_MS;

	assert_non_null(pings);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 0; i < MANY; i++, len += sizeof PING - 1)
		memcpy(pings + len, PING, sizeof PING - 1);
	memcpy(pings + len, "garbage\n", 8);
	len += 8;
	/* as much as it takes without being read: it may stop listening, not grow */
	while (sent < len && clock_mono_ms() < until) {
		ssize_t now = send(fd, pings + sent, len - sent, MSG_NOSIGNAL);

		daemon_turns(daemon, 50);
		if (now <= 0)
			break;
		sent += (size_t)now;
	}
	while (sent < len || answers < MANY) {
		ssize_t now = send(fd, pings + sent, len - sent, MSG_NOSIGNAL);

		sent += now > 0 ? (size_t)now : 0;
		assert_true(is_ok(daemon_hear(daemon, fd)));
		answers++;
	}
	line = daemon_hear(daemon, fd);
	expect_refused(line, "EINVAL");
	daemon_expect_cut_off(daemon, fd);
	free(pings);
	close(fd);
}

/* "printf ... | nc -N": the end of the requests comes before their answers have gone out. */
static void control_answers_who_has_finished_speaking(void **state)
{
	enum {
		MANY = 3000
	};
	struct daemon *daemon = *state;
	int fd = daemon_connect(daemon);
	char *pings = malloc(MANY * (sizeof PING - 1));

	assert_non_null(pings);
	for (size_t i = 0; i < MANY; i++)
		memcpy(pings + i * (sizeof PING - 1), PING, sizeof PING - 1);
	assert_int_equal(send(fd, pings, MANY * (sizeof PING - 1), MSG_NOSIGNAL),
		MANY * (sizeof PING - 1));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	daemon_turns(daemon, 100);
	for (int i = 0; i < MANY; i++)
		assert_true(is_ok(daemon_hear(daemon, fd)));
	daemon_expect_cut_off(daemon, fd);
	free(pings);
	close(fd);
}

static void control_serves_many_clients(void **state)
{
	int fds[32];
	int one_more;
	struct daemon *daemon = *state;

	for (size_t i = 0; i < 32; i++) {
		fds[i] = daemon_connect(daemon);
		daemon_turn(daemon);
	}
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 32; i++)
			daemon_say(daemon, fds[i], PING);
		for (size_t i = 32; i-- > 0;)
			assert_true(is_ok(daemon_hear(daemon, fds[i])));
	}
	/* no more than that; who leaves makes room */
	one_more = daemon_connect(daemon);
	daemon_expect_cut_off(daemon, one_more);
	close(one_more);
	close(fds[0]);
	daemon_turns(daemon, 10);
	one_more = daemon_connect(daemon);
	daemon_say(daemon, one_more, PING);
	assert_true(is_ok(daemon_hear(daemon, one_more)));
	close(one_more);
	for (size_t i = 1; i < 32; i++)
		close(fds[i]);
}

static void control_survives_clients_that_leave(void **state)
{
	struct daemon *daemon = *state;
	int fd;

	for (int i = 0; i < 200; i++) {
		fd = daemon_connect(daemon);
		if (i % 4 == 1)
			assert_true(send(fd, PING PING, 2 * strlen(PING), 0) > 0);
		if (i % 4 == 2)
			assert_true(send(fd, PING "{\"half", 20, 0) > 0);
		if (i % 4 == 3)
			daemon_say(daemon, fd, PING);
		close(fd); /* before the answer, or without reading it */
		daemon_turn(daemon);
	}
	fd = daemon_connect(daemon);
	daemon_say(daemon, fd, PING);
	assert_true(is_ok(daemon_hear(daemon, fd)));
	close(fd);
}

static void control_waits_for_a_flush(void **state)
{
	struct daemon *daemon = *state;
	int early = daemon_connect(daemon);
	int late = daemon_connect(daemon);
	int gone = daemon_connect(daemon);
	char byte;

	daemon->mark = 7;
	daemon_say(daemon, early, "{\"request\":\"flush\"}\n" PING);
	daemon_say(daemon, gone, "{\"request\":\"flush\"}\n");
	daemon_turns(daemon, 20);
	assert_int_equal(daemon->flushes, 2);
	daemon->mark = 8;
	daemon_say(daemon, late, "{\"request\":\"flush\"}\n");
	daemon_turns(daemon, 20);
	close(gone);
	control_flushed(daemon->control, 6);
	daemon_turn(daemon);
	assert_int_equal(recv(early, &byte, 1, 0), -1);
	control_flushed(daemon->control, 7);
	assert_string_equal(daemon_hear(daemon, early), "{\"ok\":true}\n");
	assert_true(
		is_ok(daemon_hear(daemon, early))); /* of the ping that stood behind it */
	assert_int_equal(recv(late, &byte, 1, 0), -1);
	control_flushed(daemon->control, 9);
	assert_string_equal(daemon_hear(daemon, late), "{\"ok\":true}\n");
	control_flushed(daemon->control, 10);
	daemon->mark = 0; /* nothing to wait for */
	daemon_say(daemon, late, "{\"request\":\"flush\"}\n");
	assert_string_equal(daemon_hear(daemon, late), "{\"ok\":true}\n");
	close(early);
	close(late);
}

/* What was sent while a flush was waited for is no line too long, however much it is. */
static void control_bounds_lines_not_requests(void **state)
{
	enum {
		MANY = 3
	};
	struct daemon *daemon = *state;
	const size_t len = REQUEST_LINE_MAX / 2;
	char *lines = malloc(MANY * len);
	int fd = daemon_connect(daemon);
	size_t sent = 0;

	assert_non_null(lines);
	memset(lines, ' ', MANY * len);
	for (size_t i = 0; i < MANY; i++) {
		memcpy(lines + i * len, PING, sizeof PING - 2);
		lines[(i + 1) * len - 1] = '\n';
	}
	daemon->mark = 1;
	daemon_say(daemon, fd, "{\"request\":\"flush\"}\n");
	for (int i = 0; i < 1000; i++) {
		ssize_t now = send(fd, lines + sent, MANY * len - sent, MSG_NOSIGNAL);

		assert_true(now >= 0 || errno == EAGAIN);
		sent += now > 0 ? (size_t)now : 0;
		daemon_turn(daemon);
	}
	control_flushed(daemon->control, 1);
	assert_true(is_ok(daemon_hear(daemon, fd)));
	assert_true(daemon_offer(daemon, fd, lines + sent, MANY * len - sent));
	for (int i = 0; i < MANY; i++)
		assert_true(is_ok(daemon_hear(daemon, fd)));
	free(lines);
	close(fd);
}

static void control_takes_the_place_of_one_that_died(void **state)
{
	struct daemon *daemon = *state;
	struct control_hooks hooks = daemon_hooks(daemon);
	struct control *second;
	int fd;

	/* as after a kill: the file is there, nobody listens */
	assert_int_equal(control_create(&daemon->loop, daemon->path,
				 daemon->fixture->store, &hooks, &second),
		0);
	fd = daemon_connect(daemon);
	daemon_say(daemon, fd, PING);
	assert_true(is_ok(daemon_hear(daemon, fd)));
	close(fd);
	control_destroy(second);
	daemon_turn(daemon);
}

static void control_says_where_it_cannot_listen(void **state)
{
	struct daemon *daemon = *state;
	struct control_hooks hooks = daemon_hooks(daemon);
	struct control *none = NULL;
	char path[256];

	assert_int_equal(control_create(&daemon->loop, "/nonexistent/directory/socket",
				 daemon->fixture->store, &hooks, &none),
		-ENOENT);
	snprintf(path, sizeof path, "%s/", daemon->fixture->dir);
	while (strlen(path) < 120)
		strcat(path, "long");
	assert_int_equal(control_create(&daemon->loop, path, daemon->fixture->store,
				 &hooks, &none),
		-ENAMETOOLONG);
	assert_null(none);
	daemon_turn(daemon);
	control_destroy(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(control_answers),
		test(control_lets_owner_and_group_speak),
		test(control_tells_who_joins_and_leaves),
		test(control_asks_the_detector),
		test(control_tells_the_detector_what_people_did),
		test(control_hands_deliveries_on),
		test(control_tells_nothing_of_what_it_refused),
		test(control_cuts_off_who_speaks_no_json),
		test(control_cuts_off_nul_bytes_and_deep_nests),
		test(control_takes_requests_as_they_are_cut),
		test(control_bounds_lines),
		test(control_sends_every_answer_before_it_cuts_off),
		test(control_answers_who_has_finished_speaking),
		test(control_serves_many_clients),
		test(control_survives_clients_that_leave),
		test(control_waits_for_a_flush),
		test(control_bounds_lines_not_requests),
		test(control_takes_the_place_of_one_that_died),
		test(control_says_where_it_cannot_listen),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
