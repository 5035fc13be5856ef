/* SPDX-License-Identifier: MIT */
#include "monitor/protect/gather.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/operators.h"
#include "monitor/protect/acceptors.h"
#include "storage/deliveries_lookup.h"
#include "storage/incidents.h"
#include "storage/instant.h"
#include "storage/lookup.h"

#define DAY_MS INT64_C(86400000)
#define LONGEST_MS (12 * 3600 * INT64_C(1000))
#define LOOKS_MAX 4096 /* of a domain that cannot make up its mind */
#define FAILING_MAX 16

/* --- configuration --- */

static bool is_on_loopback(const struct conf_view *view)
{
	for (size_t i = 0; i < view->servers_len; i++)
		if (endpoint_is_loopback(&view->servers[i]))
			return true;
	return false;
}

const char *gather_mta_view(const struct conf *conf)
{
	const char *found = NULL;
	for (size_t i = 0; i < conf->views_len; i++) {
		const struct conf_view *const view = &conf->views[i];
		if (view->kind != CONF_VIEW_RECURSIVE)
			continue;
		if (strcmp(view->name, "mta") == 0)
			return view->name;
		if (!found && is_on_loopback(view))
			found = view->name;
	}
	return found;
}

struct hold_options gather_options(const struct conf *conf)
{
	const struct conf_file_protect *const section =
		conf->file ? conf->file->protect : NULL;
	struct hold_options options = {
		.least = SEVERITY_CRITICAL, .longest_ms = LONGEST_MS};
	if (section && section->min_severity)
		options.least = (enum incident_severity) * section->min_severity;
	if (section && section->longest &&
		duration_parse(section->longest, &options.longest_ms) != 0)
		options.longest_ms = LONGEST_MS; /* the configuration was checked */
	return options;
}

/* --- one domain --- */

struct gathering {
	const struct gather *gather;
	int64_t now;
	struct hold *hold;
	bool found;
	struct hold_look *looks; /* owned */
	size_t looks_len;
	char failing[FAILING_MAX][CONF_NAME_MAX + 1]; /* names of views */
	size_t failing_len;
	/* Of the incident, whose texts are borrowed for a call. */
	struct incident incident;
	char *from_operators; /* owned */
	char *to_operators; /* owned */
};

static void finish(struct gathering *gathering)
{
	free(gathering->looks);
	free(gathering->from_operators);
	free(gathering->to_operators);
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct gathering *const gathering = owner;
	const struct gather *const gather = gathering->gather;
	if (!hold_is_due(incident, &gather->options, gathering->now) ||
		(gathering->found && !hold_is_later(incident, &gathering->incident)))
		return 0;
	char *const from = strdup(incident->from_operators);
	char *const to = strdup(incident->to_operators);
	if (!from || !to) {
		free(from);
		free(to);
		return -ENOMEM;
	}
	free(gathering->from_operators);
	free(gathering->to_operators);
	gathering->from_operators = from;
	gathering->to_operators = to;
	gathering->incident = *incident;
	gathering->incident.from_operators = from;
	gathering->incident.to_operators = to;
	gathering->incident.domain = NULL;
	gathering->incident.evidence = NULL;
	gathering->incident.evidence_len = 0;
	hold_begin(gathering->hold, incident, &gather->options);
	gathering->found = true;
	return 0;
}

static int on_gap(void *owner, const struct gap *gap)
{
	struct gathering *const gathering = owner;
	if (gap->server || gap->to_at != 0 || gathering->failing_len == FAILING_MAX)
		return 0;
	snprintf(gathering->failing[gathering->failing_len++], CONF_NAME_MAX + 1, "%s",
		gap->view);
	return 0;
}

static bool is_failing(const struct gathering *gathering, const char *view)
{
	for (size_t i = 0; i < gathering->failing_len; i++)
		if (strcmp(gathering->failing[i], view) == 0)
			return true;
	return false;
}

/* 1 for a foreign host, 0 for one that is not, -ENOMEM. */
static int is_foreign(const struct gathering *gathering, const char *host)
{
	const struct operator_entry *const entry =
		operators_of_host(gathering->gather->operators, host);
	if (!entry)
		return -ENOMEM;
	return hold_is_foreign(&gathering->incident, entry->name);
}

/* Returns whether foreign hosts are in the set, or -ENOMEM. */
static int take_set(struct gathering *gathering, const struct mxset *set)
{
	char host[NAME_TEXT_MAX];
	int any = 0;
	for (size_t i = 0; i < set->len; i++) {
		name_format(set->hosts[i].exchange, host);
		const int foreign = *host != '\0' ? is_foreign(gathering, host) : 0;
		if (foreign < 0 || (foreign && hold_add_host(gathering->hold, host) < 0))
			return -ENOMEM;
		any |= foreign;
	}
	return any;
}

static int on_span(void *owner, const struct span *span)
{
	struct gathering *const gathering = owner;
	const char *const mta = gathering->gather->mta;
	if (gathering->looks_len == LOOKS_MAX)
		return 0;
	struct hold_look *const looks =
		reallocarray(gathering->looks, gathering->looks_len + 1, sizeof *looks);
	if (!looks)
		return -ENOMEM;
	gathering->looks = looks;
	const int foreign = take_set(gathering, span->answer.set);
	if (foreign < 0 ||
		(foreign && span->alias &&
			hold_add_alias(gathering->hold, span->alias) < 0))
		return -ENOMEM;
	looks[gathering->looks_len++] = (struct hold_look){
		.mta = mta && strcmp(span->view, mta) == 0,
		.whole = !span->server,
		.open = span->open && !span->imported,
		.failing = is_failing(gathering, span->view),
		.foreign = foreign,
		.first_at = span->first_at,
		.last_at = span->last_at,
		.ttl_s = span->ttl_max,
	};
	return 0;
}

/* Our own mail server may have met hosts that no view saw. */
static int on_relay(void *owner, const struct deliveries_relay *relay)
{
	struct gathering *const gathering = owner;
	const struct incident *const incident = &gathering->incident;
	const int64_t since = incident->first_bounce_at != 0 ? incident->first_bounce_at
							     : incident->suspected_at;
	if (relay->last_at < since || *relay->host == '\0')
		return 0;
	const int foreign = is_foreign(gathering, relay->host);
	if (foreign <= 0)
		return foreign;
	hold_sight(gathering->hold, relay->last_at);
	return hold_add_host(gathering->hold, relay->host);
}

/* From before the change on, so that what the sets were is among it. */
static int look_around(struct gathering *gathering, const uint8_t *domain)
{
	const struct incident *const incident = &gathering->incident;
	const struct gather *const gather = gathering->gather;
	struct lookup_window window = {
		.domain = domain,
		.from = incident->change_not_before != 0
			? incident->change_not_before
			: incident->suspected_at - DAY_MS,
		.now = gathering->now,
	};
	int error = lookup_gaps(gather->store, &window, on_gap, gathering);
	if (error == 0)
		error = lookup_spans(gather->store, &window, on_span, gathering);
	if (error == -ENOENT) /* never looked at: only mail tells of it */
		error = 0;
	if (error == 0)
		error = deliveries_relays(gather->store, domain, on_relay, gathering);
	return error;
}

static int mark_alone(const struct gather *gather, struct hold *hold, int64_t now)
{
	const int error = acceptors_refresh(gather->acceptors, gather->store, now);
	for (size_t i = 0; error == 0 && i < hold->hosts_len; i++)
		hold->hosts[i].alone = acceptors_is_alone(
			gather->acceptors, hold->hosts[i].name, hold->domain);
	return error;
}

int gather_domain(const struct gather *gather, const uint8_t *domain, int64_t now,
	struct hold *ret_hold, bool *ret_holds)
{
	struct hold hold = {0};
	struct gathering gathering = {.gather = gather, .now = now, .hold = &hold};
	const struct incidents_filter filter = {
		.domain = domain,
		.from = now - gather->options.longest_ms,
	};
	int error = incidents_each(gather->store, &filter, on_incident, &gathering);
	if (error == 0 && gathering.found)
		error = look_around(&gathering, domain);
	if (error == 0 && hold.hosts_len > 0)
		error = mark_alone(gather, &hold, now);
	if (error == 0 && gathering.found) {
		incidents_id_format(gather->store, hold.incident, hold.id);
		hold_settle(&hold, gathering.looks, gathering.looks_len, now);
	}
	finish(&gathering);
	*ret_holds = error == 0 && gathering.found && hold_holds(&hold, now);
	if (*ret_holds)
		*ret_hold = hold;
	else
		hold_finish(&hold);
	return error;
}

/* --- all --- */

struct listing {
	const struct gather *gather;
	int64_t now;
	gather_domain_fn fn;
	void *owner;
};

static int on_listed(void *owner, const struct incident *incident)
{
	const struct listing *const listing = owner;
	if (!hold_is_due(incident, &listing->gather->options, listing->now))
		return 0;
	return listing->fn(listing->owner, incident->domain);
}

int gather_each_domain(
	const struct gather *gather, int64_t now, gather_domain_fn fn, void *owner)
{
	struct listing listing = {gather, now, fn, owner};
	const struct incidents_filter filter = {.from = now - gather->options.longest_ms};
	return incidents_each(gather->store, &filter, on_listed, &listing);
}
