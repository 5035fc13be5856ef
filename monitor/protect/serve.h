/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * serve — the socketmap server that Postfix asks about each final status.
 *
 * Postfix waits for the answer while a mail is in its hands, up to 100 s: so the server has a
 * thread and a loop of its own, looks into a table in memory and nowhere else, and hangs up on
 * whoever sends what is no request, too much, or does not take the answers. A client that has
 * lost its connection goes on as if nothing had been set. The table is exchanged under a lock that
 * is held for one look-up.
 */
#include <stddef.h>
#include <stdint.h>

struct endpoint;
struct serve;
struct soften;

#define SERVE_CLIENTS_MOST 1000
#define SERVE_IDLE_MS 30000 /* Postfix itself lets go after 10 s */
#define SERVE_MAP "mxvigil"

struct serve_counts {
	uint64_t asked;
	uint64_t softened;
	uint64_t cut_off; /* clients that were hung up on */
	size_t clients;
};

/* Listens, and starts the thread. Returns 0, -ENOMEM, or why it cannot listen. */
int serve_create(const struct endpoint *endpoint, struct serve **ret_serve)
	__attribute__((warn_unused_result));
/* From now on answers come from this table. Takes it. */
void serve_set(struct serve *serve, struct soften *table);
struct serve_counts serve_counts(struct serve *serve);
/* NULL is allowed. */
void serve_destroy(struct serve *serve);
