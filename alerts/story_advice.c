/* SPDX-License-Identifier: MIT */
/* What to do now and after, by kind and state. */
#include <string.h>

#include "alerts/story_parts.h"
#include "alerts/story_text.h"
#include "storage/incident.h"

/* Caches may give the foreign answer until then; 0 where that is not known. */
static int64_t caches_end(const struct telling *telling)
{
	const struct incident *incident = telling->incident;

	if (incident->reverted_at == 0 || telling->story->ttl_s == 0)
		return 0;
	return incident->reverted_at + telling->story->ttl_s * 1000;
}

static void hold_queue(const struct telling *telling)
{
	story_item(telling,
		"Hold what is queued for %s, so that it waits instead of bouncing. With "
		"Postfix:",
		telling->domain);
	story_command(telling, "postqueue -j | jq -r 'select(any(.recipients[].address;");
	story_command(telling, "  endswith(\"@%s\"))) | .queue_id' | postsuper -h -",
		telling->domain);
	story_item(telling,
		"Hold back what is about to be sent to it: pause campaigns, or "
		"defer it with a line in transport_maps:");
	story_command(
		telling, "%s  retry:4.4.0 held while the MX is wrong", telling->domain);
}

static void release_queue(const struct telling *telling)
{
	const int64_t end = caches_end(telling);
	char time[STORY_TIME_MAX];

	if (end != 0)
		story_item(telling,
			"Until %s UTC caches may still give the other hosts (the largest "
			"TTL seen was %lld s). Keep mail held until then.",
			story_time(end, time), (long long)telling->story->ttl_s);
	else
		story_item(telling,
			"Wait until the TTL of the other answer has run out "
			"in your mail servers' resolvers, or empty their "
			"caches for the domain.");
	story_item(telling,
		"Then take out the transport line, and release and flush the "
		"queue:");
	story_command(telling, "postqueue -j | jq -r 'select(any(.recipients[].address;");
	story_command(telling, "  endswith(\"@%s\"))) | .queue_id' | postsuper -H -",
		telling->domain);
	story_command(telling, "postqueue -f");
}

static void keep_addresses(const struct telling *telling)
{
	char count[STORY_COUNT_MAX];

	if (telling->incident->recipients == 0)
		return;
	story_item(telling,
		"Do not suppress the addresses that bounced: %s of them took mail "
		"before. Have the program that processes bounces treat \"user unknown\" "
		"from %s as temporary for now.",
		story_count(telling->incident->recipients, count), telling->domain);
}

static void reactivate(const struct telling *telling)
{
	const struct story *story = telling->story;
	char count[STORY_COUNT_MAX + 12];

	if (telling->incident->recipients == 0)
		story_item(telling,
			"Nobody is to be re-activated: no recipient bounced "
			"because of it.");
	else {
		story_item(telling,
			"Re-activate the %s that bounced only because of it, and send "
			"them what they missed:",
			story_recipients(telling->incident->recipients, count));
		story_command(telling, "mxvigil incidents recipients %s", story->id);
	}
	if (story->leave > 0)
		story_item(telling,
			"Leave %s suppressed: the domain's own hosts do not know them "
			"either (--all lists them as leave).",
			story_recipients(story->leave, count));
}

/* The first operator, where it may stand in quotes on a command line. */
static int plain_operator(const char *operators)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789 .-_&+()/";
	const size_t len = strcspn(operators, "\n");

	return strspn(operators, plain) == len ? (int)len : 0;
}

static void expect_move(const struct telling *telling)
{
	const char *operators = telling->incident->to_operators;
	const int len = plain_operator(operators);

	story_item(telling,
		"If the move is known to be right, say so, and what fits is no "
		"suspicion any more:");
	if (len > 0)
		story_command(telling, "mxvigil expect %s --operator '%.*s'",
			telling->domain, len, operators);
	else
		story_command(
			telling, "mxvigil expect %s --operator NAME", telling->domain);
}

static void empty_caches(const struct telling *telling)
{
	story_item(telling,
		"Empty the cache of your mail servers' resolvers for it, so "
		"that mail goes where it should now (Unbound, BIND, "
		"PowerDNS):");
	story_command(telling, "unbound-control flush_type %s MX", telling->domain);
	story_command(telling, "rndc flushname %s", telling->domain);
	story_command(telling, "rec_control wipe-cache %s", telling->domain);
}

static void hijack_now(const struct telling *telling)
{
	switch (telling->incident->state) {
	case INCIDENT_SUSPECTED:
	case INCIDENT_OPEN:
		keep_addresses(telling);
		hold_queue(telling);
		story_item(telling,
			"Call the domain's postmaster, by telephone or at an "
			"address elsewhere: mail to the domain itself goes to "
			"the wrong hosts.");
		expect_move(telling);
		break;
	case INCIDENT_REVERTED:
		keep_addresses(telling);
		release_queue(telling);
		break;
	case INCIDENT_CLOSED:
		reactivate(telling);
		break;
	}
}

static void hijack_after(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		story_item(telling,
			"Tell whoever answers to customers: mail that the "
			"other hosts accepted was not delivered to its "
			"people, and is to be sent again.");
		return;
	}
	if (telling->incident->state != INCIDENT_REVERTED)
		story_item(telling,
			"When the MX is back, wait for the largest TTL of "
			"the other answer; this page will name the time. "
			"Then release the queue.");
	reactivate(telling);
}

static void fallout_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		reactivate(telling);
		return;
	}
	keep_addresses(telling);
	empty_caches(telling);
	story_item(telling,
		"Slow down rather than stop: the MX will not come back. Send to those "
		"who get their mail, and put off the rest for a day.");
	story_item(telling,
		"Tell the domain's postmaster, with a few of the bounces: they may not "
		"know that mailboxes are missing at %s.",
		telling->to);
}

static void fallout_after(const struct telling *telling)
{
	if (telling->incident->state != INCIDENT_CLOSED)
		reactivate(telling);
	story_item(telling,
		"Try each of them once more. Who bounces again at the new "
		"hosts, a week after the move, has left: suppress that one.");
}

static void poisoning_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		reactivate(telling);
		return;
	}
	story_item(telling,
		"Take the resolver of the view %s away from your mail servers, or "
		"restart it with an empty cache:",
		telling->view);
	story_command(telling, "unbound-control flush_zone %s", telling->domain);
	story_command(telling, "rndc flushname %s", telling->domain);
	keep_addresses(telling);
	story_item(telling,
		"Find out how it came by the answer: does it validate DNSSEC, "
		"use random ports, ask the domain's servers itself?");
}

static void poisoning_after(const struct telling *telling)
{
	if (telling->incident->state != INCIDENT_CLOSED)
		reactivate(telling);
	story_item(telling,
		"Look at other domains at that resolver: mxvigil changes "
		"--suspicions --view %s",
		telling->view);
}

static void fault_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		reactivate(telling);
		return;
	}
	keep_addresses(telling);
	story_item(telling,
		"Put off mail for %s for some hours: every further bounce counts "
		"against you there.",
		telling->domain);
	story_item(telling,
		"Tell its postmaster (%s), with times and the exact replies of some "
		"bounces.",
		telling->from);
}

static void fault_after(const struct telling *telling)
{
	if (telling->incident->state != INCIDENT_CLOSED) {
		story_item(telling,
			"When known recipients have been accepted again for "
			"two hours, go on slowly.");
		reactivate(telling);
	}
	story_item(telling,
		"Such faults come in waves: keep the addresses active for a "
		"week before a new bounce counts.");
}

static void list_now(const struct telling *telling)
{
	story_item(telling,
		"Suppress the addresses that bounced: they never took mail, "
		"and nothing says that they will.");
	story_item(telling,
		"Stop the mailing or the import that brought them until its "
		"source is found.");
	if (telling->story->meant != NULL)
		story_item(telling,
			"Ask at the form where people type %s whether they mean %s.",
			telling->domain, telling->story->meant);
}

static void outage_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		story_item(telling, "Nothing: mail that waited is delivered by itself.");
		return;
	}
	story_item(telling,
		"Let the mail wait. Flushing the queue again and again makes "
		"it slower, for you and for them.");
	story_item(telling,
		"See that the queue keeps mail long enough "
		"(maximal_queue_lifetime, five days by default).");
}

static void dns_outage_now(const struct telling *telling)
{
	if (telling->incident->state != INCIDENT_CLOSED)
		story_item(telling,
			"Let mail for %s wait: see that the queue keeps it long enough "
			"(maximal_queue_lifetime, five days by default).",
			telling->domain);
	story_item(telling,
		"Do not suppress recipients for \"domain not found\" (5.1.2, "
		"5.4.4) in this time: it says nothing about them.");
}

static void expiry_now(const struct telling *telling)
{
	story_item(telling,
		"Stop sending to %s: parking hosts refuse everybody, or collect what "
		"they get. Do not count it against the recipients yet.",
		telling->domain);
	story_item(telling,
		"If you know somebody there, tell them on another way than "
		"by mail: many do not know that their domain ran out.");
}

static void expiry_after(const struct telling *telling)
{
	story_item(telling, "Renewed, with its old hosts back: go on as before.");
	reactivate(telling);
	story_item(telling,
		"Registered by somebody else: remove all its addresses for "
		"good. They are strangers' now, and often spam traps.");
}

static void self_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		story_item(telling, "Nothing: it works again.");
		return;
	}
	story_item(telling, "Look what is wrong here, and mend it:");
	story_command(telling, "mxvigil status");
	story_item(telling,
		"Do not act on bounces of this time before the logs of it "
		"have been read.");
}

static void self_after(const struct telling *telling)
{
	story_item(telling,
		"Logs that were not read are read once the source is back; "
		"others can be read by hand. What is known already is passed "
		"over:");
	story_command(telling, "mxvigil ingest --format FORMAT FILE");
}

static void move_now(const struct telling *telling)
{
	if (telling->incident->state == INCIDENT_CLOSED) {
		story_item(telling, "Nothing: nobody bounced because of it.");
		return;
	}
	story_item(telling,
		"Nothing has to be stopped. Keep an eye on bounces from %s: with the "
		"first of a known recipient this becomes more than a move.",
		telling->to);
	expect_move(telling);
}

static void move_after(const struct telling *telling)
{
	story_item(telling,
		"If it comes back without a bounce, nothing: it closes by itself.");
}

static void migration_now(const struct telling *telling)
{
	story_item(telling,
		"Nothing. Rules of your own that name the old hosts (limits by MX, "
		"transport_maps) are to name %s instead.",
		telling->to);
}

static void migration_after(const struct telling *telling)
{
	story_item(telling,
		"Begin slowly at %s: your standing with the old operator does not move "
		"along.",
		telling->to);
}

static void nothing(const struct telling *telling)
{
	story_item(telling, "Nothing.");
}

static void dns_outage_after(const struct telling *telling)
{
	story_item(telling, "Flush the queue once, when the DNS answers again:");
	story_command(telling, "postqueue -f");
	reactivate(telling);
}

static void outage_after(const struct telling *telling)
{
	story_item(telling, "Nothing: what waited is delivered by itself.");
}

static void list_after(const struct telling *telling)
{
	story_item(telling,
		"Confirm addresses before they are mailed for the first time "
		"(double opt-in).");
}

static void null_now(const struct telling *telling)
{
	story_item(telling,
		"Stop sending to %s and suppress all its addresses, for the reason that "
		"the domain takes no mail.",
		telling->domain);
}

static void null_after(const struct telling *telling)
{
	story_item(telling,
		"Should it have mail hosts again, mxvigil changes shows it; "
		"only then try them again.");
}

static const struct {
	void (*now)(const struct telling *telling);
	void (*after)(const struct telling *telling);
} advice[INCIDENT_KINDS] = {
	[INCIDENT_TRANSIENT_MOVE] = {move_now, move_after},
	[INCIDENT_TRANSIENT_HIJACK] = {hijack_now, hijack_after},
	[INCIDENT_MIGRATION] = {migration_now, migration_after},
	[INCIDENT_MIGRATION_FALLOUT] = {fallout_now, fallout_after},
	[INCIDENT_ROTATION] = {nothing, nothing},
	[INCIDENT_RESOLVER_POISONING] = {poisoning_now, poisoning_after},
	[INCIDENT_DNS_OUTAGE] = {dns_outage_now, dns_outage_after},
	[INCIDENT_RECEIVER_FAULT] = {fault_now, fault_after},
	[INCIDENT_RECEIVER_OUTAGE] = {outage_now, outage_after},
	[INCIDENT_LIST_QUALITY] = {list_now, list_after},
	[INCIDENT_EXPIRY] = {expiry_now, expiry_after},
	[INCIDENT_NULL_MX] = {null_now, null_after},
	[INCIDENT_SELF] = {self_now, self_after},
};

void story_do_now(const struct telling *telling)
{
	advice[telling->incident->kind].now(telling);
}

void story_do_after(const struct telling *telling)
{
	advice[telling->incident->kind].after(telling);
}
