/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * autowatch — the domains that our own deliveries go to, watched by themselves.
 *
 * For each watch with `top-recipients` the list is made anew (toplist.h) from the volumes of the
 * store (storage/popular.h): at once, then every few minutes, more often while it has room, and
 * never for more than a small part of the time. Who is on it is in the store before polling
 * follows, so that a restart finds the same list. On the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct autowatch;
struct conf;
struct control_hooks;
struct store;
struct toplist_domain;

struct autowatch_options {
	uv_loop_t *loop;
	struct store *store; /* borrowed, as all, until it is destroyed */
	const struct conf *const *conf; /* the one in force, whenever it is looked at */
	const struct control_hooks *hooks; /* on_change and on_changes_end; copied */
};
/* Returns 0, -ENOMEM or an error of the loop. */
int autowatch_create(const struct autowatch_options *options,
	struct autowatch **ret_autowatch) __attribute__((warn_unused_result));
/* Its memory goes when the loop has run once more. NULL is allowed. */
void autowatch_destroy(struct autowatch *autowatch);

/* The domains that entered or left a list. */
struct autowatch_changes {
	uint8_t **names; /* owned; wire names */
	size_t len;
	size_t capacity;
	size_t entered;
	size_t left;
};
/* Makes the list of one watch anew and writes it. *ret_room tells whether more would find room.
 * Adds to changes what is written. Returns 0, -ENOMEM, or an error of the store (logged). */
int autowatch_update(struct store *store, const char *watch, size_t most, int64_t now,
	struct autowatch_changes *changes, bool *ret_room)
	__attribute__((warn_unused_result));
void autowatch_changes_finish(struct autowatch_changes *changes);
