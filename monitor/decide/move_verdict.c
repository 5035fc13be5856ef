/* SPDX-License-Identifier: MIT */
/* What a move is: a hijack, a migration with or without fallout, or nothing yet. */
#include "monitor/decide/inside.h"

#define MIGRATED_ACCEPTED 5
#define PRECEDENT_MS (12 * HOUR_MS)

static bool is_parked(const struct affair *affair)
{
	for (unsigned i = 0; i < affair->to_len; i++)
		if (affair->to[i]->kind != OPERATOR_PARKING)
			return false;
	return affair->to_len > 0;
}

/* --- siblings --- */

static bool has_own(const struct subject *subject, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < subject->own.operators_len; i++)
		if (subject->own.operators[i] == entry)
			return true;
	return false;
}

bool move_is_sibling(const struct decide *decide, const struct subject *subject,
	const struct operator_entry *to, int64_t at)
{
	const size_t len =
		decide->precedents_len < PRECEDENTS ? decide->precedents_len : PRECEDENTS;
	for (size_t i = 0; i < len; i++) {
		const struct precedent *each = &decide->precedents[i];
		if (each->to == to && each->ordinal != subject->ordinal &&
			at - each->at <= PRECEDENT_MS && has_own(subject, each->from))
			return true;
	}
	return false;
}

static void note_precedent(struct decide *decide, const struct affair *affair, int64_t at)
{
	if (affair->from_len == 0 || affair->to_len == 0)
		return;
	decide->precedents[decide->precedents_len++ % PRECEDENTS] = (struct precedent){
		.from = affair->from[0],
		.to = affair->to[0],
		.ordinal = affair->subject->ordinal,
		.at = at,
	};
}

/* --- verdicts --- */

/* Recipients who were always there are accepted at the foreign hosts too. */
static bool is_served_there(const struct affair *affair)
{
	const uint32_t least = affair->opened_at != 0 ? 3 : 2;
	return affair->foreign_known_accepted >= least &&
		affair->foreign_known_accepted * 10 >=
		affair->foreign_known_accepted + affair->foreign_known_bounces;
}

/* All views that are heard, and two where there are two, say that it is elsewhere. */
static bool is_seen_by_all(const struct decide *decide, const struct subject *subject)
{
	unsigned heard = 0, elsewhere = 0;
	for (int i = 0; i < decide->views_len; i++) {
		if (!look_is_heard(decide, subject, i))
			continue;
		heard++;
		elsewhere += look_is_elsewhere(&subject->looks[i]);
	}
	return elsewhere >= 2 || (elsewhere == 1 && heard == 1);
}

static bool has_migrated(
	const struct decide *decide, const struct affair *affair, int64_t at)
{
	const int64_t age = at - affair->change_at;
	if (affair->change_at == 0 || affair->reverted_at != 0)
		return false;
	if (affair->foreign_accepted >= MIGRATED_ACCEPTED && age >= MOVE_MIGRATED_MS &&
		is_seen_by_all(decide, affair->subject))
		return true;
	return age >= DAY_MS && affair->silent && affair->deferrals == 0;
}

static enum incident_kind verdict(
	const struct decide *decide, const struct affair *affair, int64_t at)
{
	if (affair->kind == INCIDENT_NULL_MX || affair->kind == INCIDENT_EXPIRY)
		return affair->kind;
	if (is_parked(affair))
		return INCIDENT_EXPIRY;
	if (affair->view >= 0)
		return INCIDENT_RESOLVER_POISONING;
	if (affair->alarm)
		return affair->kind == INCIDENT_MIGRATION_FALLOUT || affair->expected ||
				is_served_there(affair)
			? INCIDENT_MIGRATION_FALLOUT
			: INCIDENT_TRANSIENT_HIJACK;
	if (affair->spiked)
		return INCIDENT_MIGRATION_FALLOUT;
	if (affair->kind == INCIDENT_MIGRATION || affair->expected ||
		has_migrated(decide, affair, at))
		return INCIDENT_MIGRATION;
	return INCIDENT_TRANSIENT_MOVE;
}

void move_judge(struct decide *decide, struct affair *affair, int64_t at)
{
	const enum incident_kind kind = verdict(decide, affair, at);
	const bool was_open = affair->opened_at != 0;
	if (kind != affair->kind && kind == INCIDENT_MIGRATION_FALLOUT &&
		affair->foreign_known_accepted > 0)
		affair_prove(affair, "accepted-there", -6.9, at,
			"%u mails to recipients known before were accepted by the new "
			"hosts: they do serve the domain",
			affair->foreign_known_accepted);
	if (kind != affair->kind && kind == INCIDENT_MIGRATION)
		affair_prove(affair, affair->expected ? "expected" : "accepted-there",
			-6.9, at,
			affair->expected ? "the change had been announced"
				: affair->foreign_accepted > 0
				? "the new hosts accept the domain's mail (%u so far)"
				: "no mail for a day, and the MX stays (%u accepted)",
			affair->foreign_accepted);
	affair_set_kind(affair, kind, at);
	if (kind == INCIDENT_TRANSIENT_MOVE || at < affair->hold_until)
		return;
	affair_open(affair, at);
	if (!was_open && kind == INCIDENT_TRANSIENT_HIJACK)
		note_precedent(decide, affair, at);
}

/* It was there and is gone again: was anybody hit? */
void move_judge_late(struct decide *decide, struct affair *affair, int64_t at)
{
	const bool hit =
		(affair->foreign_known_bounces > 0 || affair->foreign_bounces > 1) &&
		affair->foreign_accepted == 0;
	if (affair->alarm || affair->spiked || at - affair->reverted_at < MOVE_LATE_MS)
		return;
	if (affair->kind == INCIDENT_NULL_MX || affair->kind == INCIDENT_EXPIRY ||
		affair->view >= 0)
		return;
	if (hit) {
		affair->alarm = true;
		move_judge(decide, affair, at);
	} else if (affair->kind == INCIDENT_MIGRATION &&
		affair->reverted_at - affair->change_at < MOVE_STAYED_MS) {
		affair_set_kind(affair, INCIDENT_TRANSIENT_MOVE, at);
	}
}
