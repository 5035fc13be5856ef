/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * protect_inside — what the files of protect share. Private to them, on the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "monitor/protect/gather.h"
#include "monitor/protect/hold.h"
#include "monitor/protect/protect.h"
#include "resolvers/name.h"

typedef uint8_t protect_name[NAME_WIRE_MAX];

struct acceptors;
struct operators;
struct serve;

struct protect {
	struct protect_options options;
	struct operators *operators; /* owned */
	struct acceptors *acceptors; /* owned */
	struct gather gather;
	struct hold *holds; /* owned; by domain */
	size_t holds_len;
	size_t holds_room;
	protect_name *touched; /* owned; domains to be looked at, in any order */
	size_t touched_len;
	size_t touched_room;
	uv_timer_t timer;
	uint64_t looked_mono_ms; /* of the loop's clock: the latest look */
	bool changed; /* what holds is not what was told */
	bool troubled; /* an error has been logged */
	int64_t looked_at; /* all holds, last */
	struct serve *serve; /* owned; NULL: does not listen */
	int64_t listen_at; /* tried again */
	bool deaf; /* that it does not listen has been logged */

	bool writing; /* a job is under way */
	bool write_again; /* another is to follow it */
	int64_t retry_at; /* of one that failed; 0: none did */
	bool failed; /* that has been logged */
	bool suspending; /* KumoMTA is being told */
	bool suspend_again;
	bool suspend_failed; /* that has been logged */
	int64_t suspend_retry_at;
	bool leaving;
	bool closed;
};

/* --- protect.c --- */
void protect_on_timer(uv_timer_t *timer);
void protect_free_if_done(struct protect *protect);

/* --- protect_write.c --- */
/* Has the reply filter say what holds; not before the job under way is done. */
void protect_write(struct protect *protect);
/* Tries again what failed. */
void protect_write_again(struct protect *protect, int64_t now);
/* Writes no more, but that nothing is held in a file that `next` does not name. */
void protect_release(struct protect *protect, const struct conf *next);

/* --- protect_suspend.c --- */
/* The same three for KumoMTA. */
void protect_suspend(struct protect *protect);
void protect_suspend_again(struct protect *protect, int64_t now);
void protect_resume(struct protect *protect, const struct conf *next);
