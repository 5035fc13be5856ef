/* SPDX-License-Identifier: MIT */
#include "monitor/protect/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_holding_kind(enum incident_kind kind)
{
	switch (kind) {
	case INCIDENT_TRANSIENT_MOVE:
	case INCIDENT_TRANSIENT_HIJACK:
	case INCIDENT_MIGRATION_FALLOUT:
	case INCIDENT_RESOLVER_POISONING:
	case INCIDENT_EXPIRY:
		return true;
	case INCIDENT_MIGRATION:
	case INCIDENT_ROTATION:
	case INCIDENT_DNS_OUTAGE:
	case INCIDENT_RECEIVER_FAULT:
	case INCIDENT_RECEIVER_OUTAGE:
	case INCIDENT_LIST_QUALITY:
	case INCIDENT_NULL_MX:
	case INCIDENT_SELF:
		break;
	}
	return false;
}

bool hold_is_due(
	const struct incident *incident, const struct hold_options *options, int64_t now)
{
	const bool closed = incident->state == INCIDENT_CLOSED;
	/* A closed one is not bad any more; it was. */
	const enum incident_severity severity =
		closed ? incident->severity : incident->severity_now;
	return incident->domain && is_holding_kind(incident->kind) &&
		severity >= options->least && (!closed || incident->reverted_at != 0) &&
		now < incident->opened_at + options->longest_ms;
}

bool hold_is_later(const struct incident *incident, const struct incident *than)
{
	if ((incident->state == INCIDENT_CLOSED) != (than->state == INCIDENT_CLOSED))
		return than->state == INCIDENT_CLOSED;
	return incident->number > than->number;
}

void hold_begin(struct hold *hold, const struct incident *incident,
	const struct hold_options *options)
{
	*hold = (struct hold){
		.incident = incident->number,
		.kind = incident->kind,
		/* Of a move that stays some mail is taken where it goes now. */
		.keeps_away = incident->kind != INCIDENT_MIGRATION_FALLOUT,
		.since_at = incident->opened_at,
		.expires_at = incident->opened_at + options->longest_ms,
	};
	memcpy(hold->domain, incident->domain, name_length(incident->domain));
}

/* names: each ended by a line feed. */
static bool has_name(const char *names, const char *name)
{
	const size_t len = strlen(name);
	for (; *names != '\0'; names += strcspn(names, "\n") + 1)
		if (strcspn(names, "\n") == len && memcmp(names, name, len) == 0)
			return true;
	return false;
}

bool hold_is_foreign(const struct incident *incident, const char *operator_name)
{
	return has_name(incident->to_operators, operator_name) &&
		!has_name(incident->from_operators, operator_name);
}

/* --- hosts --- */

bool hold_has_host(const struct hold *hold, const char *name)
{
	for (size_t i = 0; i < hold->hosts_len; i++)
		if (strcmp(hold->hosts[i].name, name) == 0)
			return true;
	return false;
}

int hold_add_host(struct hold *hold, const char *name)
{
	if (hold_has_host(hold, name) || strlen(name) >= NAME_TEXT_MAX)
		return 0;
	struct hold_host *const hosts =
		reallocarray(hold->hosts, hold->hosts_len + 1, sizeof *hosts);
	if (!hosts)
		return -ENOMEM;
	hold->hosts = hosts;
	size_t at = hold->hosts_len++;
	for (; at > 0 && strcmp(hosts[at - 1].name, name) > 0; at--)
		hosts[at] = hosts[at - 1];
	hosts[at].alone = false;
	strcpy(hosts[at].name, name);
	return 0;
}

int hold_add_alias(struct hold *hold, const uint8_t *alias)
{
	for (size_t i = 0; i < hold->aliases_len; i++)
		if (name_equal(hold->aliases[i], alias))
			return 0;
	uint8_t(*const aliases)[NAME_WIRE_MAX] =
		reallocarray(hold->aliases, hold->aliases_len + 1, sizeof *aliases);
	if (!aliases)
		return -ENOMEM;
	hold->aliases = aliases;
	memcpy(aliases[hold->aliases_len++], alias, name_length(alias));
	return 0;
}

/* --- until when --- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void hold_sight(struct hold *hold, int64_t at)
{
	hold->sighted_at = later(hold->sighted_at, at);
}

static void note_foreign(struct hold *hold, const struct hold_look *look, int64_t now)
{
	/* What is said goes on being said between two polls. */
	hold_sight(hold, look->open && !look->failing ? now : look->last_at);
	if (look->ttl_s > hold->ttl_s)
		hold->ttl_s = look->ttl_s;
}

static bool has_mta(const struct hold_look *looks, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (looks[i].mta && looks[i].whole && looks[i].open)
			return true;
	return false;
}

void hold_settle(
	struct hold *hold, const struct hold_look *looks, size_t len, int64_t now)
{
	const bool mta = has_mta(looks, len);
	bool away = false;
	int64_t since = 0;
	for (size_t i = 0; i < len; i++) {
		const struct hold_look *const look = &looks[i];
		if (look->foreign)
			note_foreign(hold, look, now);
		if (!look->whole || !look->open || (mta && !look->mta))
			continue;
		away |= look->foreign;
		since = later(since, look->first_at);
	}
	const uint32_t ttl_s = hold->ttl_s != 0 ? hold->ttl_s : HOLD_TTL_UNKNOWN_S;
	const bool back = !away && since != 0;
	hold->returned_at = back ? since : 0;
	hold->lift_at = back ? later(since, hold->sighted_at) + ttl_s * INT64_C(1000) : 0;
}

bool hold_holds(const struct hold *hold, int64_t now)
{
	return hold->hosts_len > 0 && now < hold_until(hold);
}

int64_t hold_until(const struct hold *hold)
{
	return hold->lift_at != 0 && hold->lift_at < hold->expires_at ? hold->lift_at
								      : hold->expires_at;
}

bool hold_is_alike(const struct hold *a, const struct hold *b)
{
	if (a->incident != b->incident || a->keeps_away != b->keeps_away ||
		a->since_at != b->since_at || a->expires_at != b->expires_at ||
		a->hosts_len != b->hosts_len || a->aliases_len != b->aliases_len)
		return false;
	for (size_t i = 0; i < a->hosts_len; i++)
		if (strcmp(a->hosts[i].name, b->hosts[i].name) != 0 ||
			a->hosts[i].alone != b->hosts[i].alone)
			return false;
	for (size_t i = 0; i < a->aliases_len; i++)
		if (!name_equal(a->aliases[i], b->aliases[i]))
			return false;
	return true;
}

void hold_finish(struct hold *hold)
{
	free(hold->hosts);
	free(hold->aliases);
	*hold = (struct hold){0};
}
