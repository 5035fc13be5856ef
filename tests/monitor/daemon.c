/* SPDX-License-Identifier: MIT */
#include "tests/monitor/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor/clock.h"
#include "resolvers/name.h"

static void on_change(void *owner, const struct control_change *change)
{
	struct daemon *daemon = owner;
	char name[NAME_TEXT_MAX];
	size_t len = strlen(daemon->changes);

	snprintf(daemon->changes + len, sizeof daemon->changes - len, "%c%s%s%s;",
		change->added ? '+' : '-', name_format(change->domain, name),
		change->tags[0] ? " " : "", change->tags);
}

static void on_changes_end(void *owner)
{
	struct daemon *daemon = owner;

	strcat(daemon->changes, "end");
}

static uint64_t on_flush(void *owner)
{
	struct daemon *daemon = owner;

	daemon->flushes++;
	return daemon->mark;
}

static json_t *on_detector(void *owner)
{
	(void)owner;
	return json_pack("{s:b, s:i}", "ok", 1, "domains", 3);
}

static int on_ingest(void *owner, const json_t *request, int64_t now, json_t **ret_answer)
{
	struct daemon *daemon = owner;

	assert_non_null(json_object_get(request, "request"));
	assert_true(now > T0);
	daemon->ingests++;
	*ret_answer = json_pack("{sb}", "ok", 1);
	return *ret_answer != NULL ? 0 : -ENOMEM;
}

static void on_incident_closed(void *owner, int64_t incident)
{
	struct daemon *daemon = owner;

	daemon->closed = incident;
}

static void on_expectations(void *owner)
{
	struct daemon *daemon = owner;

	daemon->expectations++;
}

struct control_hooks daemon_hooks(struct daemon *daemon)
{
	return (struct control_hooks){.owner = daemon,
		.on_change = on_change,
		.on_changes_end = on_changes_end,
		.on_flush = on_flush,
		.on_detector = on_detector,
		.on_incident_closed = on_incident_closed,
		.on_expectations = on_expectations,
		.on_ingest = on_ingest};
}

int daemon_setup(void **state)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	void *fixture;
	struct control_hooks hooks;

	assert_non_null(daemon);
	hooks = daemon_hooks(daemon);
	fixture_setup(&fixture);
	daemon->fixture = fixture;
	snprintf(daemon->path, sizeof daemon->path, "%s/socket", daemon->fixture->dir);
	assert_int_equal(uv_loop_init(&daemon->loop), 0);
	assert_int_equal(control_create(&daemon->loop, daemon->path,
				 daemon->fixture->store, &hooks, &daemon->control),
		0);
	*state = daemon;
	return 0;
}

int daemon_teardown(void **state)
{
	struct daemon *daemon = *state;
	void *fixture = daemon->fixture;
	struct stat stat_of_socket;

	control_destroy(daemon->control);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&daemon->loop), 0);
	assert_int_equal(stat(daemon->path, &stat_of_socket), -1);
	free(daemon);
	return fixture_teardown(&fixture);
}

int daemon_connect(const struct daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, daemon->path, strlen(daemon->path));
	assert_int_equal(
		connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

void daemon_turn(struct daemon *daemon)
{
	uv_run(&daemon->loop, UV_RUN_NOWAIT);
}

void daemon_turns(struct daemon *daemon, int times)
{
	for (int i = 0; i < times; i++)
		daemon_turn(daemon);
}

/* Sends all; the daemon's loop turns while it would block. Returns false where the daemon has
 * hung up. */
bool daemon_offer(struct daemon *daemon, int fd, const char *bytes, size_t len)
{
	const uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (len > 0) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		assert_true(clock_mono_ms() < until);
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		}
		daemon_turn(daemon);
	}
	return true;
}

void daemon_say(struct daemon *daemon, int fd, const char *text)
{
	assert_true(daemon_offer(daemon, fd, text, strlen(text)));
}

/* Receives up to one line; "" at the end. Static. */
const char *daemon_hear(struct daemon *daemon, int fd)
{
	static char line[65536];
	const uint64_t until = clock_mono_ms() + PATIENCE_MS;
	size_t len = 0;

	while (len < sizeof line - 1) {
		ssize_t got = recv(fd, line + len, 1, 0);

		assert_true(clock_mono_ms() < until);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		if (got < 0) {
			daemon_turn(daemon);
			continue;
		}
		len++;
		if (line[len - 1] == '\n')
			break;
	}
	line[len] = '\0';
	return line;
}

bool is_ok(const char *line)
{
	return strstr(line, "\"ok\":true") != NULL;
}

void expect_refused(const char *line, const char *code)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "\"code\":\"%s\"", code);
	assert_non_null(strstr(line, "\"ok\":false"));
	assert_non_null(strstr(line, wanted));
	assert_non_null(strstr(line, "\"error\":\""));
}

void daemon_expect_cut_off(struct daemon *daemon, int fd)
{
	assert_string_equal(daemon_hear(daemon, fd), "");
}
