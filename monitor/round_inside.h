/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * round_inside — a confirming round, as its two files share it: round.c asks, round_verdict.c
 * applies what came of it. Poller's thread.
 */
#include "monitor/detect.h"
#include "monitor/poller_inside.h"

struct participant {
	struct endpoint server;
	struct detect_say say;
	struct answer answer; /* owned, where say is usable */
	int64_t at;
	struct channel_reply reply; /* msg owned, where say is usable */
};

struct round {
	struct round *next;
	struct round **link; /* what points at this one */
	struct poller *poller;
	uint32_t index;
	bool first; /* no span yet */
	bool ends_poll;
	size_t suspect; /* participant; len when nobody is */
	struct participant seen; /* the sight that started it, and its server */
	enum confirmation by;
	int64_t confirmed_at;
	unsigned again; /* further UDP asks that came back, */
	unsigned agreed; /* and said the same */
	const char *why; /* why not confirmed */
	unsigned waiting; /* queries outstanding */
	size_t len;
	struct participant *participants;
};

/* Applies what a round has found, with what each participant said last. */
void round_apply_first(struct round *round, const struct detect_say *says);
void round_apply_suspect(struct round *round, const struct detect_say *says);
void round_apply_address(struct round *round);
