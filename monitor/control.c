/* SPDX-License-Identifier: MIT */
#include "monitor/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "monitor/clock.h"
#include "monitor/ingest/reception.h"
#include "monitor/log.h"
#include "monitor/request.h"
#include "resolvers/name.h"

#define CLIENTS_MOST 32
#define BACKLOG 16
#define ANSWERS_MOST                                                                     \
	(1024 * 1024) /* bytes that wait for a client before it is heard on */

struct control {
	uv_pipe_t listener;
	struct store *store;
	struct control_hooks hooks;
	char *path; /* owned */
	unsigned clients;
	struct client *first;
	bool closed; /* the listener is; the last client frees the rest */
};

struct client {
	uv_pipe_t pipe;
	struct client *next;
	struct client **link;
	struct control *control;
	char *line; /* owned; what has come of the next request */
	size_t len;
	size_t capacity;
	bool last; /* to be closed after what it is to be sent */
	uint64_t awaits; /* a mark of on_flush; 0 for none */
};

struct answer {
	uv_write_t write;
	struct client *client;
	char *text; /* owned */
};

static void free_if_done(struct control *control)
{
	if (!control->closed || control->clients > 0)
		return;
	free(control->path);
	free(control);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *const client = handle->data;
	struct control *const control = client->control;
	control->clients--;
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	free(client->line);
	free(client);
	free_if_done(control);
}

static void close_client(struct client *client)
{
	if (!uv_is_closing((uv_handle_t *)&client->pipe))
		uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static bool is_idle(const struct client *client)
{
	return client->awaits == 0 && client->pipe.write_queue_size == 0;
}

static bool is_to_be_heard(const struct client *client)
{
	return !uv_is_closing((const uv_handle_t *)&client->pipe) && !client->last &&
		client->awaits == 0 && client->pipe.write_queue_size < ANSWERS_MOST;
}

static void take_lines(struct client *client);

static void on_written(uv_write_t *write, int status)
{
	struct answer *const answer = write->data;
	struct client *const client = answer->client;
	free(answer->text);
	free(answer);
	if (status < 0 || (client->last && is_idle(client)))
		close_client(client);
	else
		take_lines(client);
}

/* Sends one line; takes text. */
static void send_line(struct client *client, char *text)
{
	struct answer *answer = text ? calloc(1, sizeof *answer) : NULL;
	if (!answer) {
		free(text);
		close_client(client);
		return;
	}
	answer->client = client;
	answer->text = text;
	answer->write.data = answer;
	const uv_buf_t buffer = uv_buf_init(text, (unsigned)strlen(text));
	if (uv_write(&answer->write, (uv_stream_t *)&client->pipe, &buffer, 1,
		    on_written) != 0) {
		free(text);
		free(answer);
		close_client(client);
	}
}

static void send_json(struct client *client, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text) {
		close_client(client);
		return;
	}
	const size_t len = strlen(text);
	char *line = realloc(text, len + 2);
	if (!line) {
		free(text);
		close_client(client);
		return;
	}
	memcpy(line + len, "\n", 2);
	send_line(client, line);
}

static void refuse(struct client *client, int code, const char *error)
{
	client->last = true;
	send_json(client,
		json_pack("{sb ss ss}", "ok", 0, "code", strerrorname_np(-code), "error",
			error));
}

/* Tells the owner of each domain that the request has put on the list or taken off it. */
static void tell_changes(struct control *control, const json_t *request)
{
	const json_t *const domains = json_object_get(request, "domains");
	const char *const verb = json_string_value(json_object_get(request, "request"));
	size_t i;
	json_t *item;
	json_array_foreach(domains, i, item)
	{
		const bool added = verb && strcmp(verb, "watch-add") == 0;
		const char *const text = json_string_value(
			json_is_object(item) ? json_object_get(item, "domain") : item);
		const char *const tags = json_string_value(json_object_get(item, "tags"));
		uint8_t name[NAME_WIRE_MAX];
		if (!text || name_parse(text, name) != 0)
			continue;
		const struct control_change change = {
			.added = added,
			.domain = name,
			.tags = tags ? tags : "",
		};
		control->hooks.on_change(control->hooks.owner, &change);
	}
	control->hooks.on_changes_end(control->hooks.owner);
}

/* Tells the detector what a request did to what it holds in memory. */
static void tell_detector(
	struct control *control, const json_t *request, const json_t *answer)
{
	const struct control_hooks *const hooks = &control->hooks;
	const int64_t closed = request_closed_incident(request, answer);
	if (closed != 0 && hooks->on_incident_closed)
		hooks->on_incident_closed(hooks->owner, closed);
	uint8_t hash[INCIDENT_HASH];
	uint8_t domain[NAME_WIRE_MAX];
	bool one;
	if (hooks->on_forgotten && request_forgot(request, answer, &one, hash, domain))
		hooks->on_forgotten(hooks->owner, one ? hash : NULL, one ? NULL : domain);
	if (request_changed_expectations(request, answer) && hooks->on_expectations)
		hooks->on_expectations(hooks->owner);
	if (request_changed_alerts(request, answer) && hooks->on_alerts)
		hooks->on_alerts(hooks->owner);
}

static bool is_alert_test(const json_t *request)
{
	const char *const verb = json_string_value(json_object_get(request, "request"));
	return verb && strcmp(verb, "alert-test") == 0;
}

static int apply(struct control *control, const json_t *request, json_t **ret_answer)
{
	const int64_t now = clock_read().wall_ms;
	if (control->hooks.on_alert_test && is_alert_test(request))
		return control->hooks.on_alert_test(
			control->hooks.owner, request, ret_answer);
	if (reception_is_asked(request))
		return control->hooks.on_ingest(
			control->hooks.owner, request, now, ret_answer);
	return request_apply(control->store, request, now, ret_answer);
}

static void carry_out(struct client *client, const char *line, size_t len)
{
	struct control *const control = client->control;
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!request) {
		refuse(client, -EINVAL, error.text);
		return;
	}
	const char *const verb = json_string_value(json_object_get(request, "request"));
	json_t *answer = NULL;
	if (verb && strcmp(verb, "flush") == 0) {
		client->awaits = control->hooks.on_flush(control->hooks.owner);
		if (client->awaits == 0)
			send_json(client, json_pack("{sb}", "ok", 1));
	} else if (verb && strcmp(verb, "detector") == 0 && control->hooks.on_detector) {
		send_json(client, control->hooks.on_detector(control->hooks.owner));
	} else if (apply(control, request, &answer) != 0) {
		refuse(client, -ENOMEM, "out of memory");
	} else {
		if (request_changed_watchlist(request, answer))
			tell_changes(control, request);
		tell_detector(control, request, answer);
		send_json(client, answer);
	}
	json_decref(request);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer);
static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer);

/* Listens on where the client may speak, and not where it does not take its answers. */
static void listen_on(struct client *client)
{
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	if (is_to_be_heard(client))
		uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read);
	else
		uv_read_stop((uv_stream_t *)&client->pipe);
}

static void take_lines(struct client *client)
{
	size_t done = 0;
	while (is_to_be_heard(client)) {
		const char *const start = client->line + done;
		const size_t left = client->len - done;
		const char *const end = left > 0 ? memchr(start, '\n', left) : NULL;
		const size_t len = end ? (size_t)(end - start) + 1 : left;
		if (len > REQUEST_LINE_MAX)
			refuse(client, -EMSGSIZE, "the request is too long");
		else if (end)
			carry_out(client, start, len - 1);
		else
			break;
		done += len;
	}
	client->len -= done;
	if (done > 0)
		memmove(client->line, client->line + done, client->len);
	listen_on(client);
}

void control_flushed(struct control *control, uint64_t mark)
{
	for (struct client *client = control->first; client; client = client->next) {
		if (client->awaits == 0 || client->awaits > mark)
			continue;
		client->awaits = 0;
		send_json(client, json_pack("{sb}", "ok", 1));
		take_lines(client);
	}
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
	struct client *const client = handle->data;
	*ret_buffer = uv_buf_init(NULL, 0);
	if (client->capacity - client->len < suggested) {
		const size_t capacity = client->len + suggested + client->len / 2;
		char *line = realloc(client->line, capacity);
		if (!line)
			return;
		client->line = line;
		client->capacity = capacity;
	}
	*ret_buffer = uv_buf_init(
		client->line + client->len, (unsigned)(client->capacity - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
	struct client *const client = stream->data;
	(void)buffer;
	if (len < 0) {
		client->last = true; /* it may still want to read */
		if (len != UV_EOF || is_idle(client))
			close_client(client);
		else
			uv_read_stop(stream);
		return;
	}
	client->len += (size_t)len;
	take_lines(client);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *const control = listener->data;
	if (status < 0)
		return;
	struct client *client = calloc(1, sizeof *client);
	if (!client)
		return;
	if (uv_pipe_init(listener->loop, &client->pipe, 0) != 0) {
		free(client);
		return;
	}
	client->control = control;
	client->pipe.data = client;
	client->next = control->first;
	client->link = &control->first;
	if (client->next)
		client->next->link = &client->next;
	control->first = client;
	control->clients++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 ||
		control->clients > CLIENTS_MOST ||
		uv_read_start((uv_stream_t *)&client->pipe, on_allocate, on_read) != 0)
		close_client(client);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct control *const control = handle->data;
	control->closed = true;
	free_if_done(control);
}

/* libuv says EACCES also where the directory is missing. */
static int reason_of(const char *path, int error)
{
	char directory[sizeof((struct sockaddr_un *)0)->sun_path];
	const char *const end = strrchr(path, '/');
	if (error != UV_EACCES || !end || end == path)
		return error;
	snprintf(directory, sizeof directory, "%.*s", (int)(end - path), path);
	return access(directory, F_OK) != 0 ? -errno : error;
}

static int listen_at(struct control *control, const char *path)
{
	if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return -ENAMETOOLONG; /* libuv would cut it */
	if (unlink(path) != 0 && errno != ENOENT)
		return -errno;
	int error = reason_of(path, uv_pipe_bind(&control->listener, path));
	if (error == 0 && chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0)
		error = -errno;
	if (error == 0)
		error = uv_listen(
			(uv_stream_t *)&control->listener, BACKLOG, on_connection);
	return error;
}

int control_create(uv_loop_t *loop, const char *path, struct store *store,
	const struct control_hooks *hooks, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof *control);
	if (!control)
		return -ENOMEM;
	control->path = strdup(path);
	control->store = store;
	control->hooks = *hooks;
	control->listener.data = control;
	int error = control->path ? uv_pipe_init(loop, &control->listener, 0) : -ENOMEM;
	if (error != 0) {
		free(control->path);
		free(control);
		return error;
	}
	error = listen_at(control, path);
	if (error != 0) {
		log_err("control", "cannot listen path=%s error=%s", log_quote(path),
			strerror(-error));
		uv_close((uv_handle_t *)&control->listener, on_listener_closed);
		return error;
	}
	*ret_control = control;
	return 0;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	unlink(control->path);
	for (struct client *client = control->first; client; client = client->next)
		close_client(client);
	uv_close((uv_handle_t *)&control->listener, on_listener_closed);
}
