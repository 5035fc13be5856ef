/* SPDX-License-Identifier: MIT */
/* From incidents to notices. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "monitor/tagbook.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/store.h"

#define REPEATS_MOST 1000 /* of a channel at once */

/* An incident as routes see it. */
struct seen {
	struct policy_case one;
	char domain[NAME_TEXT_MAX];
	struct tagbook_tags tags;
};

static void see(const struct herald *herald, const struct incident *incident,
	struct seen *ret_seen)
{
	ret_seen->one = (struct policy_case){.incident = incident, .domain = ""};
	if (!incident->domain)
		return;
	ret_seen->one.domain = name_format(incident->domain, ret_seen->domain);
	if (!herald->tagbook)
		return;
	tagbook_find(herald->tagbook, herald->options.store, incident->domain,
		&ret_seen->tags);
	ret_seen->one.tags = ret_seen->tags.tags;
	ret_seen->one.tags_len = ret_seen->tags.len;
}

size_t herald_route(
	const struct herald *herald, const struct incident *incident, size_t channel)
{
	struct seen seen;
	see(herald, incident, &seen);
	return policy_route(herald->routes, herald->routes_len, &seen.one, channel);
}

static int on_told(void *owner, const struct outbox_told *told)
{
	struct herald *const herald = owner;
	const size_t i = herald_channel(herald, told->channel);
	if (i == POLICY_NONE)
		return 0;
	herald->channels[i].told = true;
	herald->channels[i].knows = (struct policy_told){
		.at = told->at,
		.kind = told->kind,
		.severity = told->severity,
		.state = told->state,
		.recipients = told->recipients,
	};
	return 0;
}

static int on_notice(void *owner, const struct outbox_notice *notice)
{
	struct herald *const herald = owner;
	const size_t i = herald_channel(herald, notice->channel);
	if (i != POLICY_NONE)
		herald->channels[i].pending = notice->event;
	return 0;
}

/* What each channel knows of an incident. */
static int recall(struct herald *herald, int64_t number)
{
	struct store *const store = herald->options.store;
	for (size_t i = 0; i < herald->channels_len; i++) {
		herald->channels[i].told = false;
		herald->channels[i].pending = 0;
	}
	const int code = outbox_each_told(store, number, on_told, herald);
	return code == 0 ? outbox_notices(store, NULL, number, on_notice, herald) : code;
}

static void put_notice(struct herald *herald, size_t channel, int64_t number,
	const struct incident *incident, enum alert_event event)
{
	const struct outbox_notice notice = {
		.channel = herald->channels[channel].channel->name,
		.incident = number,
		.event = (int)event,
		.severity = incident->severity_now,
		.at = herald->options.now(herald->options.owner),
	};
	outbox_put_notice(herald->options.store, &notice);
	if (herald->options.on_notice)
		herald->options.on_notice(herald->options.owner);
}

/* Whether a channel hears of an incident that it was not told of yet. */
static bool leads_to(const struct herald *herald, const struct seen *seen, size_t channel)
{
	return policy_route(herald->routes, herald->routes_len, &seen->one, channel) !=
		POLICY_NONE ||
		(channel == herald->self_channel &&
			seen->one.incident->kind == INCIDENT_SELF &&
			seen->one.incident->severity_now >= SEVERITY_WARNING);
}

/* Whether a notice speaks of state or kind: where these are again as they were told, it is not
 * true any more. */
static bool says_what_it_is(int event)
{
	switch ((enum alert_event)event) {
	case ALERT_SUSPECTED:
	case ALERT_OPENED:
	case ALERT_CHANGED:
	case ALERT_REVERTED:
	case ALERT_CLOSED:
		return true;
	case ALERT_WORSE:
	case ALERT_STILL:
	case ALERT_TEST:
	case ALERT_DAILY:
	case ALERT_BLIND:
		break;
	}
	return false;
}

void herald_incident(void *owner, int64_t number, const struct incident *incident)
{
	struct herald *const herald = owner;
	struct seen seen;
	if (!herald || herald->channels_len == 0 || recall(herald, number) != 0)
		return; /* an error of the store sticks to the transaction */
	see(herald, incident, &seen);
	for (size_t i = 0; i < herald->channels_len; i++) {
		const struct herald_channel *const channel = &herald->channels[i];
		if (!channel->told && channel->pending == 0 &&
			!leads_to(herald, &seen, i))
			continue;
		const enum alert_event event = policy_judge(incident,
			channel->told ? &channel->knows : NULL, channel->pending != 0);
		if (event != 0)
			put_notice(herald, i, number, incident, event);
		else if (channel->told && says_what_it_is(channel->pending))
			outbox_drop_notice(
				herald->options.store, channel->channel->name, number);
	}
}

struct judging {
	struct herald *herald;
	int64_t number;
};

static int on_incident(void *owner, const struct incident *incident)
{
	const struct judging *const judging = owner;
	herald_incident(judging->herald, judging->number, incident);
	return 0;
}

void herald_judge(struct herald *herald, int64_t number)
{
	struct judging judging = {herald, number};
	const int code =
		incidents_get(herald->options.store, number, on_incident, &judging);
	if (code != 0 && code != -ENOENT)
		log_warn(
			"herald", "an incident cannot be read error=%s", strerror(-code));
}

/* --- what nobody has acknowledged --- */

struct repeating {
	struct herald *herald;
	size_t channel;
	int64_t now;
	int64_t *numbers; /* owned; of what may be told again */
	size_t len;
};

static int on_stale(void *owner, const struct outbox_told *told)
{
	struct repeating *const repeating = owner;
	repeating->numbers[repeating->len++] = told->incident;
	return 0;
}

/* Whether the incident is of the domain of those whom the channel writes to. A reminder that
 * bounces there would be one more reason for the next. */
static bool is_about_receivers(
	const struct channel *channel, const struct incident *incident)
{
	for (size_t i = 0; incident->domain && i < channel->to_len; i++) {
		uint8_t name[NAME_WIRE_MAX];
		const char *why;
		const char *const at = strrchr(channel->to[i], '@');
		if (at && name_parse_domain(at + 1, name, &why) == 0 &&
			name_equal(name, incident->domain))
			return true;
	}
	return false;
}

static int on_repeated(void *owner, const struct incident *incident)
{
	const struct repeating *const repeating = owner;
	struct herald *const herald = repeating->herald;
	if (is_about_receivers(herald->channels[repeating->channel].channel, incident))
		return 0;
	const size_t route = herald_route(herald, incident, repeating->channel);
	if (route == POLICY_NONE || recall(herald, incident->number) != 0)
		return 0;
	const struct herald_channel *const channel =
		&herald->channels[repeating->channel];
	if (channel->told && channel->pending == 0 &&
		policy_is_stale(incident, &channel->knows,
			herald->routes[route].repeat_ms, repeating->now))
		put_notice(herald, repeating->channel, incident->number, incident,
			ALERT_STILL);
	return 0;
}

static void repeat_in(struct repeating *repeating)
{
	struct herald *const herald = repeating->herald;
	const struct herald_channel *const channel =
		&herald->channels[repeating->channel];
	struct store *const store = herald->options.store;
	repeating->len = 0;
	if (channel->repeat_ms <= 0 ||
		outbox_stale(store, channel->channel->name,
			repeating->now - channel->repeat_ms, REPEATS_MOST, on_stale,
			repeating) != 0 ||
		repeating->len == 0)
		return;
	store_begin(store);
	int code = 0;
	for (size_t i = 0; code == 0 && i < repeating->len; i++)
		code = incidents_get(
			store, repeating->numbers[i], on_repeated, repeating);
	herald_commit(herald, repeating->now);
}

void herald_repeat(struct herald *herald, int64_t now)
{
	struct repeating repeating = {
		.herald = herald,
		.now = now,
		.numbers = calloc(REPEATS_MOST, sizeof *repeating.numbers),
	};
	for (size_t i = 0; repeating.numbers && i < herald->channels_len; i++) {
		repeating.channel = i;
		repeat_in(&repeating);
	}
	free(repeating.numbers);
}
