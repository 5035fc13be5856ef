/* SPDX-License-Identifier: MIT */
#include "alerts/payload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/incident_json.h"
#include "alerts/payload_parts.h"

#define NOTE_MOST 4000

int payload_print(json_t *body, char **ret_body)
{
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (text == NULL)
		return -ENOMEM;
	*ret_body = text;
	return 0;
}

static json_t *make_text(const char *text)
{
	return text != NULL && *text != '\0' ? incident_json_text(text) : json_null();
}

static json_t *make_note(const struct alert *alert)
{
	return alert->note != NULL ? payload_lines(alert->note, NOTE_MOST) : json_null();
}

json_t *payload_case(const struct alert *alert, const struct alert_case *one)
{
	json_t *row = incident_json(one->story.id, one->story.incident);

	if (row == NULL)
		return NULL;
	json_object_set_new(row, "event", json_string(alert_event_name(one->event)));
	json_object_set_new(row, "alert", incident_json_text(alert->id));
	json_object_set_new(row, "link", make_text(one->link));
	return row;
}

static json_t *make_subject(const struct alert *alert)
{
	char *subject;

	if (alert_subject(alert, &subject) < 0)
		return NULL;
	json_t *text = incident_json_text(subject);
	free(subject);
	return text;
}

static json_t *make_data(const struct alert *alert)
{
	const size_t listed =
		alert->cases_len < PAYLOAD_LISTED ? alert->cases_len : PAYLOAD_LISTED;
	json_t *incidents = json_array();

	for (size_t i = 0; i < listed; i++)
		json_array_append_new(incidents, payload_case(alert, &alert->cases[i]));
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "alert",
		incident_json_text(alert->id), "site", incident_json_text(alert->site),
		"subject", make_subject(alert), "event", alert_event_name(alert->event),
		"severity", incident_severity_name(alert_severity(alert)), "thread",
		make_text(alert->thread), "ledger_head", make_text(alert->ledger_head),
		"note", make_note(alert), "incidents", incidents, "more",
		(json_int_t)(alert->cases_len - listed + alert->more));
}

int payload_webhook(const struct alert *alert, char **ret_body)
{
	char type[48];

	snprintf(type, sizeof type, "%s.%s",
		alert->cases_len > 0 ? "incident" : "mxvigil",
		alert_event_name(alert->event));
	return payload_print(
		json_pack("{s:s, s:o, s:o}", "type", type, "timestamp",
			incident_json_instant(alert->at), "data", make_data(alert)),
		ret_body);
}

/* Adds a line, and frees its row. Returns 0 or -ENOMEM. */
static int put_line(json_t *row, FILE *out)
{
	char *line;
	const int r = payload_print(row, &line);

	if (r < 0)
		return r;
	fprintf(out, "%s\n", line);
	free(line);
	return 0;
}

/* What is told of no incident, or of those that are not listed. */
static json_t *make_rest(const struct alert *alert)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:I}", "alert",
		incident_json_text(alert->id), "at", incident_json_instant(alert->at),
		"site", incident_json_text(alert->site), "event",
		alert_event_name(alert->event), "note", make_note(alert), "more",
		(json_int_t)alert->more);
}

int payload_exec(const struct alert *alert, char **ret_body)
{
	char *body = NULL;
	size_t len;
	FILE *out = open_memstream(&body, &len);
	int r = 0;

	if (out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < alert->cases_len && r == 0; i++)
		r = put_line(payload_case(alert, &alert->cases[i]), out);
	if (r == 0 && (alert->cases_len == 0 || alert->more > 0))
		r = put_line(make_rest(alert), out);
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(body);
		return r;
	}
	*ret_body = body;
	return 0;
}

int payload_with_key(const char *body, const char *routing_key, char **ret_body)
{
	json_t *event = json_loads(body, 0, NULL);

	if (event == NULL)
		return -ENOMEM;
	if (json_object_set_new(event, "routing_key", json_string(routing_key)) < 0) {
		json_decref(event);
		return -ENOMEM;
	}
	return payload_print(event, ret_body);
}
