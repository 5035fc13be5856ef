/* SPDX-License-Identifier: MIT */
/*
 * The MX is elsewhere: a move, a hijack, a migration, a poisoned resolver, a parked domain?
 *
 * What the DNS shows raises a suspicion at once. What it is, the mail tells: recipients who were
 * always there and are unknown at the new hosts, or mail that these accept.
 */
#include "monitor/decide/inside.h"

#define POISON_LEAST_MS (20 * MINUTE_MS)
#define QUIET_MS (2 * HOUR_MS) /* without a bounce: it is over */
#define SETTLE_MS (6 * HOUR_MS) /* after the return, without mail */
#define TAIL_MS (26 * HOUR_MS) /* caches may hold the foreign set that long */

/* Mail goes to none of the affair's foreign operators any more. */
static bool is_back(const struct affair *affair, const struct look *look)
{
	if (look == NULL || look->position == POSITION_GONE)
		return false;
	if (affair->kind == INCIDENT_NULL_MX)
		return look->position != POSITION_NULL;
	if (look->position != POSITION_HOME)
		return false;
	if (affair_comes_from(affair, look->set))
		return true; /* though the backup may be there as well */
	for (size_t i = 0; i < look->set->len; i++)
		if (look->set->hosts[i].host != NULL &&
			affair_goes_to(affair, look->set->hosts[i].host->run_by))
			return false;
	return true;
}

static bool is_planned(const struct subject *subject, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < subject->expected_len; i++)
		if (subject->expected[i] == entry)
			return true;
	return subject->any_expected;
}

static bool has_plan(const struct subject *subject, int64_t at)
{
	return (subject->expected_len > 0 || subject->any_expected) &&
		(subject->expected_until == 0 || at < subject->expected_until);
}

static bool is_expected(
	const struct subject *subject, const struct affair *affair, int64_t at)
{
	for (unsigned i = 0; i < affair->to_len; i++)
		if (!is_planned(subject, affair->to[i]))
			return false;
	return affair->to_len > 0 && has_plan(subject, at);
}

/* The same of a set, before there is an incident. */
static bool goes_by_plan(
	const struct subject *subject, const struct exchanges *set, int64_t at)
{
	for (size_t i = 0; i < set->len; i++)
		if (set->hosts[i].host != NULL &&
			!own_has(&subject->own, set->hosts[i].host) &&
			!is_planned(subject, set->hosts[i].host->run_by))
			return false;
	return has_plan(subject, at);
}

/* --- beginnings --- */

static void prove_dns(struct decide *decide, struct affair *affair, int view)
{
	const struct look *look = &affair->subject->looks[view];
	char text[AFFAIR_TEXT];
	words_operators(affair->to, affair->to_len, text);
	if (look->position == POSITION_NULL)
		affair_prove(affair, "null-mx", 0, look->since,
			"view %s: the domain says that it takes no mail (RFC 7505)",
			decide->views[view].name);
	else
		affair_prove(affair,
			look->position == POSITION_PARTLY ? "mx-partly-foreign"
							  : "mx-foreign",
			6.9, look->since, "view %s: the MX is %s %s",
			decide->views[view].name,
			look->position == POSITION_PARTLY ? "partly at" : "at", text);
}

static int view_of(const struct subject *subject, const struct look *look)
{
	return (int)(look - subject->looks);
}

/* Whether this look was dealt with already: the last affair began with it, or later. */
static bool is_settled(const struct subject *subject, const struct look *look)
{
	const struct affair *last = subject->affairs[SLOT_MOVE];
	return last != NULL && last->state == INCIDENT_CLOSED &&
		last->closed_at >= look->since;
}

/* Whether what comes shortly after the last move belongs to it. */
static bool goes_on(const struct subject *subject, const struct exchanges *set)
{
	for (size_t i = 0; i < set->len; i++)
		if (set->hosts[i].host != NULL &&
			move_goes_on(subject, set->hosts[i].host->run_by))
			return true;
	return set->len == 0;
}

static void begin(struct decide *decide, struct subject *subject, const struct look *look,
	enum incident_kind kind, int64_t at)
{
	struct affair *affair = affair_begin(decide, subject, SLOT_MOVE, kind, at,
		goes_on(subject, look->set) ? MOVE_REOPEN_MS : 0);
	if (affair == NULL)
		return;
	if (affair->change_at == 0) {
		affair->change_at = look->since;
		affair->change_not_before_at = look->not_before_at;
	}
	if (affair->from_len == 0)
		affair_set_from(affair, subject->sets[0]);
	affair_add_to(affair, look->set);
	prove_dns(decide, affair, view_of(subject, look));
	if (kind == INCIDENT_MIGRATION)
		affair_prove(
			affair, "expected", -6.9, at, "the change had been announced");
	affair_take_tolls(decide, affair, look->not_before_at, true);
}

static int64_t poison_due(
	const struct decide *decide, const struct subject *subject, int view)
{
	int64_t wait = POISON_LEAST_MS;
	for (int i = 0; i < decide->views_len; i++)
		if (2 * decide->views[i].interval_ms > wait)
			wait = 2 * decide->views[i].interval_ms;
	return subject->looks[view].since + wait;
}

/* One resolver says something else than the domain does, for longer than a cache explains. */
static void consider_poison(struct decide *decide, struct subject *subject, int64_t at)
{
	const int view = look_misled(decide, subject, NULL);
	const struct affair *last = subject->affairs[SLOT_MOVE];
	if (view < 0)
		return;
	const struct look *look = &subject->looks[view];
	if (last != NULL && at - last->closed_at < TAIL_MS)
		for (size_t i = 0; i < look->set->len; i++)
			if (look->set->hosts[i].host != NULL &&
				affair_goes_to(last, look->set->hosts[i].host->run_by))
				return; /* what is left of that in a cache */
	const int64_t due = poison_due(decide, subject, view);
	if (at < due) {
		decide_set_timer(decide, subject, due);
		return;
	}
	begin(decide, subject, look, INCIDENT_RESOLVER_POISONING, at);
	struct affair *affair = affair_of(subject, SLOT_MOVE);
	if (affair == NULL)
		return;
	affair->view = view;
	affair_prove(affair, "one-view-differs", 0, at,
		"view %s differs, and the domain's own servers do not",
		decide->views[view].name);
	affair_open(affair, at);
}

static void consider(struct decide *decide, struct subject *subject, int64_t at)
{
	const struct look *look = look_deciding(decide, subject);
	if (look == NULL)
		return;
	if (look->position == POSITION_HOME) {
		consider_poison(decide, subject, at);
		return;
	}
	if (is_settled(subject, look))
		return;
	if (look_is_elsewhere(look))
		begin(decide, subject, look,
			goes_by_plan(subject, look->set, at) ? INCIDENT_MIGRATION
							     : INCIDENT_TRANSIENT_MOVE,
			at);
	else if (look->position == POSITION_NULL)
		begin(decide, subject, look, INCIDENT_NULL_MX, at);
}

/* --- what becomes of it --- */

static void learn_new_home(
	const struct decide *decide, struct subject *subject, const struct look *look)
{
	if (look == NULL || subject->own.pinned)
		return;
	own_learn_set(&subject->own, look->set);
	subject->sets[0] = look->set;
	for (int i = 0; i < decide->views_len; i++)
		if (subject->looks[i].position != POSITION_UNSEEN)
			subject->looks[i].position = (uint8_t)look_position(
				subject, subject->looks[i].state, subject->looks[i].set);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void finish_returned(struct decide *decide, struct affair *affair, int64_t at)
{
	const int64_t quiet_at = later(affair->reverted_at, affair->last_bounce_at);
	move_judge_late(decide, affair, at);
	if (!affair->alarm && !affair->spiked && affair->view < 0) {
		if (at - affair->reverted_at >= MOVE_LATE_MS)
			affair_close(affair, at);
		return;
	}
	if (at - quiet_at < QUIET_MS)
		return;
	if (affair->good >= 3 || at - quiet_at >= SETTLE_MS)
		affair_close(affair, at);
}

/* Nothing came back: it is where it is now. */
static void finish_stayed(
	struct decide *decide, struct affair *affair, const struct look *look, int64_t at)
{
	if (affair->kind == INCIDENT_TRANSIENT_HIJACK) {
		affair_set_kind(affair,
			affair->foreign_accepted == 0 ? INCIDENT_EXPIRY
						      : INCIDENT_MIGRATION_FALLOUT,
			at);
		affair_prove(affair, "stayed", 0, at,
			"three days later the MX is still there%s",
			affair->foreign_accepted == 0 ? ", and nobody is accepted" : "");
		if (affair->kind == INCIDENT_EXPIRY)
			return;
	} else if (affair->kind == INCIDENT_TRANSIENT_MOVE) {
		affair_set_kind(affair, INCIDENT_MIGRATION, at);
	}
	affair_open(affair, at);
	learn_new_home(decide, affair->subject, look);
	affair_close(affair, at);
}

/* A hijack that no view has seen is over when mail arrives again. */
static void finish_unseen(struct affair *affair, int64_t at)
{
	if (at - affair->last_bounce_at < QUIET_MS || affair->good < 3)
		return;
	affair_revert(affair, affair->good_at);
	affair_close(affair, at);
}

static void note_return(struct affair *affair, const struct look *look, int64_t at)
{
	if (affair->reverted_at != 0 || affair->change_at == 0)
		return;
	const bool short_stay = look->since - affair->change_at < DAY_MS;
	affair_prove(affair, "returned", short_stay ? 3.9 : 0, look->since,
		"the MX is back at the domain's own hosts");
	affair->good = 0;
	affair_revert(affair, look->since > affair->change_at ? look->since : at);
}

static void follow_poison(struct decide *decide, struct affair *affair, int64_t at)
{
	const struct look *misled = &affair->subject->looks[affair->view];
	const struct look *deciding = look_deciding(decide, affair->subject);
	if (look_is_elsewhere(deciding)) {
		affair->view = -1; /* the domain says so itself, only later */
		affair_set_kind(affair, INCIDENT_TRANSIENT_MOVE, at);
		prove_dns(decide, affair, view_of(affair->subject, deciding));
		return;
	}
	if (misled->position == POSITION_HOME && affair->reverted_at == 0) {
		affair_prove(affair, "view-agrees", 0, misled->since,
			"view %s says the same as the others again",
			decide->views[affair->view].name);
		affair->good = 0;
		affair_revert(affair, misled->since);
	}
}

static void follow_dns(
	struct decide *decide, struct affair *affair, const struct look *look, int64_t at)
{
	if (look_is_elsewhere(look)) {
		if (affair->kind == INCIDENT_NULL_MX) {
			/* It takes mail again, at hosts that are not its own. */
			affair_set_kind(affair, INCIDENT_TRANSIENT_MOVE, at);
			affair->change_at = 0;
		}
		if (affair->change_at == 0) {
			affair->change_at = look->since;
			affair->change_not_before_at = look->not_before_at;
			affair->hold_until = 0;
		}
		if (affair->reverted_at != 0 && look->since > affair->reverted_at) {
			affair->reverted_at = 0; /* away again */
			affair->state = affair->opened_at != 0 ? INCIDENT_OPEN
							       : INCIDENT_SUSPECTED;
			affair->dirty = true;
		}
		const unsigned known = affair->to_len;
		affair_add_to(affair, look->set);
		if (affair->to_len != known || !affair_has_proof(affair, "mx-foreign"))
			prove_dns(decide, affair, view_of(affair->subject, look));
	} else if (is_back(affair, look)) {
		note_return(affair, look, at);
	}
	affair->expected = is_expected(affair->subject, affair, at);
}

/* While no view shows what bounces say, a view may be misled; else it has not been asked. */
static void follow_hold(struct decide *decide, struct affair *affair, int64_t at)
{
	if (affair->change_at != 0 || affair->to_len == 0)
		return;
	const int view = look_misled(decide, affair->subject, affair->to[0]);
	if (view < 0 || at < affair->hold_until)
		return;
	affair->view = view;
	affair->change_at = affair->subject->looks[view].since;
	affair->change_not_before_at = affair->subject->looks[view].not_before_at;
	affair_prove(affair, "one-view-differs", 0, at,
		"view %s differs, and the domain's own servers do not",
		decide->views[view].name);
}

/* How long until it counts as the way things are. */
static int64_t stay_ms(const struct affair *affair)
{
	if (affair->kind == INCIDENT_NULL_MX)
		return DAY_MS;
	/* What is parked stays parked until somebody renews it, or nobody will. */
	return affair->kind == INCIDENT_EXPIRY ? 30 * DAY_MS : MOVE_STAYED_MS;
}

static void set_timers(struct decide *decide, const struct affair *affair, int64_t at)
{
	const int64_t quiet_at = later(affair->reverted_at, affair->last_bounce_at);
	const int64_t marks[] = {
		affair->hold_until,
		affair->change_at + MOVE_MIGRATED_MS,
		affair->change_at + DAY_MS,
		affair->change_at + stay_ms(affair),
		affair->suspected_at + MOVE_STAYED_MS,
		affair->reverted_at + MOVE_LATE_MS,
		quiet_at + QUIET_MS,
		quiet_at + SETTLE_MS,
	};
	int64_t next = 0;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (marks[i] > at && (next == 0 || marks[i] < next))
			next = marks[i];
	if (next != 0)
		decide_set_timer(decide, affair->subject, next);
}

static void follow(struct decide *decide, struct affair *affair, int64_t at)
{
	const struct look *look = look_deciding(decide, affair->subject);
	const int64_t began_at =
		affair->change_at != 0 ? affair->change_at : affair->suspected_at;
	follow_hold(decide, affair, at);
	if (affair->view >= 0)
		follow_poison(decide, affair, at);
	if (affair->view < 0)
		follow_dns(decide, affair, look, at);
	move_judge(decide, affair, at);
	if (affair->reverted_at != 0)
		finish_returned(decide, affair, at);
	else if (affair->change_at == 0)
		finish_unseen(affair, at);
	else if (at - began_at >= stay_ms(affair))
		finish_stayed(decide, affair, look, at);
	if (affair->state != INCIDENT_CLOSED)
		set_timers(decide, affair, at);
	else
		spike_drop(&affair->subject->spike, at);
}

void move_reconsider(struct decide *decide, struct subject *subject, int64_t at)
{
	if (affair_of(subject, SLOT_MOVE) == NULL)
		consider(decide, subject, at);
	struct affair *affair = affair_of(subject, SLOT_MOVE);
	if (affair != NULL)
		follow(decide, affair, at);
}
