/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/clock.h"
#include "monitor/protect/serve.h"
#include "monitor/protect/soften.h"
#include "resolvers/endpoint.h"

#define PATIENCE_MS 10000
#define KEY "5.1.1 host mx.icloud.test[192.0.2.1] said: 550 5.1.1 <x@online.test>: no"

static struct serve *serve;
static struct endpoint endpoint;

/* A port that is free now. */
static void find_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	assert_int_equal(
		endpoint_parse("127.0.0.1", ntohs(address.sin_port), &endpoint), 0);
}

static void hold(bool any)
{
	const struct soften_entry entry = {
		"mx.icloud.test", "online.test", INT64_MAX, false};
	struct soften *table;
	assert_int_equal(soften_create(&entry, any ? 1 : 0, &table), 0);
	serve_set(serve, table);
}

static int start(void **state)
{
	(void)state;
	find_port();
	assert_int_equal(serve_create(&endpoint, &serve), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	serve_destroy(serve);
	return 0;
}

static int dial(void)
{
	struct sockaddr_storage address;
	const socklen_t len = endpoint_to_sockaddr(&endpoint, &address);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), 0);
	return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

/* What comes until the end of the connection, or so many bytes. */
static const char *hear(int fd, size_t most)
{
	static char text[65536];
	size_t len = 0;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	while (len < most && poll(&ready, 1, PATIENCE_MS) == 1) {
		const ssize_t got = recv(fd, text + len, most - len, 0);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	return text;
}

static const char *ask(int fd, const char *key, size_t answer_len)
{
	char bytes[1024];
	const int len =
		snprintf(bytes, sizeof bytes, "%zu:mxvigil %s,", strlen(key) + 8, key);
	say(fd, bytes, (size_t)len);
	return hear(fd, answer_len);
}

#define SOFTENED "8:OK 4.1.1,"
#define STANDS "9:NOTFOUND ,"

static void serve_answers_by_what_is_held(void **state)
{
	const int fd = dial();
	(void)state;
	assert_string_equal(ask(fd, KEY, strlen(STANDS)), STANDS);
	hold(true);
	assert_string_equal(ask(fd, KEY, strlen(SOFTENED)), SOFTENED);
	assert_string_equal(ask(fd, "2.0.0 250 Ok", strlen(STANDS)), STANDS);
	hold(false);
	assert_string_equal(ask(fd, KEY, strlen(STANDS)), STANDS);
	const struct serve_counts counts = serve_counts(serve);
	assert_int_equal(counts.asked, 4);
	assert_int_equal(counts.softened, 1);
	assert_int_equal(counts.clients, 1);
	assert_int_equal(counts.cut_off, 0);
	close(fd);
}

static void serve_answers_within_milliseconds(void **state)
{
	const int fd = dial();
	uint64_t longest = 0;
	(void)state;
	hold(true);
	const uint64_t begun = clock_mono_ms();
	for (int i = 0; i < 200; i++) {
		const uint64_t before = clock_mono_ms();
		assert_string_equal(ask(fd, KEY, strlen(SOFTENED)), SOFTENED);
		const uint64_t took = clock_mono_ms() - before;
		longest = took > longest ? took : longest;
	}
	/* Far from what Postfix would wait; a busy machine is to pass too. */
	assert_true(clock_mono_ms() - begun < 5000);
	assert_true(longest < 1000);
	close(fd);
}

static void serve_takes_requests_in_a_row_and_in_pieces(void **state)
{
	static const char two[] = "80:mxvigil " KEY ",2:m ,";
	char answer[256];
	const int fd = dial();
	(void)state;
	hold(true);
	assert_int_equal(strlen(KEY), 72);
	for (size_t i = 0; i < sizeof two - 1; i++)
		say(fd, two + i, 1);
	snprintf(answer, sizeof answer, SOFTENED "%s",
		"30:PERM the map is called mxvigil,");
	assert_string_equal(hear(fd, strlen(answer)), answer);
	close(fd);
}

static void expect_hung_up(const char *bytes, size_t len)
{
	const uint64_t before = serve_counts(serve).cut_off;
	const int fd = dial();
	say(fd, bytes, len);
	assert_string_equal(hear(fd, 4096), "");
	assert_int_equal(serve_counts(serve).cut_off, before + 1);
	close(fd);
}

static void serve_hangs_up_on_nonsense(void **state)
{
	char big[SERVE_CLIENTS_MOST];
	(void)state;
	expect_hung_up("GET / HTTP/1.1\r\n\r\n", 18);
	expect_hung_up("99999:mxvigil ", 14);
	memset(big, 'x', sizeof big);
	expect_hung_up(big, sizeof big);
}

/* Questions without end, and no answer taken. */
static void serve_hangs_up_on_who_does_not_listen(void **state)
{
	static char many[1 << 20];
	const int fd = dial();
	size_t len = 0;
	(void)state;
	while (len + 16 < sizeof many)
		len += (size_t)sprintf(many + len, "9:mxvigil a,");
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	size_t done = 0;
	bool cut = false;
	while (!cut && poll(&ready, 1, PATIENCE_MS) == 1) {
		const ssize_t sent =
			send(fd, many + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		done = sent > 0 ? (done + (size_t)sent) % len : done;
		cut = sent < 0 && errno != EAGAIN;
	}
	assert_true(cut);
	assert_int_equal(serve_counts(serve).cut_off, 1);
	close(fd);
}

static void serve_has_an_end_of_clients(void **state)
{
	enum {
		CLIENTS = SERVE_CLIENTS_MOST
	};
	static int fds[CLIENTS];
	(void)state;
	/* An answer each: whoever only dials may be faster than a server that accepts. */
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = dial();
		assert_string_equal(ask(fds[i], "x", strlen(STANDS)), STANDS);
	}
	const int fd = dial();
	assert_string_equal(hear(fd, 16), "");
	close(fd);
	assert_string_equal(ask(fds[0], "x", strlen(STANDS)), STANDS);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
}

static void serve_says_that_the_port_is_taken(void **state)
{
	struct serve *other = NULL;
	(void)state;
	assert_int_equal(serve_create(&endpoint, &other), -EADDRINUSE);
	serve_destroy(other);
}

static void serve_ends_with_clients_that_are_there(void **state)
{
	const int fd = dial();
	(void)state;
	assert_string_equal(ask(fd, "x", strlen(STANDS)), STANDS);
	serve_destroy(serve);
	serve = NULL;
	assert_string_equal(hear(fd, 16), "");
	close(fd);
}

#define WITH_SERVER(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(serve_answers_by_what_is_held),
		WITH_SERVER(serve_answers_within_milliseconds),
		WITH_SERVER(serve_takes_requests_in_a_row_and_in_pieces),
		WITH_SERVER(serve_hangs_up_on_nonsense),
		WITH_SERVER(serve_hangs_up_on_who_does_not_listen),
		WITH_SERVER(serve_has_an_end_of_clients),
		WITH_SERVER(serve_says_that_the_port_is_taken),
		WITH_SERVER(serve_ends_with_clients_that_are_there),
	};
	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
