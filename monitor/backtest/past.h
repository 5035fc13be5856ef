/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * past — a DNS history of which we were no part, as what a monitor would have been told.
 *
 * Reads rows of Common Output Format (monitor/exchange.h): MX as answers, A and AAAA as addresses
 * of hosts, rows with rdata [] and x_rcode as failed polls, each in its turn. All of it is held
 * in memory, sorted by time.
 */
#include <stddef.h>
#include <stdint.h>

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
	enum past_kind kind;
	uint32_t order; /* among events of one instant */
	unsigned view;
	uint8_t *domain; /* owned wire name; of an address: the host */
	enum answer_state state;
	struct mxset set; /* owned */
	int64_t last_at; /* of an answer: its last poll */
	int64_t not_before_at; /* of an answer: last usable poll before it, 0: none */
	struct endpoint address;
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
	struct past_view views[PAST_VIEWS_MAX];
	unsigned views_len;
	uint64_t passed_over; /* right rows that say nothing about mail */
	uint64_t refused;
};

typedef void (*past_refused_fn)(void *owner, uint64_t line, const char *why);
/* Adds what the file says. Returns 0, or a negative errno: nothing more is to be done. */
int past_read(struct past *past, const char *path, past_refused_fn on_refused,
	void *owner) __attribute__((warn_unused_result));
/* To be called once, when all is read: sorts, and fills not_before_at and intervals. */
void past_settle(struct past *past);
void past_finish(struct past *past);
