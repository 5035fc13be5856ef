/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channel_ares — c-ares 1.18 as we use it, and kept from what it would do wrong for us.
 *
 * UDP: one c-ares channel, the relay, holds every outstanding query. Its socket functions
 * work on a virtual descriptor: what c-ares sends is queued on a socket of the pool, and
 * what it receives is an *envelope*: the query of a flight that has ended, turned into a
 * bare response. The reply itself waits in the flight. So nothing from outside reaches
 * c-ares, which would switch EDNS off for all servers on one FORMERR, cut replies at 512
 * bytes, keep SERVFAIL to itself, fail every query on one ICMP error, and knows one address
 * for its server. Time-outs and failures travel in envelopes too, since c-ares cannot
 * cancel a single query; its own timer is a backstop behind ours. It does not check that
 * ids are unique: the flight table does. ares_timeout(), which visits every query, is never
 * called, and ares_process_fd() only for batches.
 *
 * TCP: each query has a c-ares channel and a connection of its own, since a shared one
 * would send the queries of all servers down one connection.
 *
 * No configuration is read: neither resolv.conf nor the environment changes anything here.
 * Private to resolvers/: the only user of <ares.h>.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolvers/endpoint.h"
#include "resolvers/flight.h"
#include "resolvers/pool.h"

struct channel_ares_relay;
struct channel_ares_link;

/* Told of each flight that has ended; the flight is released behind it. */
typedef void (*channel_ares_ended_fn)(struct flight *flight);

/* flights and pool are borrowed until the relay is destroyed. Returns 0 or -ENOMEM. */
int channel_ares_open_relay(uint32_t timeout_ms, struct flight_table *flights,
	struct pool *pool, channel_ares_ended_fn ended,
	struct channel_ares_relay **ret_relay) __attribute__((warn_unused_result));
/* The flights are to be ended and delivered before. NULL is allowed. */
void channel_ares_close_relay(struct channel_ares_relay *relay);

/* Gives c-ares the query of a flight, which passes it on to the pool. Returns 0 or -ENOMEM;
 * then the flight is as before. */
int channel_ares_ask(struct channel_ares_relay *relay, struct flight *flight,
	const uint8_t *query, size_t len) __attribute__((warn_unused_result));
/* Hands over all flights that have ended, also those that end meanwhile. Called from within
 * `ended` it does nothing, as the outer call goes on. */
void channel_ares_deliver(struct channel_ares_relay *relay);

/* events: CHANNEL_READABLE, CHANNEL_WRITABLE; 0 before the descriptor is closed. */
typedef void (*channel_ares_want_fn)(void *owner, int fd, int events);
/* The one answer: msg is NULL unless outcome is REPLY, and is not yet judged. The link must not
 * be closed from within. */
typedef void (*channel_ares_answer_fn)(
	void *owner, enum channel_outcome outcome, const uint8_t *msg, size_t len);

/* Returns 0 or -ENOMEM. Nothing is sent yet. */
int channel_ares_open_link(const struct endpoint *server, uint32_t timeout_ms,
	channel_ares_want_fn want, channel_ares_answer_fn answer, void *owner,
	struct channel_ares_link **ret_link) __attribute__((warn_unused_result));
/* Answers an unanswered query with NETWORK. NULL is allowed. */
void channel_ares_close_link(struct channel_ares_link *link);
/* Connects and sends; the answer may come from within. */
void channel_ares_start(struct channel_ares_link *link, const uint8_t *query, size_t len);
void channel_ares_ready(struct channel_ares_link *link, int events);
/* Answers with TIMEOUT from within. */
void channel_ares_expire(struct channel_ares_link *link);
/* 0 where it is not connected. */
uint16_t channel_ares_local_port(const struct channel_ares_link *link);
