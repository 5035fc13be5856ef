/* SPDX-License-Identifier: MIT */
#include "resolvers/channel_ares.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <ares.h>

#define VIRTUAL_FD 0x7fffffff /* no descriptor of ours: never reaches the kernel */
#define BACKSTOP_MS 5000 /* beyond twice the time-out, that of c-ares speaks */

struct channel_ares_relay {
	ares_channel ares;
	struct flight_table *flights;
	struct pool *pool;
	channel_ares_ended_fn ended;
	struct flight *asking; /* whose ares_send() runs now */
	bool refused; /* c-ares ended it at once */
	bool delivering;
};

struct channel_ares_link {
	ares_channel ares;
	channel_ares_want_fn want;
	channel_ares_answer_fn answer;
	void *owner;
	int fd; /* -1 while not connected */
	bool expired;
};

/* Everything is given that c-ares would look up in resolv.conf, nsswitch.conf or the
 * environment. */
static int init_ares(ares_channel *ret_ares, int flags, uint32_t timeout_ms,
	ares_sock_state_cb on_state, void *data)
{
	char lookups[] = "b";
	struct in_addr dummy = {.s_addr = htonl(INADDR_LOOPBACK)};
	struct ares_options options = {
		.flags = flags | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
			ARES_FLAG_NOCHECKRESP,
		.timeout = (int)(timeout_ms * 2 + BACKSTOP_MS),
		.tries = 1,
		.servers = &dummy,
		.nservers = 1,
		.lookups = lookups,
		.sock_state_cb = on_state,
		.sock_state_cb_data = data,
	};
	int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_NDOTS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
		ARES_OPT_SORTLIST | ARES_OPT_NOROTATE |
		(on_state != NULL ? ARES_OPT_SOCK_STATE_CB : 0);
	return ares_init_options(ret_ares, &options, given) == ARES_SUCCESS ? 0 : -ENOMEM;
}

/* --- the relay: UDP over a virtual descriptor ------------------------------------------------ */

static ares_socket_t on_relay_socket(int domain, int type, int protocol, void *data)
{
	(void)domain;
	(void)type;
	(void)protocol;
	(void)data;
	return VIRTUAL_FD;
}

static int on_relay_close(ares_socket_t fd, void *data)
{
	(void)fd;
	(void)data;
	return 0;
}

static int on_relay_connect(
	ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
	(void)fd;
	(void)to;
	(void)len;
	(void)data;
	return 0;
}

static ares_ssize_t on_relay_send(
	ares_socket_t fd, const struct iovec *iov, int iov_len, void *data)
{
	(void)fd;
	struct channel_ares_relay *relay = data;
	struct flight *flight = relay->asking;
	assert(flight != NULL && iov_len == 1 && iov->iov_len <= sizeof flight->query);
	memcpy(flight->query, iov->iov_base, iov->iov_len);
	flight->query_len = (uint16_t)iov->iov_len;
	pool_push(relay->pool, flight);
	return (ares_ssize_t)iov->iov_len;
}

/* Hands c-ares the envelope of the next flight that has ended. */
static ares_ssize_t on_relay_receive(ares_socket_t fd, void *buffer, size_t size,
	int flags, struct sockaddr *from, ares_socklen_t *from_len, void *data)
{
	(void)fd;
	(void)flags;
	struct channel_ares_relay *relay = data;
	struct flight *flight = TAILQ_FIRST(&relay->flights->ended);
	if (flight == NULL) {
		errno = EAGAIN;
		return -1;
	}
	assert(!flight->enveloped && size >= flight->query_len);
	flight->enveloped = true;
	uint8_t *envelope = buffer;
	memcpy(envelope, flight->query, flight->query_len);
	envelope[2] = (uint8_t)((envelope[2] | WIRE_QR >> 8) & ~(WIRE_TC >> 8));
	struct sockaddr_in dummy = {
		.sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert(*from_len >= sizeof dummy);
	memcpy(from, &dummy, sizeof dummy);
	*from_len = sizeof dummy;
	return flight->query_len;
}

static const struct ares_socket_functions relay_functions = {
	.asocket = on_relay_socket,
	.aclose = on_relay_close,
	.aconnect = on_relay_connect,
	.arecvfrom = on_relay_receive,
	.asendv = on_relay_send,
};

int channel_ares_open_relay(uint32_t timeout_ms, struct flight_table *flights,
	struct pool *pool, channel_ares_ended_fn ended,
	struct channel_ares_relay **ret_relay)
{
	struct channel_ares_relay *relay = calloc(1, sizeof *relay);
	if (relay == NULL)
		return -ENOMEM;
	relay->flights = flights;
	relay->pool = pool;
	relay->ended = ended;
	/* STAYOPEN pins no port here, and spares a round of closing a descriptor that is none
	 * whenever the last query ends. */
	int error = init_ares(&relay->ares, ARES_FLAG_IGNTC | ARES_FLAG_STAYOPEN,
		timeout_ms, NULL, NULL);
	if (error < 0) {
		free(relay);
		return error;
	}
	ares_set_socket_functions(relay->ares, &relay_functions, relay);
	*ret_relay = relay;
	return 0;
}

void channel_ares_close_relay(struct channel_ares_relay *relay)
{
	if (relay == NULL)
		return;
	ares_destroy(relay->ares);
	free(relay);
}

static void on_relay_answer(
	void *data, int status, int timeouts, unsigned char *envelope, int envelope_len)
{
	(void)timeouts;
	(void)envelope;
	(void)envelope_len;
	struct flight *flight = data;
	struct channel_ares_relay *relay = flight->relay;
	if (flight == relay->asking) {
		relay->refused = true;
		return;
	}
	if (flight->state != FLIGHT_ENDED) /* the backstop has spoken first */
		flight_end(relay->flights, flight,
			status == ARES_ETIMEOUT ? CHANNEL_TIMEOUT : CHANNEL_NETWORK);
	relay->ended(flight);
	pool_leave(relay->pool, flight);
	flight_release(relay->flights, flight);
}

int channel_ares_ask(struct channel_ares_relay *relay, struct flight *flight,
	const uint8_t *query, size_t len)
{
	assert(relay->asking == NULL);
	flight->relay = relay;
	relay->asking = flight;
	relay->refused = false;
	ares_send(relay->ares, query, (int)len, on_relay_answer, flight);
	relay->asking = NULL;
	return relay->refused ? -ENOMEM : 0;
}

void channel_ares_deliver(struct channel_ares_relay *relay)
{
	if (relay->delivering)
		return;
	relay->delivering = true;
	struct flight *first;
	while ((first = TAILQ_FIRST(&relay->flights->ended)) != NULL) {
		ares_process_fd(relay->ares, VIRTUAL_FD, ARES_SOCKET_BAD);
		assert(first != TAILQ_FIRST(&relay->flights->ended));
	}
	relay->delivering = false;
}

/* --- links: one TCP connection a query ------------------------------------------------------ */

static ares_socket_t on_link_socket(int domain, int type, int protocol, void *data)
{
	struct channel_ares_link *link = data;
	int on = 1;
	link->fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (link->fd >= 0)
		(void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return link->fd;
}

static int on_link_close(ares_socket_t fd, void *data)
{
	struct channel_ares_link *link = data;
	link->fd = -1;
	return close(fd);
}

static int on_link_connect(
	ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
	(void)data;
	return connect(fd, to, len);
}

static ares_ssize_t on_link_receive(ares_socket_t fd, void *buffer, size_t size,
	int flags, struct sockaddr *from, ares_socklen_t *from_len, void *data)
{
	(void)data;
	return recvfrom(fd, buffer, size, flags, from, from_len);
}

/* Unlike the writev(2) of c-ares, without SIGPIPE. There is one query, so one part. */
static ares_ssize_t on_link_send(
	ares_socket_t fd, const struct iovec *iov, int iov_len, void *data)
{
	(void)data;
	(void)iov_len;
	return send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
}

static const struct ares_socket_functions link_functions = {
	.asocket = on_link_socket,
	.aclose = on_link_close,
	.aconnect = on_link_connect,
	.arecvfrom = on_link_receive,
	.asendv = on_link_send,
};

static void on_link_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct channel_ares_link *link = data;
	link->want(link->owner, fd,
		(readable ? CHANNEL_READABLE : 0) | (writable ? CHANNEL_WRITABLE : 0));
}

static void on_link_answer(
	void *data, int status, int timeouts, unsigned char *msg, int msg_len)
{
	(void)timeouts;
	struct channel_ares_link *link = data;
	if (status == ARES_SUCCESS)
		link->answer(link->owner, CHANNEL_REPLY, msg, (size_t)msg_len);
	else if (link->expired || status == ARES_ETIMEOUT)
		link->answer(link->owner, CHANNEL_TIMEOUT, NULL, 0);
	else
		link->answer(link->owner, CHANNEL_NETWORK, NULL, 0);
}

static int set_server(ares_channel ares, const struct endpoint *server)
{
	struct ares_addr_port_node node = {
		.family = server->family,
		.udp_port = server->port,
		.tcp_port = server->port,
	};
	if (server->family == AF_INET)
		memcpy(&node.addr.addr4, server->address, sizeof node.addr.addr4);
	else
		memcpy(&node.addr.addr6, server->address, sizeof node.addr.addr6);
	return ares_set_servers_ports(ares, &node) == ARES_SUCCESS ? 0 : -ENOMEM;
}

int channel_ares_open_link(const struct endpoint *server, uint32_t timeout_ms,
	channel_ares_want_fn want, channel_ares_answer_fn answer, void *owner,
	struct channel_ares_link **ret_link)
{
	struct channel_ares_link *link = calloc(1, sizeof *link);
	if (link == NULL)
		return -ENOMEM;
	link->want = want;
	link->answer = answer;
	link->owner = owner;
	link->fd = -1;
	int error =
		init_ares(&link->ares, ARES_FLAG_USEVC, timeout_ms, on_link_state, link);
	if (error < 0) {
		free(link);
		return error;
	}
	ares_set_socket_functions(link->ares, &link_functions, link);
	error = set_server(link->ares, server);
	if (error < 0) {
		channel_ares_close_link(link);
		return error;
	}
	*ret_link = link;
	return 0;
}

void channel_ares_close_link(struct channel_ares_link *link)
{
	if (link == NULL)
		return;
	ares_destroy(link->ares);
	free(link);
}

void channel_ares_start(struct channel_ares_link *link, const uint8_t *query, size_t len)
{
	ares_send(link->ares, query, (int)len, on_link_answer, link);
}

void channel_ares_ready(struct channel_ares_link *link, int events)
{
	if (link->fd < 0)
		return;
	ares_process_fd(link->ares,
		events & CHANNEL_READABLE ? link->fd : ARES_SOCKET_BAD,
		events & CHANNEL_WRITABLE ? link->fd : ARES_SOCKET_BAD);
}

void channel_ares_expire(struct channel_ares_link *link)
{
	link->expired = true;
	ares_cancel(link->ares);
}

uint16_t channel_ares_local_port(const struct channel_ares_link *link)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	struct endpoint local;
	if (link->fd < 0 || getsockname(link->fd, (struct sockaddr *)&sa, &len) < 0 ||
		endpoint_from_sockaddr((const struct sockaddr *)&sa, &local) < 0)
		return 0;
	return local.port;
}
