/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * protect — holds mail back while an incident lasts, as section `protect` of the configuration
 * asks for it.
 *
 * Told of each domain of which something became durable, it asks the store whether mail for the
 * domain is to wait (gather.h), and tells what holds to the socketmap server and to the reply
 * filter. Both are only ever late, never in the way: files are written and programs run on a
 * thread of libuv's pool, the server has its own. Nothing here can stop the monitor.
 * On the loop thread.
 */
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct conf;
struct news;
struct protect;
struct store;

struct protect_options {
	uv_loop_t *loop;
	struct store *store; /* borrowed for the life, as conf is */
	const struct conf *conf;
	int64_t (*now)(void *owner); /* the monitor's time */
	void *owner;
};

/* NULL in *ret_protect where nothing is asked for; all calls below take that. Returns 0 or
 * -ENOMEM. What does not work is logged, and tried again later. */
int protect_create(const struct protect_options *options, struct protect **ret_protect)
	__attribute__((warn_unused_result));
/* Its memory goes when the loop has run once more, and what is being written is done. The file
 * stays as it is; one that `next` (NULL: no configuration follows) does not name is emptied. */
void protect_destroy(struct protect *protect, const struct conf *next);

/* An incident of the domain is in the store as it is now. domain NULL: of all. */
void protect_incident(struct protect *protect, const uint8_t *domain);
/* Something was recorded. */
void protect_news(struct protect *protect, const struct news *news);
/* Time passes; once a second or so. */
void protect_tick(struct protect *protect, int64_t now);

/* {"holds", "listening", "asked", "softened", ...}; a new reference, NULL without protect or for
 * want of memory. */
json_t *protect_describe(struct protect *protect);

/* The command that is to follow a replacement of the filter; NULL where that is left to the path
 * unit: we are not root, and no command of the user's own is configured. */
const char *protect_reload_command(const struct conf *conf);
