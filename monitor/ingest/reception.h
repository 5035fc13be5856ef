/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reception — deliveries that commands have read, into the store that the monitor has.
 *
 * The other end of monitor/ingest/errand.h. Requests of the control socket (see request.h for
 * what all have in common; parcel.h for PLACE, REPORT, REJECTED, and how BYTES are written):
 *
 *   {"request": "ingest-places", "format": TEXT, "head": HEX}     a file's first bytes
 *   {"request": "ingest-place", "number": N}
 *   {"request": "ingest-known", "format": TEXT, "path": BYTES}    a mail
 *   {"request": "ingest", "source": TEXT, "mail": BOOL, "reports": [REPORT, ...],
 *    "rejected": [REJECTED, ...], "place": PLACE or null, "from": OFFSET, "latest": N}
 *
 * and what is answered beside "ok":
 *
 *   ingest-places  "places": [PLACE without its state, ...], those that begin as the file does,
 *                  and "latest": the highest number of any place
 *   ingest-place   "place": PLACE or null
 *   ingest-known   "known"
 *   ingest         "number" of the place, "refused": reports that no tally can take
 *
 * Reports, lines and place of one request are committed together. It is refused with ESTALE,
 * and nothing is done, where the place is no longer at "from", or where a place that is new to
 * the store has been taken in the same file since "latest": somebody else has read on in it.
 * Requests are foreign: every member is checked. On the thread of the store; no logging.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct settings;
struct store;

#define RECEPTION_PLACES_MOST 10000 /* in an answer; the latest */

/* Where a request has moved the store on to in a file. */
struct reception_moved {
	bool any;
	int64_t number;
	uint64_t device;
	uint64_t inode;
};

/* Whether the request is one of these. */
bool reception_is_asked(const json_t *request);
/* Returns 0 with the answer, also a refusing one, or -ENOMEM. */
int reception_apply(const struct settings *settings, struct store *store,
	const json_t *request, int64_t now, struct reception_moved *ret_moved,
	json_t **ret_answer) __attribute__((warn_unused_result));
