/* SPDX-License-Identifier: MIT */
#include "storage/incident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"

static const char *const kinds[INCIDENT_KINDS] = {
	[INCIDENT_TRANSIENT_MOVE] = "transient-move",
	[INCIDENT_TRANSIENT_HIJACK] = "transient-hijack",
	[INCIDENT_MIGRATION] = "migration",
	[INCIDENT_MIGRATION_FALLOUT] = "migration-fallout",
	[INCIDENT_ROTATION] = "rotation",
	[INCIDENT_RESOLVER_POISONING] = "resolver-poisoning",
	[INCIDENT_DNS_OUTAGE] = "dns-outage",
	[INCIDENT_RECEIVER_FAULT] = "receiver-fault",
	[INCIDENT_RECEIVER_OUTAGE] = "receiver-outage",
	[INCIDENT_LIST_QUALITY] = "list-quality",
	[INCIDENT_EXPIRY] = "expiry",
	[INCIDENT_NULL_MX] = "null-mx",
	[INCIDENT_SELF] = "self",
};

static const char *const severities[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_CRITICAL] = "critical",
};

static const char *const states[] = {
	[INCIDENT_SUSPECTED] = "suspected",
	[INCIDENT_OPEN] = "open",
	[INCIDENT_REVERTED] = "reverted",
	[INCIDENT_CLOSED] = "closed",
};

static const char *const advices[] = {
	[ADVICE_REACTIVATE] = "re-activate",
	[ADVICE_LEAVE] = "leave",
};

#define LEN(names) (sizeof(names) / sizeof *(names))

const char *incident_kind_name(enum incident_kind kind)
{
	return kinds[kind];
}

const char *incident_severity_name(enum incident_severity severity)
{
	return severities[severity];
}

const char *incident_state_name(enum incident_state state)
{
	return states[state];
}

const char *incident_advice_name(enum incident_advice advice)
{
	return advices[advice];
}

static int find_name(const char *const *names, size_t len, const char *name)
{
	for (size_t i = 1; i < len; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

int incident_kind_from_name(const char *name, enum incident_kind *ret_kind)
{
	const int found = find_name(kinds, LEN(kinds), name);
	if (found < 0)
		return found;
	*ret_kind = (enum incident_kind)found;
	return 0;
}

int incident_severity_from_name(const char *name, enum incident_severity *ret_severity)
{
	const int found = find_name(severities, LEN(severities), name);
	if (found < 0)
		return found;
	*ret_severity = (enum incident_severity)found;
	return 0;
}

int incident_state_from_name(const char *name, enum incident_state *ret_state)
{
	const int found = find_name(states, LEN(states), name);
	if (found < 0)
		return found;
	*ret_state = (enum incident_state)found;
	return 0;
}

/* A text moves to the end of what was copied so far. */
static void move_text(const char **text, char **at)
{
	if (*text)
		*text = strcpy(*at, *text);
	*at += *text ? strlen(*text) + 1 : 0;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t size_of_texts(const struct incident *incident)
{
	size_t size = size_of(incident->from_operators) +
		size_of(incident->to_operators) + size_of(incident->view) +
		size_of(incident->summary);
	for (size_t i = 0; i < incident->evidence_len; i++)
		size += size_of(incident->evidence[i].name) +
			size_of(incident->evidence[i].text);
	return size + (incident->domain ? name_length(incident->domain) : 0);
}

struct incident *incident_copy(const struct incident *incident)
{
	const size_t len = incident->evidence_len;
	struct incident *const copy = malloc(sizeof *copy +
		len * sizeof *incident->evidence + size_of_texts(incident));
	if (!copy)
		return NULL;
	struct incident_evidence *const evidence = (void *)(copy + 1);
	char *at = (char *)(evidence + len);
	*copy = *incident;
	for (size_t i = 0; i < len; i++) {
		evidence[i] = incident->evidence[i];
		move_text(&evidence[i].name, &at);
		move_text(&evidence[i].text, &at);
	}
	copy->evidence = len > 0 ? evidence : NULL;
	move_text(&copy->from_operators, &at);
	move_text(&copy->to_operators, &at);
	move_text(&copy->view, &at);
	move_text(&copy->summary, &at);
	if (copy->domain)
		copy->domain =
			memcpy(at, incident->domain, name_length(incident->domain));
	return copy;
}
