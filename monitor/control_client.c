/* SPDX-License-Identifier: MIT */
#include "monitor/control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor/request.h"

struct control_client {
	int fd;
	int timeout_ms;
	char *buffer; /* of what was received after the last answer */
	size_t len;
	size_t size;
};

int control_client_open(
	const char *path, int timeout_ms, struct control_client **ret_client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control_client *client;
	int err;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client = calloc(1, sizeof *client);
	if (client == NULL)
		return -ENOMEM;
	client->timeout_ms = timeout_ms;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
		connect(client->fd, (const struct sockaddr *)&address, sizeof address) <
			0) {
		err = -errno;
		control_client_close(client);
		return err;
	}
	*ret_client = client;
	return 0;
}

void control_client_close(struct control_client *client)
{
	if (client == NULL)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client->buffer);
	free(client);
}

static int wait_for(const struct control_client *client, short events)
{
	struct pollfd pollfd = {.fd = client->fd, .events = events};
	int ready;

	do
		ready = poll(&pollfd, 1, client->timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	return ready == 0 ? -ETIME : 0;
}

static int send_bytes(const struct control_client *client, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err = 0;

		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		} else if (errno == EAGAIN) {
			err = wait_for(client, POLLOUT);
		} else if (errno != EINTR) {
			err = errno == ECONNRESET ? -EPIPE : -errno;
		}
		if (err < 0)
			return err;
	}
	return 0;
}

static int receive_more(struct control_client *client)
{
	ssize_t got;
	int err = wait_for(client, POLLIN);

	if (err < 0)
		return err;
	if (client->size - client->len < 4096) {
		size_t size = client->size * 2 + 8192;
		char *buffer = realloc(client->buffer, size);

		if (buffer == NULL)
			return -ENOMEM;
		client->buffer = buffer;
		client->size = size;
	}
	got = recv(client->fd, client->buffer + client->len, client->size - client->len,
		MSG_DONTWAIT);
	if (got > 0)
		client->len += (size_t)got;
	else if (got == 0 || errno == ECONNRESET)
		return -EPIPE;
	else if (errno != EINTR && errno != EAGAIN)
		return -errno;
	return 0;
}

static int receive_line(struct control_client *client, json_t **ret_answer)
{
	const char *end = NULL;
	size_t line_len;
	json_t *answer;
	int err = 0;

	while (err == 0) {
		end = client->len == 0 ? NULL : memchr(client->buffer, '\n', client->len);
		if (end != NULL)
			break;
		err = client->len > REQUEST_LINE_MAX ? -EPROTO : receive_more(client);
	}
	if (err < 0)
		return err;
	line_len = (size_t)(end - client->buffer);
	answer = json_loadb(client->buffer, line_len, JSON_REJECT_DUPLICATES, NULL);
	client->len -= line_len + 1;
	memmove(client->buffer, end + 1, client->len);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return -EPROTO;
	}
	*ret_answer = answer;
	return 0;
}

int control_client_ask(
	struct control_client *client, const json_t *request, json_t **ret_answer)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t len;
	int err;

	if (line == NULL)
		return -ENOMEM;
	len = strlen(line);
	if (len >= REQUEST_LINE_MAX) {
		free(line);
		return -EMSGSIZE;
	}
	line[len] = '\n'; /* in the place of the NUL: len + 1 bytes go */
	err = send_bytes(client, line, len + 1);
	free(line);
	return err < 0 ? err : receive_line(client, ret_answer);
}
