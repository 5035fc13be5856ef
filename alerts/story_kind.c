/* SPDX-License-Identifier: MIT */
/* What happened, and what cannot be known of it, by kind. */
#include <stdbool.h>

#include "alerts/story_parts.h"
#include "alerts/story_text.h"
#include "storage/incident.h"

static bool is_over(const struct incident *incident)
{
	return incident->state == INCIDENT_REVERTED || incident->state == INCIDENT_CLOSED;
}

static void tell_move(const struct telling *telling)
{
	story_say(telling,
		"The MX of %s %s at %s instead of %s. No bounce of ours comes from it: "
		"either little mail went there, or the new hosts took it.",
		telling->domain, is_over(telling->incident) ? "pointed" : "points",
		telling->to, telling->from);
}

static void tell_hijack(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	char recipients[STORY_COUNT_MAX + 12];

	story_say(telling,
		"Mail for %s %s delivered to hosts of %s, which %s not the domain's own "
		"(%s). They answer \"user unknown\" for people who do exist: %s "
		"bounced for no other reason.",
		telling->domain, is_over(incident) ? "was" : "is being", telling->to,
		is_over(incident) ? "were" : "are", telling->from,
		story_recipients(incident->recipients, recipients));
	if (incident->reverted_at != 0)
		story_say(telling,
			"The MX came back. Servers that still hold the other "
			"answer in a cache go on until it runs out.");
}

static void tell_migration(const struct telling *telling)
{
	story_say(telling,
		"%s moved its mail from %s to %s to stay: the new hosts accept mail for "
		"its people, or the move was expected.",
		telling->domain, telling->from, telling->to);
}

static void tell_fallout(const struct telling *telling)
{
	char recipients[STORY_COUNT_MAX + 12];

	story_say(telling,
		"%s moved its mail from %s to %s to stay, and the move went wrong for "
		"some: %s bounced as unknown although they exist. Either their mailboxes "
		"are not at the new hosts yet, or the old hosts refuse what stale caches "
		"still send them.",
		telling->domain, telling->from, telling->to,
		story_recipients(telling->incident->recipients, recipients));
}

static void tell_poisoning(const struct telling *telling)
{
	story_say(telling,
		"One resolver alone, the view %s, %s mail for %s to %s. The domain's own "
		"name servers never said so: the domain is well, the resolver is not.",
		telling->view, is_over(telling->incident) ? "sent" : "sends",
		telling->domain, telling->to);
}

static void tell_fault(const struct telling *telling)
{
	char recipients[STORY_COUNT_MAX + 12];

	story_say(telling,
		"The MX of %s did not change. Its own hosts (%s) answer \"user unknown\" "
		"for %s whose mail they took before: the fault is at the "
		"receiver.",
		telling->domain, telling->from,
		story_recipients(telling->incident->recipients, recipients));
}

static void tell_list(const struct telling *telling)
{
	story_say(telling,
		"Addresses at %s bounce as unknown that never took mail before, and "
		"people who did still get theirs. Nothing is wrong at the receiver: the "
		"list of recipients is.",
		telling->domain);
	if (telling->story->meant != NULL)
		story_say(telling, "%s looks like a typing error for %s.",
			telling->domain, telling->story->meant);
}

static void tell_rotation(const struct telling *telling)
{
	story_say(telling, "%s has another set of mail hosts at the same operator (%s).",
		telling->domain, telling->from);
}

static void tell_dns_outage(const struct telling *telling)
{
	story_say(telling,
		"The DNS of %s, or of the names of its mail hosts, gave no usable answer "
		"to any view: mail servers could not find out where its mail goes.",
		telling->domain);
}

static void tell_outage(const struct telling *telling)
{
	story_say(telling,
		"The mail hosts of %s (%s) defer mail or do not answer. Its MX did not "
		"change, and nothing bounced for it.",
		telling->domain, telling->from);
}

static void tell_expiry(const struct telling *telling)
{
	story_say(telling,
		"%s points at hosts where registrars park domains (%s): it was not "
		"renewed, or it was given up.",
		telling->domain, telling->to);
}

static void tell_null(const struct telling *telling)
{
	story_say(telling,
		"%s published a null MX (RFC 7505): it says itself that it takes no "
		"mail.",
		telling->domain);
}

static void tell_self(const struct telling *telling)
{
	story_say(telling,
		"Something of our own failed: the resolver, the network, or a "
		"log that is read. Domains are not suspected for what was "
		"missed meanwhile.");
}

static const struct {
	void (*tell)(const struct telling *telling);
	const char *not_known[2]; /* NULL for nothing */
} kinds[INCIDENT_KINDS] = {
	[INCIDENT_TRANSIENT_MOVE] = {tell_move,
		{"Whether it is a planned move, a mistake or an attack: the DNS looks "
		 "the same for all three."}},
	[INCIDENT_TRANSIENT_HIJACK] = {tell_hijack,
		{"Whether somebody attacked the domain or somebody made a mistake: the "
		 "DNS looks the same for both.",
			"What became of mail that the other hosts accepted: it left your "
			"hands, and they may have read it."}},
	[INCIDENT_MIGRATION] = {tell_migration,
		{"Whether every mailbox moved along: that shows as mail for each "
		 "recipient is accepted."}},
	[INCIDENT_MIGRATION_FALLOUT] = {tell_fallout,
		{"Which recipients will come back: who was closed down with the move "
		 "bounces just the same."}},
	[INCIDENT_ROTATION] = {tell_rotation, {NULL}},
	[INCIDENT_RESOLVER_POISONING] = {tell_poisoning,
		{"Whether other domains are wrong at that resolver: only watched ones "
		 "are compared."}},
	[INCIDENT_DNS_OUTAGE] = {tell_dns_outage,
		{"When it ends: only the domain's DNS operator can tell."}},
	[INCIDENT_RECEIVER_FAULT] = {tell_fault,
		{"Whether a few of them really left meanwhile: that shows when the "
		 "receiver works again."}},
	[INCIDENT_RECEIVER_OUTAGE] = {tell_outage,
		{"Whether other senders see it too: the log shows our own mail alone."}},
	[INCIDENT_LIST_QUALITY] = {tell_list,
		{"Where the addresses come from: an import, a form, a bought list."}},
	[INCIDENT_EXPIRY] = {tell_expiry,
		{"Whether the owner will renew it: most registrars hold a domain for "
		 "some weeks before others may have it."}},
	[INCIDENT_NULL_MX] = {tell_null, {"Whether it is meant for good."}},
	[INCIDENT_SELF] = {tell_self,
		{"What the watched domains did meanwhile: the history has a gap there "
		 "and says so."}},
};

void story_what_happened(const struct telling *telling)
{
	kinds[telling->incident->kind].tell(telling);
}

bool story_not_known(const struct telling *telling)
{
	const char *const *not_known = kinds[telling->incident->kind].not_known;

	for (size_t i = 0; i < 2 && not_known[i] != NULL; i++)
		story_item(telling, "%s", not_known[i]);
	return not_known[0] != NULL;
}
