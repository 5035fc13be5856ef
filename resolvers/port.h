/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * port — UDP sockets bound to random source ports that have rested.
 *
 * Ports from 1,024 on, drawn from getrandom(2), since the kernel's own choice is from a
 * smaller range. A port that was given back is not drawn for a minute. RFC 5452 section
 * 9.2, RFC 6056. Private to resolvers/: pool uses it.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolvers/endpoint.h"
#include "resolvers/entropy.h"

#define PORT_LOWEST 1024
#define PORT_REST_S 60

struct port_table {
	uint32_t *
		until_s; /* owned; monotonic second from which each port may be used again */
};

/* Returns 0 or -ENOMEM. */
int port_table_init(struct port_table *ret_table) __attribute__((warn_unused_result));
void port_table_finish(struct port_table *table);

/* A non-blocking socket of the family on a port that nobody draws until port_rest; reports ICMP
 * errors (IP_RECVERR). Returns the descriptor or a negative errno; -EADDRINUSE after many
 * vain draws. */
int port_open(struct port_table *table, struct entropy *entropy, int family,
	uint64_t now_mono_ms, uint16_t *ret_port) __attribute__((warn_unused_result));
/* Begins the port's rest. */
void port_rest(struct port_table *table, uint16_t port, uint64_t now_mono_ms);

/* Asks for a receive buffer; returns the bytes that the kernel accounts for it, 0 unknown. */
size_t port_grow_buffer(int fd, size_t wish);

/* Reads the next ICMP error that has come for the socket: returns how many bytes it quotes of the
 * packet that was sent to *ret_server, 0 for one that does not say "unreachable", or -EAGAIN. */
ssize_t port_read_error(int fd, uint8_t *ret_quoted, size_t size,
	struct endpoint *ret_server) __attribute__((warn_unused_result));
