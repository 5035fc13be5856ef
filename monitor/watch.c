/* SPDX-License-Identifier: MIT */
/*
 * watch — where the arrows meet. A reader of this file has the program:
 *
 *   configuration, watch list --> roster --> fleet of pollers  (threads: ask, confirm)
 *                                                | news
 *                                                v
 *   control socket ----------> loop thread --> recorder --> store, then the log
 *
 * The loop thread owns the store's only writing connection. Everything that happens comes as an
 * event of its loop: news, a request, a signal, a timer, a changed resolv.conf.
 */
#include "monitor/watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "monitor/autowatch.h"
#include "monitor/casebook.h"
#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/control.h"
#include "monitor/fleet.h"
#include "monitor/ingest/ingest.h"
#include "monitor/log.h"
#include "monitor/postroom.h"
#include "monitor/protect/protect.h"
#include "monitor/recorder.h"
#include "monitor/resolvconf.h"
#include "monitor/roster.h"
#include "monitor/summary.h"
#include "monitor/watch_inside.h"
#include "storage/history.h"
#include "storage/lookup.h"
#include "storage/retention.h"
#include "storage/store.h"

#define NEWS_MOST 65536 /* pieces that may wait before polling slows down */
#define TICK_MS 1000 /* a failed store is tried again, resolv.conf is looked at */
#define PRUNE_MOST 200 /* ledger transactions that one pruning lets go */
#define PRUNE_EVERY_MS 3600000
#define FLUSH_POINTS_MOST 50000 /* beyond, counters follow in their own time */

int64_t watch_now(struct watch *watch)
{
	timeline_advance(&watch->timeline, clock_read(), NULL);
	return watch->timeline.at;
}

/* Called by pollers' threads. */
static void on_pushed(void *owner)
{
	struct watch *const watch = owner;
	uv_async_send(&watch->news);
}

static void write_news(struct watch *watch)
{
	const bool failed = recorder_write(watch->recorder, watch_now(watch)) != 0;
	if (!failed && watch->fleet)
		fleet_tend(watch->fleet, watch_now(watch));
	const struct recorder_counts counts = recorder_counts(watch->recorder);
	if (watch->control)
		control_flushed(watch->control, counts.flushes);
	if (!watch->options->once)
		return; /* the tick tries again what could not be written */
	watch->status = failed;
	if (failed || counts.done_pollers == fleet_pollers(watch->fleet))
		uv_stop(&watch->loop);
}

static void on_news(uv_async_t *async)
{
	write_news(async->data);
}

/* --- events --- */

static uint64_t on_flush(void *owner)
{
	struct watch *const watch = owner;
	if (!watch->fleet || watch->points > FLUSH_POINTS_MOST ||
		fleet_flush(watch->fleet) != 0)
		return 0;
	watch->flushes += fleet_pollers(watch->fleet);
	return watch->flushes;
}

static int on_ingest(void *owner, const json_t *request, int64_t now, json_t **ret_answer)
{
	const struct watch *const watch = owner;
	return ingest_apply(watch->ingest, request, now, ret_answer);
}

static int64_t on_clock(void *owner)
{
	return watch_now(owner);
}

static int on_alert_test(void *owner, const json_t *request, json_t **ret_answer)
{
	const struct watch *const watch = owner;
	return postroom_test(watch->postroom, request, ret_answer);
}

static void on_alerts(void *owner)
{
	const struct watch *const watch = owner;
	postroom_stir(watch->postroom);
}

static void on_incident_closed(void *owner, int64_t incident)
{
	struct watch *const watch = owner;
	casebook_closed(watch->casebook, incident, watch_now(watch));
}

static json_t *on_detector(void *owner)
{
	const struct watch *const watch = owner;
	const struct decide_totals totals = casebook_totals(watch->casebook);
	return json_pack("{s:b, s:I, s:f, s:b, s:o*}", "ok", 1, "domains",
		(json_int_t)totals.domains, "expected_false_alarms",
		totals.expected_false_alarms, "relays_void", totals.relays_void,
		"protect", protect_describe(watch->protect));
}

static void on_forgotten(void *owner, const uint8_t *hash, const uint8_t *domain)
{
	const struct watch *const watch = owner;
	casebook_forget(watch->casebook, hash, domain);
}

static void on_expectations(void *owner)
{
	const struct watch *const watch = owner;
	casebook_expect(watch->casebook);
}

/* Lets old history go, a little at a time, and looks again after a while. */
static void prune(struct watch *watch)
{
	const int64_t keep_ms = watch->conf->retention.history_ms;
	const uint64_t mono = clock_mono_ms();
	if (keep_ms <= 0 || mono < watch->prune_mono_ms)
		return;
	const int64_t now = watch_now(watch);
	struct store_error error;
	int more = 0;
	if (retention_prune(
		    watch->store, now - keep_ms, PRUNE_MOST, now, &more, &error) != 0)
		log_warn("store", "old history stays for now error=%s",
			log_quote(error.text));
	watch->prune_mono_ms = mono + (more ? TICK_MS : PRUNE_EVERY_MS);
}

static void on_tick(uv_timer_t *timer)
{
	struct watch *const watch = timer->data;
	write_news(watch);
	casebook_tick(watch->casebook, watch_now(watch));
	protect_tick(watch->protect, watch_now(watch));
	prune(watch);
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t len;
	if (!watch->fleet || !resolvconf_has_changed(&watch->resolvconf, servers, &len))
		return;
	log_info("watch", "resolv.conf has changed servers=%zu", len);
	if (fleet_set_resolvers(watch->fleet, servers, len) != 0)
		log_err("watch", "out of memory: the old resolvers are kept");
}

static void on_end(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct watch *const watch = handle->data;
	if (number == SIGHUP) {
		watch_reload(watch);
		return;
	}
	log_info("watch", "stopping signal=%d", number);
	uv_stop(&watch->loop);
}

/* --- start and stop --- */

static int open_store(struct watch *watch)
{
	struct store_error error;
	const struct store_options options = {
		.path = watch->conf->store,
		.site = watch->conf->site,
		.write = true,
		.now = clock_read().wall_ms,
	};
	if (store_open(&options, &watch->store, &error) == 0)
		return 0;
	fprintf(stderr, "mxvigil: %s\n", error.text);
	return error.code;
}

/* Notes the run, and what lies between it and the last one. */
static int begin_run(struct watch *watch, struct interruption *ret_interruption)
{
	struct run_end last;
	struct store_error error;
	int code = lookup_last_run(watch->store, &last);
	if (code != 0)
		return code;
	const struct clock_reading reading = clock_read();
	timeline_start(&watch->timeline, reading, last.latest_at);
	if (watch->timeline.at > reading.wall_ms)
		log_warn("clock",
			"the wall clock is behind the records milliseconds=%lld",
			(long long)(watch->timeline.at - reading.wall_ms));
	*ret_interruption = (struct interruption){
		.at = watch->timeline.at,
		.reason = !last.any    ? 0
			: last.stopped ? GAP_STOPPED
				       : GAP_CRASHED,
	};
	store_begin(watch->store);
	watch->run = history_start_run(watch->store, watch->timeline.at, MXVIGIL_VERSION);
	code = store_commit(watch->store, watch->timeline.at, &error);
	if (code != 0)
		fprintf(stderr, "mxvigil: %s\n", error.text);
	return code;
}

static void end_run(struct watch *watch)
{
	struct store_error error;
	const int64_t now = watch_now(watch);
	store_begin(watch->store);
	history_stop_run(watch->store, watch->run, now);
	if (store_commit(watch->store, now, &error) == 0)
		return;
	log_err("store", "the stop is not recorded error=%s", log_quote(error.text));
	watch->status = 1;
}

static int make_loop(struct watch *watch)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	int error = uv_loop_init(&watch->loop);
	if (error != 0)
		return error;
	watch->loop.data = watch;
	watch->news.data = watch;
	watch->tick.data = watch;
	if ((error = uv_async_init(&watch->loop, &watch->news, on_news)) != 0 ||
		(error = uv_timer_init(&watch->loop, &watch->tick)) != 0 ||
		(error = uv_timer_init(&watch->loop, &watch->end)) != 0)
		return error;
	for (size_t i = 0; error == 0 && i < sizeof numbers / sizeof *numbers; i++) {
		watch->signals[i].data = watch;
		error = uv_signal_init(&watch->loop, &watch->signals[i]);
		if (error == 0)
			error = uv_signal_start(
				&watch->signals[i], on_signal, numbers[i]);
	}
	return error;
}

static void close_handle(uv_handle_t *handle, void *argument)
{
	(void)argument;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_loop(struct watch *watch)
{
	control_destroy(watch->control);
	protect_destroy(watch->protect, NULL);
	autowatch_destroy(watch->autowatch);
	uv_walk(&watch->loop, close_handle, NULL);
	uv_run(&watch->loop, UV_RUN_DEFAULT);
	uv_loop_close(&watch->loop);
}

/* Takes requests, tells of incidents, and follows the mail. */
static int serve(struct watch *watch)
{
	const struct control_hooks hooks = {
		.owner = watch,
		.on_change = watch_listed,
		.on_changes_end = watch_listed_all,
		.on_flush = on_flush,
		.on_ingest = on_ingest,
		.on_detector = on_detector,
		.on_incident_closed = on_incident_closed,
		.on_expectations = on_expectations,
		.on_forgotten = on_forgotten,
		.on_alert_test = on_alert_test,
		.on_alerts = on_alerts,
	};
	int error = control_create(&watch->loop, watch->conf->control, watch->store,
		&hooks, &watch->control);
	const struct postroom_options postroom = {
		.loop = &watch->loop,
		.store = watch->store,
		.casebook = watch->casebook,
		.conf = watch->conf,
		.owner = watch,
		.now = on_clock,
	};
	if (error == 0)
		error = postroom_create(&postroom, &watch->postroom);
	const struct autowatch_options autowatch = {
		&watch->loop, watch->store, &watch->conf, &hooks};
	if (error == 0)
		error = autowatch_create(&autowatch, &watch->autowatch);
	return error;
}

static int work(struct watch *watch, struct interruption interruption)
{
	int error = casebook_create(
		watch->store, watch->conf, watch_now(watch), &watch->casebook);
	const struct recorder_options recorder = {
		.store = watch->store,
		.queue = watch->queue,
		.run = watch->run,
		.casebook = watch->casebook,
		.on_written = watch_written,
		.owner = watch,
	};
	if (error == 0)
		error = recorder_create(&recorder, &watch->recorder);
	if (error == 0 && !watch->options->once)
		error = serve(watch);
	if (error == 0 && !watch->options->once)
		error = watch_protect(watch);
	watch->started_mono_ms = clock_mono_ms();
	struct roster *roster;
	if (error == 0)
		error = watch_gather(watch, watch->conf, &roster);
	if (error == 0)
		error = watch_launch(watch, roster, interruption);
	if (error != 0)
		return error;
	log_info("watch",
		"watching domains=%zu points=%llu store=%s control=%s pid=%d version=%s",
		watch->domains, (unsigned long long)watch->points, watch->conf->store,
		watch->conf->control, (int)uv_os_getpid(), MXVIGIL_VERSION);
	uv_timer_start(&watch->tick, on_tick, TICK_MS, TICK_MS);
	if (watch->options->for_ms > 0)
		uv_timer_start(&watch->end, on_end, (uint64_t)watch->options->for_ms, 0);
	uv_run(&watch->loop, UV_RUN_DEFAULT);
	fleet_stop(watch->fleet);
	const struct poller_tally tally = fleet_tally(watch->fleet);
	watch_land(watch);
	if (watch->options->once)
		summary_print(watch->domains, &tally,
			recorder_counts(watch->recorder).changes,
			clock_mono_ms() - watch->started_mono_ms);
	return 0;
}

static void run(struct watch *watch)
{
	struct interruption interruption;
	int error = make_loop(watch);
	if (error == 0)
		error = begin_run(watch, &interruption);
	if (error == 0)
		error = news_queue_create(NEWS_MOST, on_pushed, watch, &watch->queue);
	if (error == 0)
		error = work(watch, interruption);
	if (error != 0) {
		fprintf(stderr, "mxvigil: cannot watch: %s\n", strerror(-error));
		watch->status = 1;
	}
	fleet_destroy(watch->fleet);
	recorder_destroy(watch->recorder);
	casebook_flush(watch->casebook, watch_now(watch));
	postroom_destroy(watch->postroom);
	watch->postroom = NULL;
	casebook_destroy(watch->casebook);
	watch->casebook = NULL;
	if (watch->run != 0)
		end_run(watch);
}

int watch_run(const struct watch_options *options)
{
	struct watch *watch = calloc(1, sizeof *watch);
	if (!watch) {
		fputs("mxvigil: out of memory\n", stderr);
		return 1;
	}
	watch->options = options;
	watch->conf = options->conf;
	resolvconf_init(&watch->resolvconf, CONF_RESOLV_CONF);
	for (size_t i = 0; i < options->conf->warnings_len; i++)
		log_warn("conf", "%s", options->conf->warnings[i]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (open_store(watch) != 0) {
		free(watch);
		return 1;
	}
	run(watch);
	if (watch->loop.data)
		close_loop(watch);
	store_close(watch->store);
	news_queue_destroy(watch->queue);
	watch_drop_conf(watch->reloaded);
	const int status = watch->status;
	free(watch);
	return status;
}
