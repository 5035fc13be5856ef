/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incident_row — recipients of incidents, and expectations, as JSON rows of the interface.
 *
 * As in row.h. Incidents themselves: alerts/incident_json.h.
 */
#include <jansson.h>

struct expectation;
struct incident_recipient;

json_t *incident_row_of_recipient(
	const char *id, const struct incident_recipient *recipient);
json_t *incident_row_of_expectation(const struct expectation *expectation);
