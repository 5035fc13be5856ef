/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * control_client — a command's end of the control socket: one JSON line out, one back.
 *
 * Blocking; gives up when nothing moves for timeout_ms. For the command line only, never on a loop.
 */
#include <jansson.h>

struct control_client;

/* Returns 0, -ENAMETOOLONG, or why nobody can be spoken to there: -ENOENT and -ECONNREFUSED
 * without a daemon, -EACCES. */
int control_client_open(const char *path, int timeout_ms,
	struct control_client **ret_client) __attribute__((warn_unused_result));
/* Returns 0, -ETIME, -EPIPE when the daemon went away, -EMSGSIZE for a request over
 * REQUEST_LINE_MAX, -EPROTO for an answer that is no JSON object, or -ENOMEM. */
int control_client_ask(struct control_client *client, const json_t *request,
	json_t **ret_answer) __attribute__((warn_unused_result));
void control_client_close(struct control_client *client);
