/* SPDX-License-Identifier: MIT */
#include "resolvers/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS 65536
#define TRIES 64

int port_table_init(struct port_table *ret_table)
{
	ret_table->until_s = calloc(PORTS, sizeof *ret_table->until_s);
	return ret_table->until_s == NULL ? -ENOMEM : 0;
}

void port_table_finish(struct port_table *table)
{
	free(table->until_s);
	table->until_s = NULL;
}

static int bind_port(int fd, int family, uint16_t port)
{
	if (family == AF_INET) {
		struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
		return bind(fd, (const struct sockaddr *)&sa, sizeof sa);
	}
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	return bind(fd, (const struct sockaddr *)&sa, sizeof sa);
}

static int bind_random(struct port_table *table, struct entropy *entropy, int fd,
	int family, uint64_t now_mono_ms, uint16_t *ret_port)
{
	for (unsigned tries = 0; tries < TRIES; tries++) {
		uint16_t port = entropy_next(entropy);
		if (port < PORT_LOWEST || table->until_s[port] > now_mono_ms / 1000)
			continue;
		if (bind_port(fd, family, port) == 0) {
			*ret_port = port;
			return 0;
		}
		if (errno != EADDRINUSE && errno != EACCES) /* both speak of this port */
			return -errno;
	}
	return -EADDRINUSE;
}

int port_open(struct port_table *table, struct entropy *entropy, int family,
	uint64_t now_mono_ms, uint16_t *ret_port)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int on = 1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	int error = bind_random(table, entropy, fd, family, now_mono_ms, ret_port);
	if (error < 0) {
		close(fd);
		return error;
	}
	if (family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
	table->until_s[*ret_port] = UINT32_MAX;
	return fd;
}

void port_rest(struct port_table *table, uint16_t port, uint64_t now_mono_ms)
{
	table->until_s[port] = (uint32_t)(now_mono_ms / 1000 + PORT_REST_S + 1);
}

size_t port_grow_buffer(int fd, size_t wish)
{
	int bytes = (int)wish;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	int granted = 0;
	socklen_t len = sizeof granted;
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &len) < 0 || granted < 0)
		return 0;
	return (size_t)granted;
}
