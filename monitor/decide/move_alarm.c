/* SPDX-License-Identifier: MIT */
/* Bounces at foreign hosts: they make a move, or tell what one is. */
#include "monitor/decide/inside.h"

#define HOLD_MOST_MS (10 * MINUTE_MS)
#define KNOWN_MS DAY_MS /* who closed it by hand knows of what still bounces, so long */
#define WAVE_MS (6 * HOUR_MS) /* without bounces: those that come then are others */

bool move_goes_on(const struct subject *subject, const struct operator_entry *to)
{
	const struct affair *last = subject->affairs[SLOT_MOVE];
	const bool ended = last != NULL &&
		(last->kind == INCIDENT_MIGRATION || last->kind == INCIDENT_EXPIRY ||
			last->kind == INCIDENT_MIGRATION_FALLOUT);
	return !ended || affair_goes_to(last, to);
}

/* What somebody closed by hand goes on, and that is all: neither has the DNS changed since, nor
 * are these the first bounces, nor do they come from elsewhere or after a rest. */
static bool is_known_wave(const struct decide *decide, const struct subject *subject,
	const struct host *host, int64_t at)
{
	const struct affair *last = subject->affairs[SLOT_MOVE];
	const struct look *look = look_deciding(decide, subject);
	return last != NULL && last->by_hand && last->foreign_bounces > 0 &&
		affair_goes_to(last, host->run_by) &&
		(look == NULL || look->since <= last->closed_at) &&
		at - last->closed_at <= KNOWN_MS && at - last->hot_at <= WAVE_MS;
}

static int64_t hold_ms(const struct decide *decide)
{
	int64_t hold = 0;
	for (int i = 0; i < decide->views_len; i++)
		if (decide->views[i].interval_ms > hold)
			hold = decide->views[i].interval_ms;
	return hold < HOLD_MOST_MS ? hold : HOLD_MOST_MS;
}

static void prove_bounces(const struct decide *decide, struct affair *affair,
	const struct host *host, int64_t at)
{
	const struct spike *spike = &affair->subject->spike;
	const double weight = spike_score(spike, SPIKE_FOREIGN);
	affair_prove(affair, "foreign-bounces", weight, at,
		"%u bounces by %s (%s), %u of them of recipients who had accepted mail",
		affair->foreign_bounces, host->name, host->run_by->name,
		affair->foreign_known_bounces);
	affair_prove(affair, "foreign-relay", 6.9, at,
		"mail was answered by %s, which has never been the domain's",
		host->run_by->name);
	if (move_is_sibling(decide, affair->subject, host->run_by, at))
		affair_prove(affair, "sibling", 4.6, at,
			"another domain of the same operator went to %s within 12 hours",
			host->run_by->name);
}

void move_alarm(struct decide *decide, struct subject *subject, const struct host *host,
	int64_t at)
{
	struct affair *affair = affair_of(subject, SLOT_MOVE);
	if (affair == NULL && is_known_wave(decide, subject, host, at)) {
		subject->affairs[SLOT_MOVE]->hot_at = at;
		spike_drop(&subject->spike, subject->spike.since[SPIKE_FOREIGN]);
		return;
	}
	if (affair == NULL) {
		affair = affair_begin(decide, subject, SLOT_MOVE,
			INCIDENT_TRANSIENT_HIJACK, at,
			move_goes_on(subject, host->run_by) ? MOVE_REOPEN_MS : 0);
		if (affair == NULL)
			return;
		if (affair->from_len == 0)
			affair_set_from(affair, subject->sets[0]);
		affair_take_tolls(
			decide, affair, subject->spike.since[SPIKE_FOREIGN], true);
		for (size_t i = 0; i < affair->tolls.len; i++) {
			const struct toll *toll = &affair->tolls.list[i];
			affair->foreign_bounces += toll->bounces;
			affair->foreign_known_bounces +=
				toll->accepted_before ? toll->bounces : 0;
		}
		affair->silent = false;
		if (subject->sets[0] != NULL && affair->opened_at == 0)
			affair->hold_until = at + hold_ms(decide);
	}
	if (!affair_goes_to(affair, host->run_by) && affair->to_len < AFFAIR_OPERATORS)
		affair->to[affair->to_len++] = host->run_by;
	affair->alarm = true;
	affair->hot_at = at;
	prove_bounces(decide, affair, host, at);
	spike_drop(&subject->spike, subject->spike.since[SPIKE_FOREIGN]);
}

void move_alarm_beyond(struct decide *decide, struct subject *subject, int64_t at)
{
	struct affair *affair = affair_of(subject, SLOT_MOVE);
	(void)decide;
	if (affair == NULL)
		return;
	affair->alarm = true;
	affair->hot_at = at;
	affair_prove(affair, "spike", spike_score(&subject->spike, SPIKE_ALL), at,
		"%u bounces since the MX moved, %u of them of recipients who had "
		"accepted "
		"mail; all mail goes through one relay, so that who refuses is not seen",
		affair->foreign_bounces, affair->foreign_known_bounces);
}
