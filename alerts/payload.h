/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * payload — an alert as the JSON that programs and chat services take.
 *
 * Each form escapes for itself, so that no name or sentence of others can make a link, a mention
 * or a control byte. No body holds a secret: the store keeps bodies. All are UTF-8 without raw
 * control bytes (line feeds between the lines of exec aside). Each function returns 0 or -ENOMEM;
 * free *ret_body with free().
 */
#include <stddef.h>

#include "alerts/alert.h"

/* Standard Webhooks: {"type":"incident.opened","timestamp","data":{"alert","site","subject",
 * "event","thread","ledger_head","note","incidents":[...],"more"}}; each of the incidents is
 * the interface's row, with "event" and "link". Type of no incident: "mxvigil.test", ... */
int payload_webhook(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));

/* JSON Lines, one an incident: the interface's row, with "event", "alert", "link". TEST, DAILY and
 * BLIND are one line with "event", "alert", "site", "note". */
int payload_exec(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));

/* A message of an incoming webhook: "text" (what notifications show) and "blocks". */
int payload_slack(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));

/* An adaptive card 1.5 in the envelope that the workflow "post to a channel" takes. */
int payload_teams(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));

/* One Events v2 event of the alert's only case (or of none), without its routing_key: incidents
 * there are resolved one by one, so what is gathered for such a channel is cut into alerts of one
 * case. An alert of several cases is one event about all of them, which only a person resolves. */
int payload_pagerduty(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));
/* The same body with its key, for the moment of sending. */
int payload_with_key(const char *body, const char *routing_key, char **ret_body)
	__attribute__((warn_unused_result));

/* The array that POST /api/v2/alerts takes. */
int payload_alertmanager(const struct alert *alert, char **ret_body)
	__attribute__((warn_unused_result));
