/* SPDX-License-Identifier: MIT */
#include "alerts/incident_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/incident.h"
#include "storage/instant.h"

json_t *incident_json_instant(int64_t at)
{
	char text[INSTANT_TEXT_MAX];

	return at == 0 ? json_null() : json_string(instant_format(at, text));
}

json_t *incident_json_domain(const uint8_t *domain)
{
	char text[NAME_TEXT_MAX];

	return domain != NULL ? json_string(name_format(domain, text)) : json_null();
}

/* JSON is UTF-8, and who reads it may print it. */
static json_t *make_text(const char *foreign, size_t foreign_len)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json = NULL;

	if (out == NULL)
		return NULL;
	name_escape(NAME_SINK_TERMINAL, foreign, foreign_len, out);
	if (fclose(out) == 0)
		json = json_stringn(text, len);
	free(text);
	return json;
}

json_t *incident_json_text(const char *foreign)
{
	return make_text(foreign, strlen(foreign));
}

json_t *incident_json_names(const char *names)
{
	json_t *list = json_array();

	while (*names != '\0') {
		const size_t len = strcspn(names, "\n");

		json_array_append_new(list, make_text(names, len));
		names += len + (names[len] == '\n');
	}
	return list;
}

static json_t *make_evidence(const struct incident *incident)
{
	json_t *list = json_array();

	for (size_t i = 0; i < incident->evidence_len; i++) {
		const struct incident_evidence *evidence = &incident->evidence[i];

		json_array_append_new(list,
			json_pack("{s:o, s:f, s:o, s:o}", "name",
				incident_json_text(evidence->name), "weight",
				evidence->weight, "at",
				incident_json_instant(evidence->at), "text",
				incident_json_text(evidence->text)));
	}
	return list;
}

static json_t *make_kind_at_open(const struct incident *incident)
{
	return incident->kind_at_open != 0
		? json_string(incident_kind_name(incident->kind_at_open))
		: json_null();
}

json_t *incident_json(const char *id, const struct incident *incident)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o}",
		"id", id, "domain", incident_json_domain(incident->domain), "kind",
		incident_kind_name(incident->kind), "kind_at_open",
		make_kind_at_open(incident), "severity",
		incident_severity_name(incident->severity), "severity_now",
		incident_severity_name(incident->severity_now), "state",
		incident_state_name(incident->state), "opened_at",
		incident_json_instant(incident->opened_at), "change_at",
		incident_json_instant(incident->change_at), "first_bounce_at",
		incident_json_instant(incident->first_bounce_at), "last_bounce_at",
		incident_json_instant(incident->last_bounce_at), "reverted_at",
		incident_json_instant(incident->reverted_at), "closed_at",
		incident_json_instant(incident->closed_at), "from_operators",
		incident_json_names(incident->from_operators), "to_operators",
		incident_json_names(incident->to_operators), "recipients",
		(json_int_t)incident->recipients, "bounces",
		(json_int_t)incident->bounces, "deliveries",
		(json_int_t)incident->deliveries, "evidence", make_evidence(incident),
		"summary", incident_json_text(incident->summary));
}
