/* SPDX-License-Identifier: MIT */
/*
 * Bounces and deferrals without a move: a fault of the receiver, a bad list, an outage; and
 * sets that change inside one operator.
 */
#include <math.h>

#include "monitor/decide/inside.h"

#define QUIET_MS (2 * HOUR_MS)
#define REOPEN_MS (6 * HOUR_MS)
#define NORMAL_MS (3 * DAY_MS) /* what goes on for so long is what is usual now */
#define USUAL_MS (14 * DAY_MS) /* to learn what is usual now */
#define DEPARTED_MS (3 * DAY_MS)
#define HOT 4.0 /* a score that says it goes on: not of one bounce alone */
#define STUCK_QUIET_MS HOUR_MS
#define STUCK_REOPEN_MS (24 * HOUR_MS)
#define STUCK_MAILS 5
#define STUCK_ALPHA 1e-4
#define ROTATION_MS DAY_MS /* another set within is the same rotation */

/* --- bounces at own hosts --- */

struct hits {
	unsigned all;
	unsigned known;
	unsigned departed;
};

static struct hits count_hits(const struct decide *decide, const struct affair *affair)
{
	const struct subject *subject = affair->subject;
	const struct look *look = look_deciding(decide, subject);
	const bool moved = subject->departed != NULL && look != NULL;
	struct hits hits = {0};
	for (size_t i = 0; i < affair->tolls.len; i++) {
		const struct toll *toll = &affair->tolls.list[i];
		hits.all += toll->bounces;
		hits.known += toll->accepted_before ? toll->bounces : 0;
		if (moved && exchanges_have(subject->departed, toll->host) &&
			!exchanges_have(look->set, toll->host))
			hits.departed += toll->bounces;
	}
	return hits;
}

static enum incident_kind kind_of(
	const struct subject *subject, struct hits hits, bool known, int64_t at)
{
	if (hits.departed * 2 >= hits.all && hits.departed > 0 &&
		at - subject->departed_at <= DEPARTED_MS)
		return INCIDENT_MIGRATION_FALLOUT;
	if (known || hits.known * 2 >= hits.all ||
		(hits.known >= 2 && spike_score(&subject->spike, SPIKE_KNOWN) >= 4))
		return INCIDENT_RECEIVER_FAULT;
	return INCIDENT_LIST_QUALITY;
}

static void prove_crowd(struct affair *affair, int64_t at)
{
	const struct spike *spike = &affair->subject->spike;
	const double score = spike_score(spike, SPIKE_CROWD);
	if (score >= 1)
		affair_prove(affair, "crowd", score, at,
			"%u of %u mails delivered meanwhile are to recipients who had "
			"none "
			"before, many more than usual",
			spike->bounces[SPIKE_CROWD], spike->attempts[SPIKE_CROWD]);
}

static void prove(struct affair *affair, struct hits hits, int64_t at)
{
	const struct spike *spike = &affair->subject->spike;
	affair_prove(affair, "spike", spike_score(spike, SPIKE_ALL), at,
		"%u recipients are unknown at the domain's own hosts; usual is %.1f %%",
		hits.all, 100 * spike_usual(spike, false));
	if (hits.known > 0)
		affair_prove(affair, "known-recipients", spike_score(spike, SPIKE_KNOWN),
			at, "%u of them had accepted mail before", hits.known);
	if (affair->kind == INCIDENT_LIST_QUALITY) {
		affair_prove(affair, "never-seen", 0, at,
			"%u of %u bounces are of addresses that never accepted mail",
			hits.all - hits.known, hits.all);
		prove_crowd(affair, at);
	}
	if (affair->kind != INCIDENT_MIGRATION_FALLOUT)
		return;
	affair->change_at = affair->subject->departed_at;
	affair_prove(affair, "departed-hosts", 3.9, affair->subject->departed_at,
		"%u of %u bounces come from hosts that are no longer in the MX: caches "
		"still send mail there",
		hits.departed, hits.all);
}

/* It ended because it went on: what still bounces is no news, until that is learnt. Or somebody
 * closed it, who knows of what still bounces today. */
static bool is_left_over(const struct affair *affair, int64_t at)
{
	if (affair == NULL || affair->state != INCIDENT_CLOSED ||
		affair->reverted_at != 0)
		return false;
	const int64_t began_at = affair->slot == SLOT_MOVE && affair->change_at != 0
		? affair->change_at
		: affair->suspected_at;
	const bool went_on = affair->closed_at - began_at >= NORMAL_MS;
	return at - affair->closed_at <= (went_on ? USUAL_MS : DAY_MS);
}

static void begin(struct decide *decide, struct subject *subject, bool known, int64_t at)
{
	const struct affair *move = subject->affairs[SLOT_MOVE];
	if (is_left_over(subject->affairs[SLOT_SPIKE], at) ||
		(is_left_over(move, at) && move->kind == INCIDENT_MIGRATION_FALLOUT))
		return;
	const int64_t since = subject->spike.since[known ? SPIKE_KNOWN : SPIKE_ALL];
	struct affair *affair = affair_begin(decide, subject, SLOT_SPIKE,
		known ? INCIDENT_RECEIVER_FAULT : INCIDENT_LIST_QUALITY, at, REOPEN_MS);
	if (affair == NULL)
		return;
	affair->silent = false;
	affair_take_tolls(decide, affair, since, false);
	const struct hits hits = count_hits(decide, affair);
	affair_set_kind(affair, kind_of(subject, hits, known, at), at);
	affair_set_from(affair, subject->sets[0]);
	prove(affair, hits, at);
	affair_open(affair, at);
	spike_drop(&subject->spike, since);
}

void fault_alarm(struct decide *decide, struct subject *subject, bool known, int64_t at)
{
	struct affair *move = affair_of(subject, SLOT_MOVE);
	struct affair *affair = affair_of(subject, SLOT_SPIKE);
	if (move != NULL && move->view < 0) {
		if (move->spiked || move->foreign_bounces * 2 > move->bounces)
			return;
		move->spiked = true;
		affair_prove(move, "spike", spike_score(&subject->spike, SPIKE_ALL), at,
			"more recipients are unknown than usual since the MX moved");
		return;
	}
	if (affair == NULL) {
		begin(decide, subject, known, at);
		return;
	}
	const struct hits hits = count_hits(decide, affair);
	if (known && affair->kind == INCIDENT_LIST_QUALITY)
		affair_set_kind(affair, INCIDENT_RECEIVER_FAULT, at);
	prove(affair, hits, at);
	/* What has been counted is not to keep it hot for days. */
	spike_restart(&subject->spike, SPIKE_KNOWN);
	spike_restart(&subject->spike, SPIKE_ALL);
	spike_restart(&subject->spike, SPIKE_JOINT);
}

static void follow_spike(struct decide *decide, struct affair *affair, int64_t at)
{
	const struct spike *spike = &affair->subject->spike;
	if (spike_score(spike, SPIKE_KNOWN) > HOT || spike_score(spike, SPIKE_ALL) > HOT)
		affair->hot_at = affair->last_bounce_at;
	const bool quiet = at - affair->hot_at >= QUIET_MS && affair->good >= 3;
	if (quiet || at - affair->suspected_at >= NORMAL_MS) {
		if (quiet)
			affair_revert(affair, affair->last_bounce_at);
		affair_close(affair, at);
		spike_drop(&affair->subject->spike, at);
		return;
	}
	decide_set_timer(decide, affair->subject,
		at < affair->hot_at + QUIET_MS ? affair->hot_at + QUIET_MS
					       : affair->suspected_at + NORMAL_MS);
}

/* --- deferrals at own hosts --- */

/* Somebody closed it while it went on, and no mail was taken since. */
static bool is_known_outage(const struct subject *subject, int64_t at)
{
	const struct affair *last = subject->affairs[SLOT_RECEIVER];
	return last != NULL && last->by_hand && at - last->closed_at <= DAY_MS &&
		subject->stuck_since <= last->closed_at;
}

void fault_stuck(struct decide *decide, struct subject *subject, int64_t at)
{
	const double score = log(
		(exp((double)subject->stuck[0]) + exp((double)subject->stuck[1])) / 2);
	const double mails = fmax(10, spike_volume(&subject->spike));
	if (subject->stuck_mails < STUCK_MAILS || affair_of(subject, SLOT_MOVE) != NULL ||
		affair_of(subject, SLOT_RECEIVER) != NULL ||
		score < log(mails) - log(STUCK_ALPHA) || is_known_outage(subject, at) ||
		hoster_takes(decide, subject, at))
		return;
	struct affair *affair = affair_begin(decide, subject, SLOT_RECEIVER,
		INCIDENT_RECEIVER_OUTAGE, at, STUCK_REOPEN_MS);
	if (affair == NULL)
		return;
	affair->silent = false;
	affair->deferrals += subject->stuck_mails;
	affair_set_from(affair, subject->sets[0]);
	affair_prove(affair, "deferrals", score, at,
		"%u mails are deferred at the domain's own hosts, which still are in its "
		"MX",
		subject->stuck_mails);
	affair_open(affair, at);
	hoster_lead(decide, affair);
}

static void follow_stuck(struct decide *decide, struct affair *affair, int64_t at)
{
	if (at - affair->hot_at >= STUCK_QUIET_MS && affair->good >= 3) {
		affair_revert(affair, affair->good_at);
		affair_close(affair, at);
		return;
	}
	if (at < affair->hot_at + STUCK_QUIET_MS)
		decide_set_timer(
			decide, affair->subject, affair->hot_at + STUCK_QUIET_MS);
}

void fault_reconsider(struct decide *decide, struct subject *subject, int64_t at)
{
	struct affair *spike = affair_of(subject, SLOT_SPIKE);
	struct affair *stuck = affair_of(subject, SLOT_RECEIVER);
	if (spike != NULL)
		follow_spike(decide, spike, at);
	if (stuck != NULL)
		follow_stuck(decide, stuck, at);
}

/* --- other sets at home --- */

/* All hosts were named before, at the same preference: sets that take turns. */
static bool is_known_turn(const struct subject *subject, const struct exchanges *set)
{
	for (size_t i = 0; i < set->len; i++) {
		bool found = false;
		/* sets[0] is the set itself */
		for (size_t each = 1; each < SUBJECT_SETS && !found; each++) {
			const struct exchanges *other = subject->sets[each];
			for (size_t k = 0; other != NULL && k < other->len; k++)
				found |= other->hosts[k].host == set->hosts[i].host &&
					other->hosts[k].preference ==
						set->hosts[i].preference;
		}
		if (!found)
			return false;
	}
	return true;
}

static bool same_hosts(const struct exchanges *a, const struct exchanges *b)
{
	for (size_t i = 0; i < a->len; i++)
		if (!exchanges_have(b, a->hosts[i].host))
			return false;
	return a->len == b->len;
}

void rotation_seen(struct decide *decide, struct subject *subject,
	const struct look *look, const struct exchanges *before)
{
	struct affair *last = subject->affairs[SLOT_ROTATION];
	const int64_t at = look->since;
	if (is_known_turn(subject, look->set) || affair_of(subject, SLOT_MOVE) != NULL)
		return;
	if (last != NULL && at - last->hot_at <= ROTATION_MS) {
		last->hot_at = at;
		affair_prove(last, "takes-turns", 0, at,
			"the domain goes on changing its set of hosts: it takes turns");
		return;
	}
	last = affair_begin(decide, subject, SLOT_ROTATION, INCIDENT_ROTATION, at, 0);
	if (last == NULL)
		return;
	last->change_at = at;
	last->change_not_before_at = look->not_before_at;
	affair_set_from(last, before);
	for (size_t i = 0; i < look->set->len; i++)
		if (look->set->hosts[i].host != NULL &&
			!affair_goes_to(last, look->set->hosts[i].host->run_by) &&
			last->to_len < AFFAIR_OPERATORS)
			last->to[last->to_len++] = look->set->hosts[i].host->run_by;
	affair_prove(last, "same-operator", -6.9, at,
		same_hosts(before, look->set)
			? "the same hosts at other preferences"
			: "other hosts of the same operator, or in the same network");
	affair_open(last, at);
	affair_close(last, at);
}
