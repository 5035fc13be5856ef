/* SPDX-License-Identifier: MIT */
/*
 * apart — what becomes of the servers that are kept apart from their view, beside the rounds:
 * they fail, recover, or are no servers of the zone any more.
 */
#include "monitor/poller_inside.h"

bool apart_has(struct poller *poller, uint32_t index, const struct endpoint *server)
{
	return poller->targets[index].flags & TARGET_DEVIANTS &&
		deviants_find(&poller->deviants, index, server);
}

void apart_fail(struct poller *poller, uint32_t index, const struct endpoint *server,
	size_t servers, enum answer_state failure)
{
	struct target *const target = &poller->targets[index];
	const int64_t at = poller->timeline.at;
	struct deviant *const deviant = deviants_put(&poller->deviants, index, server);
	if (!deviant)
		return;
	if (failure == ANSWER_REFUSED && deviant->failure != ANSWER_REFUSED)
		view_walk_again(poller, index);
	target->flags |= TARGET_DEVIANTS;
	deviant->failure = (uint8_t)failure;
	if (deviant->pulse.last_at == 0)
		deviant->pulse.last_at = at;
	const struct target_group *const group = target_group(poller, target);
	const int64_t turn = group->interval_ms * (int64_t)servers;
	if (deviant->gap || at - deviant->pulse.last_at <= 2 * turn + group->timeout_ms)
		return;
	deviant->gap = true;
	tell_server_gap(
		poller, deviant, NEWS_GAP_OPEN, deviant->pulse.last_at, 0, failure);
}

static void close_gap(struct poller *poller, struct deviant *deviant, int64_t at)
{
	if (deviant->gap)
		tell_server_gap(poller, deviant, NEWS_GAP_CLOSE, 0, at, 0);
	deviant->gap = false;
}

static bool is_member(const struct servers_set *set, const struct endpoint *server)
{
	for (size_t i = 0; i < set->len; i++)
		if (endpoint_equal(&set->addresses[i], server))
			return true;
	return false;
}

/* Ends a server's span and gap, its word being no longer asked for. */
static void drop(struct poller *poller, struct deviant *deviant)
{
	close_gap(poller, deviant, poller->timeline.at);
	if (deviant->state != ANSWER_NONE) {
		struct news *news = tell_begin(poller, deviant->target, NEWS_REJOIN);
		if (news) {
			news->server = deviant->server;
			news->silent = true;
			news->final = deviant->pulse;
		}
		tell_end(poller, news);
	}
	deviants_remove(&poller->deviants, deviant);
}

struct deviant *apart_hear(
	struct poller *poller, uint32_t index, const struct endpoint *server, int64_t at)
{
	const struct target *const target = &poller->targets[index];
	if (!(target->flags & TARGET_DEVIANTS))
		return NULL;
	struct deviant *const deviant = deviants_find(&poller->deviants, index, server);
	if (!deviant)
		return NULL;
	close_gap(poller, deviant, at);
	deviant->failure = 0;
	if (deviant->state != ANSWER_NONE &&
		(deviant->state != target->state ||
			!digest_equal(deviant->digest, target->digest)))
		return deviant;
	drop(poller, deviant);
	return NULL;
}

void apart_drop_gone(struct poller *poller, uint32_t index, const struct servers_set *set)
{
	struct deviant *deviant = deviants_first(&poller->deviants, index);
	if (!deviant)
		poller->targets[index].flags &= (uint16_t)~TARGET_DEVIANTS;
	while (deviant && deviant < poller->deviants.list + poller->deviants.len &&
		deviant->target == index) {
		if (is_member(set, &deviant->server))
			deviant++;
		else
			drop(poller, deviant);
	}
}
