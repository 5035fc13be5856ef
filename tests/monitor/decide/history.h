/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * history — a past made up of chance: what views answer, what becomes of mail, by a seed.
 *
 * Domains go through moods (quiet, hijacked, moved, poisoned, full of bounces, stuck, not to be
 * found, ...) so that every rule of the detector has something to say. The same seed gives the
 * same past.
 */
#include <stdint.h>

#include "monitor/decide/decide.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

#define HISTORY_DOMAINS 24
#define HISTORY_VIEWS 4

enum fact_kind {
	FACT_ANSWER,
	FACT_FAILURE,
	FACT_ADDRESS,
	FACT_DELIVERY,
	FACT_TIME, /* nothing but that it passes */
};

struct fact {
	enum fact_kind kind;
	int64_t at;
	unsigned domain;
	int view;
	enum answer_state state;
	int64_t not_before_at;
	char hosts[2][64]; /* of an answer; of an address the first */
	struct endpoint address;
	struct decide_delivery delivery;
	uint8_t hash[INCIDENT_HASH];
	char relay_ip[64];
	uint8_t missing[NAME_WIRE_MAX];
};

struct history {
	uint64_t chance;
	int64_t at;
	uint8_t domains[HISTORY_DOMAINS][NAME_WIRE_MAX];
	unsigned moods[HISTORY_DOMAINS];
	unsigned at_host[HISTORY_DOMAINS]; /* whose hosts are its own */
	int64_t answered[HISTORY_DOMAINS][HISTORY_VIEWS];
	bool views_dead;
	bool lookups_dead;
};

void history_begin(struct history *history, uint64_t seed);
/* The next fact; filled anew, and borrowed from history. */
void history_next(struct history *history, struct fact *ret_fact);
/* 0 ... most - 1, of the same chance. */
unsigned history_dice(struct history *history, unsigned most);

/* The views, in an order that turns with the number. */
void history_make_views(struct decide *decide, unsigned turn);
/* Tells an engine. Fails the test where the engine fails. */
void history_tell(
	const struct history *history, const struct fact *fact, struct decide *decide);
