/* SPDX-License-Identifier: MIT */
#include "tests/fake/fake_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_TRIES 50

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int bind_socket(int type, const struct endpoint *address)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(address, &sa);
	int fd = socket(address->family, type | SOCK_CLOEXEC, 0);
	int on = 1;
	int room = 4 * 1024 * 1024;
	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (const struct sockaddr *)&sa, len) < 0 ||
		(type == SOCK_STREAM && listen(fd, FAKE_CONNECTIONS) < 0)) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	struct endpoint bound = {0};
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
		endpoint_from_sockaddr((const struct sockaddr *)&sa, &bound) < 0)
		return 0;
	return bound.port;
}

/* Sockets that only forged packets leave from; the second is there for IPv4 alone. */
static void open_forgers(struct fake_dns *fake)
{
	struct endpoint other = fake->address;
	other.port = 0;
	fake->speech.other_port = bind_socket(SOCK_DGRAM, &other);
	fake->speech.other_address = -1;
	if (other.family != AF_INET)
		return;
	other.port = fake->address.port;
	other.address[1] = 9;
	fake->speech.other_address = bind_socket(SOCK_DGRAM, &other);
}

/* One port for both transports. */
int fake_server_open(struct fake_dns *fake)
{
	uint16_t port = fake->address.port;
	for (int i = 0; i < SOCKET_TRIES; i++) {
		fake->address.port = port;
		fake->speech.udp = bind_socket(SOCK_DGRAM, &fake->address);
		if (fake->speech.udp < 0)
			return fake->speech.udp;
		fake->address.port = bound_port(fake->speech.udp);
		fake->tcp = bind_socket(SOCK_STREAM, &fake->address);
		if (fake->tcp >= 0) {
			open_forgers(fake);
			return 0;
		}
		close(fake->speech.udp);
		fake->speech.udp = -1;
		if (port != 0)
			return fake->tcp;
	}
	return -EADDRINUSE;
}

static void note(struct fake_dns *fake, const struct fake_question *question,
	const struct endpoint *from, bool tcp)
{
	if (fake->seen_len == fake->seen_room) {
		size_t room = fake->seen_room * 2 + 64;
		struct fake_query *grown = realloc(fake->seen, room * sizeof *fake->seen);
		if (grown == NULL)
			return;
		fake->seen = grown;
		fake->seen_room = room;
	}
	struct fake_query *query = &fake->seen[fake->seen_len++];
	*query = (struct fake_query){
		.at_ms = now_ms(),
		.tcp = tcp,
		.from = *from,
		.id = question->id,
		.type = question->type,
		.flags = question->flags,
		.edns_size = question->edns_size,
	};
	memcpy(query->name, question->name, sizeof query->name);
	pthread_cond_broadcast(&fake->changed);
}

static void close_connection(struct fake_connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

static struct fake_connection *find_connection(struct fake_dns *fake, uint64_t serial)
{
	for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
		if (fake->connections[i].fd >= 0 && fake->connections[i].serial == serial)
			return &fake->connections[i];
	return NULL;
}

static void speak(struct fake_dns *fake, const struct fake_rule *rule,
	const uint8_t *query, size_t len, const struct endpoint *from, uint64_t serial)
{
	struct fake_question question;
	if (!fake_question_read(query, len, &question))
		return;
	struct fake_connection *connection = find_connection(fake, serial);
	if (serial == 0)
		fake_speak_udp(&fake->speech, rule, query, &question, from);
	else if (connection != NULL &&
		!fake_speak_tcp(&fake->speech, rule, query, &question, connection->fd))
		close_connection(connection);
}

static void put_off(struct fake_dns *fake, struct fake_rule *rule, const uint8_t *query,
	size_t len, const struct endpoint *from, uint64_t serial)
{
	struct fake_pending *pending = calloc(1, sizeof *pending);
	if (pending == NULL)
		return;
	pending->due_ms = now_ms() + rule->delay_ms;
	pending->rule = rule;
	rule->references++;
	pending->from = *from;
	pending->serial = serial;
	pending->len = len;
	memcpy(pending->query, query, len);
	struct fake_pending **at = &fake->pending;
	while (*at != NULL && (*at)->due_ms <= pending->due_ms)
		at = &(*at)->next;
	pending->next = *at;
	*at = pending;
}

static void take_query(struct fake_dns *fake, const uint8_t *query, size_t len,
	const struct endpoint *from, uint64_t serial)
{
	struct fake_question question;
	if (!fake_question_read(query, len, &question))
		return;
	struct fake_rule *rule = fake->rules;
	while (rule != NULL && !fake_rule_fits(rule, &question, serial != 0))
		rule = rule->next;
	if (rule != NULL && rule->bounded)
		rule->times--;
	note(fake, &question, from, serial != 0);
	if (serial == 0)
		fake_speech_know(&fake->speech, from->port);
	if (rule != NULL && rule->delay_ms > 0)
		put_off(fake, rule, query, len, from, serial);
	else
		speak(fake, rule, query, len, from, serial);
}

static void read_udp(struct fake_dns *fake)
{
	for (;;) {
		uint8_t query[FAKE_QUERY_MAX];
		struct sockaddr_storage sa;
		socklen_t len = sizeof sa;
		struct endpoint from;
		ssize_t got = recvfrom(fake->speech.udp, query, sizeof query,
			MSG_DONTWAIT, (struct sockaddr *)&sa, &len);
		if (got < 0)
			return;
		if (endpoint_from_sockaddr((const struct sockaddr *)&sa, &from) == 0)
			take_query(fake, query, (size_t)got, &from, 0);
	}
}

static void accept_connection(struct fake_dns *fake)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	int fd = accept4(fake->tcp, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC);
	int on = 1;
	struct timeval patience = {.tv_sec = 2};
	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
		struct fake_connection *connection = &fake->connections[i];
		if (connection->fd >= 0)
			continue;
		*connection =
			(struct fake_connection){.fd = fd, .serial = ++fake->serial};
		if (endpoint_from_sockaddr(
			    (const struct sockaddr *)&sa, &connection->from) == 0)
			return;
		connection->fd = -1;
		break;
	}
	close(fd);
}

static void read_connection(struct fake_dns *fake, struct fake_connection *connection)
{
	ssize_t got = recv(connection->fd, connection->bytes + connection->len,
		sizeof connection->bytes - connection->len, MSG_DONTWAIT);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		close_connection(connection);
		return;
	}
	connection->len += (size_t)got;
	size_t frame = (size_t)connection->bytes[0] << 8 | connection->bytes[1];
	if (connection->len < 2 || connection->len < frame + 2)
		return;
	connection->len = 0;
	take_query(fake, connection->bytes + 2, frame, &connection->from,
		connection->serial);
}

static void speak_due(struct fake_dns *fake)
{
	struct fake_pending *pending;
	while ((pending = fake->pending) != NULL && pending->due_ms <= now_ms()) {
		fake->pending = pending->next;
		speak(fake, pending->rule, pending->query, pending->len, &pending->from,
			pending->serial);
		fake_rule_release(pending->rule);
		free(pending);
	}
}

static void switch_socket(
	struct fake_dns *fake, int *fd, int type, bool want, bool is_stream)
{
	if (want && *fd < 0)
		*fd = bind_socket(type, &fake->address);
	if (want || *fd < 0)
		return;
	close(*fd);
	*fd = -1;
	for (size_t i = 0; is_stream && i < FAKE_CONNECTIONS; i++)
		close_connection(&fake->connections[i]);
}

/* Fills fds: wake-up, UDP, TCP and the connections; -1 is skipped by poll(2). */
static int next_wait(const struct fake_dns *fake, struct pollfd fds[3 + FAKE_CONNECTIONS])
{
	fds[0] = (struct pollfd){.fd = fake->wake, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = fake->speech.udp, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = fake->tcp, .events = POLLIN};
	for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
		fds[3 + i] =
			(struct pollfd){.fd = fake->connections[i].fd, .events = POLLIN};
	if (fake->pending == NULL)
		return -1;
	int64_t wait = fake->pending->due_ms - now_ms();
	return wait < 0 ? 0 : (int)wait;
}

void *fake_server_run(void *data)
{
	struct fake_dns *fake = data;
	pthread_mutex_lock(&fake->lock);
	while (!fake->stopping) {
		struct pollfd fds[3 + FAKE_CONNECTIONS];
		int timeout = next_wait(fake, fds);
		pthread_mutex_unlock(&fake->lock);
		(void)poll(fds, 3 + FAKE_CONNECTIONS, timeout);
		pthread_mutex_lock(&fake->lock);
		uint64_t count;
		if (fds[0].revents && read(fake->wake, &count, sizeof count) < 0)
			break;
		if (fds[1].revents)
			read_udp(fake);
		for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
			if (fds[3 + i].revents &&
				fake->connections[i].fd == fds[3 + i].fd)
				read_connection(fake, &fake->connections[i]);
		if (fds[2].revents)
			accept_connection(fake);
		speak_due(fake);
		switch_socket(fake, &fake->speech.udp, SOCK_DGRAM, fake->want_udp, false);
		switch_socket(fake, &fake->tcp, SOCK_STREAM, fake->want_tcp, true);
		fake->granted = fake->wishes;
		pthread_cond_broadcast(&fake->changed);
	}
	pthread_mutex_unlock(&fake->lock);
	return NULL;
}

void fake_server_close(struct fake_dns *fake)
{
	for (struct fake_pending *pending; (pending = fake->pending) != NULL;) {
		fake->pending = pending->next;
		fake_rule_release(pending->rule);
		free(pending);
	}
	switch_socket(fake, &fake->tcp, SOCK_STREAM, false, true);
	switch_socket(fake, &fake->speech.udp, SOCK_DGRAM, false, false);
	if (fake->speech.other_port >= 0)
		close(fake->speech.other_port);
	if (fake->speech.other_address >= 0)
		close(fake->speech.other_address);
}
