/* SPDX-License-Identifier: MIT */
/*
 * Ourselves: a daily word that all is as it should be, an alarm when polling, reading or sending
 * has stopped, and a heartbeat for whoever watches the watcher.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/channel.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/describe.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "monitor/roster.h"
#include "storage/deliveries_lookup.h"
#include "storage/outbox_list.h"
#include "storage/store.h"
#include "storage/vigil.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define SILENCE_MS (5 * MINUTE_MS) /* of polls, at the least */
#define STUCK_MS (15 * MINUTE_MS) /* a channel takes nothing for so long */
#define DRY_MS (6 * HOUR_MS) /* no mail, where there was some a day before */
#define DRY_LEAST 20
#define LOOK_MS (10 * 1000)

/* --- alarms --- */

/* Whoever is to know, other than `but`: the channel of the self-check, else all that routes lead
 * alarms of our own to. Returns how many were told. */
static unsigned tell(struct herald *herald, enum alert_event event, const char *note,
	size_t but, int64_t now)
{
	const struct incident blind = {
		.kind = INCIDENT_SELF, .severity_now = SEVERITY_CRITICAL};
	const struct policy_case one = {&blind, "", NULL, 0};
	unsigned count = 0;
	for (size_t i = 0; i < herald->channels_len; i++) {
		const bool own = herald->self_channel != POLICY_NONE &&
			herald->self_channel != but;
		const bool wanted = own ? i == herald->self_channel
					: policy_route(herald->routes, herald->routes_len,
						  &one, i) != POLICY_NONE;
		const struct herald_alert alert = {
			.channel = i, .event = event, .fallback = "", .note = note};
		if (wanted && i != but && herald_put(herald, &alert, now) > 0)
			count++;
	}
	return count;
}

/* An alarm is told once, until what it tells of has passed. key: of a mark. */
static void alarm_of(struct herald *herald, const char *key, bool lasts, const char *note,
	size_t but, int64_t now)
{
	struct store *const store = herald->options.store;
	int64_t told_at = 0;
	if (outbox_mark(store, key, &told_at) != 0 || (told_at != 0) == lasts)
		return;
	store_begin(store);
	outbox_put_mark(store, key, lasts ? now : 0);
	const unsigned count = lasts ? tell(herald, ALERT_BLIND, note, but, now) : 0;
	if (!herald_commit(herald, now))
		return;
	if (lasts)
		log_err("herald", "blind: %s told=%u", note, count);
	else
		log_info("herald", "no longer blind: %s", key);
}

/* --- polling --- */

/* Polls of watches that are far apart are written as rarely. */
static int64_t silence_ms(const struct herald *herald)
{
	int64_t shortest = herald->conf->watches_len > 0 ? INT64_MAX : ROSTER_INTERVAL_MS;
	for (size_t i = 0; i < herald->conf->watches_len; i++)
		if (herald->conf->watches[i].interval_ms < shortest)
			shortest = herald->conf->watches[i].interval_ms;
	return 3 * shortest > SILENCE_MS ? 3 * shortest : SILENCE_MS;
}

static bool has_polls(struct herald *herald, int64_t now)
{
	int64_t beat_at = 0;
	if (herald->domains == 0)
		return true; /* nothing is watched */
	if (vigil_beat(herald->options.store, &beat_at) != 0)
		return false;
	const int64_t since = beat_at > herald->watched_at ? beat_at : herald->watched_at;
	return now - since < silence_ms(herald);
}

static void check_polls(struct herald *herald, int64_t now)
{
	char note[256];
	char text[DESCRIBE_TEXT_MAX];
	herald->polling = has_polls(herald, now);
	snprintf(note, sizeof note,
		"Nothing has been polled, or could be written, for %s or more: "
		"MX records are not watched.",
		describe_duration(silence_ms(herald), text));
	alarm_of(herald, "blind-polls", !herald->polling, note, POLICY_NONE, now);
}

/* --- reading --- */

static int64_t count_mail(struct herald *herald, int64_t from, int64_t to)
{
	struct deliveries_sums sums;
	if (deliveries_sum(herald->options.store, NULL, from, to, &sums) != 0)
		return -1;
	return (int64_t)(sums.accepted + sums.bounced + sums.deferred + sums.greylisted +
		sums.rate_limited);
}

static void check_mail(struct herald *herald, int64_t now)
{
	const struct conf_file *const file = herald->conf->file;
	if (!file || file->deliveries_count == 0)
		return;
	const bool dry = count_mail(herald, now - DRY_MS, now) == 0 &&
		count_mail(herald, now - DAY_MS - DRY_MS, now - DAY_MS) >= DRY_LEAST;
	alarm_of(herald, "blind-mail", dry,
		"No delivery has been read for six hours, and a day ago there were some: "
		"bounces are not seen.",
		POLICY_NONE, now);
}

/* --- sending --- */

static int on_stuck(void *owner, const struct outbox_handover *handover)
{
	struct outbox_handover *const first = owner;
	if (handover->attempts > 0 &&
		(first->made_at == 0 || handover->made_at < first->made_at))
		*first = (struct outbox_handover){
			.made_at = handover->made_at, .attempts = handover->attempts};
	return 0;
}

static void check_channel(struct herald *herald, size_t i, int64_t now)
{
	const char *const name = herald->channels[i].channel->name;
	struct outbox_handover first = {0};
	char key[256];
	char note[512];
	if (outbox_due(herald->options.store, name, INT64_MAX, 100, on_stuck, &first) !=
		0)
		return;
	snprintf(key, sizeof key, "blind-channel-%s", name);
	snprintf(note, sizeof note,
		"Channel %s takes no alerts: the oldest has been tried %llu times. What "
		"waits is tried on (mxvigil alerts list).",
		name, (unsigned long long)first.attempts);
	alarm_of(herald, key, first.made_at != 0 && now - first.made_at >= STUCK_MS, note,
		i, now);
}

/* --- the daily word --- */

static time_t time_of_day(const char *text, struct tm day)
{
	day.tm_hour = (text[0] - '0') * 10 + text[1] - '0';
	day.tm_min = (text[3] - '0') * 10 + text[4] - '0';
	day.tm_sec = 0;
	day.tm_isdst = -1;
	return mktime(&day);
}

/* The latest instant not after now at which the local clock shows the time. A time that a day
 * does not have is moved on that day alone. */
static int64_t last_time_of_day(const char *text, int64_t now)
{
	const time_t seconds = (time_t)(now / 1000);
	struct tm day;
	localtime_r(&seconds, &day);
	time_t at = time_of_day(text, day);
	if (at > seconds) {
		day.tm_mday--;
		at = time_of_day(text, day);
	}
	return (int64_t)at * 1000;
}

static void check_day(struct herald *herald, int64_t now)
{
	struct store *const store = herald->options.store;
	const struct conf_file_self_check *const check =
		herald->conf->file ? herald->conf->file->self_check : NULL;
	int64_t told_at = 0;
	if (!check || !check->at || herald->self_channel == POLICY_NONE ||
		outbox_mark(store, "daily", &told_at) != 0)
		return;
	const bool first = told_at == 0;
	if (!first && told_at >= last_time_of_day(check->at, now))
		return;
	char *const note = first ? NULL : herald_day(herald, now - DAY_MS, now);
	if (!first && !note)
		return; /* the next look may find out */
	store_begin(store);
	outbox_put_mark(store, "daily", now);
	if (note)
		tell(herald, ALERT_DAILY, note, POLICY_NONE, now);
	herald_commit(herald, now);
	free(note);
}

/* --- the heartbeat --- */

static void beat(struct herald *herald, int64_t now)
{
	const struct conf_file_self_check *const check =
		herald->conf->file ? herald->conf->file->self_check : NULL;
	const struct deliver_job job = {
		.id = -1, .channel = HERALD_HEARTBEAT, .body = "", .event = "heartbeat"};
	if (!check || !check->heartbeat_url || now < herald->heartbeat_at)
		return;
	herald->heartbeat_at = now + MINUTE_MS;
	if (!herald->polling || herald->troubled)
		return; /* who waits for it is to notice */
	if (herald->options.carrier.hand(herald->options.carrier.owner, &job) != 0)
		log_warn("herald", "no heartbeat");
}

int64_t herald_check(struct herald *herald, int64_t now)
{
	if (now >= herald->check_at) {
		herald->check_at = now + LOOK_MS;
		check_polls(herald, now);
		for (size_t i = 0; i < herald->channels_len; i++)
			check_channel(herald, i, now);
		check_day(herald, now);
	}
	if (now >= herald->check_mail_at) {
		herald->check_mail_at = now + 5 * MINUTE_MS;
		check_mail(herald, now);
	}
	beat(herald, now);
	return herald->check_at;
}
