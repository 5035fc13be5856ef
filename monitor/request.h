/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * request — what a command asks of the one process that writes the store.
 *
 * A request is one JSON object; a running daemon gets it over its control socket as one line,
 * and without a daemon the command carries it out itself, both through request_apply(), in one
 * transaction a request. Requests (other members are refused):
 *
 *   {"request": "ping"}
 *   {"request": "watch-add",    "domains": [{"domain": A-LABEL, "tags": "a,b"}, ...]}
 *   {"request": "watch-remove", "domains": [A-LABEL, ...]}
 *   {"request": "import", "source": TEXT, "view": TEXT or null,
 *    "rows": [{"line": N, "row": ROW}, ...]}                         ROW: see exchange.h
 *   {"request": "incident-ack",   "incident": ID}
 *   {"request": "incident-close", "incident": ID}
 *   {"request": "expect-add", "domain": A-LABEL, "operators": [NAME, ...],
 *    "until": MILLISECONDS, "note": TEXT}         no operators: any change; until 0: for good
 *   {"request": "expect-remove",  "number": N}
 *   {"request": "alert-retry",    "alert": ID or null}              null: all
 *   {"request": "forget", "recipient": ADDRESS, "hash": 32 HEX DIGITS}
 *   {"request": "forget", "domain": A-LABEL}
 *
 * (A daemon also takes the requests of monitor/ingest/reception.h and of monitor/postroom.h.)
 * The answer is {"ok": true, ...} with what was done:
 *
 *   ping          "pid", "version"
 *   watch-add     "added", "known"
 *   watch-remove  "removed", "unknown": [A-LABEL, ...]
 *   import        "added", "known", "passed_over", "refused": [{"line": N, "why": TEXT}, ...]
 *   incident-close  "closed": the incident's number, 0 where it was closed before
 *   expect-add    "number"
 *   alert-retry   "handovers": how many are tried at once
 *   forget        "rows", "lines": how many went
 *
 * or {"ok": false, "code": ERRNO NAME, "error": TEXT}: nothing of the request was done then.
 * Requests are foreign text: every member is checked.
 * On the thread of the store; no logging.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "resolvers/name.h"
#include "storage/incident.h"

struct store;

#define REQUEST_LINE_MAX (4 * 1024 * 1024) /* bytes of a request as a line */
#define REQUEST_ROWS_MAX 1000 /* domains or rows of one request */

/* Carries a request out, inside a transaction of its own, under the instant now.
 * Returns 0 with the answer, also a refusing one, or -ENOMEM. */
int request_apply(struct store *store, const json_t *request, int64_t now,
	json_t **ret_answer) __attribute__((warn_unused_result));

/* Answers that nothing was done, and why. code: negative errno. Returns 0 or -ENOMEM. */
int request_refuse(int code, const char *text, json_t **ret_answer)
	__attribute__((warn_unused_result));

/* Whether an answered request changed the list of watched domains: the daemon then looks at it
 * again. */
bool request_changed_watchlist(const json_t *request, const json_t *answer);
/* The same for what is expected of domains. */
bool request_changed_expectations(const json_t *request, const json_t *answer);
/* The same for alerts that are to be tried. */
bool request_changed_alerts(const json_t *request, const json_t *answer);
/* The number of an incident that an answered request closed by hand, 0 for none: whoever holds
 * it in memory is to let go of it. */
int64_t request_closed_incident(const json_t *request, const json_t *answer);
/* Whether an answered request erased recipients: one by his hash, else (with *ret_one false) those
 * of a domain. */
bool request_forgot(const json_t *request, const json_t *answer, bool *ret_one,
	uint8_t ret_hash[INCIDENT_HASH], uint8_t ret_domain[NAME_WIRE_MAX]);
