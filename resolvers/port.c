/* SPDX-License-Identifier: MIT */
#include "resolvers/port.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
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

/* Only destination unreachable speaks of a server; "fragmentation needed" does not. */
static bool is_unreachable(const struct sock_extended_err *error)
{
	if (error->ee_origin == SO_EE_ORIGIN_ICMP)
		return error->ee_type == ICMP_DEST_UNREACH &&
			error->ee_code != ICMP_FRAG_NEEDED;
	return error->ee_origin == SO_EE_ORIGIN_ICMP6 &&
		error->ee_type == ICMP6_DST_UNREACH;
}

static bool has_unreachable(struct msghdr *header)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
		control = CMSG_NXTHDR(header, control)) {
		struct sock_extended_err error;
		bool ours = (control->cmsg_level == IPPROTO_IP &&
				    control->cmsg_type == IP_RECVERR) ||
			(control->cmsg_level == IPPROTO_IPV6 &&
				control->cmsg_type == IPV6_RECVERR);
		if (!ours || control->cmsg_len < CMSG_LEN(sizeof error))
			continue;
		memcpy(&error, CMSG_DATA(control), sizeof error);
		return is_unreachable(&error);
	}
	return false;
}

ssize_t port_read_error(
	int fd, uint8_t *ret_quoted, size_t size, struct endpoint *ret_server)
{
	struct sockaddr_storage to;
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = {.iov_base = ret_quoted, .iov_len = size};
	struct msghdr header = {
		.msg_name = &to,
		.msg_namelen = sizeof to,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control,
	};
	ssize_t len = recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (len < 0)
		return -errno;
	if (!has_unreachable(&header) || header.msg_namelen == 0 ||
		endpoint_from_sockaddr((const struct sockaddr *)&to, ret_server) < 0)
		return 0;
	return len;
}
