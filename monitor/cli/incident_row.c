/* SPDX-License-Identifier: MIT */
#include "monitor/cli/incident_row.h"

#include <stdio.h>

#include "alerts/incident_json.h"
#include "monitor/cli/row.h"
#include "storage/incidents.h"

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
		incident_json_domain(expectation->domain), "operators",
		incident_json_names(expectation->operators), "until",
		row_instant(expectation->until_at), "made_at",
		row_instant(expectation->made_at), "note", expectation->note);
}
