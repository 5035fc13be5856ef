/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * past — a DNS history of which we were no part, as what a monitor would have been told.
 *
 * Reads rows of Common Output Format (monitor/exchange.h): MX as answers, A and AAAA as addresses
 * of hosts, rows with rdata [] and x_rcode as failed polls, each in its turn. All of it is held
 * in memory, sorted by time: an event takes 56 bytes, names and sets are kept once.
 */
#include <stddef.h>
#include <stdint.h>

#include "monitor/decide/lexicon.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"

#define PAST_VIEW_MAX 64

enum past_kind {
	PAST_ADDRESS, /* before answers of the same instant */
	PAST_FAILURE,
	PAST_ANSWER,
};

struct past_event {
	int64_t at;
	int64_t last_at; /* of an answer: its last poll */
	const uint8_t *domain; /* wire name; of an address: the host; the past's */
	union {
		struct { /* of an answer */
			const struct mxset *set; /* the past's */
			int64_t not_before_at; /* last usable poll before it, 0: none */
		};
		struct endpoint address;
	};
	uint32_t order; /* among events of one instant */
	uint8_t kind; /* enum past_kind */
	uint8_t view;
	uint8_t state; /* enum answer_state */
};

/* What many events share, each once. */
struct past_things {
	struct lexicon by_name;
	void **list; /* owned, and the things */
	size_t len;
	size_t room;
};

struct past_view {
	char name[PAST_VIEW_MAX];
	int64_t interval_ms;
};

#define PAST_VIEWS_MAX 16

struct past {
	struct past_event *events; /* owned */
	size_t len;
	size_t room;
	struct past_things names; /* wire names */
	struct past_things sets; /* struct past_set */
	struct past_view views[PAST_VIEWS_MAX];
	unsigned views_len;
	uint64_t passed_over; /* right rows that say nothing about mail */
	uint64_t refused;
};

void past_init(struct past *past);
typedef void (*past_refused_fn)(void *owner, uint64_t line, const char *why);
/* Adds what the file says. Returns 0, or a negative errno: nothing more is to be done. */
int past_read(struct past *past, const char *path, past_refused_fn on_refused,
	void *owner) __attribute__((warn_unused_result));
/* To be called once, when all is read: sorts, and fills not_before_at and intervals. */
void past_settle(struct past *past);
void past_finish(struct past *past);
