/* SPDX-License-Identifier: MIT */
/* No usable answer: is it the domain, or are we the blind ones? */
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

/* After the last mail that was deferred for it: these are tried again within 4000 s. */
#define FILTER_BROKEN_MS (75 * MINUTE_MS)
#define SICK_SHARE 10 /* one of so many domains fails: the view is sick, */
#define SICK_LEAST 2 /* and more than so many */
#define SICK_AFTER_MS (20 * MINUTE_MS) /* and is not trusted again before */
#define FAILURES_MEANT 2 /* in a row */
#define OWN_DEAD_POLLS 2 /* intervals that caches may hide what the domain's servers do */
#define REOPEN_MS (6 * HOUR_MS)
#define GONE_MS (3 * DAY_MS)
#define MISSING_MAILS 3
#define QUIET_MS (2 * HOUR_MS)
#define SLICE_MS (10 * MINUTE_MS)
#define LOST_LEAST 5 /* domains of a slice that cannot be found, */
#define LOST_SHARE 0.3 /* and so many of all: it is us */

/* --- our own views --- */

bool outage_is_sick(const struct decide *decide, int view, int64_t at)
{
	const struct view *each = &decide->views[view];
	return each->sick_since != 0 && (each->sick_until == 0 || at < each->sick_until);
}

static size_t domains_of(const struct view *view)
{
	return view->watched > view->seen ? view->watched : view->seen;
}

static bool is_failing(const struct view *view)
{
	return view->failing > SICK_LEAST &&
		(size_t)view->failing * SICK_SHARE > domains_of(view);
}

void outage_view_changed(struct decide *decide, int view, int64_t at)
{
	struct view *each = &decide->views[view];
	if (is_failing(each)) {
		if (!outage_is_sick(decide, view, at)) {
			each->sick_since = at;
			decide_set_timer(decide, NULL, at + each->interval_ms + 1);
		}
		each->sick_until = 0;
		outage_self(decide, at);
	} else if (each->sick_since != 0 && each->sick_until == 0) {
		each->sick_until = at + SICK_AFTER_MS;
		decide_set_timer(decide, NULL, each->sick_until);
		outage_self(decide, at);
	}
}

/* --- our own trouble --- */

static struct affair *begin_self(struct decide *decide, int64_t at)
{
	if (decide->self != NULL && decide->self->state != INCIDENT_CLOSED)
		return decide->self;
	struct affair *last = decide->self;
	decide->self = affair_begin(decide, NULL, SLOT_DNS, INCIDENT_SELF, at, 0);
	if (decide->self != NULL) {
		decide->self->older = last;
		affair_open(decide->self, at);
	}
	return decide->self;
}

static bool is_filter_broken(const struct decide *decide, int64_t at)
{
	return decide->filter_broken_at != 0 &&
		at - decide->filter_broken_at < FILTER_BROKEN_MS;
}

void outage_self(struct decide *decide, int64_t at)
{
	int sick = 0, failing = 0, asked = 0;
	for (int i = 0; i < decide->views_len; i++) {
		const struct view *view = &decide->views[i];
		sick += outage_is_sick(decide, i, at);
		asked += domains_of(view) > 0;
		/* A few polls that are lost at the same time are no trouble yet. */
		if (view->sick_since == 0 || view->sick_until != 0 ||
			at - view->sick_since <= view->interval_ms)
			continue;
		failing++;
		struct affair *affair = begin_self(decide, at);
		if (affair != NULL && !affair_has_proof(affair, "view-fails"))
			affair_prove(affair, "view-fails", 0, at,
				"view %s gives no usable answer for %u of %zu domains",
				view->name, view->failing, domains_of(view));
	}
	if (decide->self == NULL)
		return;
	const bool broken = is_filter_broken(decide, at);
	affair_set_blind(decide->self, (failing > 0 && failing == asked) || broken, at);
	if (broken || decide->lost_since != 0 || feeders_out(&decide->feeders) > 0)
		return;
	if (failing == 0)
		affair_revert(decide->self, at);
	if (sick == 0)
		affair_close(decide->self, at);
}

/* Of the domains that mail goes to now, how many cannot be found? */
static void end_slice(struct decide *decide, int64_t slice)
{
	const bool lost = decide->slice_lost >= LOST_LEAST &&
		decide->slice_lost > LOST_SHARE * decide->slice_active;
	if (!lost && decide->slice_active > 0 && decide->lost_since != 0) {
		decide->lost_since = 0;
		outage_self(decide, slice * SLICE_MS);
	}
	decide->slice = slice;
	decide->slice_active = 0;
	decide->slice_lost = 0;
}

void outage_count(struct decide *decide, struct subject *subject, int64_t at, bool lost)
{
	const int64_t slice = at / SLICE_MS;
	if (slice > decide->slice)
		end_slice(decide, slice);
	if (slice < decide->slice)
		return;
	decide->slice_active += subject->active_slice != slice;
	subject->active_slice = slice;
	if (!lost)
		return;
	decide->slice_lost += subject->lost_slice != slice;
	subject->lost_slice = slice;
	if (decide->slice_lost < LOST_LEAST ||
		decide->slice_lost <= LOST_SHARE * decide->slice_active)
		return;
	struct affair *affair = begin_self(decide, at);
	if (affair == NULL)
		return;
	if (decide->lost_since == 0)
		decide->lost_since = at;
	affair_prove(affair, "lookups-fail", 0, decide->lost_since,
		"the mail server cannot look up %u of %u domains that it sends to: its "
		"resolver or network fails, not they",
		decide->slice_lost, decide->slice_active);
}

/* --- our own sources --- */

static void prove_feeder(struct decide *decide, const struct feeder *feeder, int64_t at)
{
	struct affair *affair = begin_self(decide, at);
	if (affair == NULL)
		return;
	if (feeder->failed)
		affair_prove(affair, "source-fails", 0, at,
			"deliveries of %s cannot be read: %s", feeder->name,
			strerror((int)feeder->error));
	else
		affair_prove(affair, "source-silent", 0, at,
			"deliveries of %s: none for %lld minutes, where it was never "
			"silent for more than %lld in a week",
			feeder->name, (long long)((at - feeder->heard_at) / MINUTE_MS),
			(long long)(feeder_longest_ms(feeder) / MINUTE_MS + 1));
}

void decide_feeders_look(struct decide *decide, int64_t at)
{
	struct feeder *feeder;
	while ((feeder = feeders_look(&decide->feeders, at)) != NULL) {
		feeder->out = !feeder->out;
		decide_touch(decide, NULL);
		if (feeder->out)
			prove_feeder(decide, feeder, at);
		else
			outage_self(decide, at);
	}
}

void decide_feeder_heard(
	struct decide *decide, const char *name, uint32_t reports, int64_t at)
{
	struct feeder *feeder = feeders_get(&decide->feeders, name, at);
	if (feeder == NULL)
		return;
	feeder_heard(feeder, reports, at);
	decide_touch(decide, NULL);
}

void decide_feeder_failed(struct decide *decide, const char *name, int error, int64_t at)
{
	struct feeder *feeder = feeders_get(&decide->feeders, name, at);
	if (feeder != NULL)
		feeder_failed(feeder, error, at);
}

void decide_feeder_passed(struct decide *decide, const char *name, int64_t at)
{
	struct feeder *feeder = feeders_get(&decide->feeders, name, at);
	if (feeder != NULL)
		feeder_passed(feeder, at);
}

void decide_feeders_keep(struct decide *decide, const char *const *names, size_t len)
{
	const size_t out = feeders_out(&decide->feeders);
	feeders_keep(&decide->feeders, names, len);
	if (feeders_out(&decide->feeders) == out)
		return;
	decide_touch(decide, NULL);
	outage_self(decide, decide->now);
}

void decide_filter_broken(struct decide *decide, const char *name, int64_t at)
{
	if (at > decide->now)
		at = decide->now;
	if (decide->now - at >= FILTER_BROKEN_MS)
		return;
	struct affair *affair = begin_self(decide, decide->now);
	if (affair == NULL)
		return;
	if (at > decide->filter_broken_at)
		decide->filter_broken_at = at;
	if (!affair_has_proof(affair, "filter-broken"))
		affair_prove(affair, "filter-broken", 0, at,
			"the mail server of %s cannot use its filter of DNS replies and "
			"defers all mail of all domains: is the file of "
			"smtp_dns_reply_filter there?",
			name);
	decide_set_timer(decide, NULL, decide->filter_broken_at + FILTER_BROKEN_MS);
	decide_touch(decide, NULL);
	outage_self(decide, decide->now);
}

/* --- a domain that cannot be found --- */

struct voices {
	bool own_dead; /* the domain's own servers, for some polls */
	unsigned dead; /* fail, or say that there is no such domain */
	unsigned gone; /* of these, the latter */
	unsigned all;
	int64_t since; /* the first of the dead */
};

static struct voices hear(
	const struct decide *decide, const struct subject *subject, int64_t at)
{
	struct voices voices = {0};
	for (int i = 0; i < decide->views_len; i++) {
		const struct look *look = &subject->looks[i];
		if (outage_is_sick(decide, i, at) ||
			(look->position == POSITION_UNSEEN && look->failures == 0))
			continue;
		const bool gone = look->failures == 0 && look->position == POSITION_GONE;
		const bool dead = gone || look->failures >= FAILURES_MEANT;
		const int64_t since = gone ? look->since : look->failing_since;
		if (decide->views[i].authoritative && dead)
			voices.own_dead |= at - since >=
				OWN_DEAD_POLLS * decide->views[i].interval_ms;
		voices.all++;
		voices.gone += gone;
		voices.dead += dead;
		if (dead && (voices.since == 0 || since < voices.since))
			voices.since = since;
	}
	return voices;
}

static bool is_out(struct voices voices)
{
	return voices.own_dead || (voices.dead >= 2 && voices.dead * 2 > voices.all) ||
		(voices.all == 1 && voices.dead == 1);
}

static void begin_outage(
	struct decide *decide, struct subject *subject, struct voices voices, int64_t at)
{
	const struct affair *last = subject->affairs[SLOT_DNS];
	if (last != NULL && last->state == INCIDENT_CLOSED &&
		last->closed_at >= voices.since)
		return;
	struct affair *affair = affair_begin(
		decide, subject, SLOT_DNS, INCIDENT_DNS_OUTAGE, at, REOPEN_MS);
	if (affair == NULL)
		return;
	affair->change_at = voices.since;
	affair_set_from(affair, subject->sets[0]);
	affair_prove(affair, voices.gone > 0 ? "no-such-domain" : "no-answer", 0,
		voices.since, "%u of %u views %s", voices.dead, voices.all,
		voices.gone > 0 ? "say that there is no such domain"
				: "get no usable answer");
	affair_open(affair, at);
	decide_set_timer(decide, subject, voices.since + GONE_MS);
}

static void follow_outage(
	struct decide *decide, struct subject *subject, struct affair *affair, int64_t at)
{
	const struct voices voices = hear(decide, subject, at);
	if (affair->missing) {
		if (at - affair->hot_at >= QUIET_MS && affair->good >= 3) {
			affair_revert(affair, affair->good_at);
			affair_close(affair, at);
		}
		return;
	}
	if (!is_out(voices)) {
		affair_revert(affair, at);
		affair_close(affair, at);
	} else if (voices.gone == 0) {
		return;
	} else if (at - affair->change_at < GONE_MS) {
		decide_set_timer(decide, subject, affair->change_at + GONE_MS);
	} else {
		affair_set_kind(affair, INCIDENT_EXPIRY, at);
		affair_prove(affair, "stayed", 0, at,
			"for three days there has been no such domain");
		affair_close(affair, at);
	}
}

/* An answer comes once: that it still holds is to be looked at again. */
static void set_own_timer(struct decide *decide, struct subject *subject, int64_t at)
{
	for (int i = 0; i < decide->views_len; i++) {
		const struct look *look = &subject->looks[i];
		const int64_t due =
			look->since + OWN_DEAD_POLLS * decide->views[i].interval_ms;
		if (decide->views[i].authoritative && look->position == POSITION_GONE &&
			due > at)
			decide_set_timer(decide, subject, due);
	}
}

void outage_reconsider(struct decide *decide, struct subject *subject, int64_t at)
{
	struct affair *affair = affair_of(subject, SLOT_DNS);
	if (affair != NULL) {
		follow_outage(decide, subject, affair, at);
		return;
	}
	const struct voices voices = hear(decide, subject, at);
	if (is_out(voices))
		begin_outage(decide, subject, voices, at);
	else if (voices.gone > 0)
		set_own_timer(decide, subject, at);
}

void outage_missing(
	struct decide *decide, struct subject *subject, const uint8_t *target, int64_t at)
{
	char text[NAME_TEXT_MAX];
	struct affair *affair = affair_of(subject, SLOT_DNS);
	if (affair != NULL && affair->missing) {
		affair->hot_at = at;
		affair->deferrals++;
		affair->good = 0;
	}
	if (affair != NULL || subject->missing_mails < MISSING_MAILS)
		return;
	affair = affair_begin(
		decide, subject, SLOT_DNS, INCIDENT_DNS_OUTAGE, at, REOPEN_MS);
	if (affair == NULL)
		return;
	affair->missing = true;
	affair->silent = false;
	affair_set_from(affair, subject->sets[0]);
	affair_prove(affair, "exchange-without-address", 0, subject->missing_since,
		"the mail server finds no address of %.200s, which the MX names",
		name_format(target, text));
	affair_open(affair, at);
}
