/* SPDX-License-Identifier: MIT */
#include "resolvers/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "resolvers/channel_ares.h"
#include "resolvers/entropy.h"
#include "resolvers/flight.h"
#include "resolvers/pool.h"
#include "resolvers/stream.h"
#include "resolvers/wire.h"

#define EVENTS 64
#define STREAM_BIT (UINT64_C(1) << 32) /* in an event's data; else it is a pool socket */
#define SOCKETS_MAX 4096
#define STREAMS_MAX 1024
#define DATAGRAM_COST 2304 /* what the kernel charges for a received one, at the most */
#define BUFFER_MIN (256 * 1024)
#define BUFFER_MAX (8 * 1024 * 1024)
#define PLAIN_LIMIT 512 /* bytes of a reply without EDNS (RFC 1035 section 4.2.1) */
#define ROUNDS 4 /* of asks that come from callbacks, within one call */

struct channel {
	struct channel_options options; /* zeros replaced */
	struct channel_counters counters;
	struct entropy entropy;
	struct flight_table flights;
	struct pool *pool;
	struct pool_batch *batch; /* owned */
	struct channel_ares_relay *relay;
	struct stream_line *streams;
	uint64_t now_mono_ms; /* as the owner last said */
	int epoll; /* the one descriptor that the owner waits for */
	bool busy; /* inside a call that ends by settle() */
	bool closing;
};

static unsigned or_default(unsigned value, unsigned standard, unsigned most)
{
	if (value == 0)
		return standard;
	return value < most ? value : most;
}

static size_t wished_buffer(const struct channel_options *options)
{
	size_t wish = 2 * (size_t)options->outstanding * DATAGRAM_COST / options->sockets;
	if (wish < BUFFER_MIN)
		return BUFFER_MIN;
	return wish < BUFFER_MAX ? wish : BUFFER_MAX;
}

static int create_parts(struct channel *channel, uint64_t now_mono_ms)
{
	struct channel_options *options = &channel->options;
	struct pool_options pool = {
		.epoll = channel->epoll,
		.entropy = &channel->entropy,
		.flights = &channel->flights,
		.counters = &channel->counters,
		.sockets = options->sockets,
		.uses = options->uses,
		.lifetime_ms = options->lifetime_ms,
		.receive_buffer = wished_buffer(options),
	};
	int error = pool_create(&pool, now_mono_ms, &channel->pool);
	if (error < 0)
		return error;
	/* All replies may come at once, and chance may send twice the mean to one socket. */
	size_t room = pool_granted(channel->pool) / (2 * DATAGRAM_COST);
	if (room < options->outstanding)
		options->outstanding = room > 0 ? (unsigned)room : 1;
	error = flight_table_init(
		&channel->flights, channel, options->outstanding + CHANNEL_PRIORITY);
	if (error < 0)
		return error;
	struct stream_options streams = {
		.epoll = channel->epoll,
		.event_bit = STREAM_BIT,
		.entropy = &channel->entropy,
		.counters = &channel->counters,
		.most = options->tcp,
		.timeout_ms = options->timeout_ms,
		.now_mono_ms = &channel->now_mono_ms,
	};
	return stream_line_create(&streams, &channel->streams);
}

static void on_ended(struct flight *flight)
{
	struct channel *channel = flight->channel;
	if (flight->outcome == CHANNEL_REPLY)
		channel->counters.replies++;
	if (flight->outcome == CHANNEL_TIMEOUT)
		channel->counters.timeouts++;
	struct channel_reply reply = {
		.outcome = flight->outcome,
		.server = flight->server,
		.msg = flight->msg,
		.len = flight->len,
		.local_port = flight->local_port,
		.at_mono_ms = channel->now_mono_ms,
	};
	if (flight->outcome == CHANNEL_REPLY)
		reply.rtt_us = (uint32_t)(flight->ended_us - flight->sent_us);
	flight->done(flight->owner, flight->cookie, &reply);
}

int channel_create(const struct channel_options *options, uint64_t now_mono_ms,
	struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof *channel);
	if (channel == NULL)
		return -ENOMEM;
	channel->options = (struct channel_options){
		.want = options->want,
		.owner = options->owner,
		.sockets = or_default(options->sockets, 64, SOCKETS_MAX),
		.uses = or_default(options->uses, 256, UINT32_MAX),
		.lifetime_ms = or_default(options->lifetime_ms, 10000, UINT32_MAX),
		.outstanding = or_default(
			options->outstanding, 2048, FLIGHTS_MAX - CHANNEL_PRIORITY),
		.tcp = or_default(options->tcp, 64, STREAMS_MAX),
		.timeout_ms = or_default(options->timeout_ms, 2000, 600000),
	};
	int error = -ENOMEM;
	channel->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (channel->epoll < 0)
		error = -errno;
	channel->batch = malloc(sizeof *channel->batch);
	if (channel->epoll >= 0 && channel->batch != NULL) {
		pool_batch_init(channel->batch);
		error = create_parts(channel, now_mono_ms);
	}
	if (error == 0)
		error = channel_ares_open_relay(channel->options.timeout_ms,
			&channel->flights, channel->pool, on_ended, &channel->relay);
	if (error < 0) {
		channel->options.want = NULL;
		channel_destroy(channel);
		return error;
	}
	channel->options.want(channel->options.owner, channel->epoll, CHANNEL_READABLE);
	*ret_channel = channel;
	return 0;
}

static void ground_all(struct channel *channel)
{
	struct flight *flight;
	while ((flight = TAILQ_FIRST(&channel->flights.outstanding)) != NULL)
		flight_end(&channel->flights, flight, CHANNEL_NETWORK);
	channel_ares_deliver(channel->relay);
}

void channel_destroy(struct channel *channel)
{
	if (channel == NULL)
		return;
	channel->closing = true;
	if (channel->relay != NULL)
		ground_all(channel);
	stream_line_destroy(channel->streams);
	channel_ares_close_relay(channel->relay);
	flight_table_finish(&channel->flights);
	pool_destroy(channel->pool);
	free(channel->batch);
	if (channel->epoll >= 0) {
		if (channel->options.want != NULL)
			channel->options.want(channel->options.owner, channel->epoll, 0);
		close(channel->epoll);
	}
	free(channel);
}

int channel_ask(struct channel *channel, const struct channel_query *query,
	uint64_t now_mono_ms, channel_done_fn done, void *owner, uint64_t cookie)
{
	unsigned most =
		channel->options.outstanding + (query->priority ? CHANNEL_PRIORITY : 0);
	if (channel->closing || channel_outstanding(channel) >= most)
		return -EAGAIN;
	channel->now_mono_ms = now_mono_ms;
	if (query->tcp)
		return stream_ask(channel->streams, query, done, owner, cookie);
	struct flight *flight = flight_begin(&channel->flights, &channel->entropy,
		now_mono_ms + channel->options.timeout_ms);
	flight->done = done;
	flight->owner = owner;
	flight->cookie = cookie;
	flight->server = query->server;
	flight->type = query->type;
	flight->limit = query->plain ? PLAIN_LIMIT : WIRE_UDP_SIZE;
	pool_draw(channel->pool, flight, query->avoid_port, now_mono_ms);
	uint8_t packet[WIRE_QUERY_MAX];
	size_t len = wire_build_query(packet, flight->id, query->name, query->type,
		query->recursion ? WIRE_RD | WIRE_AD : 0, !query->plain);
	int error = channel_ares_ask(channel->relay, flight, packet, len);
	if (error < 0) {
		pool_leave(channel->pool, flight);
		flight_release(&channel->flights, flight);
	}
	return error;
}

static bool has_work(const struct channel *channel)
{
	return pool_has_unsent(channel->pool) || !TAILQ_EMPTY(&channel->flights.ended) ||
		stream_can_start(channel->streams);
}

/* Sends what has been asked and tells what has ended, also what callbacks ask meanwhile: but
 * not without end, where they ask again what fails at once. */
static void settle(struct channel *channel, uint64_t now_mono_ms)
{
	for (unsigned i = 0; i < ROUNDS && has_work(channel); i++) {
		pool_flush(channel->pool);
		stream_start(channel->streams, now_mono_ms);
		channel_ares_deliver(channel->relay);
	}
	channel->busy = false;
}

void channel_flush(struct channel *channel, uint64_t now_mono_ms)
{
	if (channel->busy || channel->closing)
		return; /* from a callback: what it asked goes when the outer call settles */
	channel->busy = true;
	channel->now_mono_ms = now_mono_ms;
	settle(channel, now_mono_ms);
}

/* Judges the datagrams that were read. Their bytes are borrowed until they are delivered. */
static void judge(struct channel *channel)
{
	struct pool_batch *batch = channel->batch;
	for (size_t i = 0; i < batch->len; i++) {
		const struct pool_datagram *datagram = &batch->datagrams[i];
		struct endpoint from;
		if (endpoint_from_sockaddr(
			    (const struct sockaddr *)&datagram->from, &from) < 0) {
			channel->counters.stray++;
			continue;
		}
		struct flight_datagram judged = {
			.bytes = datagram->bytes,
			.len = datagram->len,
			.cut = datagram->cut,
			.from = &from,
			.socket = datagram->socket,
			.received_us = batch->received_us,
		};
		(void)flight_land(&channel->flights, &judged, &channel->counters);
	}
	batch->len = 0;
	channel_ares_deliver(channel->relay);
}

void channel_ready(struct channel *channel, int fd, int events, uint64_t now_mono_ms)
{
	(void)fd;
	(void)events;
	struct epoll_event ready[EVENTS];
	channel->busy = true;
	channel->now_mono_ms = now_mono_ms;
	int len = epoll_wait(channel->epoll, ready, EVENTS, 0);
	for (int i = 0; i < len; i++) {
		uint64_t data = ready[i].data.u64;
		if (data & STREAM_BIT)
			stream_ready(channel->streams, (size_t)(data & ~STREAM_BIT),
				ready[i].events);
		else
			pool_ready(channel->pool, (size_t)data, ready[i].events,
				channel->batch);
		if (channel->batch->len >= POOL_BATCH / 2)
			judge(channel);
	}
	judge(channel);
	settle(channel, now_mono_ms);
}

uint64_t channel_deadline(const struct channel *channel)
{
	if (has_work(channel))
		return 0;
	uint64_t deadline = stream_deadline(channel->streams);
	const struct flight *first = TAILQ_FIRST(&channel->flights.outstanding);
	if (first != NULL && first->deadline_mono_ms < deadline)
		deadline = first->deadline_mono_ms;
	return deadline;
}

void channel_tick(struct channel *channel, uint64_t now_mono_ms)
{
	channel->busy = true;
	channel->now_mono_ms = now_mono_ms;
	struct flight *flight;
	while ((flight = TAILQ_FIRST(&channel->flights.outstanding)) != NULL &&
		flight->deadline_mono_ms <= now_mono_ms) {
		flight_end(&channel->flights, flight,
			flight->state == FLIGHT_SENT ? CHANNEL_TIMEOUT : CHANNEL_NETWORK);
		pool_leave(channel->pool, flight);
	}
	stream_tick(channel->streams, now_mono_ms);
	settle(channel, now_mono_ms);
}

unsigned channel_outstanding(const struct channel *channel)
{
	return (unsigned)channel->flights.used + stream_count(channel->streams);
}

const struct channel_counters *channel_counters(const struct channel *channel)
{
	return &channel->counters;
}
