/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pool — the UDP sockets that queries leave from: many, on random ports, each for a short
 * while.
 *
 * For each address family `sockets` of them are in use at once, opened when first drawn;
 * each query draws one at random. After `uses` queries or `lifetime_ms` a socket is
 * retired: it sends no more, waits for what is under way and closes. Its port is not used
 * again for a minute. Ports are drawn from getrandom(2), since the kernel's own choice is
 * from a smaller range (RFC 5452 section 9.2, RFC 6056). Packets are gathered for each
 * socket and go by sendmmsg(2). A full send buffer delays them and is nobody's failure.
 * ICMP errors come by IP_RECVERR. Waits through an epoll descriptor of its owner. Private
 * to resolvers/: channel uses it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "resolvers/entropy.h"
#include "resolvers/flight.h"

#define POOL_BATCH 64 /* datagrams read before they are judged */

struct pool;

struct pool_options {
	int epoll; /* borrowed; events carry the index of the socket */
	struct entropy *entropy; /* borrowed */
	struct flight_table *flights; /* borrowed */
	struct channel_counters *counters; /* borrowed */
	unsigned sockets; /* of one family, in use at once */
	unsigned uses;
	uint32_t lifetime_ms;
	size_t receive_buffer; /* bytes wished for each socket */
};

/* Room for the datagrams of one wake-up. */
struct pool_batch {
	size_t len;
	uint64_t received_us;
	struct pool_datagram {
		struct sockaddr_storage from;
		size_t len;
		bool cut;
		uint16_t socket;
		uint8_t bytes[WIRE_UDP_SIZE];
	} datagrams[POOL_BATCH];
	struct iovec iov[POOL_BATCH]; /* point at the datagrams */
	struct mmsghdr headers[POOL_BATCH];
};

void pool_batch_init(struct pool_batch *ret_batch);

/* Opens one socket to learn that it can. Returns 0, -ENOMEM or the errno of socket(2). */
int pool_create(const struct pool_options *options, uint64_t now_mono_ms,
	struct pool **ret_pool) __attribute__((warn_unused_result));
void pool_destroy(struct pool *pool);

/* Bytes of receive buffer that the kernel has granted to all sockets of a family together. */
size_t pool_granted(const struct pool *pool);

/* Gives the flight a random socket, on another port than avoid_port (0: any); none where its
 * address family has none here. */
void pool_draw(struct pool *pool, struct flight *flight, uint16_t avoid_port,
	uint64_t now_mono_ms);
/* Queues the flight's packet on its socket. Without a socket, the next pool_flush ends it. */
void pool_push(struct pool *pool, struct flight *flight);
/* Takes an ended flight off its socket, which is closed if it was the last of a retired one. */
void pool_leave(struct pool *pool, struct flight *flight);

/* Sends what is queued. Flights that cannot be sent end with CHANNEL_NETWORK. */
void pool_flush(struct pool *pool);
/* There is something that pool_flush would send now. */
bool pool_has_unsent(const struct pool *pool);

/* Acts on an event of epoll: reads into the batch what is there and it has room for, sends what
 * a full buffer had delayed, reads ICMP errors, whose flights end with CHANNEL_NETWORK. */
void pool_ready(
	struct pool *pool, size_t index, uint32_t events, struct pool_batch *batch);

/* Sockets open now, retired ones included. */
size_t pool_open_sockets(const struct pool *pool);
