/* SPDX-License-Identifier: MIT */
/* What became of a delivery: into the tests, the counts of what is going on, and the rules. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

#define TOLLS_KEPT_MS DAY_MS
#define SURPRISE_REFUSED 0.02 /* a foreign host that says it does not serve the domain */
#define SURPRISE_OTHER 0.25 /* any other permanent refusal by a foreign host */

/* What the delivery is to the rules. */
enum sort {
	SORT_NONE, /* our own affair, or no evidence of anything */
	SORT_GOOD,
	SORT_UNKNOWN, /* bounced as unknown */
	SORT_UNSERVED, /* refused: the domain is not served there */
	SORT_REFUSED, /* refused for good for another reason */
	SORT_SOFTENED, /* unknown at a foreign host, and made to wait by our own mail server */
	SORT_STUCK, /* deferred by the receiver, or nobody there */
	SORT_LOST, /* the domain, or its exchanges, cannot be found */
};

struct sight {
	const struct decide_delivery *delivery;
	struct subject *subject;
	struct host *host; /* NULL: none answered */
	uint64_t network; /* 0: not known */
	enum sort sort;
	bool foreign;
	bool beyond; /* through a smart host, and the MX is elsewhere: answered there */
};

static enum sort sort_of_deferral(const struct decide_delivery *delivery)
{
	switch (delivery->reason) {
	case REASON_HOST_UNKNOWN:
		return SORT_LOST;
	case REASON_RATE_LIMITED:
	case REASON_GREYLISTED:
	case REASON_MAILBOX_FULL:
	case REASON_BLOCKED:
	case REASON_SPAM:
	case REASON_POLICY:
	case REASON_AUTH_FAILURE:
		return SORT_NONE;
	case REASON_SYSTEM:
		return delivery->remote ? SORT_STUCK : SORT_NONE;
	default:
		return SORT_STUCK;
	}
}

static enum sort sort_of_bounce(const struct decide_delivery *delivery)
{
	if (!delivery->remote)
		return delivery->reason == REASON_HOST_UNKNOWN ? SORT_LOST : SORT_NONE;
	switch (delivery->reason) {
	case REASON_USER_UNKNOWN:
		return SORT_UNKNOWN;
	case REASON_NO_ROUTE:
	case REASON_RELAY_DENIED:
		return SORT_UNSERVED;
	default:
		return SORT_REFUSED;
	}
}

static enum sort sort_of(const struct decide_delivery *delivery)
{
	if (delivery->missing != NULL && delivery->outcome != DELIVERY_DELIVERED)
		return SORT_LOST;
	switch (delivery->outcome) {
	case DELIVERY_DELIVERED:
		return delivery->remote ? SORT_GOOD : SORT_NONE;
	case DELIVERY_DEFERRED:
		return sort_of_deferral(delivery);
	case DELIVERY_BOUNCED:
		return sort_of_bounce(delivery);
	case DELIVERY_EXPIRED:
		break;
	}
	return SORT_NONE;
}

/* --- what is going on meanwhile --- */

static bool is_late(const struct decide *decide, int64_t at)
{
	return decide->now - at > DECIDE_LATE_MS;
}

/* An old log that is read while the affair goes on tells of the time before it. */
static bool precedes(const struct decide *decide, int64_t at, const struct affair *affair)
{
	const int64_t change_at = affair->change_not_before_at != 0
		? affair->change_not_before_at
		: affair->change_at;
	const int64_t began_at = change_at != 0 && change_at < affair->suspected_at
		? change_at
		: affair->suspected_at;
	return is_late(decide, at) && at < began_at;
}

/* The affair of a slot that mail of that time may belong to. */
static struct affair *affair_then(
	const struct decide *decide, const struct sight *sight, enum slot slot)
{
	struct affair *affair = affair_of(sight->subject, slot);
	return affair != NULL && !precedes(decide, sight->delivery->at, affair) ? affair
										: NULL;
}

static void count_good(struct affair *affair, const struct sight *sight)
{
	const bool known = sight->delivery->accepted_before;
	affair->deliveries++;
	affair->dirty = true;
	affair->silent = false;
	if (sight->foreign || sight->beyond) {
		affair->foreign_accepted++;
		affair->foreign_known_accepted += known;
		return;
	}
	if (affair->good++ == 0)
		affair->good_at = sight->delivery->at;
}

static void count_bounce(struct decide *decide, struct affair *affair,
	const struct sight *sight, const struct toll *toll)
{
	const struct subject *subject = sight->subject;
	const struct look *look = look_deciding(decide, subject);
	affair->silent = false;
	affair->good = 0;
	affair->good_at = 0;
	if (sight->foreign || sight->beyond) {
		affair->foreign_bounces++;
		affair->foreign_known_bounces += toll->accepted_before;
	} else if (exchanges_have(subject->departed, sight->host) &&
		(look == NULL || !exchanges_have(look->set, sight->host))) {
		affair->departed_bounces++;
	}
	if (sight->sort != SORT_REFUSED)
		affair_toll(decide, affair, toll);
}

/* A bounce at home says nothing of a resolver that is misled, nor of a move that is over. */
static bool is_beside(const struct affair *move, const struct sight *sight)
{
	return !sight->foreign && !sight->beyond &&
		(move->view >= 0 || move->reverted_at != 0);
}

static void keep_toll(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	const struct decide_delivery *delivery = sight->delivery;
	struct toll toll = {
		.host = sight->host,
		.first_at = delivery->at,
		.last_at = delivery->at,
		.bounces = 1,
		.accepted_before = delivery->accepted_before,
		.refused_before = delivery->refused_before,
		.foreign = sight->foreign || sight->beyond,
	};
	if (delivery->hash == NULL)
		return;
	memcpy(toll.hash, delivery->hash, sizeof toll.hash);
	struct affair *move = affair_then(decide, sight, SLOT_MOVE);
	struct affair *spike = affair_then(decide, sight, SLOT_SPIKE);
	if (move != NULL && !is_beside(move, sight))
		count_bounce(decide, move, sight, &toll);
	else if (spike != NULL)
		count_bounce(decide, spike, sight, &toll);
	else if (tolls_add(&subject->tolls, &toll) < 0)
		decide_fail(decide);
	if (subject->tolls.len > SUBJECT_TOLLS)
		tolls_trim(
			&subject->tolls, delivery->at - TOLLS_KEPT_MS, SUBJECT_TOLLS / 2);
}

/* --- the tests --- */

static void try_tests(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	const int64_t at = sight->delivery->at;
	if (sight->foreign) {
		const bool sibling =
			move_is_sibling(decide, subject, sight->host->run_by, at);
		if (strike_foreign(decide, subject, sight->host, sibling))
			move_alarm(decide, subject, sight->host, at);
		return;
	}
	const bool known = strike_known(decide, subject, at);
	if (!known && !strike_list(decide, subject, at))
		return;
	if (sight->beyond)
		move_alarm_beyond(decide, subject, at);
	else
		fault_alarm(decide, subject, known, at);
}

/* --- each sort --- */

/* A mailbox that was closed bounces whatever is sent to it, and is one all the same. */
static bool is_repeated(const struct sight *sight)
{
	const struct subject *subject = sight->subject;
	if (sight->delivery->hash == NULL || sight->foreign ||
		affair_of(subject, SLOT_SPIKE) != NULL)
		return false;
	const struct toll *toll = tolls_find(&subject->tolls, sight->delivery->hash);
	return toll != NULL && !toll->foreign &&
		toll->last_at >= sight->delivery->at - TOLLS_KEPT_MS;
}

static void teach(struct decide *decide, const struct sight *sight, bool bounced)
{
	struct subject *subject = sight->subject;
	const struct spike_attempt attempt = {
		.at = sight->delivery->at,
		.bounced = bounced,
		.known = sight->delivery->accepted_before,
		.foreign = sight->foreign,
		.repeated = bounced && is_repeated(sight),
		.teaches = !sight->foreign && affair_of(subject, SLOT_MOVE) == NULL &&
			affair_of(subject, SLOT_SPIKE) == NULL,
		.surprise = sight->sort == SORT_UNSERVED && sight->foreign
			? SURPRISE_REFUSED
			: sight->sort == SORT_REFUSED ? SURPRISE_OTHER
						      : 0,
	};
	if (subject->spike.first_at == 0)
		decide->mailed++;
	/* The sums are of what went on lately. */
	if (is_late(decide, attempt.at) && attempt.at / HOUR_MS < subject->spike.hour)
		return;
	spike_attempt(&subject->spike, &attempt);
}

static void take_good(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	const int64_t at = sight->delivery->at;
	teach(decide, sight, false);
	hoster_good(decide, subject, sight->host);
	subject->stuck[0] = fmaxf(0, subject->stuck[0] - 0.6F);
	subject->stuck[1] = fmaxf(0, subject->stuck[1] - 2.3F);
	if (subject->stuck[0] <= 0 && subject->stuck[1] <= 0)
		subject->stuck_mails = 0;
	if (sight->host != NULL && own_has(&subject->own, sight->host)) {
		if (sight->network != 0)
			own_learn_network(&subject->own, sight->host, sight->network);
	} else if (sight->host != NULL) {
		struct affair *move = affair_of(subject, SLOT_MOVE);
		if (own_accepted(&subject->own, sight->host, at) && move != NULL)
			affair_prove(move, "own-by-acceptance", 0, at,
				"%s has accepted mail for a day: it is the domain's own "
				"now",
				sight->host->run_by->name);
	}
	bool any = false;
	for (int i = 0; i < SLOTS; i++) {
		struct affair *affair = affair_then(decide, sight, (enum slot)i);
		if (affair == NULL)
			continue;
		count_good(affair, sight);
		any = true;
	}
	if (any)
		reconsider(decide, subject, at);
}

static void take_bounce(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	if (sight->sort == SORT_REFUSED && !sight->foreign)
		return; /* content and policy: daily bread */
	teach(decide, sight, true);
	keep_toll(decide, sight);
	if (!is_late(decide, sight->delivery->at))
		try_tests(decide, sight);
	reconsider(decide, subject, sight->delivery->at);
}

static void take_stuck(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	const int64_t at = sight->delivery->at;
	struct affair *move = affair_then(decide, sight, SLOT_MOVE);
	if (move != NULL) {
		move->deferrals++;
		move->dirty = true;
	}
	if (!sight->delivery->fresh || sight->foreign || is_late(decide, at))
		return;
	if (subject->stuck_mails++ == 0)
		subject->stuck_since = at;
	subject->stuck[0] += 3.14F; /* ln(1 + 0.45 * 0.98 / 0.02) */
	subject->stuck[1] += 3.81F; /* ln(1 + 0.9 * 0.98 / 0.02) */
	struct affair *affair = affair_of(subject, SLOT_RECEIVER);
	if (affair != NULL) {
		affair->dirty = true;
		affair->deferrals++;
		affair->good = 0;
		affair->hot_at = at;
	}
	fault_stuck(decide, subject, at);
	reconsider(decide, subject, at);
}

/* What would have bounced is evidence as if it had, once a recipient and hour: it is tried again
 * and again. But nobody bounced: it makes no toll, and the deferrals that follow no outage. */
static void take_softened(struct decide *decide, const struct sight *sight)
{
	struct affair *move = affair_then(decide, sight, SLOT_MOVE);
	if (move == NULL)
		return;
	move->deferrals++;
	move->dirty = true;
	if (!sight->delivery->fresh || is_late(decide, sight->delivery->at))
		return;
	move->silent = false;
	move->foreign_bounces++;
	move->foreign_known_bounces += sight->delivery->accepted_before;
	teach(decide, sight, true);
	try_tests(decide, sight);
	reconsider(decide, sight->subject, sight->delivery->at);
}

/* An exchange cannot be found, where the domain itself can. */
static bool is_other_name(const struct decide_delivery *delivery)
{
	return delivery->missing != NULL &&
		!name_equal(delivery->missing, delivery->domain);
}

static void take_lost(struct decide *decide, const struct sight *sight)
{
	struct subject *subject = sight->subject;
	const int64_t at = sight->delivery->at;
	if (!is_other_name(sight->delivery) || is_late(decide, at))
		return;
	if (at - subject->missing_since > HOUR_MS)
		subject->missing_mails = 0;
	if (subject->missing_mails++ == 0)
		subject->missing_since = at;
	outage_missing(decide, subject, sight->delivery->missing, at);
}

/* The MX names nothing but hosts that were the backup. */
static bool is_moved_to_backup(const struct decide *decide, const struct sight *sight)
{
	const struct look *look = look_deciding(decide, sight->subject);
	return look != NULL && look->position == POSITION_AWAY &&
		backup_is(sight->subject, sight->host);
}

/* Mail servers that are told to hold mail back while the MX is elsewhere. */
static bool is_softened(const struct sight *sight)
{
	const struct decide_delivery *delivery = sight->delivery;
	return delivery->outcome == DELIVERY_DEFERRED && delivery->remote &&
		delivery->reason == REASON_USER_UNKNOWN &&
		(sight->foreign || sight->beyond) &&
		affair_of(sight->subject, SLOT_MOVE) != NULL;
}

static void look_closer(struct decide *decide, struct sight *sight)
{
	const struct decide_delivery *delivery = sight->delivery;
	sight->sort = sort_of(delivery);
	if (sight->sort == SORT_LOST)
		return;
	if (hosts_get_answered(&decide->hosts, delivery->relay_host, delivery->relay_ip,
		    &sight->host, &sight->network) < 0)
		decide_fail(decide);
	if (sight->host == NULL)
		return;
	if (sight->sort != SORT_STUCK)
		relays_count(decide, sight->subject, sight->host);
	const bool is_void = relays_are_void(decide);
	sight->foreign = !is_void && !own_is_empty(&sight->subject->own) &&
		(!own_has_at(&sight->subject->own, sight->host, sight->network) ||
			is_moved_to_backup(decide, sight));
	sight->beyond = is_void &&
		!exchanges_have(sight->subject->sets[0], sight->host) &&
		look_is_elsewhere(look_deciding(decide, sight->subject));
	if (is_softened(sight))
		sight->sort = SORT_SOFTENED;
}

int decide_delivery(struct decide *decide, const struct decide_delivery *delivery)
{
	if (decide_advance(decide, delivery->at) < 0)
		return -ENOMEM;
	struct sight sight = {
		.delivery = delivery,
		.subject = decide_subject(decide, delivery->domain, delivery->at),
	};
	if (sight.subject == NULL)
		return -ENOMEM;
	look_closer(decide, &sight);
	if (sight.sort != SORT_NONE)
		outage_count(decide, sight.subject, delivery->at,
			sight.sort == SORT_LOST && !is_other_name(delivery));
	switch (sight.sort) {
	case SORT_NONE:
		break;
	case SORT_GOOD:
		take_good(decide, &sight);
		break;
	case SORT_UNKNOWN:
	case SORT_UNSERVED:
	case SORT_REFUSED:
		take_bounce(decide, &sight);
		break;
	case SORT_SOFTENED:
		take_softened(decide, &sight);
		break;
	case SORT_STUCK:
		take_stuck(decide, &sight);
		break;
	case SORT_LOST:
		take_lost(decide, &sight);
		break;
	}
	const int error = decide->error;
	decide->error = 0;
	return error;
}

struct decide_totals decide_totals(const struct decide *decide)
{
	struct decide_totals totals = {
		.domains = decide->subjects_len,
		.expected_false_alarms = decide->budget,
		.relays_void = relays_are_void(decide),
	};
	for (size_t i = 0; i < decide->affairs_len; i++)
		totals.open += decide->affairs[i]->state != INCIDENT_CLOSED;
	return totals;
}
