/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * news — what a poller thread tells the loop thread: facts to be recorded, in order.
 *
 * The queue is the only thing the threads share. It is bounded by its reader's patience: a
 * poller looks at news_queue_is_full() before it asks anything new, so that a store that cannot
 * write slows the polling down instead of losing what was seen.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "storage/record.h"

#define NEWS_VIEW_MAX 64 /* bytes of a view's name, NUL included */

enum news_kind {
	NEWS_SPAN, /* a span opens where there was none */
	NEWS_CHANGE, /* the open span ends, another opens */
	NEWS_REJOIN, /* a server's own span ends: it says what its view says */
	NEWS_SUSPICION, /* something was said and not confirmed */
	NEWS_GAP_OPEN,
	NEWS_GAP_CLOSE,
	NEWS_GAP_ADD,
	NEWS_FAILURE, /* a poll of the view gave nothing usable; the first two in a row */
	NEWS_RECOVERY, /* after these the view says what it had said */
	NEWS_BUCKET,
	NEWS_PULSES, /* a block of them */
	NEWS_TOUCH, /* counters of a server's own span */
	NEWS_DONE, /* every target has been polled once */
	NEWS_FLUSHED, /* all counters up to a request for them are told */
};

/* One message kept as evidence. */
struct news_evidence {
	uint8_t *message; /* owned */
	size_t len;
	struct endpoint server;
	int64_t at;
	uint32_t rtt_us;
	uint16_t local_port;
	bool tcp;
};

struct news {
	struct news *next;
	enum news_kind kind;
	int64_t point;
	uint16_t rrtype; /* of the point, where people are told */
	struct endpoint server; /* family 0: the view as a whole */
	uint8_t *domain; /* owned wire name, where people are told; else NULL */
	char view
		[NEWS_VIEW_MAX]; /* a copy: news may outlive the configuration they come from */
	int64_t at; /* first sight; end of a gap that closes */
	int64_t from_at; /* last usable poll before; start of a gap */
	enum confirmation by;
	int64_t confirmed_at;
	bool silent; /* a span of a server that did not change: its view did */
	enum answer_state state;
	struct mxset set; /* owned */
	uint8_t *alias; /* owned wire name, NULL without one */
	uint32_t ttl;
	unsigned flags; /* SPAN_* */
	unsigned reason; /* of a gap */
	const char *why; /* of a suspicion, static */
	bool told; /* to who decides */
	struct pulse final; /* of the span that ends; of the one that is touched */
	struct bucket bucket;
	int64_t block; /* of pulses */
	struct pulse *pulses; /* owned */
	size_t pulses_len;
	struct news_evidence evidence[2]; /* first sight, confirmation */
	size_t evidence_len;
	bool joined; /* the next piece belongs into the same transaction */
	bool incomplete; /* memory was short: not to be recorded */

	/* filled by the recorder, for who announces */
	int64_t recorded; /* number of the change or suspicion, 0 for neither */
	enum change_kind change;
	enum answer_state from_state;
	struct mxset from_set; /* owned */
};

/* Frees one piece; NULL is allowed. */
void news_destroy(struct news *news);

struct news_queue;
typedef void (*news_wake_fn)(void *owner);

/* wake is called from the pushing thread when the queue was empty. Returns 0 or -ENOMEM. */
int news_queue_create(size_t most, news_wake_fn wake, void *owner,
	struct news_queue **ret_queue) __attribute__((warn_unused_result));
void news_queue_destroy(struct news_queue *queue);
/* Takes news, and what is chained to it by `next`, at once. */
void news_queue_push(struct news_queue *queue, struct news *news);
bool news_queue_is_full(struct news_queue *queue);
/* Takes all that is there, oldest first, chained by `next`; NULL when there is nothing. */
struct news *news_queue_take(struct news_queue *queue);
/* Tells the queue that what was taken is dealt with: until then it counts as still there. */
void news_queue_settle(struct news_queue *queue, size_t settled);
