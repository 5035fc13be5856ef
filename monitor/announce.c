/* SPDX-License-Identifier: MIT */
#include "monitor/announce.h"

#include <stdio.h>
#include <string.h>

#include "monitor/log.h"
#include "resolvers/address.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/instant.h"

/* "mx 10 mx1.example.com, 20 mx2.example.com", "address 192.0.2.1, 192.0.2.2", or the state's
 * name. Cut at the buffer's end. */
static const char *answer_text(uint16_t rrtype, enum answer_state state,
	const struct mxset *set, char *text, size_t size)
{
	const bool address = record_type_is_address(rrtype);
	FILE *out = fmemopen(text, size, "w");
	if (!out)
		return "";
	fputs(record_answer_name(rrtype, state), out);
	for (size_t i = 0; i < set->len && state == ANSWER_MX; i++) {
		const struct mxhost *const host = &set->hosts[i];
		char name[NAME_TEXT_MAX];
		if (address)
			fprintf(out, "%s %s", i ? "," : "",
				address_format(host->exchange, name));
		else
			fprintf(out, "%s %u %s", i ? "," : "", host->preference,
				host->exchange[0] ? name_format(host->exchange, name)
						  : ".");
	}
	putc('\0', out);
	fclose(out);
	text[size - 1] = '\0';
	return text;
}

static const char *subject(const struct news *news, char *text, size_t size)
{
	char name[NAME_TEXT_MAX];
	char server[ENDPOINT_TEXT_MAX] = "";
	if (news->server.family != 0)
		endpoint_format(&news->server, server);
	snprintf(text, size, "%s=%s view=%s%s%s%s%s",
		record_type_is_address(news->rrtype) ? "exchange" : "domain",
		name_format(news->domain, name), news->view,
		record_type_is_address(news->rrtype) ? " type=" : "",
		record_type_is_address(news->rrtype) ? record_type_name(news->rrtype)
						     : "",
		server[0] ? " server=" : "", server);
	return text;
}

static void announce_change(const struct store *store, const struct news *news)
{
	char what[NAME_TEXT_MAX + 256];
	char from[512];
	char to[512];
	char id[STORE_ID_MAX];
	char at[INSTANT_TEXT_MAX];
	char not_before[INSTANT_TEXT_MAX];
	log_info("change",
		"%s id=%s kind=%s at=%s not_before=%s confirmed=%s from=\"%s\" to=\"%s\"",
		subject(news, what, sizeof what),
		store_id_format(store, news->recorded, id),
		change_kind_name(news->change), instant_format(news->at, at),
		instant_format(news->from_at, not_before), confirmation_name(news->by),
		answer_text(news->rrtype, news->from_state, &news->from_set, from,
			sizeof from),
		answer_text(news->rrtype, news->state, &news->set, to, sizeof to));
}

static void announce_suspicion(const struct store *store, const struct news *news)
{
	char what[NAME_TEXT_MAX + 256];
	char seen[512];
	char id[STORE_ID_MAX];
	char at[INSTANT_TEXT_MAX];
	log_warn("suspicion", "%s id=%s at=%s seen=\"%s\" why=\"%s\"",
		subject(news, what, sizeof what),
		store_id_format(store, news->recorded, id), instant_format(news->at, at),
		answer_text(news->rrtype, news->state, &news->set, seen, sizeof seen),
		news->why);
}

static void announce_gap(const struct news *news)
{
	char what[NAME_TEXT_MAX + 256];
	char from[INSTANT_TEXT_MAX];
	char to[INSTANT_TEXT_MAX];
	subject(news, what, sizeof what);
	instant_format(news->from_at, from);
	instant_format(news->at, to);
	if (news->kind == NEWS_GAP_OPEN)
		log_warn("gap", "%s opened from=%s reason=%s", what, from,
			gap_reason_name(news->reason));
	else if (news->kind == NEWS_GAP_CLOSE)
		log_info("gap", "%s closed to=%s", what, to);
	else
		log_info("gap", "%s over from=%s to=%s reason=%s", what, from, to,
			gap_reason_name(news->reason));
}

static void announce_first(const struct news *news)
{
	char what[NAME_TEXT_MAX + 256];
	char to[512];
	log_debug("first", "%s answer=\"%s\"", subject(news, what, sizeof what),
		answer_text(news->rrtype, news->state, &news->set, to, sizeof to));
}

void announce_news(const struct store *store, const struct news *news)
{
	switch (news->kind) {
	case NEWS_SPAN:
	case NEWS_CHANGE:
	case NEWS_REJOIN:
		if (news->recorded != 0)
			announce_change(store, news);
		else if (news->kind == NEWS_SPAN)
			announce_first(news);
		break;
	case NEWS_SUSPICION:
		announce_suspicion(store, news);
		break;
	case NEWS_GAP_OPEN:
	case NEWS_GAP_CLOSE:
	case NEWS_GAP_ADD:
		announce_gap(news);
		break;
	case NEWS_FAILURE:
	case NEWS_RECOVERY:
	case NEWS_BUCKET:
	case NEWS_PULSES:
	case NEWS_TOUCH:
	case NEWS_DONE:
	case NEWS_FLUSHED:
		break;
	}
}

void announce_incident(
	const struct store *store, const struct announced_incident *incident)
{
	char id[STORE_ID_MAX];
	char name[NAME_TEXT_MAX];
	char from[64] = "";
	if (incident->from_kind != incident->kind)
		snprintf(from, sizeof from, " from=%s",
			incident_kind_name(incident->from_kind));
	incidents_id_format(store, incident->number, id);
	(incident->severity == SEVERITY_INFO ? log_info : log_warn)("incident",
		"domain=%s id=%s event=%s kind=%s%s severity=%s summary=%s",
		incident->domain ? name_format(incident->domain, name) : "-", id,
		incident->event, incident_kind_name(incident->kind), from,
		incident_severity_name(incident->severity), log_quote(incident->summary));
}
