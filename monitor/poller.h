/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * poller — a thread that asks: its own loop, channel, servers and share of the targets.
 *
 * Points are dealt to `count` pollers in blocks of PULSE_BLOCK neighbouring numbers, so that a
 * poller writes whole blocks of pulses. Everything it finds leaves as news. Commands may come
 * from the loop thread at any time; before poller_start they are carried out at once.
 *
 * poller.c is the thread and its commands, poll.c the hot path from a due target to a judged
 * reply, round.c the confirmation of a differing one, tell.c the making of news.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/news.h"
#include "monitor/target.h"
#include "storage/record.h"

struct poller;

struct poller_options {
	const struct conf *conf; /* borrowed for the poller's life */
	unsigned index; /* of count pollers */
	unsigned count;
	struct news_queue *news; /* borrowed for the poller's life */
	struct timeline timeline;
	struct interruption interruption; /* what came before this start */
	bool once; /* poll each target once, as fast as the limits let */
};

/* Returns 0, -ENOMEM, or the errno of a loop or socket that could not be made. */
int poller_create(const struct poller_options *options, struct poller **ret_poller)
	__attribute__((warn_unused_result));
/* Stops the thread if it runs: what is outstanding is dropped, the last pulses are told. Frees.
 * NULL is allowed. */
void poller_destroy(struct poller *poller);

/* What a point was when the store was last written; span is NULL without an open one. */
struct poller_point {
	const struct point *point;
	const struct pulse *pulse;
	const struct span *span;
	bool unwatched; /* until now */
};
/* Adds a point of this poller's share; an inactive one only keeps its pulse in its block.
 * Returns 0, -ENOMEM, or -EINVAL for a watched one of a view that the configuration lacks. */
int poller_add(struct poller *poller, const struct poller_point *point)
	__attribute__((warn_unused_result));
/* Ceases to poll a point. Returns 0 or -ENOMEM. */
int poller_remove(struct poller *poller, int64_t point)
	__attribute__((warn_unused_result));
/* Polls a watched point now rather than when it is due. Returns 0 or -ENOMEM. */
int poller_hasten(struct poller *poller, int64_t point)
	__attribute__((warn_unused_result));
/* A server of a point with a span of its own. Before start only. 0, -EINVAL, -ENOMEM. */
int poller_add_deviant(struct poller *poller, int64_t point, const struct span *span)
	__attribute__((warn_unused_result));
/* A gap of a point, or of one of its servers, that lasts. Before start only. 0 or -ENOMEM. */
int poller_add_gap(struct poller *poller, int64_t point, const struct gap *gap)
	__attribute__((warn_unused_result));

/* Starts the thread. Returns 0 or a negative errno. */
int poller_start(struct poller *poller) __attribute__((warn_unused_result));

/* New servers for the views that follow resolv.conf. Returns 0 or -ENOMEM. */
int poller_set_resolvers(struct poller *poller, const struct endpoint *servers,
	size_t len) __attribute__((warn_unused_result));
/* Asks for the pulses of everything now; they follow as news, and NEWS_FLUSHED behind them.
 * Returns 0 or -ENOMEM. */
int poller_flush(struct poller *poller) __attribute__((warn_unused_result));

struct poller_tally {
	uint64_t targets; /* active ones, addresses left out */
	uint64_t polls; /* ended */
	uint64_t answers[32]; /* by enum answer_state of the first poll of each target */
	uint64_t lag_most_ms; /* worst delay of a due poll */
};
/* After poller_stop only. */
struct poller_tally poller_tally(const struct poller *poller);
/* Ends the thread, as poller_destroy does. Its tally can be read then. */
void poller_stop(struct poller *poller);
