/* SPDX-License-Identifier: MIT */
#include "monitor/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "monitor/log.h"
#include "monitor/poller_inside.h"
#include "storage/history.h"

#define TICK_MS 100 /* how often pulses and clocks are looked at */
#define FLUSH_LEAST_MS 2000 /* pulses are written no more often than this, */
#define FLUSH_MOST_MS 30000 /* and no less often */
#define FLUSH_BLOCK_MS 10 /* what one more block adds to that */
#define NAMES_START 1 /* offset 0 means no name */

int64_t poller_read_clock(struct poller *poller)
{
	int64_t by_ms;
	const struct clock_reading reading = clock_read();
	poller->now = reading.mono_ms;
	switch (timeline_advance(&poller->timeline, reading, &by_ms)) {
	case TIMELINE_NONE:
		break;
	case TIMELINE_SUSPENDED:
		poller->interruption = (struct interruption){
			.at = poller->timeline.at,
			.reason = GAP_SUSPENDED,
		};
		log_warn("clock", "the machine was suspended seconds=%lld",
			(long long)(by_ms / 1000));
		break;
	case TIMELINE_STEPPED:
		poller->interruption = (struct interruption){
			.at = poller->timeline.at,
			.reason = GAP_CLOCK,
		};
		log_warn("clock", "the wall clock was stepped milliseconds=%lld",
			(long long)by_ms);
		break;
	}
	return poller->timeline.at;
}

/* --- the loop: descriptors of the channel, and one timer --- */

/* One reading serves all that happens in one turn of the loop. */
static void read_clock_once(struct poller *poller)
{
	if (!poller->clock_is_read)
		poller_read_clock(poller);
	poller->clock_is_read = true;
}

static void on_descriptor(uv_poll_t *watch, int status, int events)
{
	struct poller *const poller = watch->data;
	uv_os_fd_t fd;
	if (uv_fileno((const uv_handle_t *)watch, &fd) != 0)
		return;
	int ready = 0;
	if (status < 0 || events & UV_READABLE)
		ready |= CHANNEL_READABLE;
	if (status < 0 || events & UV_WRITABLE)
		ready |= CHANNEL_WRITABLE;
	read_clock_once(poller);
	channel_ready(poller->channel, fd, ready, poller->now);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle);
}

static void stop_watch(struct poller *poller, int fd)
{
	if ((size_t)fd >= poller->watches_len || !poller->watches[fd])
		return;
	uv_poll_stop(poller->watches[fd]);
	uv_close((uv_handle_t *)poller->watches[fd], on_watch_closed);
	poller->watches[fd] = NULL;
}

static uv_poll_t *start_watch(struct poller *poller, int fd)
{
	if ((size_t)fd >= poller->watches_len) {
		const size_t len = (size_t)fd + 64;
		uv_poll_t **watches = realloc(poller->watches, len * sizeof(*watches));
		if (!watches)
			return NULL;
		memset(watches + poller->watches_len, 0,
			(len - poller->watches_len) * sizeof(*watches));
		poller->watches = watches;
		poller->watches_len = len;
	}
	if (poller->watches[fd])
		return poller->watches[fd];
	uv_poll_t *watch = malloc(sizeof *watch);
	if (!watch || uv_poll_init(&poller->loop, watch, fd) != 0) {
		free(watch);
		return NULL;
	}
	watch->data = poller;
	poller->watches[fd] = watch;
	return watch;
}

static void on_want(void *owner, int fd, int events)
{
	struct poller *const poller = owner;
	if (events == 0) {
		stop_watch(poller, fd);
		return;
	}
	uv_poll_t *watch = start_watch(poller, fd);
	const int wanted = (events & CHANNEL_READABLE ? UV_READABLE : 0) |
		(events & CHANNEL_WRITABLE ? UV_WRITABLE : 0);
	if (!watch || uv_poll_start(watch, wanted, on_descriptor) != 0)
		log_err("poller", "a socket cannot be waited for fd=%d", fd);
}

/* Tells a share of the pulses with each tick, so that a cycle goes over all of them. */
static void flush_share(struct poller *poller)
{
	const size_t blocks = poller->targets_len / PULSE_BLOCK;
	if (poller->now < poller->flush_mono_ms || blocks == 0)
		return;
	uint64_t cycle = blocks * FLUSH_BLOCK_MS;
	if (cycle < FLUSH_LEAST_MS)
		cycle = FLUSH_LEAST_MS;
	if (cycle > FLUSH_MOST_MS)
		cycle = FLUSH_MOST_MS;
	const size_t share = blocks * TICK_MS / cycle + 1;
	if (news_queue_is_full(poller->options.news))
		return;
	for (size_t i = 0; i < share && i < blocks; i++) {
		if (poller->dirty[poller->flush_next])
			tell_pulses(poller, poller->flush_next);
		poller->flush_next = (poller->flush_next + 1) % blocks;
	}
	if (poller->flush_next == 0)
		poller_touch_deviants(poller);
	poller->flush_mono_ms =
		poller->now + (share >= blocks ? cycle : (uint64_t)TICK_MS);
}

static void on_timer(uv_timer_t *timer)
{
	struct poller *const poller = timer->data;
	read_clock_once(poller);
	channel_tick(poller->channel, poller->now);
	flush_share(poller);
}

/* Sets the timer to whatever is next. */
static void arm(struct poller *poller)
{
	uint64_t next = poller->now + TICK_MS;
	const uint64_t due = schedule_next(poller->schedule);
	if (due < next)
		next = due;
	const uint64_t deadline = channel_deadline(poller->channel);
	if (deadline < next)
		next = deadline;
	uv_update_time(&poller->loop);
	const uint64_t wait = next > poller->now ? next - poller->now : 1;
	uv_timer_start(&poller->timer, on_timer, wait, 0);
}

/* What every turn of the loop ends with, before it waits: one batch of questions for all that has
 * come in. */
static void on_turn(uv_prepare_t *prepare)
{
	struct poller *const poller = prepare->data;
	read_clock_once(poller);
	poll_due(poller);
	if (poller->options.once && poller->unpolled == 0 && !poller->rounds &&
		!poller->told_done) {
		poller->told_done = true;
		poller_flush_all(poller);
		tell_mark(poller, NEWS_DONE);
	}
	arm(poller);
	poller->clock_is_read = false;
}

static void close_handle(uv_handle_t *handle, void *argument)
{
	(void)argument;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void on_wake(uv_async_t *async)
{
	struct poller *const poller = async->data;
	read_clock_once(poller);
	poller_obey(poller);
	if (atomic_load(&poller->stopping)) {
		poller_flush_all(poller);
		uv_stop(&poller->loop);
	}
}

static void *run(void *argument)
{
	struct poller *const poller = argument;
	uv_run(&poller->loop, UV_RUN_DEFAULT);
	return NULL;
}

int poller_start(struct poller *poller)
{
	poller->started = true;
	const int error = pthread_create(&poller->thread, NULL, run, poller);
	if (error != 0)
		poller->started = false;
	return -error;
}

void poller_stop(struct poller *poller)
{
	if (!poller->started)
		return;
	atomic_store(&poller->stopping, true);
	uv_async_send(&poller->wake);
	pthread_join(poller->thread, NULL);
	poller->started = false;
}

struct poller_tally poller_tally(const struct poller *poller)
{
	return poller->tally;
}

/* --- making and unmaking --- */

static int make_view(
	struct poller *poller, const struct conf_view *conf, struct view *view)
{
	view->conf = conf;
	if (conf->kind == CONF_VIEW_AUTHORITATIVE) {
		const struct servers_options options = {
			.channel = poller->channel,
			.bootstrap = conf->bootstrap,
			.bootstraps = conf->bootstrap_len,
			.port = conf->port,
		};
		return servers_create(&options, &view->servers);
	}
	const size_t bytes = conf->servers_len * sizeof *conf->servers;
	view->set = calloc(1, sizeof *view->set + bytes);
	if (!view->set)
		return -ENOMEM;
	view->set->len = conf->servers_len;
	if (bytes > 0)
		memcpy(view->set->addresses, conf->servers, bytes);
	return 0;
}

static int make_views(struct poller *poller)
{
	const struct conf *const conf = poller->options.conf;
	poller->views = calloc(conf->views_len, sizeof *poller->views);
	if (!poller->views)
		return -ENOMEM;
	int error = 0;
	while (error == 0 && poller->views_len < conf->views_len) {
		error = make_view(poller, &conf->views[poller->views_len],
			&poller->views[poller->views_len]);
		poller->views_len++;
	}
	return error;
}

static int make_loop(struct poller *poller)
{
	int error = uv_loop_init(&poller->loop);
	if (error != 0)
		return error;
	poller->has_loop = true;
	poller->timer.data = poller;
	poller->wake.data = poller;
	poller->turn.data = poller;
	error = uv_timer_init(&poller->loop, &poller->timer);
	if (error == 0)
		error = uv_async_init(&poller->loop, &poller->wake, on_wake);
	if (error == 0)
		error = uv_prepare_init(&poller->loop, &poller->turn);
	if (error == 0)
		error = uv_prepare_start(&poller->turn, on_turn);
	return error;
}

int poller_create(const struct poller_options *options, struct poller **ret_poller)
{
	struct poller *poller = calloc(1, sizeof *poller);
	if (!poller)
		return -ENOMEM;
	poller->options = *options;
	poller->timeline = options->timeline;
	poller->interruption = options->interruption;
	poller->names_len = NAMES_START;
	pthread_mutex_init(&poller->lock, NULL);
	poller_read_clock(poller);
	const struct conf_limits *const limits = &options->conf->limits;
	const struct channel_options channel = {
		.want = on_want,
		.owner = poller,
		.outstanding = POLLER_OUTSTANDING,
		.timeout_ms = (uint32_t)limits->timeout_ms,
	};
	int error = 0;
	if (getrandom(&poller->key, sizeof poller->key, 0) != sizeof poller->key ||
		getrandom(&poller->random, sizeof poller->random, 0) !=
			sizeof poller->random)
		error = -EIO;
	if (error == 0)
		error = make_loop(poller);
	if (error == 0)
		error = channel_create(&channel, poller->now, &poller->channel);
	if (error == 0)
		error = schedule_create(poller->now, &poller->schedule);
	if (error == 0)
		error = pace_create(
			limits->total_qps / (double)options->count, &poller->pace);
	if (error == 0)
		error = make_views(poller);
	if (error != 0) {
		poller_destroy(poller);
		return error;
	}
	*ret_poller = poller;
	return 0;
}

static void destroy_views(struct poller *poller)
{
	for (size_t i = 0; i < poller->views_len; i++) {
		servers_destroy(poller->views[i].servers);
		free(poller->views[i].set);
	}
	free(poller->views);
}

static void close_loop(struct poller *poller)
{
	uv_walk(&poller->loop, close_handle, NULL);
	uv_run(&poller->loop, UV_RUN_DEFAULT);
	uv_loop_close(&poller->loop);
}

void poller_destroy(struct poller *poller)
{
	if (!poller)
		return;
	poller_stop(poller);
	poller->dead = true;
	channel_destroy(poller->channel);
	chase_drop_all(poller);
	round_drop_all(poller);
	destroy_views(poller);
	if (poller->has_loop)
		close_loop(poller);
	poller_obey(poller);
	pace_destroy(poller->pace);
	schedule_destroy(poller->schedule);
	deviants_finish(&poller->deviants);
	pthread_mutex_destroy(&poller->lock);
	free(poller->watches);
	free(poller->groups);
	free(poller->targets);
	free(poller->names);
	free(poller->dirty);
	free(poller);
}
