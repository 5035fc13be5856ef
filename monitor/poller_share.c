/* SPDX-License-Identifier: MIT */
/*
 * poller_share — the poller's share of the targets, and the commands that change it.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/log.h"
#include "monitor/poller_inside.h"
#include "storage/history.h"

#define SPREAD_PER_MS 2 /* first polls of neighbouring targets that share a millisecond */

/* What the loop thread wants done on ours. */
struct command {
	struct command *next;
	enum {
		COMMAND_ADD,
		COMMAND_REMOVE,
		COMMAND_HASTEN,
		COMMAND_RESOLVERS,
		COMMAND_FLUSH,
	} kind;
	int64_t point;
	struct target target; /* of ADD; `name` and `group` unset */
	struct target_group group;
	struct servers_set *set; /* of RESOLVERS, owned */
	uint8_t name[NAME_WIRE_MAX];
};

int64_t poller_point_number(const struct poller *poller, uint32_t index)
{
	const uint64_t block = index / PULSE_BLOCK;
	const uint64_t global = block * poller->options.count + poller->options.index;
	return (int64_t)(global * PULSE_BLOCK + index % PULSE_BLOCK + 1);
}

static uint32_t point_index(const struct poller *poller, int64_t point)
{
	const uint64_t global = (uint64_t)(point - 1) / PULSE_BLOCK;
	assert(global % poller->options.count == poller->options.index);
	return (uint32_t)(global / poller->options.count * PULSE_BLOCK +
		(uint64_t)(point - 1) % PULSE_BLOCK);
}

void poller_mark_dirty(struct poller *poller, uint32_t index)
{
	poller->dirty[index / PULSE_BLOCK] = 1;
}

static int grow_targets(struct poller *poller, uint32_t index)
{
	const size_t blocks = index / PULSE_BLOCK + 1;
	const size_t old = poller->targets_len / PULSE_BLOCK;
	if (blocks <= old)
		return 0;
	const size_t capacity = blocks > old + old / 4 ? blocks : old + old / 4;
	const size_t len = capacity * PULSE_BLOCK;
	struct target *targets = realloc(poller->targets, len * sizeof *targets);
	if (!targets)
		return -ENOMEM;
	memset(targets + poller->targets_len, 0,
		(len - poller->targets_len) * sizeof *targets);
	poller->targets = targets;
	uint8_t *dirty = realloc(poller->dirty, capacity);
	if (!dirty)
		return -ENOMEM;
	memset(dirty + old, 0, capacity - old);
	poller->dirty = dirty;
	poller->targets_len = len;
	return schedule_reserve(poller->schedule, len);
}

/* Keeps a wire name; the offset goes to *ret_at. */
static int keep_name(struct poller *poller, const uint8_t *name, uint32_t *ret_at)
{
	const size_t len = name_length(name);
	if (poller->names_len + len > UINT32_MAX)
		return -ENOMEM;
	if (poller->names_len + len > poller->names_capacity) {
		const size_t capacity =
			poller->names_capacity + poller->names_capacity / 4 + 4096;
		uint8_t *names = realloc(poller->names, capacity);
		if (!names)
			return -ENOMEM;
		poller->names = names;
		poller->names_capacity = capacity;
	}
	*ret_at = (uint32_t)poller->names_len;
	memcpy(poller->names + poller->names_len, name, len);
	poller->names_len += len;
	return 0;
}

/* Finds or makes a group. Returns its index or -ENOMEM. */
static int keep_group(struct poller *poller, const struct target_group *wanted)
{
	for (size_t i = 0; i < poller->groups_len; i++)
		if (poller->groups[i].view == wanted->view &&
			poller->groups[i].rrtype == wanted->rrtype &&
			poller->groups[i].interval_ms == wanted->interval_ms &&
			poller->groups[i].timeout_ms == wanted->timeout_ms &&
			poller->groups[i].bucket_ms == wanted->bucket_ms)
			return (int)i;
	if (poller->groups_len == UINT16_MAX)
		return -ENOMEM;
	struct target_group *groups =
		realloc(poller->groups, (poller->groups_len + 1) * sizeof *groups);
	if (!groups)
		return -ENOMEM;
	poller->groups = groups;
	poller->groups[poller->groups_len] = *wanted;
	return (int)poller->groups_len++;
}

/* The first poll: soon, and not all in the same instant. Addresses that were looked at before a
 * short interruption have time until their hour is over. */
static void queue_first(struct poller *poller, uint32_t index)
{
	uint64_t delay = 0;
	const struct target *const target = &poller->targets[index];
	const int64_t interval = target_group(poller, target)->interval_ms;
	const int64_t since = poller->timeline.at - target->last_at;
	if (!poller->options.once)
		delay = poller->unpolled / SPREAD_PER_MS % (uint64_t)interval;
	if (target_is_address(poller, target) && target->last_at != 0 && since >= 0 &&
		since < interval)
		delay = (uint64_t)(interval - since);
	poll_queue(poller, index, poller->now + delay);
}

/* Takes a target out of the schedule, unless it has reserved its place. Returns whether it was
 * there. */
static bool unqueue(struct poller *poller, uint32_t index)
{
	struct target *const target = &poller->targets[index];
	if (!(target->flags & TARGET_QUEUED) || target->flags & TARGET_PACED)
		return false;
	schedule_remove(poller->schedule, index);
	target->flags &= (uint16_t)~TARGET_QUEUED;
	return true;
}

/* An active target is to be polled at another interval: from now on, and now. */
static void regroup(struct poller *poller, uint32_t index, uint16_t group)
{
	struct target *const target = &poller->targets[index];
	if (target->group == group)
		return;
	target->group = group;
	target->flags |= TARGET_UNWATCHED; /* until now, as often as that */
	if (unqueue(poller, index))
		poll_queue(poller, index, poller->now);
}

static int add_target(struct poller *poller, const struct command *command)
{
	const uint32_t index = point_index(poller, command->point);
	const int group = keep_group(poller, &command->group);
	if (group < 0 || grow_targets(poller, index) != 0)
		return -ENOMEM;
	struct target *const target = &poller->targets[index];
	if (target->name != 0) { /* known from before: active again, with the new group */
		if (target->flags & TARGET_ACTIVE) {
			regroup(poller, index, (uint16_t)group);
			return 0;
		}
		target->group = (uint16_t)group;
		target->flags |= TARGET_ACTIVE | TARGET_UNWATCHED;
		unqueue(poller, index); /* it was to be dropped when due */
	} else {
		uint32_t name;
		if (keep_name(poller, command->name, &name) != 0)
			return -ENOMEM;
		*target = command->target;
		target->name = name;
		target->group = (uint16_t)group;
	}
	if (!(target->flags & TARGET_ACTIVE))
		return 0;
	poller->tally.targets += !target_is_address(poller, target);
	if (!(target->flags & TARGET_POLLED))
		poller->unpolled++;
	if (!(target->flags & (TARGET_BUSY | TARGET_QUEUED)))
		queue_first(poller, index);
	return 0;
}

static void remove_target(struct poller *poller, int64_t point)
{
	const uint32_t index = point_index(poller, point);
	if (index >= poller->targets_len ||
		!(poller->targets[index].flags & TARGET_ACTIVE))
		return;
	poller->targets[index].flags &= (uint16_t)~TARGET_ACTIVE;
	poller->tally.targets -= !target_is_address(poller, &poller->targets[index]);
	if (!(poller->targets[index].flags & TARGET_POLLED))
		poller->unpolled--;
}

/* What is in the schedule comes at once. */
static void hasten(struct poller *poller, int64_t point)
{
	const uint32_t index = point_index(poller, point);
	if (index < poller->targets_len && poller->targets[index].flags & TARGET_ACTIVE &&
		unqueue(poller, index))
		poll_queue(poller, index, poller->now);
}

static void use_resolvers(struct poller *poller, const struct servers_set *set)
{
	for (size_t i = 0; i < poller->views_len; i++) {
		struct view *const view = &poller->views[i];
		if (!view->conf->from_resolv_conf)
			continue;
		if (view->servers) {
			if (servers_set_bootstrap(
				    view->servers, set->addresses, set->len) != 0)
				log_err("poller",
					"out of memory: old resolvers are kept");
			continue;
		}
		const size_t bytes = sizeof *set + set->len * sizeof *set->addresses;
		struct servers_set *copy = malloc(bytes);
		if (!copy)
			continue;
		memcpy(copy, set, bytes);
		free(view->set);
		view->set = copy;
	}
}

void poller_touch_deviants(struct poller *poller)
{
	for (size_t i = 0; i < poller->deviants.len; i++) {
		struct deviant *const deviant = &poller->deviants.list[i];
		if (deviant->dirty && deviant->state != ANSWER_NONE)
			tell_touch(poller, deviant);
		deviant->dirty = false;
	}
}

void poller_flush_all(struct poller *poller)
{
	for (size_t block = 0; block < poller->targets_len / PULSE_BLOCK; block++)
		if (poller->dirty[block])
			tell_pulses(poller, block);
	poller_touch_deviants(poller);
}

static void carry_out(struct poller *poller, struct command *command)
{
	switch (command->kind) {
	case COMMAND_ADD:
		if (add_target(poller, command) != 0)
			log_err("poller", "out of memory: a domain is not watched");
		break;
	case COMMAND_REMOVE:
		remove_target(poller, command->point);
		break;
	case COMMAND_HASTEN:
		hasten(poller, command->point);
		break;
	case COMMAND_RESOLVERS:
		use_resolvers(poller, command->set);
		break;
	case COMMAND_FLUSH:
		poller_flush_all(poller);
		tell_mark(poller, NEWS_FLUSHED);
		break;
	}
	free(command->set);
	free(command);
}

static void post(struct poller *poller, struct command *command)
{
	if (!poller->started) {
		carry_out(poller, command);
		return;
	}
	pthread_mutex_lock(&poller->lock);
	command->next = poller->commands;
	poller->commands = command;
	pthread_mutex_unlock(&poller->lock);
	uv_async_send(&poller->wake);
}

void poller_obey(struct poller *poller)
{
	pthread_mutex_lock(&poller->lock);
	struct command *newest = poller->commands;
	poller->commands = NULL;
	pthread_mutex_unlock(&poller->lock);
	struct command *oldest = NULL;
	while (newest) {
		struct command *const next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest) {
		struct command *const next = oldest->next;
		carry_out(poller, oldest);
		oldest = next;
	}
}

int poller_add(struct poller *poller, const struct poller_point *point)
{
	size_t view = conf_view_index(poller->options.conf, point->point->view);
	if (view == SIZE_MAX && point->point->watched)
		return -EINVAL;
	if (view == SIZE_MAX)
		view = 0; /* any: it is never asked */
	struct command *command = calloc(1, sizeof *command);
	if (!command)
		return -ENOMEM;
	command->group = (struct target_group){
		.view = (uint8_t)view,
		.rrtype =
			point->point->rrtype != 0 ? point->point->rrtype : RECORD_TYPE_MX,
		.interval_ms = point->point->interval_ms,
		.timeout_ms = point->point->timeout_ms,
		.bucket_ms = point->point->bucket_ms,
	};
	command->kind = COMMAND_ADD;
	command->point = point->point->number;
	memcpy(command->name, point->point->domain, name_length(point->point->domain));
	struct target *const target = &command->target;
	target_resume(target, &command->group, point->pulse);
	if (point->point->watched)
		target->flags |= TARGET_ACTIVE;
	if (point->unwatched)
		target->flags |= TARGET_UNWATCHED;
	if (point->span) {
		target->state = (uint8_t)point->span->answer.state;
		target->digest = digest_answer(
			&poller->key, point->span->answer.state, point->span->answer.set);
	}
	post(poller, command);
	return 0;
}

static int post_about(struct poller *poller, int kind, int64_t point)
{
	struct command *command = calloc(1, sizeof *command);
	if (!command)
		return -ENOMEM;
	command->kind = kind;
	command->point = point;
	post(poller, command);
	return 0;
}

int poller_remove(struct poller *poller, int64_t point)
{
	return post_about(poller, COMMAND_REMOVE, point);
}

int poller_hasten(struct poller *poller, int64_t point)
{
	return post_about(poller, COMMAND_HASTEN, point);
}

int poller_add_deviant(struct poller *poller, int64_t point, const struct span *span)
{
	struct endpoint server;
	const uint32_t index = point_index(poller, point);
	if (endpoint_parse(span->server, 53, &server) != 0 ||
		index >= poller->targets_len)
		return -EINVAL;
	struct deviant *deviant = deviants_put(&poller->deviants, index, &server);
	if (!deviant)
		return -ENOMEM;
	deviant->state = (uint8_t)span->answer.state;
	deviant->digest =
		digest_answer(&poller->key, span->answer.state, span->answer.set);
	deviant->pulse = (struct pulse){
		.last_at = span->last_at,
		.confirmed_at = span->last_at,
		.polls = span->polls,
		.ttl_min = span->ttl_min,
		.ttl_max = span->ttl_max,
	};
	poller->targets[index].flags |= TARGET_DEVIANTS;
	return 0;
}

int poller_add_gap(struct poller *poller, int64_t point, const struct gap *gap)
{
	const uint32_t index = point_index(poller, point);
	struct endpoint server;
	if (index >= poller->targets_len)
		return -EINVAL;
	if (!gap->server) {
		poller->targets[index].flags |= TARGET_GAP | TARGET_FAILED | TARGET_DEAF;
		return 0;
	}
	if (endpoint_parse(gap->server, 53, &server) != 0)
		return -EINVAL;
	struct deviant *deviant = deviants_put(&poller->deviants, index, &server);
	if (!deviant)
		return -ENOMEM;
	deviant->gap = true;
	deviant->failure = (uint8_t)gap->reason;
	if (deviant->pulse.last_at == 0)
		deviant->pulse.last_at = gap->from_at;
	poller->targets[index].flags |= TARGET_DEVIANTS;
	return 0;
}

int poller_set_resolvers(
	struct poller *poller, const struct endpoint *servers, size_t len)
{
	struct command *command = calloc(1, sizeof *command);
	struct servers_set *set = calloc(1, sizeof *set + len * sizeof *servers);
	if (!command || !set) {
		free(command);
		free(set);
		return -ENOMEM;
	}
	set->len = len;
	memcpy(set->addresses, servers, len * sizeof *servers);
	command->kind = COMMAND_RESOLVERS;
	command->set = set;
	post(poller, command);
	return 0;
}

int poller_flush(struct poller *poller)
{
	struct command *command = calloc(1, sizeof *command);
	if (!command)
		return -ENOMEM;
	command->kind = COMMAND_FLUSH;
	post(poller, command);
	return 0;
}
