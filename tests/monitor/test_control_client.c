/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/control_client.h"
#include "monitor/request.h"

/* A daemon of one connection: for each line received it writes the next scripted answer. */
struct fake_daemon {
	char directory[32];
	char path[64];
	int fd;
	pthread_t thread;
	const char *answers[4]; /* NULL: hang up */
	char heard[256]; /* the first line */
};

static void *serve(void *owner)
{
	struct fake_daemon *daemon = owner;
	int fd = accept(daemon->fd, NULL, NULL);
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;

	for (size_t i = 0; i < 4 && getline(&line, &size, in) > 0; i++) {
		if (i == 0)
			snprintf(daemon->heard, sizeof daemon->heard, "%s", line);
		if (daemon->answers[i] == NULL)
			break;
		/* in two pieces: an answer need not come at once */
		send(fd, daemon->answers[i], 1, MSG_NOSIGNAL);
		send(fd, daemon->answers[i] + 1, strlen(daemon->answers[i] + 1),
			MSG_NOSIGNAL);
	}
	free(line);
	fclose(in);
	return NULL;
}

static void start(struct fake_daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(daemon->directory, "/tmp/control_client.XXXXXX");
	assert_non_null(mkdtemp(daemon->directory));
	snprintf(daemon->path, sizeof daemon->path, "%s/s", daemon->directory);
	strcpy(address.sun_path, daemon->path);
	daemon->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
		bind(daemon->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(daemon->fd, 1), 0);
	assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
}

static void stop(struct fake_daemon *daemon)
{
	pthread_join(daemon->thread, NULL);
	close(daemon->fd);
	unlink(daemon->path);
	rmdir(daemon->directory);
}

static void control_client_asks_and_hears(void **state)
{
	struct fake_daemon daemon = {
		.answers = {"{\"ok\": true, \"n\": 1}\n", "{\"ok\": false}\n"}};
	struct control_client *client;
	json_t *request = json_pack("{s:s}", "request", "ping");
	json_t *answer;

	(void)state;
	start(&daemon);
	assert_int_equal(control_client_open(daemon.path, 10000, &client), 0);
	assert_int_equal(control_client_ask(client, request, &answer), 0);
	assert_int_equal(json_integer_value(json_object_get(answer, "n")), 1);
	json_decref(answer);
	assert_int_equal(control_client_ask(client, request, &answer), 0);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	control_client_close(client);
	stop(&daemon);
	assert_string_equal(daemon.heard, "{\"request\":\"ping\"}\n");
	json_decref(request);
}

static int ask_once(const char *answer_text, int timeout_ms)
{
	struct fake_daemon daemon = {.answers = {answer_text}};
	struct control_client *client;
	json_t *request = json_pack("{s:s}", "request", "ping");
	json_t *answer;
	int err;

	start(&daemon);
	assert_int_equal(control_client_open(daemon.path, timeout_ms, &client), 0);
	err = control_client_ask(client, request, &answer);
	control_client_close(client);
	stop(&daemon);
	json_decref(request);
	return err;
}

static void control_client_refuses_bad_answers(void **state)
{
	(void)state;
	assert_int_equal(ask_once("no json\n", 10000), -EPROTO);
	assert_int_equal(ask_once("[1]\n", 10000), -EPROTO);
	assert_int_equal(ask_once("{\"a\":1,\"a\":2}\n", 10000), -EPROTO);
	assert_int_equal(ask_once(NULL, 10000), -EPIPE);
	assert_int_equal(ask_once("{\"half\":", 30), -ETIME);
}

static void control_client_says_that_nobody_is_there(void **state)
{
	struct control_client *client;
	char path[200];

	(void)state;
	assert_int_equal(control_client_open("/nonexistent/s", 100, &client), -ENOENT);
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	assert_int_equal(control_client_open(path, 100, &client), -ENAMETOOLONG);
}

static void control_client_refuses_too_much(void **state)
{
	struct fake_daemon daemon = {.answers = {NULL}};
	struct control_client *client;
	char *text = malloc(REQUEST_LINE_MAX + 1);
	json_t *request;
	json_t *answer;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', REQUEST_LINE_MAX);
	text[REQUEST_LINE_MAX] = '\0';
	request = json_pack("{s:s}", "request", text);
	start(&daemon);
	assert_int_equal(control_client_open(daemon.path, 10000, &client), 0);
	assert_int_equal(control_client_ask(client, request, &answer), -EMSGSIZE);
	control_client_close(client);
	stop(&daemon);
	json_decref(request);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_client_asks_and_hears),
		cmocka_unit_test(control_client_refuses_bad_answers),
		cmocka_unit_test(control_client_says_that_nobody_is_there),
		cmocka_unit_test(control_client_refuses_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
