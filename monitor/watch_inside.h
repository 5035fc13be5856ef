/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * watch_inside — what the files of watch share. Private to them, all on the loop thread.
 */
#include <stdint.h>

#include <uv.h>

#include "monitor/clock.h"
#include "monitor/resolvconf.h"
#include "monitor/target.h"

struct autowatch;
struct casebook;
struct conf;
struct control;
struct control_change;
struct fleet;
struct ingest;
struct news;
struct news_queue;
struct protect;
struct postroom;
struct recorder;
struct roster;
struct store;
struct watch_options;

struct watch {
	const struct watch_options *options;
	const struct conf *conf; /* in force: that of the options, or `reloaded` */
	struct conf *reloaded; /* owned; NULL: none yet */
	struct store *store;
	int64_t run;
	struct timeline timeline;
	struct news_queue *queue;
	struct recorder *recorder;
	struct casebook *casebook;
	struct fleet *fleet;
	struct roster *wished; /* while a request changes the watch list */
	struct control *control;
	struct ingest *ingest;
	struct autowatch *autowatch;
	struct protect *protect; /* NULL: nothing is held back */
	struct postroom *postroom; /* NULL where one poll is all */
	struct resolvconf resolvconf;
	size_t domains;
	uint64_t points; /* active, when the fleet started */
	uint64_t flushes; /* asked for, by poller */
	uv_loop_t loop;
	uv_async_t news;
	uv_timer_t tick;
	uv_timer_t end;
	uv_signal_t signals[3];
	uint64_t started_mono_ms;
	uint64_t prune_mono_ms; /* when old history is looked for again */
	int status; /* exit status */
};

/* Reads the clocks; the instant of the timeline. */
int64_t watch_now(struct watch *watch);

/* --- watch_fleet.c --- */
/* The domains that a configuration, the store and the command line wish for together. Returns as
 * roster_build(). */
int watch_gather(struct watch *watch, const struct conf *conf, struct roster **ret_roster)
	__attribute__((warn_unused_result));
/* Starts polling and reading logs. Takes the roster. Returns 0, or why it cannot. */
int watch_launch(struct watch *watch, struct roster *roster,
	struct interruption interruption) __attribute__((warn_unused_result));
/* Stops both, and writes down what they had found. */
void watch_land(struct watch *watch);
/* Reads the configuration again and starts anew under it; a wrong one leaves the old in force. */
void watch_reload(struct watch *watch);
/* Hooks of the control socket: a domain came to the watch list or left it. */
void watch_listed(void *owner, const struct control_change *change);
void watch_listed_all(void *owner);
/* Holds mail back, where the configuration asks for it. Returns 0 or -ENOMEM. */
int watch_protect(struct watch *watch) __attribute__((warn_unused_result));
/* Hook of the recorder: something is durable. */
void watch_written(void *owner, const struct news *news);
/* Frees a configuration. NULL is allowed. */
void watch_drop_conf(struct conf *conf);
