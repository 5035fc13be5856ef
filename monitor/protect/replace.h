/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * replace — puts the reply filter in its place, and has Postfix read it.
 *
 * The file is never missing: it is written beside, checked, synced and renamed over. What is no
 * file of ours is left alone. Where the text is the same nothing is written. Postfix reads a
 * replaced file when its processes start: after each replacement the reload command is run, and
 * again next time where that failed; or it is left to the systemd path unit, which touches
 * FILE.reloaded when it has done so.
 *
 * FILE.state remembers in JSON what was done, and its lock keeps two writers apart. Blocks its
 * thread, up to the limits of what it runs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "monitor/protect/child.h"

#define REPLACE_WHY_MAX 512
#define REPLACE_RELOAD_MS 30000
#define REPLACE_POSTMAP_MS 5000

struct replace_order {
	const char *path;
	const char *text; /* of the whole file */
	size_t len;
	size_t entries;
	const char *sample; /* a record that is to be ignored; NULL for none */
	const char *command; /* that makes Postfix read it; NULL: somebody else does */
	int64_t now;
};

struct replace_result {
	int error; /* 0, or why the file is as it was */
	char why[REPLACE_WHY_MAX]; /* for people, where error is not 0 */
	bool written;
	bool asked_postmap;
	bool reloaded; /* the command was run: */
	int reload_error; /* why it could not be started */
	struct child_end reload;
};

void replace_file(const struct replace_order *order, struct replace_result *ret_result);

/* Takes what has expired out of the file; order->text, len, entries and sample are not looked
 * at. *ret_expired: how many entries went. A file that is not there is made. */
void replace_prune(const struct replace_order *order, size_t *ret_expired,
	struct replace_result *ret_result);

/* The same, but leaves the file alone. */
void replace_count(const struct replace_order *order, size_t *ret_expired,
	struct replace_result *ret_result);

/* Whether all went well, the reload too. */
bool replace_is_well(const struct replace_result *result);

/* What is known of a file: {"path", "exists", "entries", "written_at", "checked_by",
 * "reload": {"by", "at", "ok", "said"} or null}; "ok" null: not yet, as far as is known.
 * Returned; NULL for want of memory. */
json_t *replace_state(const char *path);
