/* SPDX-License-Identifier: MIT */
#include "monitor/postroom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "alerts/channel.h"
#include "alerts/deliver.h"
#include "alerts/policy.h"
#include "monitor/casebook.h"
#include "monitor/channels.h"
#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/herald.h"
#include "monitor/log.h"
#include "monitor/request.h"
#include "storage/outbox.h"

#define HOST_MAX 256
#define PARTING_MS 2000 /* what is under way may arrive at the end */
#define PARTING_STEP_MS 20

struct postroom {
	struct postroom_options options;
	struct herald *herald; /* owned */
	struct deliver *deliver; /* owned */
	struct channel *channels; /* owned */
	size_t channels_len;
	uv_timer_t timer;
	uv_async_t ready;
	unsigned handles; /* that are not closed yet */
};

static int64_t now_of(void *owner)
{
	const struct postroom *const postroom = owner;
	return postroom->options.now(postroom->options.owner);
}

/* Of signatures; on the delivery thread. */
static int64_t read_seconds(void)
{
	return clock_read().wall_ms / 1000;
}

/* --- waking --- */

static void on_timer(uv_timer_t *timer);

static void work(struct postroom *postroom)
{
	const int64_t now = now_of(postroom);
	const int64_t at = herald_tick(postroom->herald, now);
	uv_timer_start(
		&postroom->timer, on_timer, at > now ? (uint64_t)(at - now) : 1, 0);
}

static void on_timer(uv_timer_t *timer)
{
	work(timer->data);
}

static void on_ready(uv_async_t *async)
{
	work(async->data);
}

/* Called by the delivery thread. */
static void on_result(void *owner)
{
	struct postroom *const postroom = owner;
	uv_async_send(&postroom->ready);
}

static void wake_in(struct postroom *postroom, uint64_t ms)
{
	if (!uv_is_active((uv_handle_t *)&postroom->timer) ||
		uv_timer_get_due_in(&postroom->timer) > ms)
		uv_timer_start(&postroom->timer, on_timer, ms, 0);
}

static void on_notice(void *owner)
{
	wake_in(owner, POLICY_SETTLE_MS);
}

void postroom_stir(struct postroom *postroom)
{
	if (postroom)
		wake_in(postroom, 0);
}

/* --- the way out --- */

static int on_hand(void *owner, const struct deliver_job *job)
{
	const struct postroom *const postroom = owner;
	return deliver_hand(postroom->deliver, job);
}

static bool on_take(void *owner, struct deliver_result *ret_result)
{
	const struct postroom *const postroom = owner;
	return deliver_take(postroom->deliver, ret_result);
}

static int start_delivery(struct postroom *postroom)
{
	char host[HOST_MAX];
	if (gethostname(host, sizeof host) < 0)
		strcpy(host, "localhost");
	host[sizeof host - 1] = '\0';
	const struct deliver_options options = {
		.on_ready = on_result,
		.now = read_seconds,
		.owner = postroom,
		.host = host,
	};
	return deliver_create(&options, &postroom->deliver);
}

/* --- life --- */

/* The channels, and one for the heartbeat. */
static int set_channels(struct postroom *postroom, const struct conf *conf,
	const struct channel *channels, size_t len)
{
	const struct conf_file_self_check *const check =
		conf->file ? conf->file->self_check : NULL;
	struct channel *list = calloc(len + 1, sizeof *list);
	char name[] = HERALD_HEARTBEAT;
	if (!list)
		return -ENOMEM;
	if (len > 0)
		memcpy(list, channels, len * sizeof *list);
	if (check && check->heartbeat_url)
		list[len++] = (struct channel){.name = name,
			.type = CHANNEL_HEARTBEAT,
			.url = check->heartbeat_url};
	const int code = deliver_set_channels(postroom->deliver, list, len);
	free(list);
	return code;
}

int postroom_reload(struct postroom *postroom, const struct conf *conf)
{
	struct channel *channels = NULL;
	size_t len = 0;
	struct conf_error error;
	if (!postroom)
		return 0;
	int code = channels_load(conf, &channels, &len, &error);
	if (code != 0) {
		log_err("herald", "channels stay as they were: %s", error.text);
		if (herald_configure(postroom->herald, conf, postroom->channels,
			    postroom->channels_len, now_of(postroom)) != 0)
			log_err("herald", "routes stay as they were");
		return code;
	}
	code = set_channels(postroom, conf, channels, len);
	if (code == 0)
		code = herald_configure(
			postroom->herald, conf, channels, len, now_of(postroom));
	if (code != 0)
		log_err("herald", "no alert is sent error=%s", strerror(-code));
	channels_free(postroom->channels, postroom->channels_len);
	postroom->channels = channels;
	postroom->channels_len = len;
	postroom_stir(postroom);
	return code;
}

void postroom_watch(struct postroom *postroom, struct roster *roster)
{
	if (postroom)
		herald_watch(postroom->herald, roster);
}

static int open_handles(struct postroom *postroom)
{
	uv_loop_t *const loop = postroom->options.loop;
	postroom->timer.data = postroom;
	postroom->ready.data = postroom;
	int code = uv_timer_init(loop, &postroom->timer);
	if (code != 0)
		return code;
	postroom->handles++;
	code = uv_async_init(loop, &postroom->ready, on_ready);
	if (code == 0)
		postroom->handles++;
	return code;
}

int postroom_create(
	const struct postroom_options *options, struct postroom **ret_postroom)
{
	struct postroom *postroom = calloc(1, sizeof *postroom);
	if (!postroom)
		return -ENOMEM;
	postroom->options = *options;
	struct herald_options herald = {
		.store = options->store,
		.casebook = options->casebook,
		.carrier = {postroom, on_hand, on_take},
		.owner = postroom,
		.now = now_of,
		.on_notice = on_notice,
		.alone = options->alone,
	};
	int code = getrandom(&herald.seed, sizeof herald.seed, 0) < 0 ? -EIO : 0;
	if (code == 0)
		code = open_handles(postroom);
	if (code == 0)
		code = herald_create(&herald, &postroom->herald);
	if (code == 0)
		code = start_delivery(postroom);
	if (code == 0)
		code = postroom_reload(postroom, options->conf);
	if (code != 0) {
		postroom_destroy(postroom);
		return code;
	}
	casebook_attend(options->casebook, herald_incident, postroom->herald);
	*ret_postroom = postroom;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct postroom *const postroom = handle->data;
	if (--postroom->handles == 0)
		free(postroom);
}

/* Whoever is told that an alert arrived does not send it again after the next start. */
static void part(struct postroom *postroom)
{
	for (int ms = 0; ms < PARTING_MS; ms += PARTING_STEP_MS) {
		if (herald_finish(postroom->herald, now_of(postroom)) == 0)
			return;
		uv_sleep(PARTING_STEP_MS);
	}
}

void postroom_destroy(struct postroom *postroom)
{
	if (!postroom)
		return;
	casebook_attend(postroom->options.casebook, NULL, NULL);
	if (postroom->deliver)
		part(postroom);
	deliver_destroy(postroom->deliver);
	herald_destroy(postroom->herald);
	channels_free(postroom->channels, postroom->channels_len);
	const unsigned handles = postroom->handles;
	if (handles == 0)
		free(postroom);
	if (handles > 1)
		uv_close((uv_handle_t *)&postroom->ready, on_closed);
	if (handles > 0)
		uv_close((uv_handle_t *)&postroom->timer, on_closed);
}

/* --- requests --- */

int postroom_test(struct postroom *postroom, const json_t *request, json_t **ret_answer)
{
	const struct store *const store = postroom->options.store;
	const char *const channel =
		json_string_value(json_object_get(request, "channel"));
	char id[STORE_ID_MAX];
	if (!channel || json_object_size(request) != 2)
		return request_refuse(-EINVAL, "expected a \"channel\"", ret_answer);
	const int64_t number = herald_test(postroom->herald, channel, now_of(postroom));
	if (number == 0)
		return request_refuse(
			-ENOENT, "no channel of that name is configured", ret_answer);
	if (number < 0)
		return request_refuse(
			(int)number, "the test cannot be written", ret_answer);
	*ret_answer = json_pack(
		"{s:b, s:s}", "ok", 1, "alert", outbox_id_format(store, number, id));
	return *ret_answer ? 0 : -ENOMEM;
}
