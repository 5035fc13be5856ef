/* SPDX-License-Identifier: MIT */
/*
 * Events API v2. An incident has one dedup_key for its whole life. The daily self-check resolves
 * the alarm of being blind, and is nothing else there: nobody is paged because all is well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "alerts/incident_json.h"
#include "alerts/payload.h"
#include "alerts/payload_parts.h"

#define SUMMARY_MOST 1024
#define KEY_MOST 255

static bool is_many(const struct alert *alert)
{
	return alert->cases_len + alert->more > 1;
}

static const struct alert_case *one_of(const struct alert *alert)
{
	return alert->cases_len == 1 && !is_many(alert) ? &alert->cases[0] : NULL;
}

/* Of several the first may be over, and others begin. */
static bool is_over(const struct alert *alert)
{
	for (size_t i = 0; i < alert->cases_len; i++)
		if (alert->cases[i].event != ALERT_CLOSED)
			return false;
	return alert->more == 0;
}

/* What somebody acknowledged here is acknowledged there, unless it became another matter. */
static const char *action_of(const struct alert *alert)
{
	const struct alert_case *one = one_of(alert);

	switch (alert->event) {
	case ALERT_CLOSED:
		return is_over(alert) ? "resolve" : "trigger";
	case ALERT_DAILY:
		return "resolve";
	case ALERT_STILL:
	case ALERT_REVERTED:
		return one != NULL && one->story.incident->acked_at != 0 ? "acknowledge"
									 : "trigger";
	case ALERT_SUSPECTED:
	case ALERT_OPENED:
	case ALERT_CHANGED:
	case ALERT_WORSE:
	case ALERT_TEST:
	case ALERT_BLIND:
		break;
	}
	return "trigger";
}

static json_t *make_key(const struct alert *alert)
{
	const struct alert_case *one = one_of(alert);
	char *key;
	int len;

	if (one != NULL)
		len = asprintf(&key, "mxvigil/%s", one->story.id);
	else if (alert->cases_len > 0)
		len = asprintf(&key, "mxvigil/%s", alert->id);
	else
		len = asprintf(&key, "mxvigil/%s/%s", alert->site,
			alert->event == ALERT_TEST ? "test" : "blind");
	if (len < 0)
		return NULL;
	json_t *json = payload_text(key, KEY_MOST);
	free(key);
	return json;
}

static json_t *make_summary(const struct alert *alert)
{
	char *subject;

	if (alert_subject(alert, &subject) < 0)
		return NULL;
	json_t *json = payload_text(subject, SUMMARY_MOST);
	free(subject);
	return json;
}

static json_t *make_details(const struct alert *alert)
{
	const struct alert_case *one = one_of(alert);
	json_t *list;

	if (one != NULL)
		return payload_case(alert, one);
	list = json_array();
	for (size_t i = 0; i < alert->cases_len && i < PAYLOAD_LISTED; i++) {
		char *line = payload_line(&alert->cases[i]);

		json_array_append_new(list, payload_text(line != NULL ? line : "", 500));
		free(line);
	}
	return json_pack("{s:o, s:I, s:o}", "incidents", list, "total",
		(json_int_t)(alert->cases_len + alert->more), "note",
		payload_lines(alert->note != NULL ? alert->note : "", SUMMARY_MOST));
}

static json_t *make_payload(const struct alert *alert)
{
	const struct alert_case *one = one_of(alert);
	json_t *payload = json_pack("{s:o, s:o, s:s, s:o, s:s, s:o}", "summary",
		make_summary(alert), "source", payload_text(alert->site, KEY_MOST),
		"severity", incident_severity_name(alert_severity(alert)), "timestamp",
		incident_json_instant(alert->at), "group", "mxvigil", "custom_details",
		make_details(alert));

	if (payload != NULL && one != NULL) {
		json_object_set_new(payload, "class",
			json_string(incident_kind_name(one->story.incident->kind)));
		if (*one->story.domain != '\0')
			json_object_set_new(payload, "component",
				payload_text(one->story.domain, KEY_MOST));
	}
	return payload;
}

int payload_pagerduty(const struct alert *alert, char **ret_body)
{
	json_t *event = json_pack("{s:s, s:o, s:s, s:o}", "event_action",
		action_of(alert), "dedup_key", make_key(alert), "client", "mxvigil",
		"payload", make_payload(alert));

	if (event != NULL && alert->cases_len > 0 && alert->cases[0].link != NULL) {
		json_object_set_new(event, "client_url",
			payload_text(alert->cases[0].link, SUMMARY_MOST));
		json_object_set_new(event, "links",
			json_pack("[{s:o, s:s}]", "href",
				payload_text(alert->cases[0].link, SUMMARY_MOST), "text",
				"The incident"));
	}
	return payload_print(event, ret_body);
}
