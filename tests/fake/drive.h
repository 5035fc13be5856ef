/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * drive — a small owner of a channel: waits with poll(2), keeps its time, notes its answers.
 *
 * Its clock is the monotonic one plus what a test has jumped ahead, so that no test waits for a
 * time-out to pass.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/channel.h"

#define DRIVE_PATIENCE_MS 20000 /* after which a test has failed */

struct drive {
	struct channel *channel;
	int fd; /* as the channel wants it, -1: none */
	int events;
	uint64_t ahead_ms;
};

/* What came of one query. */
struct drive_answer {
	unsigned calls;
	enum channel_outcome outcome;
	struct endpoint server;
	bool tcp;
	uint32_t rtt_us;
	uint16_t local_port;
	uint64_t cookie;
	size_t len;
	uint8_t *msg; /* owned */
};

/* Makes a channel with these options; want and owner are set here. Fails the test on errors. */
void drive_open(struct drive *ret_drive, struct channel_options options);
void drive_close(struct drive *drive);
uint64_t drive_now(const struct drive *drive);

/* A channel_done_fn for an owner of type struct drive_answer. */
void drive_note(void *owner, uint64_t cookie, const struct channel_reply *reply);
void drive_answer_finish(struct drive_answer *answer);

/* Asks and flushes. */
void drive_ask(struct drive *drive, const struct channel_query *query,
	struct drive_answer *answer);
/* Waits for whatever comes next, until the channel's deadline or some milliseconds. */
void drive_turn(struct drive *drive, int most_ms);
/* Turns until the answer is there; fails the test where that takes too long. */
void drive_await(struct drive *drive, const struct drive_answer *answer);
/* Turns until nothing is outstanding. */
void drive_await_all(struct drive *drive);
/* Moves the clock ahead and ticks. */
void drive_jump(struct drive *drive, uint64_t ms);

/* The query for a name in text. name is filled and borrowed by the query. */
struct channel_query drive_query(struct endpoint server, const char *text, uint16_t type,
	uint8_t ret_name[NAME_WIRE_MAX]);
