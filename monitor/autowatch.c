/* SPDX-License-Identifier: MIT */
#include "monitor/autowatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/control.h"
#include "monitor/log.h"
#include "monitor/toplist.h"
#include "resolvers/name.h"
#include "storage/popular.h"
#include "storage/store.h"

#define FULL_MS 300000 /* between looks at a list that is full */
#define ROOM_MS 10000
#define BUSY_MS 1 /* while changes wait: others have their turn in between */
#define REST 200 /* times as long as a look took is waited at least */
#define CHANGES_AT_ONCE 32

struct autowatch {
	struct autowatch_options options;
	struct control_hooks hooks;
	uv_timer_t timer;
	struct autowatch_changes changes; /* polling has yet to follow, from `done` on */
	size_t done;
	bool failed; /* which was said */
};

/* --- one list --- */

struct gathering {
	struct toplist_domain *domains; /* owned, with their names */
	size_t len;
	size_t capacity;
};

static uint8_t *copy_name(const uint8_t *name)
{
	const size_t len = name_length(name);
	uint8_t *copy = malloc(len);
	if (copy != NULL)
		memcpy(copy, name, len);
	return copy;
}

static int on_row(void *owner, const struct popular_domain *row)
{
	struct gathering *gathering = owner;
	if (gathering->len == gathering->capacity) {
		const size_t capacity = gathering->capacity * 2 + 64;
		struct toplist_domain *domains =
			realloc(gathering->domains, capacity * sizeof *domains);
		if (domains == NULL)
			return -ENOMEM;
		gathering->domains = domains;
		gathering->capacity = capacity;
	}
	struct toplist_domain *domain = &gathering->domains[gathering->len];
	*domain = (struct toplist_domain){
		.name = copy_name(row->domain),
		.rank = row->weight > 0 ? gathering->len + 1 : SIZE_MAX,
		.since_at = row->since_at,
		.below_at = row->below_at,
	};
	if (domain->name == NULL)
		return -ENOMEM;
	gathering->len++;
	return 0;
}

static int note_change(
	struct autowatch_changes *changes, const struct toplist_domain *domain)
{
	if (changes->len == changes->capacity) {
		const size_t capacity = changes->capacity * 2 + 64;
		uint8_t **names = realloc(changes->names, capacity * sizeof *names);
		if (names == NULL)
			return -ENOMEM;
		changes->names = names;
		changes->capacity = capacity;
	}
	uint8_t *name = copy_name(domain->name);
	if (name == NULL)
		return -ENOMEM;
	changes->names[changes->len++] = name;
	changes->entered += domain->verdict == TOPLIST_ENTERS;
	changes->left += domain->verdict == TOPLIST_LEAVES;
	return 0;
}

static void drop_changes(struct autowatch_changes *changes, size_t len)
{
	while (changes->len > len)
		free(changes->names[--changes->len]);
}

void autowatch_changes_finish(struct autowatch_changes *changes)
{
	drop_changes(changes, 0);
	free(changes->names);
	*changes = (struct autowatch_changes){.names = NULL};
}

/* before: what the store has. Returns whether anything was written. */
static bool write_domain(struct store *store, const char *watch,
	const struct toplist_domain *before, const struct toplist_domain *domain)
{
	const struct popular_domain member = {
		.domain = domain->name,
		.since_at = domain->since_at,
		.below_at = domain->below_at,
	};
	if (domain->verdict == TOPLIST_OUT)
		return false;
	if (domain->verdict == TOPLIST_LEAVES)
		popular_remove(store, watch, domain->name);
	else if (domain->since_at != before->since_at ||
		domain->below_at != before->below_at)
		popular_put(store, watch, &member);
	else
		return false;
	return true;
}

/* Writes what differs from `before`, in one transaction. */
static int write_list(struct store *store, const char *watch,
	const struct toplist_domain *before, const struct gathering *after, int64_t now)
{
	struct store_error error;
	bool any = false;
	store_begin(store);
	for (size_t i = 0; i < after->len; i++)
		any |= write_domain(store, watch, &before[i], &after->domains[i]);
	if (!any) {
		store_rollback(store);
		return 0;
	}
	int code = store_commit(store, now, &error);
	if (code < 0)
		log_warn("watch", "the list stays as it was for now name=%s error=%s",
			watch, log_quote(error.text));
	return code;
}

static int decide(struct store *store, const char *watch, size_t most, int64_t now,
	struct gathering *gathering, struct autowatch_changes *changes)
{
	struct toplist_domain *before = calloc(gathering->len + 1, sizeof *before);
	if (before == NULL)
		return -ENOMEM;
	if (gathering->len > 0)
		memcpy(before, gathering->domains, gathering->len * sizeof *before);
	toplist_decide(gathering->domains, gathering->len, most, now);
	int error = 0;
	for (size_t i = 0; error == 0 && i < gathering->len; i++) {
		const struct toplist_domain *domain = &gathering->domains[i];
		if (domain->verdict == TOPLIST_ENTERS ||
			domain->verdict == TOPLIST_LEAVES)
			error = note_change(changes, domain);
	}
	if (error == 0)
		error = write_list(store, watch, before, gathering, now);
	free(before);
	return error;
}

int autowatch_update(struct store *store, const char *watch, size_t most, int64_t now,
	struct autowatch_changes *changes, bool *ret_room)
{
	struct gathering gathering = {.domains = NULL};
	const struct autowatch_changes earlier = *changes;
	int error =
		popular_each(store, watch, toplist_floor(most), now, on_row, &gathering);
	if (error == 0)
		error = decide(store, watch, most, now, &gathering, changes);
	if (error == 0) {
		*ret_room = gathering.len < most;
	} else {
		drop_changes(changes, earlier.len);
		changes->entered = earlier.entered;
		changes->left = earlier.left;
	}
	for (size_t i = 0; i < gathering.len; i++)
		free(gathering.domains[i].name);
	free(gathering.domains);
	return error;
}

/* --- all lists --- */

/* Polling follows the lists, some at a time. */
static void follow(struct autowatch *autowatch)
{
	const struct control_hooks *hooks = &autowatch->hooks;
	struct autowatch_changes *changes = &autowatch->changes;
	const size_t end = changes->len - autowatch->done > CHANGES_AT_ONCE
		? autowatch->done + CHANGES_AT_ONCE
		: changes->len;
	for (; autowatch->done < end; autowatch->done++) {
		const struct control_change change = {
			.domain = changes->names[autowatch->done], .tags = ""};
		hooks->on_change(hooks->owner, &change);
	}
	hooks->on_changes_end(hooks->owner);
	if (autowatch->done == changes->len) {
		autowatch_changes_finish(changes);
		autowatch->done = 0;
	}
}

/* Returns whether any list has room, or could not be made. */
static bool look(struct autowatch *autowatch)
{
	const struct conf *conf = *autowatch->options.conf;
	const int64_t now = clock_read().wall_ms;
	bool any_room = false;
	bool failed = false;
	for (size_t i = 0; i < conf->watches_len; i++) {
		const struct conf_watch *watch = &conf->watches[i];
		bool room = true;
		if (watch->top_recipients == 0)
			continue;
		if (autowatch_update(autowatch->options.store, watch->name,
			    watch->top_recipients, now, &autowatch->changes, &room) < 0)
			failed = true;
		any_room |= room;
	}
	if (failed && !autowatch->failed)
		log_warn("watch", "the most used domains cannot be told, tried again");
	autowatch->failed = failed;
	if (autowatch->changes.len > 0)
		log_info("watch", "most used domains entered=%zu left=%zu",
			autowatch->changes.entered, autowatch->changes.left);
	return any_room;
}

static void on_timer(uv_timer_t *timer)
{
	struct autowatch *autowatch = timer->data;
	uint64_t next_ms = BUSY_MS;
	if (autowatch->changes.len > 0) {
		follow(autowatch);
	} else {
		const uint64_t began = clock_mono_ms();
		next_ms = look(autowatch) ? ROOM_MS : FULL_MS;
		const uint64_t rest = (clock_mono_ms() - began) * REST;
		if (rest > next_ms)
			next_ms = rest;
	}
	if (autowatch->changes.len > 0)
		next_ms = BUSY_MS;
	uv_timer_start(timer, on_timer, next_ms, 0);
}

int autowatch_create(
	const struct autowatch_options *options, struct autowatch **ret_autowatch)
{
	struct autowatch *autowatch = calloc(1, sizeof *autowatch);
	if (autowatch == NULL)
		return -ENOMEM;
	autowatch->options = *options;
	autowatch->hooks = *options->hooks;
	int error = uv_timer_init(options->loop, &autowatch->timer);
	if (error != 0) {
		free(autowatch);
		return error;
	}
	autowatch->timer.data = autowatch;
	uv_timer_start(&autowatch->timer, on_timer, 0, 0);
	*ret_autowatch = autowatch;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void autowatch_destroy(struct autowatch *autowatch)
{
	if (autowatch == NULL)
		return;
	autowatch_changes_finish(&autowatch->changes);
	uv_close((uv_handle_t *)&autowatch->timer, on_closed);
}
