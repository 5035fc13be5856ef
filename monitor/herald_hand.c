/* SPDX-License-Identifier: MIT */
/* Handovers: to the carrier, and what has become of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "storage/store.h"

/* --- out --- */

static bool is_underway(const struct herald *herald, int64_t number)
{
	for (size_t i = 0; i < herald->underway_len; i++)
		if (herald->underway[i] == number)
			return true;
	return false;
}

static void forget_underway(struct herald *herald, int64_t number)
{
	for (size_t i = 0; i < herald->underway_len; i++)
		if (herald->underway[i] == number) {
			herald->underway[i] = herald->underway[--herald->underway_len];
			return;
		}
}

static int note_underway(struct herald *herald, int64_t number)
{
	if (herald->underway_len == herald->underway_room) {
		const size_t room = 2 * herald->underway_room + 16;
		int64_t *list = reallocarray(herald->underway, room, sizeof *list);
		if (!list)
			return -ENOMEM;
		herald->underway = list;
		herald->underway_room = room;
	}
	herald->underway[herald->underway_len++] = number;
	return 0;
}

static int keep_result(struct herald *herald, const struct deliver_result *result)
{
	if (herald->results_len == herald->results_room) {
		const size_t room = 2 * herald->results_room + 16;
		struct deliver_result *list =
			reallocarray(herald->results, room, sizeof *list);
		if (!list)
			return -ENOMEM;
		herald->results = list;
		herald->results_room = room;
	}
	herald->results[herald->results_len++] = *result;
	return 0;
}

static enum policy_medium medium_of(const struct herald *herald, const char *name)
{
	const size_t i = herald_channel(herald, name);
	const struct channel *const channel =
		i != POLICY_NONE ? herald->channels[i].channel : NULL;
	return channel &&
			(channel->type == CHANNEL_EMAIL ||
				channel->type == CHANNEL_SENDMAIL)
		? POLICY_MAIL
		: POLICY_HOOK;
}

struct handing {
	struct herald *herald;
	const struct outbox_handover *handover;
};

static int on_alert(void *owner, const struct outbox_alert *alert)
{
	const struct handing *const handing = owner;
	struct herald *const herald = handing->herald;
	const struct outbox_handover *const handover = handing->handover;
	char id[STORE_ID_MAX];
	if (!alert->body) {
		herald->bare = alert->number;
		return 0;
	}
	const struct deliver_job job = {
		.id = handover->number,
		.channel = handover->channel,
		.recipient = handover->recipient[0] ? handover->recipient : NULL,
		.body = alert->body,
		.body_len = alert->body_len,
		.event = outbox_id_format(herald->options.store, alert->number, id),
	};
	if (note_underway(herald, handover->number) != 0)
		return -ENOMEM;
	const int code =
		herald->options.carrier.hand(herald->options.carrier.owner, &job);
	if (code != 0)
		forget_underway(herald, handover->number);
	return code;
}

/* What no carrier will take, today or tomorrow, has come back before it left: it would stand
 * before all that follows. */
static int refuse(struct herald *herald, int64_t number, const char *why)
{
	struct deliver_result result = {.id = number, .verdict = DELIVER_REFUSED};
	snprintf(result.text, sizeof result.text, "%s", why);
	int code = note_underway(herald, number);
	if (code != 0)
		return code;
	code = keep_result(herald, &result);
	if (code != 0)
		forget_underway(herald, number);
	return code;
}

/* Whether what was made for the channel is still for what the channel is now. */
static bool fits_channel(
	const struct herald *herald, const struct outbox_handover *handover)
{
	const bool mail = medium_of(herald, handover->channel) == POLICY_MAIL;
	return mail == (handover->recipient[0] != '\0');
}

static int on_due(void *owner, const struct outbox_handover *handover)
{
	struct herald *const herald = owner;
	struct handing handing = {.herald = herald, .handover = handover};
	if (is_underway(herald, handover->number) ||
		(herald->options.alone && handover->alert != herald->tested))
		return 0;
	if (!fits_channel(herald, handover))
		return refuse(
			herald, handover->number, "the channel has become another since");
	const int code = outbox_get_alert(
		herald->options.store, handover->alert, on_alert, &handing);
	if (code == -EINVAL)
		return refuse(herald, handover->number,
			"the message, or whom it is to, cannot be sent by this channel");
	if (code == -EBUSY || code == -ENOMEM)
		return code; /* later */
	if (code != 0)
		log_warn("herald", "an alert cannot be handed over channel=%s error=%s",
			log_quote(handover->channel), strerror(-code));
	return 0;
}

void herald_hand_over(struct herald *herald, int64_t now)
{
	/* Alone, one of all that wait is looked for. */
	const size_t most = herald->options.alone ? INT32_MAX : HERALD_UNDERWAY_MOST;
	for (size_t i = 0; i < herald->channels_len; i++) {
		const int code = outbox_due(herald->options.store,
			herald->channels[i].channel->name, now, most, on_due, herald);
		if (code != 0 && code != -EBUSY)
			log_warn("herald", "handovers wait error=%s", strerror(-code));
	}
	if (herald->bare != 0)
		herald_compose_again(herald, herald->bare, now);
	herald->bare = 0;
}

/* --- back --- */

struct writing {
	struct herald *herald;
	const struct deliver_result *result;
	int64_t now;
	int64_t failed; /* alert of a handover that is given up; 0: none */
};

static void put_off(const struct writing *writing, struct outbox_handover *handover)
{
	const struct deliver_result *const result = writing->result;
	const int64_t asked_ms = result->retry_after_s * 1000;
	const int64_t wait_ms =
		policy_retry_ms(medium_of(writing->herald, handover->channel),
			handover->attempts, handover->made_at, writing->now,
			writing->herald->options.seed ^ (uint64_t)handover->number);
	if (wait_ms < 0) {
		handover->state = OUTBOX_EXPIRED;
		return;
	}
	handover->next_at = writing->now + (asked_ms > wait_ms ? asked_ms : wait_ms);
}

static int on_handover(void *owner, const struct outbox_handover *before)
{
	struct writing *const writing = owner;
	const struct deliver_result *const result = writing->result;
	struct outbox_handover handover = *before;
	if (result->verdict == DELIVER_UNTRIED || handover.state != OUTBOX_WAITING)
		return 0;
	handover.attempts++;
	handover.code = (int)result->code;
	handover.error = result->verdict == DELIVER_DONE ? "" : result->text;
	if (result->verdict == DELIVER_DONE)
		handover.state = OUTBOX_SENT;
	else if (result->verdict == DELIVER_REFUSED)
		handover.state = OUTBOX_REFUSED;
	else
		put_off(writing, &handover);
	if (handover.state != OUTBOX_WAITING)
		handover.done_at = writing->now;
	if (handover.state == OUTBOX_REFUSED || handover.state == OUTBOX_EXPIRED)
		writing->failed = handover.alert;
	outbox_record(writing->herald->options.store, &handover);
	return 0;
}

static int on_logged(void *owner, const struct outbox_handover *handover)
{
	const struct deliver_result *const result = owner;
	const char *const to = log_quote(handover->recipient);
	switch (handover->state) {
	case OUTBOX_SENT:
		log_info("herald", "alert sent alert=a%lld channel=%s to=%s",
			(long long)handover->alert, handover->channel, to);
		break;
	case OUTBOX_WAITING:
		if (result->verdict != DELIVER_UNTRIED)
			log_warn("herald",
				"alert waits alert=a%lld channel=%s to=%s attempts=%llu "
				"error=%s",
				(long long)handover->alert, handover->channel, to,
				(unsigned long long)handover->attempts,
				log_quote(result->text));
		break;
	case OUTBOX_REFUSED:
	case OUTBOX_EXPIRED:
		log_err("herald", "alert %s alert=a%lld channel=%s to=%s error=%s",
			outbox_state_name(handover->state), (long long)handover->alert,
			handover->channel, to, log_quote(result->text));
		break;
	}
	return 0;
}

/* Results that cannot be written stay, and so do their handovers: nobody sends them again. */
static void write_results(struct herald *herald, int64_t now)
{
	struct store *const store = herald->options.store;
	store_begin(store);
	for (size_t i = 0; i < herald->results_len; i++) {
		struct writing writing = {herald, &herald->results[i], now, 0};
		const int code = outbox_get_handover(
			store, herald->results[i].id, on_handover, &writing);
		if (code == 0 && writing.failed != 0)
			herald_fall_back(herald, writing.failed, now);
	}
	if (!herald_commit(herald, now))
		return;
	for (size_t i = 0; i < herald->results_len; i++) {
		const int64_t number = herald->results[i].id;
		if (outbox_get_handover(store, number, on_logged, &herald->results[i]) !=
			0)
			log_warn("herald", "a handover is not there any more");
		forget_underway(herald, number);
	}
	herald->results_len = 0;
}

void herald_take_back(struct herald *herald, int64_t now)
{
	struct deliver_result result;
	while (herald->options.carrier.take(herald->options.carrier.owner, &result)) {
		if (result.id <= 0) /* a heartbeat */
			continue;
		if (keep_result(herald, &result) != 0)
			forget_underway(herald, result.id); /* it is sent again */
	}
	if (herald->results_len > 0)
		write_results(herald, now);
}

size_t herald_finish(struct herald *herald, int64_t now)
{
	if (!herald)
		return 0;
	herald_take_back(herald, now);
	return herald->underway_len;
}
