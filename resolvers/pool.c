/* SPDX-License-Identifier: MIT */
#include "resolvers/pool.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "resolvers/port.h"

#define FAMILIES 2 /* IPv4, IPv6 */
#define RETIRED 3 /* for each socket in use, as many may wait for their last answers */
#define NONE UINT16_MAX
#define ERRORS_AT_ONCE 64

struct pool_socket {
	TAILQ_ENTRY(pool_socket) dirty; /* among those with packets to send */
	struct flight_list unsent;
	uint64_t opened_mono_ms;
	int fd; /* -1: the entry is free */
	unsigned used; /* queries drawn onto it */
	unsigned flights; /* of them not ended */
	uint16_t port;
	bool retired;
	bool is_dirty;
	bool blocked; /* send buffer full: waits for EPOLLOUT */
};

TAILQ_HEAD(dirty_list, pool_socket);

struct pool {
	struct pool_options options;
	struct pool_socket *sockets; /* owned array of len entries, both families */
	size_t len;
	size_t open;
	uint16_t *in_use[FAMILIES]; /* owned; options.sockets entries, index or NONE */
	struct port_table ports;
	struct dirty_list dirty;
	struct flight_list grounded; /* flights without a socket */
	size_t granted;
	struct mmsghdr send[POOL_BATCH];
	struct iovec send_iov[POOL_BATCH];
	struct sockaddr_storage send_to[POOL_BATCH];
};

static uint64_t stamp_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static size_t family_index(uint16_t family)
{
	return family == AF_INET ? 0 : 1;
}

static struct pool_socket *free_entry(struct pool *pool)
{
	for (size_t i = 0; i < pool->len; i++)
		if (pool->sockets[i].fd < 0)
			return &pool->sockets[i];
	return NULL;
}

static int watch(const struct pool *pool, const struct pool_socket *socket, int operation)
{
	struct epoll_event event = {
		.events = socket->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
		.data.u64 = (uint64_t)(socket - pool->sockets),
	};
	return epoll_ctl(pool->options.epoll, operation, socket->fd, &event) < 0 ? -errno
										 : 0;
}

static int open_socket(struct pool *pool, int family, uint64_t now_mono_ms,
	struct pool_socket **ret_socket)
{
	struct pool_socket *socket = free_entry(pool);
	if (socket == NULL)
		return -ENFILE;
	uint16_t port;
	int fd = port_open(
		&pool->ports, pool->options.entropy, family, now_mono_ms, &port);
	if (fd < 0)
		return fd;
	size_t granted = port_grow_buffer(fd, pool->options.receive_buffer);
	if (granted > 0)
		pool->granted = granted;
	*socket = (struct pool_socket){
		.fd = fd, .port = port, .opened_mono_ms = now_mono_ms};
	TAILQ_INIT(&socket->unsent);
	int error = watch(pool, socket, EPOLL_CTL_ADD);
	if (error < 0) {
		close(fd);
		socket->fd = -1;
		port_rest(&pool->ports, port, now_mono_ms);
		return error;
	}
	pool->open++;
	*ret_socket = socket;
	return 0;
}

static void close_socket(struct pool *pool, struct pool_socket *socket)
{
	close(socket->fd); /* leaves the epoll set by itself */
	socket->fd = -1;
	pool->open--;
}

/* The port's rest begins when the socket is retired; it may still be open at its end where
 * a reply is waited for longer, and is then found in use. */
static void retire(struct pool *pool, struct pool_socket *socket, uint64_t now_mono_ms)
{
	socket->retired = true;
	port_rest(&pool->ports, socket->port, now_mono_ms);
	if (socket->flights == 0)
		close_socket(pool, socket);
}

int pool_create(
	const struct pool_options *options, uint64_t now_mono_ms, struct pool **ret_pool)
{
	struct pool *pool = calloc(1, sizeof *pool);
	if (pool == NULL)
		return -ENOMEM;
	pool->options = *options;
	for (size_t i = 0; i < POOL_BATCH; i++)
		pool->send[i].msg_hdr = (struct msghdr){
			.msg_name = &pool->send_to[i],
			.msg_iov = &pool->send_iov[i],
			.msg_iovlen = 1,
		};
	size_t len = (size_t)options->sockets * FAMILIES * (1 + RETIRED);
	pool->sockets = calloc(len, sizeof *pool->sockets);
	TAILQ_INIT(&pool->dirty);
	TAILQ_INIT(&pool->grounded);
	bool whole = pool->sockets != NULL && port_table_init(&pool->ports) == 0;
	for (size_t i = 0; pool->sockets != NULL && i < len; i++)
		pool->sockets[i].fd = -1;
	pool->len = pool->sockets != NULL ? len : 0;
	for (size_t family = 0; family < FAMILIES; family++) {
		pool->in_use[family] = malloc(options->sockets * sizeof(uint16_t));
		whole = whole && pool->in_use[family] != NULL;
		for (unsigned i = 0; whole && i < options->sockets; i++)
			pool->in_use[family][i] = NONE;
	}
	int error = -ENOMEM;
	struct pool_socket *first;
	if (whole)
		error = open_socket(pool, AF_INET, now_mono_ms, &first);
	if (error < 0 && whole && error != -ENOMEM)
		error = open_socket(pool, AF_INET6, now_mono_ms, &first);
	if (error < 0) {
		pool_destroy(pool);
		return error;
	}
	retire(pool, first, now_mono_ms);
	*ret_pool = pool;
	return 0;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->len; i++)
		if (pool->sockets[i].fd >= 0)
			close_socket(pool, &pool->sockets[i]);
	for (size_t family = 0; family < FAMILIES; family++)
		free(pool->in_use[family]);
	port_table_finish(&pool->ports);
	free(pool->sockets);
	free(pool);
}

size_t pool_granted(const struct pool *pool)
{
	return pool->granted * pool->options.sockets;
}

size_t pool_open_sockets(const struct pool *pool)
{
	return pool->open;
}

static bool is_worn(
	const struct pool *pool, const struct pool_socket *socket, uint64_t now_mono_ms)
{
	return socket->used >= pool->options.uses ||
		now_mono_ms - socket->opened_mono_ms >= pool->options.lifetime_ms;
}

/* Puts a fresh socket in a place. Where none can be had (descriptors, ports, all retired ones
 * still waiting) the old one serves on: a worn port is better than no look at all. */
static int renew(struct pool *pool, uint16_t *place, int family, uint64_t now_mono_ms)
{
	struct pool_socket *fresh;
	int error = open_socket(pool, family, now_mono_ms, &fresh);
	if (error < 0)
		return *place == NONE ? error : 0;
	if (*place != NONE)
		retire(pool, &pool->sockets[*place], now_mono_ms);
	*place = (uint16_t)(fresh - pool->sockets);
	return 0;
}

static bool is_avoided(const struct pool *pool, uint16_t place, uint16_t port)
{
	return port != 0 && place != NONE && pool->sockets[place].port == port;
}

/* The place of a usable socket of the family, from a random one on; NULL if there is none. */
static uint16_t *draw(
	struct pool *pool, uint16_t family, uint16_t avoid_port, uint64_t now_mono_ms)
{
	unsigned sockets = pool->options.sockets;
	uint16_t *places = pool->in_use[family_index(family)];
	unsigned drawn = entropy_next(pool->options.entropy) % sockets;
	if (is_avoided(pool, places[drawn], avoid_port))
		drawn = (drawn + 1) % sockets;
	uint16_t *place = &places[drawn];
	if (*place != NONE && !is_worn(pool, &pool->sockets[*place], now_mono_ms) &&
		!is_avoided(pool, *place, avoid_port))
		return place;
	if (renew(pool, place, family, now_mono_ms) == 0)
		return place;
	for (unsigned i = 1; i < sockets; i++) {
		place = &places[(drawn + i) % sockets];
		if (*place != NONE)
			return place;
	}
	return NULL;
}

void pool_draw(struct pool *pool, struct flight *flight, uint16_t avoid_port,
	uint64_t now_mono_ms)
{
	const uint16_t *place =
		draw(pool, flight->server.family, avoid_port, now_mono_ms);
	if (place == NULL)
		return;
	struct pool_socket *socket = &pool->sockets[*place];
	socket->used++;
	socket->flights++;
	flight->socket = *place;
	flight->local_port = socket->port;
}

static void mark_dirty(struct pool *pool, struct pool_socket *socket)
{
	if (socket->is_dirty)
		return;
	socket->is_dirty = true;
	TAILQ_INSERT_TAIL(&pool->dirty, socket, dirty);
}

void pool_push(struct pool *pool, struct flight *flight)
{
	flight->pushed = true;
	if (flight->socket == FLIGHT_NO_SOCKET) {
		TAILQ_INSERT_TAIL(&pool->grounded, flight, unsent);
		return;
	}
	struct pool_socket *socket = &pool->sockets[flight->socket];
	TAILQ_INSERT_TAIL(&socket->unsent, flight, unsent);
	if (!socket->blocked)
		mark_dirty(pool, socket);
}

static void unpush(struct pool *pool, struct flight *flight)
{
	struct flight_list *list = &pool->grounded;
	if (flight->socket != FLIGHT_NO_SOCKET)
		list = &pool->sockets[flight->socket].unsent;
	TAILQ_REMOVE(list, flight, unsent);
	flight->pushed = false;
}

void pool_leave(struct pool *pool, struct flight *flight)
{
	if (flight->pushed)
		unpush(pool, flight);
	if (flight->socket == FLIGHT_NO_SOCKET)
		return;
	struct pool_socket *socket = &pool->sockets[flight->socket];
	flight->socket = FLIGHT_NO_SOCKET;
	if (--socket->flights > 0 || !socket->retired)
		return;
	if (socket->is_dirty)
		TAILQ_REMOVE(&pool->dirty, socket, dirty);
	close_socket(pool, socket);
}

static void crash(struct pool *pool, struct flight *flight)
{
	if (flight->pushed)
		unpush(pool, flight);
	flight_end(pool->options.flights, flight, CHANNEL_NETWORK);
	pool->options.counters->unreachable++;
}

/* Reads the socket's queue of ICMP errors. */
static void read_errors(struct pool *pool, struct pool_socket *socket)
{
	for (unsigned i = 0; i < ERRORS_AT_ONCE; i++) {
		uint8_t quoted[WIRE_QUERY_MAX];
		struct endpoint server;
		ssize_t len = port_read_error(socket->fd, quoted, sizeof quoted, &server);
		if (len < 0)
			return;
		if (flight_crash(pool->options.flights, &server,
			    (uint16_t)(socket - pool->sockets), quoted, (size_t)len))
			pool->options.counters->unreachable++;
	}
}

static unsigned fill_send(struct pool *pool, struct pool_socket *socket)
{
	unsigned len = 0;
	struct flight *flight;
	TAILQ_FOREACH(flight, &socket->unsent, unsent)
	{
		if (len == POOL_BATCH)
			break;
		pool->send_iov[len] = (struct iovec){
			.iov_base = flight->query, .iov_len = flight->query_len};
		pool->send[len].msg_hdr.msg_namelen =
			endpoint_to_sockaddr(&flight->server, &pool->send_to[len]);
		len++;
	}
	return len;
}

static void mark_sent(
	struct pool *pool, struct pool_socket *socket, unsigned len, uint64_t now_us)
{
	pool->options.counters->sent += len;
	for (unsigned i = 0; i < len; i++) {
		struct flight *flight = TAILQ_FIRST(&socket->unsent);
		unpush(pool, flight);
		flight->state = FLIGHT_SENT;
		flight->sent_us = now_us;
	}
}

static void set_blocked(struct pool *pool, struct pool_socket *socket, bool blocked)
{
	if (socket->blocked == blocked)
		return;
	socket->blocked = blocked;
	(void)watch(pool, socket, EPOLL_CTL_MOD);
}

/* The first packet could not be sent. A socket also reports, once, the ICMP error of an earlier
 * packet here: only what fails again is this packet's own. */
static void judge_failure(struct pool *pool, struct pool_socket *socket)
{
	struct flight *first = TAILQ_FIRST(&socket->unsent);
	if (first->retried)
		crash(pool, first);
	else
		first->retried = true;
	read_errors(pool, socket);
}

static void send_socket(struct pool *pool, struct pool_socket *socket, uint64_t now_us)
{
	unsigned len;
	while ((len = fill_send(pool, socket)) > 0) {
		int sent = sendmmsg(socket->fd, pool->send, len, MSG_NOSIGNAL);
		if (sent > 0) {
			mark_sent(pool, socket, (unsigned)sent, now_us);
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			set_blocked(pool, socket, true);
			return;
		} else if (errno != EINTR) {
			judge_failure(pool, socket);
		}
	}
	set_blocked(pool, socket, false);
}

bool pool_has_unsent(const struct pool *pool)
{
	return !TAILQ_EMPTY(&pool->dirty) || !TAILQ_EMPTY(&pool->grounded);
}

void pool_flush(struct pool *pool)
{
	struct flight *flight;
	while ((flight = TAILQ_FIRST(&pool->grounded)) != NULL)
		crash(pool, flight);
	uint64_t now_us = TAILQ_EMPTY(&pool->dirty) ? 0 : stamp_us();
	struct pool_socket *socket;
	while ((socket = TAILQ_FIRST(&pool->dirty)) != NULL) {
		TAILQ_REMOVE(&pool->dirty, socket, dirty);
		socket->is_dirty = false;
		send_socket(pool, socket, now_us);
	}
}

void pool_batch_init(struct pool_batch *ret_batch)
{
	ret_batch->len = 0;
	for (size_t i = 0; i < POOL_BATCH; i++) {
		struct pool_datagram *datagram = &ret_batch->datagrams[i];
		ret_batch->iov[i] = (struct iovec){
			.iov_base = datagram->bytes, .iov_len = sizeof datagram->bytes};
		ret_batch->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &datagram->from,
			.msg_namelen = sizeof datagram->from,
			.msg_iov = &ret_batch->iov[i],
			.msg_iovlen = 1,
		};
	}
}

/* Reads what there is and the batch has room for. What stays is announced again, as waiting
 * is level-triggered. */
static void receive(
	struct pool *pool, struct pool_socket *socket, struct pool_batch *batch)
{
	struct mmsghdr *headers = &batch->headers[batch->len];
	struct pool_datagram *at = &batch->datagrams[batch->len];
	unsigned room = (unsigned)(POOL_BATCH - batch->len);
	int got = recvmmsg(socket->fd, headers, room, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		read_errors(pool, socket); /* an ICMP error shows here first */
	if (got <= 0)
		return;
	batch->received_us = stamp_us();
	batch->len += (size_t)got;
	for (int i = 0; i < got; i++) {
		at[i].len = headers[i].msg_len;
		at[i].cut = (headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		at[i].socket = (uint16_t)(socket - pool->sockets);
		headers[i].msg_hdr.msg_namelen = sizeof at[i].from; /* for the next one */
	}
}

void pool_ready(
	struct pool *pool, size_t index, uint32_t events, struct pool_batch *batch)
{
	struct pool_socket *socket = &pool->sockets[index];
	if (socket->fd < 0)
		return; /* closed since the event was read */
	if (events & EPOLLERR)
		read_errors(pool, socket);
	if (events & EPOLLOUT)
		send_socket(pool, socket, stamp_us());
	if (events & EPOLLIN)
		receive(pool, socket, batch);
}
