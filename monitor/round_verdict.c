/* SPDX-License-Identifier: MIT */
/*
 * round_verdict — the view moves, a server is kept apart or comes back, or a suspicion is all
 * that remains of a round. State of the poller and news for the recorder change together here.
 */
#include "monitor/round_inside.h"

/* Starts a piece of news about an answer that a server gave. */
static struct news *tell_sight(struct round *round, enum news_kind kind,
	const struct participant *said, bool of_server)
{
	struct poller *const poller = round->poller;
	const struct view *const view =
		target_view(poller, &poller->targets[round->index]);
	struct news *news = tell_begin(poller, round->index, kind);
	if (!news)
		return NULL;
	if (of_server)
		news->server = said->server;
	news->at = said->at;
	news->from_at = poller->targets[round->index].last_at;
	news->by = round->by;
	news->confirmed_at = round->confirmed_at;
	news->flags = view_span_flags(view, &said->answer.summary);
	tell_answer(news, &said->answer);
	return news;
}

/* Both the sight that started the round and what confirmed it, or did not. */
static void tell_both_messages(struct round *round, struct news *news)
{
	const struct poller *const poller = round->poller;
	if (!news || round->suspect == round->len ||
		target_is_address(poller, &poller->targets[round->index]))
		return;
	const struct participant *const suspect = &round->participants[round->suspect];
	tell_evidence(news, &round->seen.reply, round->seen.at);
	if (suspect->reply.msg)
		tell_evidence(news, &suspect->reply, suspect->at);
}

/* Keeps a server apart: it has a span of its own from now on. silent: it did not move, its view
 * did. */
static void keep_apart(struct round *round, const struct participant *said, bool silent)
{
	struct poller *const poller = round->poller;
	struct target *const target = &poller->targets[round->index];
	struct deviant *deviant =
		deviants_put(&poller->deviants, round->index, &said->server);
	if (!deviant)
		return;
	const struct detect_say before = {
		.state = (enum answer_state)deviant->state,
		.digest = deviant->digest,
	};
	if (detect_same(&said->say, &before))
		return;
	const bool had = deviant->state != ANSWER_NONE;
	target->flags |= TARGET_DEVIANTS;
	struct news *news = tell_sight(round, had ? NEWS_CHANGE : NEWS_SPAN, said, true);
	if (news) {
		news->silent = silent;
		news->final = deviant->pulse;
		if (had)
			news->from_at = deviant->pulse.last_at;
		if (news->from_at > news->at) /* heard before its view was settled */
			news->from_at = 0;
	}
	if (!silent)
		tell_both_messages(round, news);
	tell_end(poller, news);
	deviant->state = (uint8_t)said->say.state;
	deviant->digest = said->say.digest;
	deviant->pulse = (struct pulse){.ttl_min = UINT32_MAX};
	deviant_agree(deviant, said->at, view_span_ttl(&said->answer.summary));
}

/* A server says again what its view says. silent: the view has come to it. */
static void rejoin(struct round *round, const struct participant *said, bool silent)
{
	struct poller *const poller = round->poller;
	struct deviant *deviant =
		deviants_find(&poller->deviants, round->index, &said->server);
	if (!deviant)
		return;
	if (deviant->state != ANSWER_NONE) {
		struct news *news = tell_sight(round, NEWS_REJOIN, said, true);
		if (news) {
			news->silent = silent;
			news->final = deviant->pulse;
			news->from_at = deviant->pulse.last_at;
		}
		if (!silent)
			tell_both_messages(round, news);
		tell_end(poller, news);
	}
	deviants_remove(&poller->deviants, deviant);
}

static bool says_view(const struct round *round, const struct participant *participant)
{
	const struct target *const target = &round->poller->targets[round->index];
	const struct detect_say view = {
		.state = (enum answer_state)target->state,
		.digest = target->digest,
	};
	return detect_same(&participant->say, &view);
}

/* The view's answer is now what `said` says; the others are sorted by it. */
static void move_view(struct round *round, const struct participant *said)
{
	struct poller *const poller = round->poller;
	struct target *const target = &poller->targets[round->index];
	const struct wire_summary *const summary = &said->answer.summary;
	const bool opens = target->state == ANSWER_NONE;
	struct news *news =
		tell_sight(round, opens ? NEWS_SPAN : NEWS_CHANGE, said, false);
	if (news)
		news->final = target_pulse(target, target_group(poller, target));
	if (opens && news)
		tell_evidence(news, &said->reply, said->at);
	else
		tell_both_messages(round, news);
	struct target_notes notes;
	target_turn(target, target_group(poller, target), &poller->interruption, said->at,
		summary->state, summary->digest, view_span_ttl(summary), &notes);
	poller_mark_dirty(poller, round->index);
	tell_with_notes(poller, news, round->index, &notes);

	for (size_t i = 0; i < round->len; i++) {
		const struct participant *const other = &round->participants[i];
		if (!answer_state_is_usable(other->say.state))
			continue;
		if (says_view(round, other)) {
			rejoin(round, other, true);
			continue;
		}
		const struct deviant *const apart =
			deviants_find(&poller->deviants, round->index, &other->server);
		if (!apart || apart->state == ANSWER_NONE)
			keep_apart(round, other, true);
	}
}

/* The view stays: the suspect and those who say the same go their own way, or come back. */
static void move_servers(struct round *round)
{
	for (size_t i = 0; i < round->len; i++) {
		if (!detect_same(&round->participants[i].say, &round->seen.say))
			continue;
		const struct participant *const said =
			i == round->suspect ? &round->seen : &round->participants[i];
		if (says_view(round, said))
			rejoin(round, said, false);
		else
			keep_apart(round, said, false);
	}
}

static void tell_suspicion(struct round *round)
{
	struct news *news = tell_sight(round, NEWS_SUSPICION, &round->seen, true);
	if (news)
		news->why = round->why;
	tell_both_messages(round, news);
	tell_end(round->poller, news);
}

/* Servers that said in this round what the view says have confirmed it. Where nobody did, and not
 * all were heard, the poll has failed. */
static void count_agreeing(struct round *round)
{
	const struct participant *latest = NULL;
	enum answer_state failure = ANSWER_NONE;
	for (size_t i = 0; i < round->len; i++) {
		const struct participant *const other = &round->participants[i];
		if (says_view(round, other) && (!latest || other->at > latest->at))
			latest = other;
		if (other->say.state >= ANSWER_SERVFAIL)
			failure = other->say.state;
	}
	if (!latest && failure != ANSWER_NONE && round->ends_poll)
		poll_fail(
			round->poller, round->index, round->poller->timeline.at, failure);
	const struct target *const target = &round->poller->targets[round->index];
	if (latest && latest->at >= target->last_at)
		poll_agree(round->poller, round->index, latest->at,
			view_span_ttl(&latest->answer.summary));
}

void round_apply_first(struct round *round, const struct detect_say *says)
{
	struct poller *const poller = round->poller;
	const size_t most = detect_plurality(says, round->len);
	if (most == round->len) {
		poll_fail(
			poller, round->index, poller->timeline.at, round->seen.say.state);
		return;
	}
	move_view(round, &round->participants[most]);
}

void round_apply_suspect(struct round *round, const struct detect_say *says)
{
	unsigned usable;
	unsigned same;
	const enum detect_verdict verdict =
		detect_judge(says, round->len, round->suspect, round->by, &usable, &same);
	switch (verdict) {
	case DETECT_SUSPICION:
		tell_suspicion(round);
		break;
	case DETECT_SERVER:
		move_servers(round);
		break;
	case DETECT_VIEW:
		if (says_view(round, &round->seen))
			move_servers(round);
		else
			move_view(round, &round->seen);
		break;
	}
	if (verdict != DETECT_VIEW)
		count_agreeing(round);
}

/* A host that names others of its addresses each time says otherwise over TCP: that is then what
 * counts, since nobody can forge it from aside. */
void round_apply_address(struct round *round)
{
	struct poller *const poller = round->poller;
	const struct participant *const again = &round->participants[round->suspect];
	const bool usable = answer_state_is_usable(again->say.state);
	if (round->by != CONFIRMED_NOT) {
		move_view(round, &round->seen);
	} else if (usable && says_view(round, again)) {
		poll_agree(poller, round->index, again->at,
			view_span_ttl(&again->answer.summary));
	} else if (usable && again->reply.tcp) {
		round->by = CONFIRMED_TCP;
		round->confirmed_at = again->at;
		move_view(round, again);
	} else {
		poll_fail(poller, round->index, poller->timeline.at,
			usable ? ANSWER_NETWORK : again->say.state);
	}
}
