/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * casefile — all that the store has about one incident, as a story needs it: what each view said
 * before and after, what the polls can swear to, what became of other mail, whom to re-activate.
 *
 * For commands, alerts and reports alike, so that they say the same. A value of its own: the
 * store may go on. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/story.h"

struct operators;
struct store;

struct casefile_options {
	struct store *store; /* borrowed for the call, as is operators */
	struct operators *operators;
	int64_t now;
	bool utf8; /* U-labels may be shown */
	size_t addresses_most; /* of those to re-activate; 0: none are read */
};

struct casefile {
	struct story story; /* points into this casefile */
	char *addresses; /* to re-activate, by first bounce, each ended by a line feed; "" */
	size_t addresses_len; /* how many */
	struct casefile_parts *parts; /* owned; private */
};

/* Returns 0, -ENOENT where there is no such incident, -ENOMEM, or the error of a query. */
int casefile_open(const struct casefile_options *options, int64_t number,
	struct casefile **ret_casefile) __attribute__((warn_unused_result));
/* NULL is allowed. */
void casefile_close(struct casefile *casefile);
