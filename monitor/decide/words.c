/* SPDX-License-Identifier: MIT */
/* The one sentence that says what an incident is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

char *words_operators(const struct operator_entry *const *list, unsigned len,
	char ret_text[AFFAIR_TEXT])
{
	if (len == 0)
		ret_text[0] = '\0';
	else if (len == 1)
		snprintf(ret_text, AFFAIR_TEXT, "%.100s", list[0]->name);
	else if (len == 2)
		snprintf(ret_text, AFFAIR_TEXT, "%.90s and %.90s", list[0]->name,
			list[1]->name);
	else
		snprintf(ret_text, AFFAIR_TEXT, "%.90s and %u others", list[0]->name,
			len - 1);
	return ret_text;
}

struct parts {
	char domain[128];
	char from[AFFAIR_TEXT];
	char to[AFFAIR_TEXT];
};

static void say_outage(const struct affair *affair, const char *domain, char *text)
{
	if (affair->siblings == 0)
		snprintf(text, AFFAIR_TEXT,
			"%s takes no mail at the moment (%" PRIu64 " deferred)", domain,
			affair->deferrals);
	else
		snprintf(text, AFFAIR_TEXT,
			"%s and %u more at the same hosts take no mail at the moment "
			"(%" PRIu64 " deferred)",
			domain, affair->siblings, affair->deferrals);
}

/* Of our own trouble: the proof says which source it is. */
static void say_self(const struct affair *affair, char *text)
{
	const bool blind = affair_has_proof(affair, "view-fails") ||
		affair_has_proof(affair, "lookups-fail");
	const char *said = "our own look-ups fail";
	for (unsigned i = 0; i < affair->proofs_len && !blind; i++)
		if (strncmp(affair->proofs[i].name, "source-", 7) == 0 ||
			strcmp(affair->proofs[i].name, "filter-broken") == 0)
			said = affair->proofs[i].text;
	snprintf(text, AFFAIR_TEXT, "%s", said);
}

/* Of incidents without a move. */
static void say_quiet(const struct affair *affair, const struct parts *parts, char *text)
{
	const char *domain = parts->domain;
	switch (affair->kind) {
	case INCIDENT_RECEIVER_FAULT:
		snprintf(text, AFFAIR_TEXT,
			"%s calls valid users unknown (%" PRIu64
			" bounces), MX unchanged",
			domain, affair->bounces);
		break;
	case INCIDENT_RECEIVER_OUTAGE:
		say_outage(affair, domain, text);
		break;
	case INCIDENT_LIST_QUALITY:
		snprintf(text, AFFAIR_TEXT,
			"%" PRIu64 " addresses at %s that never existed were written to",
			affair->bounces, domain);
		break;
	case INCIDENT_EXPIRY:
		snprintf(text, AFFAIR_TEXT, "%s has expired or is parked", domain);
		break;
	case INCIDENT_NULL_MX:
		snprintf(
			text, AFFAIR_TEXT, "%s takes no mail any more (null MX)", domain);
		break;
	default:
		say_self(affair, text);
		break;
	}
}

static void say(const struct affair *affair, const struct parts *parts, char *text)
{
	const char *domain = parts->domain;
	const char *to = parts->to[0] != '\0' ? parts->to : "a foreign operator";
	switch (affair->kind) {
	case INCIDENT_TRANSIENT_MOVE:
		snprintf(text, AFFAIR_TEXT, "MX of %s %s %.80s", domain,
			affair->reverted_at != 0 ? "was for a while at" : "moved to", to);
		break;
	case INCIDENT_TRANSIENT_HIJACK:
		snprintf(text, AFFAIR_TEXT,
			"mail for %s %s to %.60s: %" PRIu64 " bounces of valid users",
			domain, affair->reverted_at != 0 ? "went" : "goes", to,
			affair->bounces);
		break;
	case INCIDENT_MIGRATION:
		snprintf(text, AFFAIR_TEXT, "%s has moved to %.80s", domain, to);
		break;
	case INCIDENT_MIGRATION_FALLOUT:
		snprintf(text, AFFAIR_TEXT,
			"%s has moved%s%.60s, and valid users bounce (%" PRIu64 ")",
			domain, parts->to[0] != '\0' ? " to " : "", parts->to,
			affair->bounces);
		break;
	case INCIDENT_ROTATION:
		snprintf(text, AFFAIR_TEXT, "%s has another set of its operator's hosts",
			domain);
		break;
	case INCIDENT_RESOLVER_POISONING:
		snprintf(text, AFFAIR_TEXT, "one resolver sends mail for %s to %.80s",
			domain, to);
		break;
	case INCIDENT_DNS_OUTAGE:
		snprintf(text, AFFAIR_TEXT, "the DNS of %s gives no usable answer",
			domain);
		break;
	default:
		say_quiet(affair, parts, text);
	}
}

char *words_summary(const struct affair *affair, char ret_text[AFFAIR_TEXT])
{
	struct parts parts = {.domain = ""};
	char name[NAME_TEXT_MAX] = "";
	if (affair->subject != NULL)
		name_format(affair->subject->domain, name);
	snprintf(parts.domain, sizeof parts.domain, "%.120s", name);
	words_operators(affair->from, affair->from_len, parts.from);
	words_operators(affair->to, affair->to_len, parts.to);
	ret_text[0] = '\0';
	say(affair, &parts, ret_text);
	return ret_text;
}
