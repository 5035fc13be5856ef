/* SPDX-License-Identifier: MIT */
/*
 * poll — from a due target to a judged reply. The hot path: a target is popped, asked, its
 * reply's digest equals the open span's, two fields are updated, the target is put back. No
 * allocation, no lock, no SQL.
 *
 * A poll is one principal question, asked of one server of the view and on failure of the next,
 * up to `tries` times. Servers take turns. A view with so many servers that turns alone would
 * leave one unasked for longer than max(interval, 60 s) asks further ones beside the principal;
 * servers that are kept apart (deviant.h) are asked in their turn too, but never as principal,
 * since they cannot speak for the view.
 */
#include <errno.h>

#include "monitor/poller_inside.h"

#define TURN_MS 60000 /* each server is asked at least this often, or at each interval */
#define TTL_SLACK_MS 20
#define BUSY_RETRY_MS 20 /* when the channel is full */

/* The cookie of a query: which target, where in the list of its servers, which try, and how. */
struct errand {
	uint32_t index;
	uint8_t position;
	uint8_t servers;
	uint8_t attempt;
	bool principal;
	bool tcp;
	bool plain;
};

static uint64_t errand_pack(struct errand errand)
{
	return errand.index | (uint64_t)errand.position << 32 |
		(uint64_t)errand.servers << 40 | (uint64_t)(errand.attempt & 31) << 48 |
		(uint64_t)errand.principal << 53 | (uint64_t)errand.tcp << 54 |
		(uint64_t)errand.plain << 55;
}

static struct errand errand_unpack(uint64_t cookie)
{
	return (struct errand){
		.index = (uint32_t)cookie,
		.position = (uint8_t)(cookie >> 32),
		.servers = (uint8_t)(cookie >> 40),
		.attempt = cookie >> 48 & 31,
		.principal = cookie >> 53 & 1,
		.tcp = cookie >> 54 & 1,
		.plain = cookie >> 55 & 1,
	};
}

static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply);
static void on_poll_servers(
	void *owner, uint64_t cookie, const struct servers_found *found);

static int ask(struct poller *poller, struct errand errand, const struct endpoint *server)
{
	struct target *const target = &poller->targets[errand.index];
	const struct channel_query query = {
		.server = *server,
		.name = target_name(poller, target),
		.type = target_group(poller, target)->rrtype,
		.recursion =
			target_view(poller, target)->conf->kind == CONF_VIEW_RECURSIVE,
		.tcp = errand.tcp,
		.plain = errand.plain,
	};
	return channel_ask(poller->channel, &query, poller->now, on_reply, poller,
		errand_pack(errand));
}

void poll_agree(struct poller *poller, uint32_t index, int64_t at, uint32_t ttl)
{
	struct target *const target = &poller->targets[index];
	struct target_notes notes;
	tell_recovery(poller, index, at, target->last_at);
	target_agree(target, target_group(poller, target), &poller->interruption, at, ttl,
		&notes);
	poller_mark_dirty(poller, index);
	if (notes.bucket_full || notes.gap != TARGET_GAP_NONE)
		tell_with_notes(poller, NULL, index, &notes);
}

void poll_fail(
	struct poller *poller, uint32_t index, int64_t at, enum answer_state failure)
{
	struct target *const target = &poller->targets[index];
	struct target_notes notes;
	target_fail(target, target_group(poller, target), &poller->interruption, at,
		failure, &notes);
	poller_mark_dirty(poller, index);
	tell_with_notes(poller, NULL, index, &notes);
	tell_failure(poller, index, at, failure);
}

/* When the target is due again: at its interval, a little early so that many drift apart; where
 * the answer's TTL ends before that, just after its end, since a cache may change then. */
static uint64_t next_due(struct poller *poller, uint32_t index, uint32_t ttl)
{
	const struct target *const target = &poller->targets[index];
	const uint64_t interval = (uint64_t)target_group(poller, target)->interval_ms;
	poller->random =
		poller->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	const uint64_t share = target_is_address(poller, target) ? 4 : 20;
	const uint64_t early = (poller->random >> 33) % (interval / share + 1);
	uint64_t due = schedule_due(poller->schedule, index) + interval - early;
	if (ttl != UINT32_MAX) {
		uint64_t expiry = poller->now + (uint64_t)ttl * 1000 + TTL_SLACK_MS;
		const uint64_t soonest = poller->now +
			(uint64_t)poller->options.conf->limits.min_interval_ms;
		if (expiry < soonest)
			expiry = soonest;
		if (expiry < due)
			due = expiry;
	}
	return due > poller->now ? due : poller->now;
}

void poll_queue(struct poller *poller, uint32_t index, uint64_t due_mono_ms)
{
	poller->targets[index].flags |= TARGET_QUEUED;
	schedule_add(poller->schedule, index, due_mono_ms);
}

void poll_end(struct poller *poller, uint32_t index, uint32_t ttl)
{
	struct target *const target = &poller->targets[index];
	target->flags &= (uint16_t) ~(TARGET_BUSY | TARGET_PACED);
	poller->tally.polls++;
	if (!(target->flags & TARGET_ACTIVE))
		return;
	if (!(target->flags & TARGET_POLLED)) {
		target->flags |= TARGET_POLLED;
		poller->tally
			.answers[target->failure ? target->failure : target->state]++;
		poller->unpolled--;
	}
	if (!poller->options.once)
		poll_queue(poller, index, next_due(poller, index, ttl));
}

/* The servers that failed before another one of the view spoke. */
static void on_failed_servers(
	void *owner, uint64_t cookie, const struct servers_found *found)
{
	struct poller *const poller = owner;
	const struct errand errand = errand_unpack(cookie);
	if (!found->known || found->set->len < 2 ||
		target_is_address(poller, &poller->targets[errand.index]))
		return;
	const size_t len = found->set->len;
	for (size_t back = 1; back <= errand.attempt && back < len; back++)
		apart_fail(poller, errand.index,
			&found->set->addresses[(errand.position + len - back) % len], len,
			poller->targets[errand.index].last_failure);
}

static void open_span(struct poller *poller, uint32_t index, const struct sight *sight,
	const struct answer *answer)
{
	struct target *const target = &poller->targets[index];
	const struct wire_summary *const summary = &answer->summary;
	struct news *news = tell_begin(poller, index, NEWS_SPAN);
	if (news) {
		news->at = sight->at;
		news->from_at = target->last_at;
		news->state = summary->state;
		news->flags = view_span_flags(target_view(poller, target), summary);
		tell_answer(news, answer);
		if (!target_is_address(poller, target))
			tell_evidence(news, sight->reply, sight->at);
	}
	struct target_notes notes;
	target_turn(target, target_group(poller, target), &poller->interruption,
		sight->at, summary->state, summary->digest, view_span_ttl(summary),
		&notes);
	poller_mark_dirty(poller, index);
	tell_with_notes(poller, news, index, &notes);
}

void poll_open(struct poller *poller, uint32_t index, const struct sight *sight)
{
	struct answer answer;
	const struct target *const target = &poller->targets[index];
	if (answer_read(sight->reply->msg, sight->reply->len, sight->name,
		    target_group(poller, target)->rrtype, &poller->key, &answer) != 0)
		return;
	answer.summary = sight->summary;
	open_span(poller, index, sight, &answer);
	answer_finish(&answer);
}

static bool agrees(const struct target *target, const struct wire_summary *summary)
{
	return summary->state == (enum answer_state)target->state &&
		digest_equal(summary->digest, target->digest);
}

static void judge_failure(
	struct poller *poller, struct errand errand, const struct sight *sight)
{
	struct target *const target = &poller->targets[errand.index];
	target->last_failure = (uint8_t)sight->summary.state;
	if (!errand.principal) {
		if (target->failure == 0 && errand.servers > 1)
			apart_fail(poller, errand.index, &sight->reply->server,
				errand.servers, sight->summary.state);
		return;
	}
	if (errand.attempt + 1u < poller->options.conf->limits.tries) {
		errand.attempt++;
		errand.tcp = false;
		errand.plain = false;
		view_find(poller, errand.index, false, on_poll_servers, poller,
			errand_pack(errand));
		return;
	}
	if (sight->summary.state == ANSWER_REFUSED && target->failure != ANSWER_REFUSED)
		view_walk_again(poller, errand.index);
	poll_fail(poller, errand.index, sight->at, sight->summary.state);
	poll_end(poller, errand.index, UINT32_MAX);
}

/* Of a principal question only a server that is kept apart has answered: who bears the view's
 * answer is silent. Returns whether that has lasted, so that a round has to say who speaks for the
 * view now; until then the poll has failed. */
static bool is_forsaken(struct poller *poller, struct errand errand, int64_t at)
{
	const struct target *const target = &poller->targets[errand.index];
	if (at - target->last_at > target_patience_ms(target_group(poller, target)))
		return true;
	if (errand.attempt > 0)
		poll_fail(poller, errand.index, at,
			(enum answer_state)target->last_failure);
	return false;
}

/* Judges a usable answer. Returns whether the poll goes on in a round. */
static bool judge_answer(
	struct poller *poller, struct errand errand, const struct sight *sight)
{
	struct target *const target = &poller->targets[errand.index];
	struct deviant *const deviant =
		apart_hear(poller, errand.index, &sight->reply->server, sight->at);
	if (agrees(target, &sight->summary) && !deviant) {
		poll_agree(
			poller, errand.index, sight->at, view_span_ttl(&sight->summary));
		return false;
	}
	if (deviant && sight->summary.state == (enum answer_state)deviant->state &&
		digest_equal(sight->summary.digest, deviant->digest)) {
		deviant_agree(deviant, sight->at, view_span_ttl(&sight->summary));
		if (!errand.principal || !is_forsaken(poller, errand, sight->at))
			return false;
	}
	if (target->flags & TARGET_ROUND || !(target->flags & TARGET_ACTIVE))
		return false;
	const bool first = target->state == ANSWER_NONE;
	if (first && !errand.principal)
		return false;
	if (first && (errand.servers <= 1 || target_is_address(poller, target))) {
		poll_open(poller, errand.index, sight);
		return false;
	}
	round_start(poller, errand.index, sight, first, errand.principal);
	return true;
}

static void judge(struct poller *poller, struct errand errand, const struct sight *sight)
{
	if (!answer_state_is_usable(sight->summary.state)) {
		judge_failure(poller, errand, sight);
		return;
	}
	if (errand.principal && errand.attempt > 0) {
		view_find(poller, errand.index, false, on_failed_servers, poller,
			errand_pack(errand));
		/* the reason of the gap, should it have cost too much time */
		struct target *const late = &poller->targets[errand.index];
		late->failure = late->last_failure;
	}
	const bool goes_on = judge_answer(poller, errand, sight);
	if (!errand.principal || goes_on)
		return;
	const struct target *const target = &poller->targets[errand.index];
	const bool cached = !target_is_address(poller, target) &&
		target_view(poller, target)->conf->kind == CONF_VIEW_RECURSIVE;
	poll_end(poller, errand.index, cached ? sight->summary.ttl_min : UINT32_MAX);
}

static void on_read(void *owner, uint64_t cookie, const struct sight *sight)
{
	judge(owner, errand_unpack(cookie), sight);
}

static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct poller *const poller = owner;
	struct errand errand = errand_unpack(cookie);
	if (poller->dead)
		return;
	if (view_wants_other_way(reply, &errand.tcp, &errand.plain) &&
		ask(poller, errand, &reply->server) == 0)
		return;
	chase_read(poller, errand.index, reply, on_read, poller, errand_pack(errand));
}

/* Our share of what a server may be asked. */
static double server_qps(const struct poller *poller, const struct target *target,
	const struct endpoint *server)
{
	const struct conf *const conf = poller->options.conf;
	return conf_view_qps(conf, target_view(poller, target)->conf, server) /
		(double)poller->options.count;
}

/* Asks beside the principal: as many servers in turn as keep each within TURN_MS, and whoever was
 * passed over as principal because it is kept apart. */
static void ask_beside(struct poller *poller, struct errand errand,
	const struct servers_set *set, size_t passed)
{
	struct target *const target = &poller->targets[errand.index];
	const int64_t interval = target_group(poller, target)->interval_ms;
	const int64_t within = interval > TURN_MS ? interval : TURN_MS;
	size_t more = (size_t)(((int64_t)set->len * interval + within - 1) / within);
	more = more > 1 ? more - 1 : 0;
	if (more < passed)
		more = passed;
	const size_t principal = errand.position;
	errand.principal = false;
	for (size_t i = 0; i < set->len && more > 0; i++) {
		const size_t position = (target->rotor + i) % set->len;
		if (position == principal)
			continue;
		errand.position = (uint8_t)position;
		const struct endpoint *const server = &set->addresses[position];
		if (!pace_take(poller->pace, server, server_qps(poller, target, server),
			    poller->now))
			continue; /* its turn comes again */
		if (ask(poller, errand, server) != 0)
			return;
		more--;
	}
}

static void ask_first(
	struct poller *poller, struct errand errand, const struct servers_set *set)
{
	struct target *const target = &poller->targets[errand.index];
	const size_t start = target->rotor % set->len;
	size_t passed = 0;
	while (passed < set->len &&
		apart_has(poller, errand.index,
			&set->addresses[(start + passed) % set->len]))
		passed++;
	if (passed == set->len)
		passed = 0;
	target->rotor = (uint8_t)start;
	errand.position = (uint8_t)((start + passed) % set->len);
	const struct endpoint *const server = &set->addresses[errand.position];
	if (!(target->flags & TARGET_PACED)) {
		const uint64_t wait = pace_reserve(poller->pace, server,
			server_qps(poller, target, server), poller->now);
		if (wait > 0) {
			target->flags |= TARGET_PACED;
			target->flags &= (uint16_t)~TARGET_BUSY;
			poll_queue(poller, errand.index, poller->now + wait);
			return;
		}
	}
	if (ask(poller, errand, server) != 0) {
		target->flags |= TARGET_PACED;
		target->flags &= (uint16_t)~TARGET_BUSY;
		poll_queue(poller, errand.index, poller->now + BUSY_RETRY_MS);
		return;
	}
	if (target->state != ANSWER_NONE && set->len > 1 &&
		!target_is_address(poller, target))
		ask_beside(poller, errand, set, passed);
	target->rotor = (uint8_t)((start + 1) % set->len);
}

static void on_poll_servers(
	void *owner, uint64_t cookie, const struct servers_found *found)
{
	struct poller *const poller = owner;
	struct errand errand = errand_unpack(cookie);
	if (poller->dead)
		return;
	if (!found->known || found->set->len == 0) {
		const enum answer_state state =
			found->state >= ANSWER_SERVFAIL ? found->state : ANSWER_SERVFAIL;
		poll_fail(poller, errand.index, poller->timeline.at, state);
		poll_end(poller, errand.index, UINT32_MAX);
		return;
	}
	const struct servers_set *const set = found->set;
	errand.servers = (uint8_t)set->len;
	if (poller->targets[errand.index].flags & TARGET_DEVIANTS)
		apart_drop_gone(poller, errand.index, set);
	if (errand.attempt == 0) {
		ask_first(poller, errand, set);
		return;
	}
	errand.position = (uint8_t)((errand.position + 1u) % set->len);
	if (ask(poller, errand, &set->addresses[errand.position]) == 0)
		return;
	poll_fail(poller, errand.index, poller->timeline.at, ANSWER_NETWORK);
	poll_end(poller, errand.index, UINT32_MAX);
}

void poll_due(struct poller *poller)
{
	const unsigned most = POLLER_OUTSTANDING - POLLER_OUTSTANDING / 8;
	while (channel_outstanding(poller->channel) < most &&
		!news_queue_is_full(poller->options.news)) {
		const uint32_t index = schedule_pop(poller->schedule, poller->now);
		if (index == SCHEDULE_NONE)
			break;
		struct target *const target = &poller->targets[index];
		target->flags &= (uint16_t)~TARGET_QUEUED;
		if (!(target->flags & TARGET_ACTIVE))
			continue;
		const uint64_t due = schedule_due(poller->schedule, index);
		if (poller->now - due > poller->tally.lag_most_ms && poller->now > due)
			poller->tally.lag_most_ms = poller->now - due;
		target->flags |= TARGET_BUSY;
		const struct errand errand = {.index = index, .principal = true};
		view_find(poller, index, false, on_poll_servers, poller,
			errand_pack(errand));
	}
	channel_flush(poller->channel, poller->now);
}
