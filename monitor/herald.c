/* SPDX-License-Identifier: MIT */
#include "monitor/herald.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/casebook.h"
#include "monitor/conf.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "monitor/roster.h"
#include "monitor/tagbook.h"
#include "resolvers/name.h"
#include "storage/outbox_list.h"
#include "storage/store.h"

#define REPEATS_EVERY_MS 30000
#define PRUNE_EVERY_MS 3600000
#define LOOK_EVERY_MS 60000 /* at the latest */

size_t herald_channel(const struct herald *herald, const char *name)
{
	for (size_t i = 0; i < herald->channels_len; i++)
		if (strcmp(herald->channels[i].channel->name, name) == 0)
			return i;
	return POLICY_NONE;
}

bool herald_commit(struct herald *herald, int64_t now)
{
	struct store_error error;
	const int code = store_commit(herald->options.store, now, &error);
	if (code != 0 && !herald->troubled)
		log_err("herald", "alerts wait for the store error=%s",
			log_quote(error.text));
	herald->troubled = code != 0;
	return code == 0;
}

int herald_create(const struct herald_options *options, struct herald **ret_herald)
{
	struct herald *herald = calloc(1, sizeof *herald);
	if (!herald)
		return -ENOMEM;
	herald->options = *options;
	herald->self_channel = POLICY_NONE;
	herald->polling = true;
	*ret_herald = herald;
	return 0;
}

void herald_destroy(struct herald *herald)
{
	if (!herald)
		return;
	herald_drop_routes(herald);
	tagbook_destroy(herald->tagbook);
	free(herald->channels);
	free(herald->underway);
	free(herald->results);
	free(herald);
}

/* --- another configuration --- */

struct leaving {
	const struct herald *herald;
	char **names; /* owned */
	size_t len;
};

static int note_leaving(struct leaving *leaving, const char *name)
{
	if (herald_channel(leaving->herald, name) != POLICY_NONE)
		return 0;
	for (size_t i = 0; i < leaving->len; i++)
		if (strcmp(leaving->names[i], name) == 0)
			return 0;
	char **names = reallocarray(leaving->names, leaving->len + 1, sizeof *names);
	char *copy = strdup(name);
	if (names)
		leaving->names = names;
	if (!names || !copy) {
		free(copy);
		return -ENOMEM;
	}
	leaving->names[leaving->len++] = copy;
	return 0;
}

static int on_pending_of(void *owner, const struct outbox_pending *pending)
{
	return note_leaving(owner, pending->channel);
}

/* What waits for a channel that is not there any more is given up. */
static int on_waiting(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	struct herald *const herald = owner;
	(void)alert;
	if (herald_channel(herald, handover->channel) != POLICY_NONE)
		return 0;
	struct outbox_handover given_up = *handover;
	given_up.state = OUTBOX_EXPIRED;
	given_up.done_at = herald->options.now(herald->options.owner);
	given_up.error = "the configuration has no such channel any more";
	outbox_record(herald->options.store, &given_up);
	return 0;
}

static int on_open(void *owner, int64_t incident)
{
	herald_judge(owner, incident);
	return 0;
}

static int look_around(struct herald *herald, int64_t now)
{
	struct store *const store = herald->options.store;
	struct leaving leaving = {.herald = herald};
	const struct outbox_filter waiting = {.waiting_only = true};
	struct store_error error;
	store_begin(store);
	int code = outbox_each_pending(store, on_pending_of, &leaving);
	for (size_t i = 0; i < leaving.len; i++) {
		outbox_drop_notices(store, leaving.names[i]);
		free(leaving.names[i]);
	}
	free(leaving.names);
	if (code == 0)
		code = outbox_each(store, &waiting, on_waiting, herald);
	if (code == 0 && herald->channels_len > 0)
		code = outbox_each_open(store, on_open, herald);
	if (code != 0) {
		store_rollback(store);
		return code;
	}
	return store_commit(store, now, &error);
}

/* Once more, now that routes know the tags. */
static void judge_open(struct herald *herald, int64_t now)
{
	struct store *const store = herald->options.store;
	store_begin(store);
	const int code = outbox_each_open(store, on_open, herald);
	if (code != 0)
		log_err("herald", "incidents cannot be read error=%s", strerror(-code));
	herald_commit(herald, now);
}

static void warn_if_watched(
	const struct herald *herald, struct roster *roster, const char *address)
{
	uint8_t name[NAME_WIRE_MAX];
	const char *why;
	const char *const at = strrchr(address, '@');
	if (!at || name_parse_domain(at + 1, name, &why) != 0)
		return;
	for (size_t view = 0; view < herald->conf->views_len; view++)
		if (roster_interval(roster, name, view, false) > 0) {
			log_warn("herald",
				"alerts go to a domain that is watched itself: name a "
				"fallback elsewhere to=%s",
				log_quote(address));
			return;
		}
}

/* An alert that a domain has moved does not reach that domain. */
static void warn_of_own(const struct herald *herald, struct roster *roster)
{
	for (size_t i = 0; i < herald->channels_len; i++) {
		const struct channel *const channel = herald->channels[i].channel;
		for (size_t k = 0; k < channel->to_len; k++)
			warn_if_watched(herald, roster, channel->to[k]);
	}
}

void herald_watch(struct herald *herald, struct roster *roster)
{
	if (!herald)
		return;
	bool asks = false;
	herald->domains = roster_len(roster);
	herald->watched_at = herald->options.now(herald->options.owner);
	warn_of_own(herald, roster);
	for (size_t i = 0; i < herald->routes_len; i++)
		asks |= herald->routes[i].tags_len > 0;
	tagbook_destroy(herald->tagbook);
	herald->tagbook = NULL;
	if (!asks)
		return;
	if (tagbook_create(herald->conf, roster, &herald->tagbook) != 0)
		log_err("herald", "routes do not know the tags of domains");
	else if (!herald->options.alone && herald->channels_len > 0)
		judge_open(herald, herald->watched_at);
}

int herald_configure(struct herald *herald, const struct conf *conf,
	const struct channel *channels, size_t channels_len, int64_t now)
{
	if (!herald)
		return 0;
	struct herald_channel *const list =
		calloc(channels_len + 1, sizeof *herald->channels);
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < channels_len; i++)
		list[i].channel = &channels[i];
	free(herald->channels);
	herald->channels = list;
	herald->channels_len = channels_len;
	herald->conf = conf;
	tagbook_destroy(herald->tagbook); /* it knows the old one */
	herald->tagbook = NULL;
	const int code = herald_load_routes(herald, conf);
	return code == 0 && !herald->options.alone ? look_around(herald, now) : code;
}

/* --- what is due --- */

struct gathering {
	struct herald *herald;
	int64_t now;
	int64_t next_at;
	size_t *due; /* owned; channels */
	size_t due_len;
};

static int on_pending(void *owner, const struct outbox_pending *pending)
{
	struct gathering *const gathering = owner;
	struct herald *const herald = gathering->herald;
	const size_t channel = herald_channel(herald, pending->channel);
	struct outbox_pace pace;
	if (channel == POLICY_NONE)
		return 0;
	const int code = outbox_pace(
		herald->options.store, pending->channel, POLICY_HOURLY, &pace);
	if (code != 0)
		return code;
	const struct policy_waiting waiting = {
		.first_at = pending->first_at,
		.critical_at = pending->critical_at,
		.last_alert_at = pace.last_at,
		.hourly_at = pace.nth_at,
		.group_wait_ms = herald->channels[channel].group_wait_ms,
	};
	const int64_t at = policy_gather_at(&waiting);
	if (at <= gathering->now)
		gathering->due[gathering->due_len++] = channel;
	else if (at < gathering->next_at)
		gathering->next_at = at;
	return 0;
}

/* Composes what is to be composed. Returns when there is more. */
static int64_t gather(struct herald *herald, int64_t now)
{
	struct gathering gathering = {
		.herald = herald,
		.now = now,
		.next_at = now + LOOK_EVERY_MS,
		.due = calloc(herald->channels_len + 1, sizeof *gathering.due),
	};
	if (!gathering.due ||
		outbox_each_pending(herald->options.store, on_pending, &gathering) != 0) {
		free(gathering.due);
		return now + POLICY_SETTLE_MS;
	}
	for (size_t i = 0; i < gathering.due_len; i++)
		herald_gather(herald, gathering.due[i], now);
	free(gathering.due);
	if (herald->troubled)
		return now + POLICY_SETTLE_MS;
	return gathering.next_at;
}

static int64_t next_handover(const struct herald *herald, int64_t now)
{
	int64_t at = 0;
	if (outbox_next_at(herald->options.store, &at) != 0)
		return now + POLICY_SETTLE_MS;
	if (at == 0)
		return now + LOOK_EVERY_MS;
	return at > now ? at
			: now + POLICY_SETTLE_MS; /* the carrier has its hands full */
}

static void prune(struct herald *herald, int64_t now)
{
	if (now < herald->prune_at)
		return;
	herald->prune_at = now + PRUNE_EVERY_MS;
	store_begin(herald->options.store);
	outbox_prune(herald->options.store, now);
	herald_commit(herald, now);
}

int64_t herald_tick(struct herald *herald, int64_t now)
{
	if (!herald)
		return now + LOOK_EVERY_MS;
	herald_take_back(herald, now);
	if (herald->options.alone) {
		herald_hand_over(herald, now);
		return now + POLICY_SETTLE_MS;
	}
	if (now >= herald->repeats_at) {
		herald_repeat(herald, now);
		herald->repeats_at = now + REPEATS_EVERY_MS;
	}
	prune(herald, now);
	const int64_t check_at = herald_check(herald, now);
	int64_t at = gather(herald, now);
	herald_hand_over(herald, now);
	const int64_t handover_at = next_handover(herald, now);
	at = handover_at < at ? handover_at : at;
	at = check_at < at ? check_at : at;
	return herald->repeats_at < at ? herald->repeats_at : at;
}
