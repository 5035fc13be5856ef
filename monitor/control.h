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

#include <jansson.h>
#include <uv.h>

#include "storage/store.h"

struct control;

/* A domain that came to the watch list or left it. */
struct control_change {
	bool added;
	const uint8_t *domain; /* wire name, borrowed for the call */
	const char *tags; /* comma-separated, borrowed for the call */
};

/* What the socket's requests need of the monitor. */
struct control_hooks {
	void *owner;
	void (*on_change)(void *owner, const struct control_change *change);
	void (*on_changes_end)(void *owner); /* after the last one of a request */
	/* {"request": "flush"} asks for counters to be written, so that who reads the store sees
	 * the present. Returns a mark that control_flushed() will reach, 0 for nothing to wait
	 * for. */
	uint64_t (*on_flush)(void *owner);
	/* {"request": "detector"}: what the detector says of itself; a new reference, NULL for
	 * want of memory. */
	json_t *(*on_detector)(void *owner);
	/* Recipients were erased from the store: one by his hash, or with hash NULL those of a
	 * domain. NULL: nobody cares. */
	void (*on_forgotten)(void *owner, const uint8_t *hash, const uint8_t *domain);
	/* Somebody closed an incident by hand; the store knows. NULL: nobody cares. */
	void (*on_incident_closed)(void *owner, int64_t incident);
	/* What is expected of domains is another; it is to be read from the store. NULL: nobody
	 * cares. */
	void (*on_expectations)(void *owner);
	/* {"request": "alert-test", "channel": NAME}: puts a test into the outbox; as
	 * request_apply(). NULL: nobody sends. */
	int (*on_alert_test)(void *owner, const json_t *request, json_t **ret_answer);
	/* Alerts are to be tried anew. NULL: nobody sends. */
	void (*on_alerts)(void *owner);
	/* Carries out a request of monitor/ingest/reception.h; as request_apply(). */
	int (*on_ingest)(
		void *owner, const json_t *request, int64_t now, json_t **ret_answer);
};

/* Listens at path, over what an earlier process left there (the store's lock says that it is
 * gone). Returns 0, -ENOMEM, or why the socket could not be made (logged). */
int control_create(uv_loop_t *loop, const char *path, struct store *store,
	const struct control_hooks *hooks, struct control **ret_control)
	__attribute__((warn_unused_result));
/* Counters have been written up to a mark: answers who waited for it. */
void control_flushed(struct control *control, uint64_t mark);
/* Closes and removes the socket; its memory goes when the loop has run once more. NULL is
 * allowed. */
void control_destroy(struct control *control);
