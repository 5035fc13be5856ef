/* SPDX-License-Identifier: MIT */
/* Facts on their way to the detector. */
#include <errno.h>
#include <string.h>

#include "monitor/casebook_inside.h"
#include "monitor/news.h"
#include "storage/deliveries.h"
#include "storage/history.h"
#include "storage/lookup.h"
#include "storage/record.h"

/* Of a view that looks no more: what it said that long ago is nothing to go by. */
#define STALE_MS (INT64_C(30) * 86400000)
#define FAILURES_TOLD 2 /* in a row: more of them say nothing new */

/* --- a domain is met --- */

struct meeting {
	struct casebook *casebook;
	const struct acquainted *one;
	int64_t told_at; /* until when the detector was told */
	int skipped; /* a view that is told of apart, -1: none */
	int64_t failing[DECIDE_VIEWS_MAX]; /* since when views fail; 0: they do not */
};

static int on_gap(void *owner, const struct gap *gap)
{
	struct meeting *const meeting = owner;
	const int view = casebook_view(meeting->casebook, gap->view);
	if (view >= 0 && !gap->server && gap->to_at == 0 && gap->reason != GAP_UNWATCHED)
		meeting->failing[view] = gap->from_at;
	return 0;
}

static int on_span(void *owner, const struct span *span)
{
	struct meeting *const meeting = owner;
	struct casebook *const casebook = meeting->casebook;
	const int view = casebook_view(casebook, span->view);
	if (view < 0 || view == meeting->skipped || span->server || !span->open ||
		casebook->now - span->last_at > STALE_MS ||
		(meeting->one->recalled && meeting->failing[view] != 0))
		return 0;
	/* What the detector knew of is said again, now. */
	const bool known = meeting->one->recalled && span->first_at <= meeting->told_at;
	const struct decide_answer answer = {
		.domain = meeting->one->domain,
		.view = view,
		.at = known ? meeting->told_at : span->first_at,
		.not_before_at = span->not_before_at,
		.state = span->answer.state,
		.set = span->answer.set,
	};
	return decide_answer(casebook->decide, &answer);
}

static int tell_failures(struct meeting *meeting)
{
	struct casebook *const casebook = meeting->casebook;
	int error = 0;
	if (meeting->one->recalled)
		return 0;
	for (int view = 0; view < DECIDE_VIEWS_MAX; view++)
		for (int i = 0; i < FAILURES_TOLD && meeting->failing[view] != 0; i++)
			if (error == 0)
				error = decide_failure(casebook->decide,
					meeting->one->domain, view,
					meeting->failing[view]);
	return error;
}

/* What views say of a domain until now, as the store has it. Where news are what brings it up,
 * that is what they end. */
static void meet(
	struct casebook *casebook, struct acquainted *one, const struct news *news)
{
	const struct lookup_window window = {
		.domain = one->domain,
		.from = casebook->now,
		.now = casebook->now,
	};
	struct meeting meeting = {
		.casebook = casebook,
		.one = one,
		.told_at = decide_now(casebook->decide),
		.skipped = -1,
	};
	int error = 0;
	one->met = true;
	if (news && news->kind == NEWS_CHANGE && news->from_state != ANSWER_NONE) {
		meeting.skipped = casebook_view(casebook, news->view);
		const struct decide_answer before = {
			.domain = one->domain,
			.view = meeting.skipped,
			.at = news->from_at,
			.state = news->from_state,
			.set = &news->from_set,
		};
		error = decide_answer(casebook->decide, &before);
	}
	if (error == 0)
		error = lookup_gaps(casebook->store, &window, on_gap, &meeting);
	if (error == 0)
		error = lookup_spans(casebook->store, &window, on_span, &meeting);
	if (error == 0)
		error = tell_failures(&meeting);
	casebook_check(casebook, error == -ENOENT ? 0 : error);
}

void casebook_meet(struct casebook *casebook, struct acquainted *one)
{
	if (!one->met)
		meet(casebook, one, NULL);
}

/* --- answers of views --- */

static void tell_answer(struct casebook *casebook, const struct news *news, int view,
	enum answer_state state, const struct mxset *set)
{
	const struct decide_answer answer = {
		.domain = news->domain,
		.view = view,
		.at = news->at,
		.not_before_at = news->from_at,
		.state = state,
		.set = set,
	};
	if (answer_state_is_usable(state))
		casebook_check(casebook, decide_answer(casebook->decide, &answer));
}

/* After failures the view says what it had said. */
static void tell_again(struct casebook *casebook, const struct news *news, int view)
{
	struct mxset set = {0};
	enum answer_state state = ANSWER_NONE;
	history_open_answer(casebook->store, news->point, NULL, &state, &set);
	tell_answer(casebook, news, view, state, &set);
	mxset_finish(&set);
}

static bool is_fact(const struct news *news)
{
	return news->server.family == 0 && news->domain &&
		!record_type_is_address(news->rrtype) &&
		(news->kind == NEWS_SPAN || news->kind == NEWS_CHANGE ||
			news->kind == NEWS_FAILURE || news->kind == NEWS_RECOVERY);
}

void casebook_news(struct casebook *casebook, const struct news *news)
{
	if (!casebook || !casebook->decide || !is_fact(news))
		return;
	const int view = casebook_view(casebook, news->view);
	if (view < 0)
		return;
	if (news->at > casebook->now)
		casebook->now = news->at;
	struct acquainted *const one = casebook_acquaint(casebook, news->domain);
	if (!one) {
		casebook_check(casebook, -ENOMEM);
		return;
	}
	/* A first sight is in the store, to be read when there is more to it. */
	if (!one->met && news->kind == NEWS_SPAN && !one->recalled)
		return;
	if (!one->met)
		meet(casebook, one, news);
	if (news->kind == NEWS_FAILURE)
		casebook_check(casebook,
			decide_failure(casebook->decide, news->domain, view, news->at));
	else if (news->kind == NEWS_RECOVERY)
		tell_again(casebook, news, view);
	else
		tell_answer(casebook, news, view, news->state, &news->set);
	casebook->learnt = casebook->urgent = true;
}

/* --- deliveries --- */

struct telling {
	struct casebook *casebook;
	int64_t now;
};

/* What the store found out about it may be another the next time. */
static uint64_t digest_of(const struct delivery_settled *settled)
{
	const int64_t numbers[] = {settled->at, settled->outcome, settled->reason,
		settled->count, settled->remote};
	uint64_t digest = orphans_digest(0, numbers, sizeof numbers);
	digest = orphans_digest(digest, settled->domain, name_length(settled->domain));
	if (settled->hash)
		digest = orphans_digest(digest, settled->hash, DELIVERIES_HASH);
	digest = orphans_digest(
		digest, settled->relay_host, strlen(settled->relay_host) + 1);
	return orphans_digest(digest, settled->relay_ip, strlen(settled->relay_ip) + 1);
}

static void on_settled(void *owner, const struct delivery_settled *settled)
{
	const struct telling *const telling = owner;
	struct casebook *const casebook = telling->casebook;
	if (casebook->orphans.left > 0 &&
		orphans_find(&casebook->orphans, digest_of(settled)))
		return;
	struct acquainted *const one = casebook_acquaint(casebook, settled->domain);
	if (!one) {
		casebook_check(casebook, -ENOMEM);
		return;
	}
	casebook_meet(casebook, one);
	/* A log whose clock or zone is wrong may not take the detector into the future: all
	 * others would be of the past then. */
	const struct decide_delivery delivery = {
		.domain = settled->domain,
		.at = settled->at < telling->now ? settled->at : telling->now,
		.outcome = settled->outcome,
		.reason = settled->reason,
		.remote = settled->remote,
		.fresh = settled->fresh,
		.accepted_before = settled->accepted_before,
		.refused_before = settled->refused_before,
		.hash = settled->hash,
		.relay_host = settled->relay_host,
		.relay_ip = settled->relay_ip,
		.missing = settled->missing,
	};
	int error = 0;
	for (uint32_t i = 0; i < settled->count && error == 0; i++)
		error = decide_delivery(casebook->decide, &delivery);
	casebook_check(casebook, error);
	casebook->learnt = true;
	casebook->urgent |= settled->outcome != DELIVERY_DELIVERED;
}

bool casebook_deliveries(struct casebook *casebook, struct deliveries *batch, int64_t now)
{
	struct telling telling = {casebook, now};
	if (!casebook || !casebook->decide)
		return true;
	return deliveries_each_settled(batch, on_settled, &telling);
}

static void on_failed(void *owner, const struct delivery_settled *settled)
{
	struct casebook *const casebook = owner;
	casebook_check(casebook, orphans_add(&casebook->orphans, digest_of(settled)));
}

void casebook_deliveries_failed(struct casebook *casebook, struct deliveries *batch)
{
	if (casebook && casebook->decide)
		deliveries_each_settled(batch, on_failed, casebook);
}

void casebook_address(
	struct casebook *casebook, const uint8_t *host, const struct endpoint *address)
{
	char text[NAME_TEXT_MAX];
	if (!casebook || !casebook->decide)
		return;
	casebook_check(casebook,
		decide_address(casebook->decide, name_format(host, text), address));
	casebook->learnt = true;
}

/* --- our own sources --- */

void casebook_heard(struct casebook *casebook, const char *source, size_t reports)
{
	if (!casebook || !casebook->decide || reports == 0)
		return;
	decide_feeder_heard(casebook->decide, source, (uint32_t)reports, casebook->now);
	casebook->learnt = true;
}

void casebook_failed(struct casebook *casebook, const char *source, int error)
{
	if (casebook && casebook->decide)
		decide_feeder_failed(casebook->decide, source, error, casebook->now);
}

void casebook_passed(struct casebook *casebook, const char *source)
{
	if (casebook && casebook->decide)
		decide_feeder_passed(casebook->decide, source, casebook->now);
}

void casebook_broken_filter(struct casebook *casebook, const char *source, int64_t at)
{
	if (!casebook || !casebook->decide)
		return;
	decide_filter_broken(casebook->decide, source, at);
	casebook->learnt = casebook->urgent = true;
}
