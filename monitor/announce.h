/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * announce — says in the log what has been recorded. Called once for each piece, after it is
 * durable, on the loop thread.
 */
#include "monitor/news.h"
#include "storage/incident.h"
#include "storage/store.h"

void announce_news(const struct store *store, const struct news *news);

/* What became of an incident. */
struct announced_incident {
	int64_t number;
	const uint8_t *domain; /* wire name; NULL: of all domains */
	const char *event; /* "opened", "kind-changed", "reverted", ... */
	enum incident_kind from_kind; /* before; equal where it stayed */
	enum incident_kind kind;
	enum incident_severity severity;
	const char *summary;
};
void announce_incident(
	const struct store *store, const struct announced_incident *incident);
