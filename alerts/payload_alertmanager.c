/* SPDX-License-Identifier: MIT */
/*
 * The array of POST /api/v2/alerts. Labels are what an alert is known by there, so they are what
 * does not change: the incident and its domain; and the severity, since routes go by it. When that
 * has risen, the alert of the lower one is ended in the same request (ending what was never there
 * tells nobody). An alert without an end would be resolved after five minutes by Alertmanager
 * itself: ours end in a week, or when we say so.
 */
#include <stdlib.h>

#include "alerts/incident_json.h"
#include "alerts/payload.h"
#include "alerts/payload_parts.h"

#define TEXT_MOST 1500
#define MINUTE INT64_C(60000)
#define DAY (24 * 60 * MINUTE)

/* One alert; takes labels and annotations. */
static void add_alert(json_t *list, json_t *labels, json_t *annotations, int64_t start,
	int64_t end, const char *link)
{
	json_t *alert = json_pack("{s:o, s:o, s:o, s:o}", "labels", labels, "annotations",
		annotations, "startsAt", incident_json_instant(start), "endsAt",
		incident_json_instant(end > start ? end : start + 1));

	if (alert != NULL && link != NULL)
		json_object_set_new(alert, "generatorURL", payload_text(link, TEXT_MOST));
	json_array_append_new(list, alert);
}

static json_t *make_labels(const struct alert *alert, const struct alert_case *one,
	enum incident_severity severity)
{
	json_t *labels = json_pack("{s:s, s:o, s:o, s:s}", "alertname", "mxvigil",
		"incident", payload_text(one->story.id, TEXT_MOST), "site",
		payload_text(alert->site, TEXT_MOST), "severity",
		incident_severity_name(severity));

	if (labels != NULL && *one->story.domain != '\0')
		json_object_set_new(
			labels, "domain", payload_text(one->story.domain, TEXT_MOST));
	return labels;
}

static json_t *make_annotations(const struct alert *alert, const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	char *operators = payload_operators(incident);
	char *counts = payload_counts(incident);
	json_t *annotations = json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "summary",
		payload_text(incident->summary, TEXT_MOST), "kind",
		incident_kind_name(incident->kind), "state",
		incident_state_name(incident->state), "event",
		alert_event_name(one->event), "moved",
		payload_text(operators != NULL ? operators : "", TEXT_MOST), "mail",
		payload_text(counts != NULL ? counts : "", TEXT_MOST), "alert",
		payload_text(alert->id, TEXT_MOST));

	free(operators);
	free(counts);
	return annotations;
}

static int64_t start_of(const struct incident *incident)
{
	return incident->suspected_at != 0 ? incident->suspected_at : incident->opened_at;
}

static void add_case(
	json_t *list, const struct alert *alert, const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	const int64_t start = start_of(incident) != 0 ? start_of(incident) : alert->at;
	const bool is_over = one->event == ALERT_CLOSED;

	add_alert(list, make_labels(alert, one, incident->severity),
		make_annotations(alert, one), start,
		is_over ? alert->at : alert->at + 7 * DAY, one->link);
	for (int lower = SEVERITY_INFO; lower < (int)incident->severity; lower++)
		if (one->event != ALERT_SUSPECTED)
			add_alert(list,
				make_labels(alert, one, (enum incident_severity)lower),
				make_annotations(alert, one), start, alert->at,
				one->link);
}

/* What tells of mxvigil itself: the alarm of being blind, and the one that is to be there always,
 * so that its end is an alarm. */
static void add_own(json_t *list, const struct alert *alert, const char *name,
	enum incident_severity severity, int64_t end)
{
	add_alert(list,
		json_pack("{s:s, s:o, s:s}", "alertname", name, "site",
			payload_text(alert->site, TEXT_MOST), "severity",
			incident_severity_name(severity)),
		json_pack("{s:o, s:o}", "summary",
			payload_lines(
				alert->note != NULL ? alert->note : name, TEXT_MOST),
			"alert", payload_text(alert->id, TEXT_MOST)),
		alert->at, end, NULL);
}

int payload_alertmanager(const struct alert *alert, char **ret_body)
{
	json_t *list = json_array();

	for (size_t i = 0; i < alert->cases_len; i++)
		add_case(list, alert, &alert->cases[i]);
	switch (alert->event) {
	case ALERT_TEST:
		add_own(list, alert, "mxvigil-test", SEVERITY_INFO,
			alert->at + 5 * MINUTE);
		break;
	case ALERT_DAILY:
		add_own(list, alert, "mxvigil-watching", SEVERITY_INFO,
			alert->at + DAY + 60 * MINUTE);
		add_own(list, alert, "mxvigil-blind", SEVERITY_CRITICAL, alert->at);
		break;
	case ALERT_BLIND:
		add_own(list, alert, "mxvigil-blind", SEVERITY_CRITICAL, alert->at + DAY);
		break;
	default:
		break;
	}
	return payload_print(list, ret_body);
}
