/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channel — asks any number of name servers over UDP and TCP; the only user of c-ares.
 *
 * UDP queries leave from a pool of sockets on random ports under one c-ares channel with its
 * own socket functions. A table of outstanding queries, by id, knows server, socket and
 * question of each; a datagram that does not fit is counted and dropped before c-ares sees it.
 * TCP queries each have a short-lived c-ares channel of their own, bounded in number.
 * One query is one try: retries, other servers and TC belong to the caller. A UDP reply larger
 * than what we advertised is not believed: the caller gets our question with TC set instead.
 *
 * One thread, no clock: `now_mono_ms` is the caller's monotonic time. The driver contract: the
 * channel says through `want` which descriptors it waits for, the owner calls channel_ready()
 * and, at channel_deadline() at the latest, channel_tick(). Waiting is level-triggered. (It is one
 * descriptor from create to destroy: an epoll set that all sockets are in, as these come and go
 * hundreds of times a second, and as their ICMP errors would stop a libuv poll handle.)
 * Callbacks run inside channel_ready, channel_tick, channel_flush or channel_destroy, never inside
 * channel_ask; they may ask again but not destroy the channel. What they ask is sent at the end of
 * the call that they run in.
 * Sources: RFC 5452 (what makes a reply ours), RFC 7766 (TCP), the c-ares 1.18 manual.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"
#include "resolvers/name.h"

struct channel;

#define CHANNEL_PRIORITY 256 /* places for queries that others wait for */

enum {
	CHANNEL_READABLE = 1,
	CHANNEL_WRITABLE = 2,
};

/* events: what to wait for on fd, 0 to stop waiting (the descriptor is closed next). */
typedef void (*channel_want_fn)(void *owner, int fd, int events);

enum channel_outcome {
	CHANNEL_REPLY, /* msg is a response to our question from the asked server */
	CHANNEL_TIMEOUT, /* nothing came in time */
	CHANNEL_NETWORK, /* could not be sent, or the connection broke */
};

struct channel_reply {
	enum channel_outcome outcome;
	struct endpoint server; /* that was asked */
	const uint8_t *msg; /* borrowed for the call; NULL unless REPLY */
	size_t len;
	bool tcp;
	uint32_t
		rtt_us; /* from sending to receiving, by channel's own monotonic stamps */
	uint16_t local_port; /* 0 where not known */
	uint64_t at_mono_ms; /* the time given to the call that this runs in */
};

typedef void (*channel_done_fn)(
	void *owner, uint64_t cookie, const struct channel_reply *reply);

struct channel_options {
	channel_want_fn want;
	void *owner; /* given to want */
	unsigned sockets; /* UDP sockets open at once; 0 is 64 */
	unsigned uses; /* queries after which a socket is retired; 0 is 256 */
	uint32_t lifetime_ms; /* age at which it is retired; 0 is 10,000 */
	unsigned outstanding; /* most queries at once, at most 30,000 and what the receive
				 buffers that the kernel grants can hold; 0 is 2,048 */
	unsigned tcp; /* most TCP queries at once; 0 is 64; more wait in line */
	uint32_t timeout_ms; /* of one try; 0 is 2,000 */
};

struct channel_counters {
	uint64_t sent;
	uint64_t replies;
	uint64_t timeouts;
	uint64_t stray; /* datagrams with no outstanding id */
	uint64_t wrong_server; /* known id, other address or port */
	uint64_t wrong_socket; /* known id, other socket of ours */
	uint64_t wrong_question; /* known id, other question, or not a response */
	uint64_t oversized; /* larger than what we advertised */
	uint64_t unreachable; /* ICMP errors, failed sends */
};

struct channel_query {
	struct endpoint server;
	const uint8_t *name; /* wire, borrowed for the call */
	uint16_t type;
	bool recursion; /* RD and AD set: asks a resolver */
	bool tcp;
	bool plain; /* without EDNS */
	uint16_t avoid_port; /* a UDP port of ours not to be used; 0: any */
	bool priority; /* may use the CHANNEL_PRIORITY places beyond `outstanding` */
};

/* Returns 0, -ENOMEM, or another negative errno where no socket could be made. */
int channel_create(const struct channel_options *options, uint64_t now_mono_ms,
	struct channel **ret_channel) __attribute__((warn_unused_result));
/* Ends every outstanding query with CHANNEL_NETWORK, then frees. NULL is allowed. */
void channel_destroy(struct channel *channel);

/* Starts one try. done is called exactly once. Returns 0, -EAGAIN at `outstanding` queries (ask
 * again after a callback) and inside channel_destroy, or -ENOMEM; then done is not called. */
int channel_ask(struct channel *channel, const struct channel_query *query,
	uint64_t now_mono_ms, channel_done_fn done, void *owner, uint64_t cookie)
	__attribute__((warn_unused_result));

/* Sends what channel_ask has gathered (sendmmsg); called once after a batch of asks. */
void channel_flush(struct channel *channel, uint64_t now_mono_ms);
void channel_ready(struct channel *channel, int fd, int events, uint64_t now_mono_ms);
/* The instant by which channel_tick wants to be called. */
uint64_t channel_deadline(const struct channel *channel);
void channel_tick(struct channel *channel, uint64_t now_mono_ms);

unsigned channel_outstanding(const struct channel *channel);
const struct channel_counters *channel_counters(const struct channel *channel);
