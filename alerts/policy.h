/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * policy — what is told to whom, when, again, and how often it is tried.
 *
 * The first word of an incident needs a route that fits it; what comes after goes to whoever was
 * told. A channel is told once, by the first of its routes that fits. An incident of kind SELF
 * has no domain: routes do not ask it for one, since whoever is blind is so for all of them.
 * Pure: no clock, no store, no chance; what varies comes from a seed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/alert.h"
#include "storage/incident.h"

#define POLICY_NONE SIZE_MAX

/* A rule of the configuration. Pointers are borrowed. */
struct policy_route {
	const char *name;
	enum incident_severity min_severity;
	uint32_t
		kinds; /* bits 1 << kind; 0: all, but rotations and what is of no concern */
	const char *const
		*domains; /* A-labels, each with what lies below it; none: all */
	size_t domains_len;
	const char *const *tags; /* one of them will do; none: all */
	size_t tags_len;
	const size_t *channels; /* indices of the caller's */
	size_t channels_len;
	size_t fallback; /* channel, or POLICY_NONE */
	int64_t group_wait_ms;
	int64_t repeat_ms;
};

/* An incident and what routes go by. */
struct policy_case {
	const struct incident *incident;
	const char *domain; /* A-label; "" for none */
	const char *const *tags;
	size_t tags_len;
};

/* What a channel knows of an incident. */
struct policy_told {
	int64_t at;
	enum incident_kind kind;
	enum incident_severity severity; /* the highest that it was told */
	enum incident_state state;
	uint64_t recipients;
};

/* The first of the routes that has the channel and fits; POLICY_NONE without one. */
size_t policy_route(const struct policy_route *routes, size_t routes_len,
	const struct policy_case *one, size_t channel);
/* What there is to tell a channel that a route leads to, or that was told before. told: NULL
 * while it was not. pending: it is about to be. Returns 0 for nothing. */
enum alert_event policy_judge(
	const struct incident *incident, const struct policy_told *told, bool pending);
/* Whether it is time to say again what was told. */
bool policy_is_stale(const struct incident *incident, const struct policy_told *told,
	int64_t repeat_ms, int64_t now);

/* --- gathering --- */

#define POLICY_SETTLE_MS 1000 /* what belongs together comes together */
#define POLICY_GROUP_WAIT_MS 30000
#define POLICY_REPEAT_MS (4 * INT64_C(3600000))
#define POLICY_CRITICAL_WAIT_MS 300000 /* the longest that a critical one is held */
#define POLICY_HOURLY 30 /* alerts of a channel in an hour; then they come rarer */

/* What waits for a channel. */
struct policy_waiting {
	int64_t first_at;
	int64_t critical_at; /* 0: none */
	int64_t last_alert_at; /* 0: none */
	int64_t hourly_at; /* of the POLICY_HOURLYth last alert; 0: none */
	int64_t group_wait_ms;
};
/* When they are gathered into an alert. */
int64_t policy_gather_at(const struct policy_waiting *waiting);

/* --- trying again --- */

enum policy_medium {
	POLICY_MAIL, /* another server queues it: half a minute, then up to an hour; five days */
	POLICY_HOOK, /* somebody listens, or not: 5 s, 5 min, ... 10 h; about 28 hours */
};
/* How long to wait after the nth failed attempt (1: the first), a fifth more or less by the
 * seed. -1: it has been tried long enough. made_at: of the alert. */
int64_t policy_retry_ms(enum policy_medium medium, uint64_t attempts, int64_t made_at,
	int64_t now, uint64_t seed);
