/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * flight — the UDP queries that are under way, and the judge of what comes back.
 *
 * A table of bounded size, made once: id -> (server, socket, question). Ids are unique
 * among the outstanding and come from getrandom(2). A datagram is ours only when its id is
 * known, it comes from the asked address and port, to the very socket that asked, and
 * repeats the question (RFC 5452 section 9.1); everything else is counted and nothing more.
 * No I/O; time is a parameter. Private to resolvers/: channel and pool use it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "resolvers/channel.h"
#include "resolvers/endpoint.h"
#include "resolvers/entropy.h"
#include "resolvers/wire.h"

#define FLIGHTS_MAX                                                                      \
	30000 /* less than half of all ids, so that a free one is soon found */
#define FLIGHT_NO_SOCKET UINT16_MAX

enum flight_state {
	FLIGHT_FREE,
	FLIGHT_QUEUED, /* its packet waits to be sent */
	FLIGHT_SENT,
	FLIGHT_ENDED, /* has its outcome, which the asker is told next */
};

struct channel_ares_relay;

struct flight {
	TAILQ_ENTRY(flight)
	link; /* the free, the outstanding by deadline, or the ended */
	TAILQ_ENTRY(flight)
	unsent; /* its socket's packets to send, or what has no socket */
	struct channel *channel;
	struct channel_ares_relay *relay;
	channel_done_fn done;
	void *owner;
	uint64_t cookie;
	uint64_t deadline_mono_ms;
	uint64_t sent_us;
	const uint8_t *msg; /* borrowed until it is delivered; NULL unless a reply */
	size_t len;
	uint64_t ended_us;
	enum flight_state state;
	enum channel_outcome outcome;
	struct endpoint server;
	uint16_t id;
	uint16_t type;
	uint16_t socket; /* index in the pool, FLIGHT_NO_SOCKET before it has one */
	uint16_t local_port;
	uint16_t limit; /* largest reply that we said we take */
	uint16_t query_len;
	bool pushed; /* in that list */
	bool retried; /* its send was refused once by what may be another's error */
	bool enveloped; /* handed to c-ares as ended */
	uint8_t query[WIRE_QUERY_MAX];
};

TAILQ_HEAD(flight_list, flight);

struct flight_table {
	struct flight *flights; /* owned array of len elements */
	size_t len;
	size_t used;
	struct flight_list free;
	struct flight_list
		outstanding; /* in order of deadlines, as all wait equally long */
	struct flight_list ended;
	uint16_t *by_id; /* owned; index + 1 for each of the 65,536 ids, 0 is none */
};

struct flight_datagram {
	const uint8_t *bytes;
	size_t len; /* of bytes */
	bool cut; /* it was longer than what we could take */
	const struct endpoint *from;
	uint16_t socket;
	uint64_t received_us;
};

/* Returns 0 or -ENOMEM. */
int flight_table_init(struct flight_table *ret_table, struct channel *channel, size_t len)
	__attribute__((warn_unused_result));
void flight_table_finish(struct flight_table *table);

/* Takes a free entry, gives it an unused id and puts it last among the outstanding, in
 * state FLIGHT_QUEUED. Returns NULL when all are in use. */
struct flight *flight_begin(
	struct flight_table *table, struct entropy *entropy, uint64_t deadline_mono_ms);
/* Moves an outstanding flight to the ended. */
void flight_end(
	struct flight_table *table, struct flight *flight, enum channel_outcome outcome);
/* Gives entry and id back, from whichever list it is in. */
void flight_release(struct flight_table *table, struct flight *flight);

struct flight *flight_find(const struct flight_table *table, uint16_t id);

/* Ends the flight that this datagram answers, and returns it; its msg borrows the bytes. A
 * reply beyond the flight's limit is reduced to the question with TC set, so that the asker
 * turns to TCP. Returns NULL for a datagram that is not ours, and counts why. */
struct flight *flight_land(struct flight_table *table,
	const struct flight_datagram *datagram, struct channel_counters *counters);

/* Ends the flight whose query an ICMP error quotes. The error is a hint that anyone can send:
 * it must name the asked server and our socket and quote our packet from its id on. */
struct flight *flight_crash(struct flight_table *table, const struct endpoint *server,
	uint16_t socket, const uint8_t *quoted, size_t len);
