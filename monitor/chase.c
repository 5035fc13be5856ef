/* SPDX-License-Identifier: MIT */
/*
 * chase — an authoritative server that has a CNAME at the domain says no more when the alias lies
 * in a zone of somebody else. The chase asks the alias's own servers, one after the other, hop
 * after hop, and hands over the end as what the first server said (RFC 5321 section 5.1: the
 * alias is processed as if it were the initial name).
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/poller_inside.h"

struct chase {
	struct chase *next;
	struct chase **link; /* what points at this one */
	struct poller *poller;
	struct view *view;
	uint32_t index; /* the target */
	chase_done_fn done;
	void *owner;
	uint64_t cookie;
	struct endpoint first; /* the server whose word this is */
	uint8_t name[NAME_WIRE_MAX];
	unsigned hops;
	size_t position;
	size_t tries;
	bool tcp;
	bool plain;
};

static void free_chase(struct chase *chase)
{
	*chase->link = chase->next;
	if (chase->next)
		chase->next->link = chase->link;
	free(chase);
}

void chase_drop_all(struct poller *poller)
{
	while (poller->chases)
		free_chase(poller->chases);
}

static void finish(struct chase *chase, const struct channel_reply *reply,
	const struct wire_summary *summary)
{
	struct channel_reply said = *reply;
	said.server = chase->first;
	struct sight sight = {
		.reply = &said,
		.name = chase->name,
		.summary = *summary,
		.at = chase->poller->timeline.at,
	};
	sight.summary.alias_len = (uint8_t)name_length(chase->name);
	memcpy(sight.summary.alias, chase->name, sight.summary.alias_len);
	sight.summary.alias_only = false;
	chase->done(chase->owner, chase->cookie, &sight);
	free_chase(chase);
}

static void fail(struct chase *chase, enum answer_state state)
{
	const struct channel_reply none = {.outcome = CHANNEL_NETWORK};
	const struct wire_summary summary = {
		.state = state,
		.ttl_min = UINT32_MAX,
		.why = "the alias leads nowhere",
	};
	finish(chase, &none, &summary);
}

static void on_servers(void *owner, uint64_t cookie, const struct servers_found *found);

static void look_for_servers(struct chase *chase)
{
	if (servers_find(chase->view->servers, chase->name, false, chase->poller->now,
		    on_servers, chase, 0) != 0)
		fail(chase, ANSWER_NETWORK);
}

static void ask_anew(struct chase *chase)
{
	chase->tcp = false;
	chase->plain = false;
	look_for_servers(chase);
}

static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct chase *const chase = owner;
	(void)cookie;
	if (chase->poller->dead)
		return;
	if (view_wants_other_way(reply, &chase->tcp, &chase->plain)) {
		look_for_servers(chase);
		return;
	}
	struct wire_summary summary;
	view_read(chase->poller, chase->index, chase->name, reply, &summary);
	if (!answer_state_is_usable(summary.state) &&
		++chase->tries < chase->poller->options.conf->limits.tries) {
		chase->position++;
		ask_anew(chase);
	} else if (!view_wants_chase(chase->view, &summary)) {
		finish(chase, reply, &summary);
	} else if (++chase->hops >= WIRE_ALIAS_MAX) {
		fail(chase, ANSWER_MALFORMED);
	} else {
		memcpy(chase->name, summary.alias, summary.alias_len);
		chase->tries = 0;
		ask_anew(chase);
	}
}

static void on_servers(void *owner, uint64_t cookie, const struct servers_found *found)
{
	struct chase *const chase = owner;
	struct poller *const poller = chase->poller;
	(void)cookie;
	if (poller->dead)
		return;
	if (!found->known || found->set->len == 0) {
		fail(chase,
			found->state >= ANSWER_SERVFAIL ? found->state : ANSWER_SERVFAIL);
		return;
	}
	const struct channel_query query = {
		.server = found->set->addresses[chase->position % found->set->len],
		.name = chase->name,
		.type = target_group(poller, &poller->targets[chase->index])->rrtype,
		.tcp = chase->tcp,
		.plain = chase->plain,
	};
	if (channel_ask(poller->channel, &query, poller->now, on_reply, chase, 0) != 0) {
		fail(chase, ANSWER_NETWORK);
		return;
	}
	channel_flush(poller->channel, poller->now);
}

static void chase_start(struct poller *poller, uint32_t index, const struct sight *sight,
	chase_done_fn done, void *owner, uint64_t cookie)
{
	struct chase *chase = calloc(1, sizeof *chase);
	if (!chase) {
		struct sight failed = *sight;
		failed.summary.state = ANSWER_NETWORK;
		done(owner, cookie, &failed);
		return;
	}
	chase->poller = poller;
	chase->index = index;
	chase->view = target_view(poller, &poller->targets[index]);
	chase->done = done;
	chase->owner = owner;
	chase->cookie = cookie;
	chase->first = sight->reply->server;
	chase->hops = 1;
	memcpy(chase->name, sight->summary.alias, sight->summary.alias_len);
	chase->next = poller->chases;
	chase->link = &poller->chases;
	if (chase->next)
		chase->next->link = &chase->next;
	poller->chases = chase;
	look_for_servers(chase);
}

void chase_read(struct poller *poller, uint32_t index, const struct channel_reply *reply,
	chase_done_fn done, void *owner, uint64_t cookie)
{
	const struct target *const target = &poller->targets[index];
	const struct view *const view = target_view(poller, target);
	struct sight sight = {
		.reply = reply,
		.name = target_name(poller, target),
		.at = poller->timeline.at,
	};
	view_read(poller, index, sight.name, reply, &sight.summary);
	if (view_wants_chase(view, &sight.summary))
		chase_start(poller, index, &sight, done, owner, cookie);
	else
		done(owner, cookie, &sight);
}
