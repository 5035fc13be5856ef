/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pending — the deferred recipients of each queue id: whom an expiry gives up.
 *
 * Postfix names no recipient when it returns an expired message, so the last deferral of each is
 * kept until it is delivered, bounced, or its message is removed. Memory is fixed: the oldest are
 * overwritten by the newest.
 */
#include <stddef.h>

#include "monitor/ingest/report.h"
#include "monitor/ingest/span.h"

struct pending; /* opaque */

/* bytes: how much to keep, at least 64 KiB; about 300 bytes a recipient. NULL: no memory. */
struct pending *pending_create(size_t bytes);
void pending_destroy(struct pending *pending);

/* Keeps a deferral under report->id, in place of an earlier one of that recipient; without memory
 * for it, its expiry will be one whose recipient is not known. */
void pending_put(struct pending *pending, const struct report *report);
/* The recipient of this report is done with. */
void pending_drop(struct pending *pending, const struct report *report);
/* The message is gone. */
void pending_forget(struct pending *pending, struct span id);
/* Calls on_recipient for each, newest first, with id, recipient, original, relay_host, relay_ip,
 * origin, code, status and text filled in *into, and forgets them. Returns how many. */
size_t pending_take(struct pending *pending, struct span id, struct report *into,
	void *owner, void (*on_recipient)(void *owner, struct report *report));
