/* SPDX-License-Identifier: MIT */
/*
 * Many domains at hosts that take no mail of anybody: one incident, not one a domain.
 *
 * The first of them leads. Another whose mail is tried at the same host first is counted there,
 * unless these hosts have taken mail of any other domain since: then each has its own trouble.
 */
#include <stdio.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

#define NAMED 5 /* of the domains */

static bool leads(const struct affair *affair)
{
	return affair->slot == SLOT_RECEIVER && affair->state == INCIDENT_OPEN &&
		affair->kind == INCIDENT_RECEIVER_OUTAGE;
}

void hoster_lead(struct decide *decide, struct affair *affair)
{
	hoster_sweep(decide);
	affair->others_good = false;
	for (size_t i = 0; i < decide->leaders_len; i++)
		if (decide->leaders[i] == affair)
			return;
	if (decide->leaders_len < HOSTER_LEADERS)
		decide->leaders[decide->leaders_len++] = affair;
	else
		affair->others_good = true; /* nobody would know */
}

void hoster_sweep(struct decide *decide)
{
	size_t kept = 0;
	for (size_t i = 0; i < decide->leaders_len; i++)
		if (leads(decide->leaders[i]))
			decide->leaders[kept++] = decide->leaders[i];
	decide->leaders_len = kept;
}

void hoster_good(
	struct decide *decide, const struct subject *subject, const struct host *host)
{
	for (size_t i = 0; host != NULL && i < decide->leaders_len; i++) {
		struct affair *each = decide->leaders[i];
		if (each->others_good || each->subject == subject ||
			!exchanges_have(each->subject->sets[0], host))
			continue;
		each->others_good = true;
		decide_touch(decide, each->subject);
	}
}

static const struct host *first_host(const struct subject *subject)
{
	const struct exchanges *set = subject->sets[0];
	return set != NULL && set->len > 0 ? set->hosts[0].host : NULL;
}

/* The oldest, whatever the order in which they became known. */
static struct affair *leader_of(
	const struct decide *decide, const struct subject *subject)
{
	const struct host *host = first_host(subject);
	struct affair *found = NULL;
	for (size_t i = 0; host != NULL && i < decide->leaders_len; i++) {
		struct affair *each = decide->leaders[i];
		if (leads(each) && !each->others_good &&
			first_host(each->subject) == host &&
			(found == NULL || each->serial < found->serial))
			found = each;
	}
	return found;
}

static void prove(struct affair *leader, const struct subject *subject, int64_t at)
{
	char text[AFFAIR_TEXT] = "these take no mail there either:";
	char name[NAME_TEXT_MAX];
	const unsigned more = leader->siblings > NAMED ? leader->siblings - NAMED : 0;
	for (unsigned i = 0; i < leader->proofs_len; i++)
		if (strcmp(leader->proofs[i].name, "same-hosts") == 0)
			memcpy(text, leader->proofs[i].text, sizeof text);
	char *const tail = strstr(text, " and ");
	if (tail != NULL)
		*tail = '\0';
	if (more > 0)
		affair_prove(
			leader, "same-hosts", 0, at, "%.200s and %u more", text, more);
	else
		affair_prove(leader, "same-hosts", 0, at, "%.190s%s %.40s", text,
			leader->siblings > 1 ? "," : "",
			name_format(subject->domain, name));
}

bool hoster_takes(struct decide *decide, struct subject *subject, int64_t at)
{
	struct affair *leader = leader_of(decide, subject);
	if (leader == NULL || leader->subject == subject)
		return false;
	leader->deferrals++;
	leader->dirty = true;
	decide_touch(decide, leader->subject);
	if (subject->led_by == leader->serial)
		return true;
	subject->led_by = leader->serial;
	leader->siblings++;
	leader->deferrals += subject->stuck_mails - 1;
	prove(leader, subject, at);
	return true;
}
