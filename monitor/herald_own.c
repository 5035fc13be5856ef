/* SPDX-License-Identifier: MIT */
/* Alerts made of other alerts: instead of one that failed, or anew; and to try a channel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "storage/outbox_list.h"
#include "storage/store.h"

/* --- fallback --- */

/* An alert that a channel did not take. */
struct failed {
	bool reached; /* somebody got it, or may still */
	int64_t number;
	char fallback[128];
	char note[1024];
	enum alert_event event;
	struct herald_case *cases; /* owned; the most severe */
	size_t cases_len;
	uint64_t more;
};

static int on_handover(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	struct failed *const failed = owner;
	failed->reached |=
		handover->state == OUTBOX_SENT || handover->state == OUTBOX_WAITING;
	failed->event = (enum alert_event)alert->event;
	snprintf(failed->fallback, sizeof failed->fallback, "%s", alert->fallback);
	snprintf(failed->note, sizeof failed->note,
		"%s%sChannel %s did not take this alert (%s: %s), so it comes to you.",
		alert->note, alert->note[0] ? "\n\n" : "", alert->channel,
		outbox_state_name(handover->state), handover->error);
	return 0;
}

static int on_case(void *owner, int64_t incident, int event)
{
	struct failed *const failed = owner;
	if (failed->cases_len == HERALD_CASES_MOST)
		failed->more++;
	else
		failed->cases[failed->cases_len++] =
			(struct herald_case){incident, (enum alert_event)event};
	return 0;
}

static int64_t tell_instead(struct herald *herald, struct failed *failed, int64_t now)
{
	const size_t channel = herald_channel(herald, failed->fallback);
	if (channel == POLICY_NONE)
		return 0;
	failed->cases = calloc(HERALD_CASES_MOST, sizeof *failed->cases);
	if (!failed->cases)
		return -ENOMEM;
	int64_t number =
		outbox_cases(herald->options.store, failed->number, on_case, failed);
	const struct herald_alert alert = {
		.channel = channel,
		.event = failed->event,
		.cases = failed->cases,
		.cases_len = failed->cases_len,
		.more = failed->more,
		.fallback = "",
		.note = failed->note,
	};
	if (number == 0)
		number = herald_put(herald, &alert, now);
	free(failed->cases);
	return number;
}

void herald_fall_back(struct herald *herald, int64_t alert, int64_t now)
{
	struct failed failed = {.number = alert};
	const struct outbox_filter one = {.alert = alert};
	int64_t number = outbox_each(herald->options.store, &one, on_handover, &failed);
	if (number == 0 && !failed.reached && failed.fallback[0] != '\0')
		number = tell_instead(herald, &failed, now);
	if (number < 0)
		log_err("herald", "nobody is told instead alert=a%lld error=%s",
			(long long)alert, strerror((int)-number));
}

/* --- anew --- */

/* An alert as it stands in the store. */
struct standing {
	struct failed content;
	char channel[128];
	int64_t thread;
};

static int on_alert(void *owner, const struct outbox_alert *alert)
{
	struct standing *const standing = owner;
	struct failed *const content = &standing->content;
	content->number = alert->number;
	content->event = (enum alert_event)alert->event;
	standing->thread = alert->thread;
	snprintf(standing->channel, sizeof standing->channel, "%s", alert->channel);
	snprintf(content->fallback, sizeof content->fallback, "%s", alert->fallback);
	snprintf(content->note, sizeof content->note, "%s", alert->note);
	return 0;
}

static int64_t put_again(struct herald *herald, struct standing *standing, int64_t now)
{
	struct failed *const content = &standing->content;
	const struct herald_alert alert = {
		.channel = herald_channel(herald, standing->channel),
		.event = content->event,
		.cases = content->cases,
		.cases_len = content->cases_len,
		.more = content->more,
		.thread = standing->thread,
		.fallback = content->fallback,
		.note = content->note[0] != '\0' ? content->note : NULL,
		.again = content->number,
	};
	return alert.channel != POLICY_NONE ? herald_put(herald, &alert, now) : 0;
}

void herald_compose_again(struct herald *herald, int64_t alert, int64_t now)
{
	struct store *const store = herald->options.store;
	struct standing standing = {0};
	standing.content.cases =
		calloc(HERALD_CASES_MOST, sizeof *standing.content.cases);
	int64_t number = standing.content.cases ? 0 : -ENOMEM;
	store_begin(store);
	if (number == 0)
		number = outbox_get_alert(store, alert, on_alert, &standing);
	if (number == 0)
		number = outbox_cases(store, alert, on_case, &standing.content);
	if (number == 0)
		number = put_again(herald, &standing, now);
	free(standing.content.cases);
	if (number >= 0) {
		herald_commit(herald, now);
		return;
	}
	store_rollback(store);
	log_warn("herald", "an alert cannot be composed anew alert=a%lld error=%s",
		(long long)alert, strerror((int)-number));
}

/* --- to try a channel --- */

int64_t herald_test(struct herald *herald, const char *channel, int64_t now)
{
	char note[512];
	const size_t i = herald ? herald_channel(herald, channel) : POLICY_NONE;
	if (i == POLICY_NONE)
		return 0;
	snprintf(note, sizeof note,
		"Somebody tries the channel %s. Nothing has happened, nothing is to be "
		"done.",
		channel);
	const struct herald_alert alert = {
		.channel = i, .event = ALERT_TEST, .fallback = "", .note = note};
	store_begin(herald->options.store);
	const int64_t number = herald_put(herald, &alert, now);
	if (number < 0) {
		store_rollback(herald->options.store);
		return number;
	}
	if (!herald_commit(herald, now))
		return -EIO;
	herald->tested = number;
	if (herald->options.on_notice)
		herald->options.on_notice(herald->options.owner);
	return number;
}
