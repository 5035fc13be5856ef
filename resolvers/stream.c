/* SPDX-License-Identifier: MIT */
#include "resolvers/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>

#include "resolvers/channel_ares.h"
#include "resolvers/wire.h"

#define HEADER 12

struct stream {
	TAILQ_ENTRY(stream) link; /* waiting, running by deadline, or over */
	struct stream_line *line;
	struct channel_ares_link *connection; /* NULL while waiting */
	channel_done_fn done;
	void *owner;
	uint64_t cookie;
	uint64_t deadline_mono_ms;
	uint64_t started_us;
	struct endpoint server;
	size_t place; /* in line->places, while running */
	bool watched; /* its descriptor is in the epoll set */
	bool running;
	uint16_t id;
	uint16_t type;
	size_t query_len;
	uint8_t query[WIRE_QUERY_MAX];
};

TAILQ_HEAD(stream_list, stream);

struct stream_line {
	struct stream_options options;
	struct stream_list waiting;
	struct stream_list running;
	struct stream_list over; /* freed outside of the calls of c-ares */
	struct stream **places; /* owned; options.most entries, NULL is free */
	unsigned waits;
	unsigned runs;
	bool closing;
};

static uint64_t stamp_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int stream_line_create(
	const struct stream_options *options, struct stream_line **ret_line)
{
	struct stream_line *line = calloc(1, sizeof *line);
	if (line == NULL)
		return -ENOMEM;
	line->options = *options;
	line->places = calloc(options->most, sizeof *line->places);
	if (line->places == NULL) {
		free(line);
		return -ENOMEM;
	}
	TAILQ_INIT(&line->waiting);
	TAILQ_INIT(&line->running);
	TAILQ_INIT(&line->over);
	*ret_line = line;
	return 0;
}

static void reap(struct stream_line *line)
{
	struct stream *stream;
	while ((stream = TAILQ_FIRST(&line->over)) != NULL) {
		TAILQ_REMOVE(&line->over, stream, link);
		channel_ares_close_link(stream->connection);
		free(stream);
	}
}

/* Takes the stream off, tells its asker, and leaves it to reap(). */
static void end(struct stream *stream, struct channel_reply *reply)
{
	struct stream_line *line = stream->line;
	struct channel_counters *counters = line->options.counters;
	if (stream->running) {
		TAILQ_REMOVE(&line->running, stream, link);
		line->places[stream->place] = NULL;
		line->runs--;
	} else {
		TAILQ_REMOVE(&line->waiting, stream, link);
		line->waits--;
	}
	TAILQ_INSERT_TAIL(&line->over, stream, link);
	switch (reply->outcome) {
	case CHANNEL_REPLY:
		counters->replies++;
		break;
	case CHANNEL_TIMEOUT:
		counters->timeouts++;
		break;
	case CHANNEL_NETWORK:
		if (!line->closing)
			counters->unreachable++;
		break;
	}
	reply->tcp = true;
	reply->at_mono_ms = *line->options.now_mono_ms;
	reply->server = stream->server;
	stream->done(stream->owner, stream->cookie, reply);
}

static void on_answer(
	void *owner, enum channel_outcome outcome, const uint8_t *msg, size_t len)
{
	struct stream *stream = owner;
	struct channel_reply reply = {.outcome = outcome};
	if (outcome == CHANNEL_REPLY &&
		!wire_is_reply(
			msg, len, stream->id, stream->query + HEADER, stream->type)) {
		stream->line->options.counters->wrong_question++;
		reply.outcome = CHANNEL_NETWORK;
	} else if (outcome == CHANNEL_REPLY) {
		reply.msg = msg;
		reply.len = len;
		reply.rtt_us = (uint32_t)(stamp_us() - stream->started_us);
		reply.local_port = channel_ares_local_port(stream->connection);
	}
	end(stream, &reply);
}

static void on_want(void *owner, int fd, int events)
{
	struct stream *stream = owner;
	const struct stream_options *options = &stream->line->options;
	struct epoll_event event = {
		.events = (events & CHANNEL_READABLE ? (uint32_t)EPOLLIN : 0) |
			(events & CHANNEL_WRITABLE ? (uint32_t)EPOLLOUT : 0),
		.data.u64 = options->event_bit | stream->place,
	};
	int operation = stream->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (events == 0)
		operation = EPOLL_CTL_DEL;
	/* Where the kernel has no memory for it, the query ends by its time-out. */
	(void)epoll_ctl(options->epoll, operation, fd, &event);
	stream->watched = events != 0;
}

int stream_ask(struct stream_line *line, const struct channel_query *query,
	channel_done_fn done, void *owner, uint64_t cookie)
{
	struct stream *stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return -ENOMEM;
	stream->line = line;
	stream->done = done;
	stream->owner = owner;
	stream->cookie = cookie;
	stream->server = query->server;
	stream->id = entropy_next(line->options.entropy);
	stream->type = query->type;
	stream->query_len = wire_build_query(stream->query, stream->id, query->name,
		query->type, query->recursion ? WIRE_RD | WIRE_AD : 0, !query->plain);
	TAILQ_INSERT_TAIL(&line->waiting, stream, link);
	line->waits++;
	return 0;
}

static size_t free_place(const struct stream_line *line)
{
	size_t place = 0;
	while (line->places[place] != NULL)
		place++;
	return place;
}

static void start(struct stream_line *line, struct stream *stream, uint64_t now_mono_ms)
{
	int error = channel_ares_open_link(&stream->server, line->options.timeout_ms,
		on_want, on_answer, stream, &stream->connection);
	if (error < 0) {
		end(stream, &(struct channel_reply){.outcome = CHANNEL_NETWORK});
		return;
	}
	TAILQ_REMOVE(&line->waiting, stream, link);
	TAILQ_INSERT_TAIL(&line->running, stream, link);
	line->waits--;
	line->runs++;
	stream->running = true;
	stream->place = free_place(line);
	line->places[stream->place] = stream;
	stream->deadline_mono_ms = now_mono_ms + line->options.timeout_ms;
	stream->started_us = stamp_us();
	line->options.counters->sent++;
	channel_ares_start(stream->connection, stream->query, stream->query_len);
}

bool stream_can_start(const struct stream_line *line)
{
	return line->waits > 0 && line->runs < line->options.most;
}

/* In bounded number, as a callback may ask again at once what fails at once. */
void stream_start(struct stream_line *line, uint64_t now_mono_ms)
{
	for (unsigned i = 0; i < line->options.most && stream_can_start(line); i++)
		start(line, TAILQ_FIRST(&line->waiting), now_mono_ms);
	reap(line);
}

void stream_ready(struct stream_line *line, size_t place, uint32_t events)
{
	struct stream *stream = line->places[place];
	if (stream == NULL)
		return; /* over since the event was read */
	int ready = 0;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		ready |= CHANNEL_READABLE;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		ready |= CHANNEL_WRITABLE;
	channel_ares_ready(stream->connection, ready);
	reap(line);
}

void stream_tick(struct stream_line *line, uint64_t now_mono_ms)
{
	struct stream *stream;
	while ((stream = TAILQ_FIRST(&line->running)) != NULL &&
		stream->deadline_mono_ms <= now_mono_ms)
		channel_ares_expire(stream->connection);
	reap(line);
}

uint64_t stream_deadline(const struct stream_line *line)
{
	const struct stream *first = TAILQ_FIRST(&line->running);
	return first == NULL ? UINT64_MAX : first->deadline_mono_ms;
}

unsigned stream_count(const struct stream_line *line)
{
	return line->waits + line->runs;
}

void stream_line_destroy(struct stream_line *line)
{
	if (line == NULL)
		return;
	line->closing = true;
	struct stream *stream;
	while ((stream = TAILQ_FIRST(&line->waiting)) != NULL)
		end(stream, &(struct channel_reply){.outcome = CHANNEL_NETWORK});
	while ((stream = TAILQ_FIRST(&line->running)) != NULL) {
		struct channel_ares_link *connection = stream->connection;
		stream->connection = NULL;
		channel_ares_close_link(connection);
	}
	reap(line);
	free(line->places);
	free(line);
}
