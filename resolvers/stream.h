/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stream — the queries over TCP: a bounded number at once, the others in line.
 *
 * Each has a connection of its own for one question and one answer, and its time runs from
 * the moment it leaves the line. The answer must repeat id and question as over UDP. Waits
 * through an epoll descriptor of its owner. Private to resolvers/: channel uses it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/channel.h"
#include "resolvers/entropy.h"

struct stream_line;

struct stream_options {
	int epoll; /* borrowed; events carry event_bit and the place of the stream */
	uint64_t event_bit;
	struct entropy *entropy; /* borrowed */
	struct channel_counters *counters; /* borrowed */
	unsigned most; /* running at once */
	uint32_t timeout_ms;
	const uint64_t *now_mono_ms; /* borrowed; what replies say */
};

/* Returns 0 or -ENOMEM. */
int stream_line_create(const struct stream_options *options,
	struct stream_line **ret_line) __attribute__((warn_unused_result));
/* Ends every query with CHANNEL_NETWORK, then frees. NULL is allowed. */
void stream_line_destroy(struct stream_line *line);

/* Puts a query in line. Returns 0 or -ENOMEM. */
int stream_ask(struct stream_line *line, const struct channel_query *query,
	channel_done_fn done, void *owner, uint64_t cookie)
	__attribute__((warn_unused_result));
/* Starts what is in line while there is room. */
void stream_start(struct stream_line *line, uint64_t now_mono_ms);
void stream_ready(struct stream_line *line, size_t place, uint32_t events);
void stream_tick(struct stream_line *line, uint64_t now_mono_ms);
/* When stream_tick has something to do; UINT64_MAX: never. */
uint64_t stream_deadline(const struct stream_line *line);
/* In line and running. */
unsigned stream_count(const struct stream_line *line);
/* There are queries in line, and room to start them. */
bool stream_can_start(const struct stream_line *line);
