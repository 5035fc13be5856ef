/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * postroom — the herald at work: its timer, and the thread that carries alerts out.
 *
 * In the monitor, and for a moment in a command that tries a channel. On the loop thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct casebook;
struct conf;
struct postroom;
struct roster;
struct store;

/* All borrowed for its life, but for conf. */
struct postroom_options {
	uv_loop_t *loop;
	struct store *store;
	struct casebook *casebook; /* whose incidents are told; NULL: none are */
	const struct conf *conf; /* until postroom_reload() */
	void *owner;
	int64_t (*now)(void *owner);
	bool alone; /* for a test: what else waits is left alone */
};

/* Returns 0 or why it cannot (logged). */
int postroom_create(const struct postroom_options *options,
	struct postroom **ret_postroom) __attribute__((warn_unused_result));
/* Goes on under another configuration; before the old one is freed. After an error (logged) it
 * sends nothing. */
int postroom_reload(struct postroom *postroom, const struct conf *conf)
	__attribute__((warn_unused_result));
/* Which domains are watched under it. roster is borrowed for the call. */
void postroom_watch(struct postroom *postroom, struct roster *roster);
/* Something in the store may be due: looks at it soon. */
void postroom_stir(struct postroom *postroom);
/* Carries out {"request": "alert-test", "channel": NAME}; answers {"ok": true, "alert": ID}.
 * Returns 0 with the answer, also a refusing one, or -ENOMEM. */
int postroom_test(struct postroom *postroom, const json_t *request, json_t **ret_answer)
	__attribute__((warn_unused_result));
/* What is under way is given up, and sent again after the next start. Its memory goes when the
 * loop has run once more. NULL is allowed, here and in all calls above but postroom_test. */
void postroom_destroy(struct postroom *postroom);
