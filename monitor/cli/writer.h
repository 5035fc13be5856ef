/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * writer — carries out a command's requests: by the running daemon, else on the store itself.
 *
 * Nobody need know which: both end in request_apply().
 */
#include <jansson.h>

#include "monitor/cli/cli.h"

struct control_client;

struct writer {
	struct cli *cli;
	struct control_client *client; /* owned; NULL: the store is open for writing */
};

/* Finds the daemon, or opens the store; says why neither can be. */
enum cli_status writer_open(struct writer *writer, struct cli *cli);
/* Of a daemon that was found; the client is not NULL. Takes request. Returns as
 * control_client_ask(). */
int writer_ask_daemon(void *owner, json_t *request, json_t **ret_answer);
/* Takes request. On success *ret_answer is an answer whose "ok" is true; else it was said what
 * went wrong. */
enum cli_status writer_ask(struct writer *writer, json_t *request, json_t **ret_answer);
void writer_close(struct writer *writer);

/* A command that is one request: opens, asks, prints the answer (as JSON, or by telling it) and
 * closes. Takes request. */
enum cli_status writer_carry_out(
	struct cli *cli, json_t *request, void (*tell)(const json_t *answer));
