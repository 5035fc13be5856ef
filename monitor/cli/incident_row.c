/* SPDX-License-Identifier: MIT */
#include "monitor/cli/incident_row.h"

#include <stdio.h>
#include <string.h>

#include "monitor/cli/row.h"
#include "resolvers/name.h"
#include "storage/incidents.h"

/* Names that are each ended by a line feed. */
static json_t *make_list(const char *names)
{
	json_t *list = json_array();

	while (*names != '\0') {
		const size_t len = strcspn(names, "\n");

		json_array_append_new(list, json_stringn(names, len));
		names += len + (names[len] == '\n');
	}
	return list;
}

static json_t *make_domain(const uint8_t *domain)
{
	char text[NAME_TEXT_MAX];

	return domain != NULL ? json_string(name_format(domain, text)) : json_null();
}

static json_t *make_evidence(const struct incident *incident)
{
	json_t *list = json_array();

	for (size_t i = 0; i < incident->evidence_len; i++) {
		const struct incident_evidence *evidence = &incident->evidence[i];

		json_array_append_new(list,
			json_pack("{s:s, s:f, s:o, s:s}", "name", evidence->name,
				"weight", evidence->weight, "at",
				row_instant(evidence->at), "text", evidence->text));
	}
	return list;
}

static json_t *make_kind_at_open(const struct incident *incident)
{
	return incident->kind_at_open != 0
		? json_string(incident_kind_name(incident->kind_at_open))
		: json_null();
}

json_t *incident_row_of(const char *id, const struct incident *incident)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:s}",
		"id", id, "domain", make_domain(incident->domain), "kind",
		incident_kind_name(incident->kind), "kind_at_open",
		make_kind_at_open(incident), "severity",
		incident_severity_name(incident->severity), "severity_now",
		incident_severity_name(incident->severity_now), "state",
		incident_state_name(incident->state), "opened_at",
		row_instant(incident->opened_at), "change_at",
		row_instant(incident->change_at), "first_bounce_at",
		row_instant(incident->first_bounce_at), "last_bounce_at",
		row_instant(incident->last_bounce_at), "reverted_at",
		row_instant(incident->reverted_at), "closed_at",
		row_instant(incident->closed_at), "from_operators",
		make_list(incident->from_operators), "to_operators",
		make_list(incident->to_operators), "recipients",
		(json_int_t)incident->recipients, "bounces",
		(json_int_t)incident->bounces, "deliveries",
		(json_int_t)incident->deliveries, "evidence", make_evidence(incident),
		"summary", incident->summary);
}

static json_t *make_address(const char *address)
{
	json_t *text = address != NULL ? json_string(address) : NULL;

	return text != NULL ? text : json_null();
}

json_t *incident_row_of_recipient(
	const char *id, const struct incident_recipient *recipient)
{
	char hash[2 * INCIDENT_HASH + 1];

	for (size_t i = 0; i < INCIDENT_HASH; i++)
		snprintf(hash + 2 * i, 3, "%02x", recipient->hash[i]);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:b, s:o, s:s}", "incident", id,
		"recipient", make_address(recipient->address), "recipient_hash", hash,
		"first_bounce_at", row_instant(recipient->first_bounce_at),
		"last_bounce_at", row_instant(recipient->last_bounce_at), "bounces",
		(json_int_t)recipient->bounces, "accepted_before",
		recipient->accepted_before, "relay_host",
		make_address(
			*recipient->relay_host != '\0' ? recipient->relay_host : NULL),
		"advice", incident_advice_name(recipient->advice));
}

json_t *incident_row_of_expectation(const struct expectation *expectation)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:s}", "number",
		(json_int_t)expectation->number, "domain",
		make_domain(expectation->domain), "operators",
		make_list(expectation->operators), "until",
		row_instant(expectation->until_at), "made_at",
		row_instant(expectation->made_at), "note", expectation->note);
}
