/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incident_row — incidents, their recipients and expectations as JSON rows of the interface.
 *
 * As in row.h. Ids are given as text: those of a backtest are of no store.
 */
#include <jansson.h>

struct expectation;
struct incident;
struct incident_recipient;

json_t *incident_row_of(const char *id, const struct incident *incident);
json_t *incident_row_of_recipient(
	const char *id, const struct incident_recipient *recipient);
json_t *incident_row_of_expectation(const struct expectation *expectation);
