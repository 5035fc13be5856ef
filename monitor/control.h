/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * control — the daemon's end of the control socket: a JSON object a line, an answer a line.
 *
 * On the loop thread. Who may speak is decided by the socket's file permissions (owner and
 * group). A client that sends a line too long, or no JSON, is told so and cut off. Requests are
 * carried out by request.h, one after the other.
 */
#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "storage/store.h"

struct control;

/* A domain that came to the watch list or left it. */
struct control_change {
	bool added;
	const uint8_t *domain; /* wire name, borrowed for the call */
	const char *tags; /* comma-separated, borrowed for the call */
};
typedef void (*control_change_fn)(void *owner, const struct control_change *change);

/* Listens at path, over what an earlier process left there (the store's lock says that it is
 * gone). Returns 0, -ENOMEM, or why the socket could not be made (logged). */
int control_create(uv_loop_t *loop, const char *path, struct store *store,
	control_change_fn on_change, void *owner, struct control **ret_control)
	__attribute__((warn_unused_result));
/* Closes and removes the socket; its memory goes when the loop has run once more. NULL is
 * allowed. */
void control_destroy(struct control *control);
