/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * daemon — the daemon's end of a control socket, and clients that speak to it from the same
 * thread: its loop turns while they would wait.
 *
 * Every function fails the running test where something goes wrong that it does not return.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "monitor/control.h"
#include "tests/storage/fixture.h"

#define PING "{\"request\":\"ping\"}\n"
#define PATIENCE_MS 20000 /* of a test that would hang */

struct daemon {
	struct fixture *fixture;
	char path[108];
	uv_loop_t loop;
	struct control *control;
	char changes
		[4096]; /* as told: "+a.example tags;" and "-a.example;", then "end" */
	uint64_t mark; /* what the next flush gets */
	unsigned flushes;
	unsigned ingests;
	int64_t closed; /* the latest incident that was told as closed */
	unsigned expectations; /* how often they were told to be others */
};

/* cmocka set-up and tear-down; *state is a struct daemon that listens. */
int daemon_setup(void **state);
int daemon_teardown(void **state);
struct control_hooks daemon_hooks(struct daemon *daemon);
void daemon_turn(struct daemon *daemon);
void daemon_turns(struct daemon *daemon, int times);

/* A descriptor that does not block. */
int daemon_connect(const struct daemon *daemon);
/* Sends all. Returns false where the daemon has hung up. */
bool daemon_offer(struct daemon *daemon, int fd, const char *bytes, size_t len);
void daemon_say(struct daemon *daemon, int fd, const char *text);
/* Receives up to one line; "" at the end. Static. */
const char *daemon_hear(struct daemon *daemon, int fd);
void daemon_expect_cut_off(struct daemon *daemon, int fd);

bool is_ok(const char *line);
void expect_refused(const char *line, const char *code);
