/* SPDX-License-Identifier: MIT */
/* From notices to alerts: bytes in the store, and a handover for each recipient. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "alerts/message.h"
#include "alerts/payload.h"
#include "monitor/casebook.h"
#include "monitor/casefile.h"
#include "monitor/chart.h"
#include "monitor/herald_inside.h"
#include "monitor/log.h"
#include "storage/incidents.h"
#include "storage/ledger.h"
#include "storage/store.h"

#define PICTURE_SCALE 1.5
#define SINGLY_MOST 20 /* cases that a channel which takes one an alert is sent singly */

/* The cases of an alert, with what they point to. */
struct folder {
	struct alert_case *cases; /* owned */
	struct casefile **files; /* owned */
	size_t len;
	size_t addresses_left;
};

static void close_folder(struct folder *folder)
{
	for (size_t i = 0; i < folder->len; i++)
		casefile_close(folder->files[i]);
	free(folder->files);
	free(folder->cases);
}

/* Returns 0, also where the incident has gone, or an error. */
static int add_case(struct herald *herald, const struct herald_case *one, int64_t now,
	struct folder *folder)
{
	const bool ends = one->event == ALERT_CLOSED;
	const struct casefile_options options = {
		.store = herald->options.store,
		.operators = casebook_operators(herald->options.casebook),
		.now = now,
		.utf8 = true,
		.addresses_most = ends ? folder->addresses_left : 0,
	};
	struct casefile *file;
	const int code = casefile_open(&options, one->incident, &file);
	if (code != 0)
		return code == -ENOENT ? 0 : code;
	folder->files[folder->len] = file;
	folder->cases[folder->len] = (struct alert_case){
		.story = file->story,
		.event = one->event,
		.reactivate = ends && file->addresses_len > 0 ? file->addresses : NULL,
	};
	folder->len++;
	folder->addresses_left -= file->addresses_len;
	return 0;
}

static int open_folder(struct herald *herald, const struct herald_alert *alert,
	int64_t now, struct folder *ret_folder)
{
	struct folder folder = {
		.cases = calloc(alert->cases_len + 1, sizeof *folder.cases),
		.files = calloc(alert->cases_len + 1, sizeof *folder.files),
		.addresses_left = HERALD_ADDRESSES_MOST,
	};
	int code = folder.cases && folder.files ? 0 : -ENOMEM;
	for (size_t i = 0; code == 0 && i < alert->cases_len; i++)
		code = add_case(herald, &alert->cases[i], now, &folder);
	if (code != 0) {
		close_folder(&folder);
		return code;
	}
	*ret_folder = folder;
	return 0;
}

/* --- the picture --- */

struct picture {
	char *bytes; /* owned; NULL: none */
	size_t len;
};

static int draw(const struct timeline *timeline, struct picture *picture)
{
	FILE *const out = open_memstream(&picture->bytes, &picture->len);
	if (!out)
		return -ENOMEM;
	const int code = timeline_write(timeline, TIMELINE_PNG, PICTURE_SCALE, out);
	return fclose(out) == 0 ? code : -ENOMEM;
}

/* Of the first case. An alert goes without one rather than not at all. */
static struct picture open_picture(
	struct herald *herald, const struct folder *folder, int64_t now)
{
	struct picture picture = {0};
	const struct chart_options options = {
		.store = herald->options.store,
		.operators = casebook_operators(herald->options.casebook),
		.now = now,
		.utf8 = true,
	};
	struct chart *chart;
	if (folder->len == 0 ||
		chart_open_incident(&options, folder->cases[0].story.incident, &chart) !=
			0)
		return picture;
	if (draw(&chart->timeline, &picture) != 0) {
		free(picture.bytes);
		picture = (struct picture){0};
	}
	chart_close(chart);
	return picture;
}

/* --- bytes --- */

static int compose_mail(const struct channel *channel, const struct alert *alert,
	char **ret_bytes, size_t *ret_len)
{
	const struct message_envelope envelope = {
		.from = channel->from,
		.to = (const char *const *)channel->to,
		.to_len = channel->to_len,
		.channel = channel->name,
	};
	return message_compose(alert, &envelope, ret_bytes, ret_len);
}

static int compose_json(
	const struct channel *channel, const struct alert *alert, char **ret_body)
{
	switch (channel->type) {
	case CHANNEL_EXEC:
		return payload_exec(alert, ret_body);
	case CHANNEL_SLACK:
		return payload_slack(alert, ret_body);
	case CHANNEL_TEAMS:
		return payload_teams(alert, ret_body);
	case CHANNEL_PAGERDUTY:
		return payload_pagerduty(alert, ret_body);
	case CHANNEL_ALERTMANAGER:
		return payload_alertmanager(alert, ret_body);
	case CHANNEL_WEBHOOK:
	case CHANNEL_EMAIL:
	case CHANNEL_SENDMAIL:
	case CHANNEL_HEARTBEAT:
		break;
	}
	return payload_webhook(alert, ret_body);
}

static bool is_mail(const struct channel *channel)
{
	return channel->type == CHANNEL_EMAIL || channel->type == CHANNEL_SENDMAIL;
}

static int compose(const struct channel *channel, const struct alert *alert,
	char **ret_bytes, size_t *ret_len)
{
	if (is_mail(channel))
		return compose_mail(channel, alert, ret_bytes, ret_len);
	const int code = compose_json(channel, alert, ret_bytes);
	if (code == 0)
		*ret_len = strlen(*ret_bytes);
	return code;
}

/* --- into the store --- */

static void put_handovers(
	struct herald *herald, const struct channel *channel, int64_t number, int64_t now)
{
	struct store *const store = herald->options.store;
	if (!is_mail(channel))
		outbox_put_handover(store, number, channel->name, "", now);
	for (size_t i = 0; is_mail(channel) && i < channel->to_len; i++)
		outbox_put_handover(store, number, channel->name, channel->to[i], now);
}

static int put_composed(struct herald *herald, const struct herald_alert *alert,
	const struct folder *folder, int64_t number, int64_t now)
{
	struct store *const store = herald->options.store;
	const struct channel *const channel = herald->channels[alert->channel].channel;
	char id[STORE_ID_MAX];
	char thread[STORE_ID_MAX];
	struct ledger_head head;
	int code = ledger_head(store, &head);
	if (code != 0)
		return code;
	struct picture picture = {0};
	if (is_mail(channel))
		picture = open_picture(herald, folder, now);
	const struct alert whole = {
		.id = outbox_id_format(store, number, id),
		.at = now,
		.site = store_site(store),
		.ledger_head = head.transaction != 0 ? head.hash : "",
		.thread = alert->thread != 0
			? outbox_id_format(store, alert->thread, thread)
			: NULL,
		.cases = folder->cases,
		.cases_len = folder->len,
		.more = alert->more,
		.groups = alert->crowd ? alert->crowd->groups : NULL,
		.groups_len = alert->crowd ? alert->crowd->groups_len : 0,
		.list = alert->crowd ? alert->crowd->list : NULL,
		.event = folder->len > 0 ? folder->cases[0].event : alert->event,
		.note = alert->note,
		.picture = picture.bytes,
		.picture_len = picture.len,
	};
	char *subject = NULL;
	char *bytes = NULL;
	size_t len = 0;
	code = alert_subject(&whole, &subject);
	if (code == 0)
		code = compose(channel, &whole, &bytes, &len);
	if (code == 0)
		outbox_put_alert(store,
			&(struct outbox_alert){
				.number = number,
				.channel = channel->name,
				.fallback = alert->fallback,
				.event = (int)whole.event,
				.at = now,
				.thread = alert->thread,
				.subject = subject,
				.note = alert->note ? alert->note : "",
				.incidents = folder->len + alert->more,
				.body = bytes,
				.body_len = len,
			});
	if (code == 0 && !alert->again)
		put_handovers(herald, channel, number, now);
	free(picture.bytes);
	free(subject);
	free(bytes);
	return code;
}

int64_t herald_put(struct herald *herald, const struct herald_alert *alert, int64_t now)
{
	struct folder folder;
	const int64_t number = alert->again != 0
		? alert->again
		: outbox_next_alert(herald->options.store);
	int code = open_folder(herald, alert, now, &folder);
	if (code != 0)
		return code;
	struct herald_alert whole = *alert;
	if (folder.addresses_left == 0 && !whole.note)
		whole.note = "The list of addresses ends with the first 10,000; all of "
			     "them: mxvigil incidents recipients ID.";
	code = put_composed(herald, &whole, &folder, number, now);
	close_folder(&folder);
	return code == 0 ? number : code;
}

/* --- from notices --- */

struct notices {
	struct herald_case *cases; /* owned; the most severe */
	size_t most;
	size_t len;
	uint64_t more;
};

static int on_notice(void *owner, const struct outbox_notice *notice)
{
	struct notices *const notices = owner;
	if (notices->len == notices->most)
		notices->more++;
	else
		notices->cases[notices->len++] = (struct herald_case){
			notice->incident, (enum alert_event)notice->event};
	return 0;
}

struct lead {
	const struct herald *herald;
	size_t channel;
	int64_t thread;
	const char *fallback;
};

static int on_told(void *owner, const struct outbox_told *told)
{
	struct lead *const lead = owner;
	const struct channel *const channel =
		lead->herald->channels[lead->channel].channel;
	if (strcmp(told->channel, channel->name) == 0)
		lead->thread = told->first_alert;
	return 0;
}

/* The route that leads here, or else the first that has the channel. */
static size_t route_of(const struct lead *lead, const struct incident *incident)
{
	const struct herald *const herald = lead->herald;
	const size_t route = herald_route(herald, incident, lead->channel);
	for (size_t i = 0; route == POLICY_NONE && i < herald->routes_len; i++)
		for (size_t k = 0; k < herald->routes[i].channels_len; k++)
			if (herald->routes[i].channels[k] == lead->channel)
				return i;
	return route;
}

static int on_lead(void *owner, const struct incident *incident)
{
	struct lead *const lead = owner;
	const struct herald *const herald = lead->herald;
	const size_t route = route_of(lead, incident);
	const size_t fallback =
		route != POLICY_NONE ? herald->routes[route].fallback : POLICY_NONE;
	if (fallback != POLICY_NONE && fallback != lead->channel)
		lead->fallback = herald->channels[fallback].channel->name;
	return 0;
}

/* Who keeps account of each incident is told of each: what one alert does not hold waits for the
 * next. */
static bool keeps_account(const struct herald *herald, size_t channel)
{
	return herald->channels[channel].channel->type == CHANNEL_ALERTMANAGER;
}

/* Cases that an alert lists, and with them what it counts. */
static void settle(struct herald *herald, size_t channel, const struct herald_case *cases,
	size_t len, bool all, int64_t number, int64_t now)
{
	struct store *const store = herald->options.store;
	const char *const name = herald->channels[channel].channel->name;
	if (all)
		outbox_settle(store, name, 0, number, now);
	for (size_t i = 0; !all && i < len; i++)
		outbox_settle(store, name, cases[i].incident, number, now);
}

/* The first case says what the alert follows, and who is told if this channel fails. */
static int put_cases(struct herald *herald, size_t channel, const struct notices *notices,
	size_t from, size_t len, int64_t now)
{
	struct store *const store = herald->options.store;
	const struct herald_case *const first = &notices->cases[from];
	struct lead lead = {herald, channel, 0, ""};
	int code = outbox_each_told(store, first->incident, on_told, &lead);
	if (code == 0)
		code = incidents_get(store, first->incident, on_lead, &lead);
	if (code != 0)
		return code;
	const bool beyond = len == notices->len && notices->more > 0;
	const bool crowded = beyond && !keeps_account(herald, channel);
	struct herald_crowd crowd = {0};
	if (crowded)
		code = herald_crowd_init(
			herald, herald->channels[channel].channel->name, &crowd);
	if (code != 0)
		return code;
	const struct herald_alert alert = {
		.channel = channel,
		.cases = first,
		.cases_len = len,
		.more = crowded ? notices->more : 0,
		.crowd = crowded ? &crowd : NULL,
		.thread = lead.thread,
		.fallback = lead.fallback,
	};
	const int64_t number = herald_put(herald, &alert, now);
	herald_crowd_finish(&crowd);
	if (number < 0)
		return (int)number;
	settle(herald, channel, first, len, len == notices->len && crowded == beyond,
		number, now);
	return 0;
}

static int put_notices(
	struct herald *herald, size_t channel, const struct notices *notices, int64_t now)
{
	const bool singly =
		herald->channels[channel].channel->type == CHANNEL_PAGERDUTY &&
		notices->len <= SINGLY_MOST;
	if (!singly)
		return put_cases(herald, channel, notices, 0, notices->len, now);
	int code = 0;
	for (size_t i = 0; code == 0 && i < notices->len; i++)
		code = put_cases(herald, channel, notices, i, 1, now);
	return code;
}

void herald_gather(struct herald *herald, size_t channel, int64_t now)
{
	struct store *const store = herald->options.store;
	const char *const name = herald->channels[channel].channel->name;
	struct notices notices = {
		.cases = calloc(HERALD_CASES_MOST, sizeof *notices.cases),
		.most = HERALD_CASES_MOST,
	};
	store_begin(store);
	int code = notices.cases ? outbox_notices(store, name, 0, on_notice, &notices)
				 : -ENOMEM;
	if (code == 0 && notices.len > 0)
		code = put_notices(herald, channel, &notices, now);
	free(notices.cases);
	if (code == 0) {
		herald_commit(herald, now);
		return;
	}
	store_rollback(store);
	if (!herald->troubled)
		log_err("herald", "no alert can be composed channel=%s error=%s", name,
			strerror(-code));
	herald->troubled = true;
}
