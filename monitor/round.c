/* SPDX-License-Identifier: MIT */
/*
 * round — a differing answer is asked about before it is believed.
 *
 *   sight differs --> every other server of the view, once over UDP
 *                 \-> the suspect over TCP -- says it again --> confirmed (tcp)
 *                          |      \- says something else ----> not confirmed
 *                          \- fails -> twice more over UDP, from other ports, other ids
 *                                        |- both say it -----> confirmed (udp)
 *                                        \- else, and another server of an authoritative
 *                                           view says it ----> confirmed (server)
 *
 * When the last of them has answered or failed, detect.h judges and the round applies it: the
 * view moves, or the server is kept apart, or a suspicion is all that remains. The first sight of
 * a domain in a view of several servers has a round too: most of them decide what the view says.
 * Of addresses only the suspect is asked.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/log.h"
#include "monitor/round_inside.h"

enum {
	ASK_TCP = 1, /* over TCP */
	ASK_AGAIN = 2, /* one of the suspect's further UDP asks */
	ASK_PLAIN = 4, /* without EDNS */
};

static void free_participant(struct participant *participant)
{
	if (answer_state_is_usable(participant->say.state))
		answer_finish(&participant->answer);
	free((void *)(uintptr_t)participant->reply.msg);
}

static void free_round(struct round *round)
{
	*round->link = round->next;
	if (round->next)
		round->next->link = round->link;
	free_participant(&round->seen);
	for (size_t i = 0; i < round->len; i++)
		free_participant(&round->participants[i]);
	free(round->participants);
	free(round);
}

void round_drop_all(struct poller *poller)
{
	while (poller->rounds)
		free_round(poller->rounds);
}

/* Takes down what a server says. Without memory it has said nothing. */
static void take_down(
	struct round *round, struct participant *participant, const struct sight *sight)
{
	if (!answer_state_is_usable(sight->summary.state)) {
		if (!answer_state_is_usable(participant->say.state))
			participant->say.state = sight->summary.state;
		return;
	}
	struct answer answer;
	uint8_t *message = malloc(sight->reply->len);
	if (!message)
		return;
	const struct poller *const poller = round->poller;
	const struct target *const target = &poller->targets[round->index];
	if (answer_read(sight->reply->msg, sight->reply->len, sight->name,
		    target_group(poller, target)->rrtype, &poller->key, &answer) != 0) {
		free(message);
		return;
	}
	free_participant(participant);
	memcpy(message, sight->reply->msg, sight->reply->len);
	answer.summary = sight->summary;
	participant->answer = answer;
	participant->reply = *sight->reply;
	participant->reply.msg = message;
	participant->at = sight->at;
	participant->say = (struct detect_say){
		.state = sight->summary.state,
		.digest = sight->summary.digest,
	};
}

static void conclude(struct round *round);
static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply);

static bool ask(struct round *round, size_t participant, unsigned how)
{
	struct poller *const poller = round->poller;
	const struct target *const target = &poller->targets[round->index];
	const struct channel_query query = {
		.server = round->participants[participant].server,
		.name = target_name(poller, target),
		.type = target_group(poller, target)->rrtype,
		.recursion =
			target_view(poller, target)->conf->kind == CONF_VIEW_RECURSIVE,
		.tcp = how & ASK_TCP,
		.plain = how & ASK_PLAIN,
		.avoid_port = how & ASK_AGAIN ? round->seen.reply.local_port : 0,
	};
	if (channel_ask(poller->channel, &query, poller->now, on_reply, round,
		    (uint64_t)participant << 8 | how) != 0)
		return false;
	round->waiting++;
	return true;
}

/* What the suspect said when it was asked again. */
static void hear_suspect(struct round *round, unsigned how, const struct sight *sight)
{
	struct participant *const suspect = &round->participants[round->suspect];
	const struct detect_say say = {
		.state = sight->summary.state,
		.digest = sight->summary.digest,
	};
	const bool same = detect_same(&say, &round->seen.say);
	const bool usable = answer_state_is_usable(say.state);
	if (how & ASK_AGAIN) {
		round->again++;
		round->agreed += same;
	}
	if (same && (how & ASK_TCP || round->agreed == 2)) {
		round->by = how & ASK_TCP ? CONFIRMED_TCP : CONFIRMED_UDP;
		round->confirmed_at = sight->at;
	}
	if (usable && !same)
		round->why = how & ASK_TCP ? "the server says otherwise over TCP"
					   : "the server says otherwise when asked again";
	take_down(round, suspect, sight);
	if (how & ASK_TCP && !(how & ASK_AGAIN) && !usable) {
		round->why = "TCP failed, and asking again did not bear it out";
		ask(round, round->suspect, ASK_AGAIN);
		ask(round, round->suspect, ASK_AGAIN);
	}
}

/* What one of them said, in this round. */
static void hear(void *owner, uint64_t cookie, const struct sight *sight)
{
	struct round *const round = owner;
	const size_t participant = (size_t)(cookie >> 8);
	const unsigned how = cookie & 0xff;
	round->waiting--;
	if (participant == round->suspect)
		hear_suspect(round, how, sight);
	else
		take_down(round, &round->participants[participant], sight);
	if (round->waiting == 0)
		conclude(round);
	else
		channel_flush(round->poller->channel, round->poller->now);
}

static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct round *const round = owner;
	struct poller *const poller = round->poller;
	if (poller->dead)
		return;
	const unsigned how = cookie & 0xff;
	bool tcp = how & ASK_TCP;
	bool plain = how & ASK_PLAIN;
	if (view_wants_other_way(reply, &tcp, &plain) &&
		ask(round, (size_t)(cookie >> 8),
			how | (tcp ? ASK_TCP : 0) | (plain ? ASK_PLAIN : 0))) {
		round->waiting--;
		channel_flush(poller->channel, poller->now);
		return;
	}
	chase_read(poller, round->index, reply, hear, round, cookie);
}

/* Where the suspect could not be asked again, another server of its zone may bear it out. */
static void look_for_witness(struct round *round)
{
	const struct poller *const poller = round->poller;
	const struct view *const view =
		target_view(poller, &poller->targets[round->index]);
	const struct participant *const suspect = &round->participants[round->suspect];
	if (round->by != CONFIRMED_NOT || !view->servers)
		return;
	if (answer_state_is_usable(suspect->say.state) &&
		!detect_same(&suspect->say, &round->seen.say))
		return;
	for (size_t i = 0; i < round->len; i++) {
		const struct participant *const other = &round->participants[i];
		if (i == round->suspect || !detect_same(&other->say, &round->seen.say))
			continue;
		round->by = CONFIRMED_SERVER;
		round->confirmed_at = other->at;
		round->participants[round->suspect].say = round->seen.say;
		return;
	}
}

static void conclude(struct round *round)
{
	struct poller *const poller = round->poller;
	const uint32_t index = round->index;
	struct target *const target = &poller->targets[index];
	struct detect_say *says = calloc(round->len, sizeof *says);
	if (round->suspect < round->len)
		look_for_witness(round);
	for (size_t i = 0; says && i < round->len; i++)
		says[i] = round->participants[i].say;
	if (!says)
		log_err("poller", "out of memory: a differing answer cannot be judged");
	else if (target_is_address(poller, target) && round->suspect < round->len)
		round_apply_address(round);
	else if (round->first)
		round_apply_first(round, says);
	else
		round_apply_suspect(round, says);
	free(says);
	target->flags &= (uint16_t)~TARGET_ROUND;
	const bool ends_poll = round->ends_poll;
	free_round(round);
	if (ends_poll)
		poll_end(poller, index, UINT32_MAX);
}

static const struct servers_set nobody = {.len = 0};

/* Puts the view's servers, and the suspect where it is none of them any more, into the round. */
static bool seat(struct round *round, const struct servers_set *set)
{
	round->participants = calloc(set->len + 1, sizeof *round->participants);
	if (!round->participants)
		return false;
	const struct poller *const poller = round->poller;
	if (target_is_address(poller, &poller->targets[round->index]))
		set = &nobody;
	for (size_t i = 0; i < set->len; i++)
		round->participants[round->len++].server = set->addresses[i];
	round->suspect = 0;
	while (round->suspect < round->len &&
		!endpoint_equal(
			&round->participants[round->suspect].server, &round->seen.server))
		round->suspect++;
	if (round->suspect == round->len)
		round->participants[round->len++].server = round->seen.server;
	return true;
}

static void on_servers(void *owner, uint64_t cookie, const struct servers_found *found)
{
	struct round *const round = owner;
	(void)cookie;
	if (round->poller->dead)
		return;
	if (!seat(round, found->known ? found->set : &nobody)) {
		log_err("poller",
			"out of memory: a differing answer cannot be confirmed");
		conclude(round);
		return;
	}
	const size_t suspect = round->suspect;
	if (round->first) {
		/* its say counts as it is: there is nothing yet that it could end */
		round->participants[suspect].say = round->seen.say;
		struct participant *const said = &round->participants[suspect];
		said->answer = round->seen.answer;
		said->reply = round->seen.reply;
		said->at = round->seen.at;
		round->seen.say.state = ANSWER_NONE;
		round->seen.reply.msg = NULL;
		round->suspect = round->len;
	}
	round->waiting = 1; /* ours: nothing can conclude while the asks go out */
	for (size_t i = 0; i < round->len; i++)
		if (i != suspect)
			ask(round, i, 0);
	if (!round->first)
		ask(round, suspect, ASK_TCP);
	channel_flush(round->poller->channel, round->poller->now);
	if (--round->waiting == 0)
		conclude(round);
}

void round_start(struct poller *poller, uint32_t index, const struct sight *suspect,
	bool first, bool ends_poll)
{
	struct round *round = calloc(1, sizeof *round);
	if (!round) {
		log_err("poller",
			"out of memory: a differing answer cannot be confirmed");
		if (ends_poll)
			poll_end(poller, index, UINT32_MAX);
		return;
	}
	round->poller = poller;
	round->index = index;
	round->first = first;
	round->ends_poll = ends_poll;
	round->why = "it could not be asked again";
	round->seen.server = suspect->reply->server;
	round->next = poller->rounds;
	round->link = &poller->rounds;
	if (round->next)
		round->next->link = &round->next;
	poller->rounds = round;
	poller->targets[index].flags |= TARGET_ROUND;
	take_down(round, &round->seen, suspect);
	if (!first)
		view_walk_again(poller, index);
	view_find(poller, index, false, on_servers, round, 0);
}
