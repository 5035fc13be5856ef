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

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "monitor/autowatch.h"
#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/control.h"
#include "monitor/fleet.h"
#include "monitor/ingest/ingest.h"
#include "monitor/log.h"
#include "monitor/recorder.h"
#include "monitor/resolvconf.h"
#include "monitor/roster.h"
#include "monitor/summary.h"
#include "storage/history.h"
#include "storage/lookup.h"
#include "storage/retention.h"
#include "storage/store.h"

#define NEWS_MOST 65536 /* pieces that may wait before polling slows down */
#define TICK_MS 1000 /* a failed store is tried again, resolv.conf is looked at */
#define PRUNE_MOST 200 /* ledger transactions that one pruning lets go */
#define PRUNE_EVERY_MS 3600000
#define FLUSH_POINTS_MOST 50000 /* beyond, counters follow in their own time */

struct watch {
	const struct watch_options *options;
	const struct conf *conf; /* in force: that of the options, or `reloaded` */
	struct conf *reloaded; /* owned; NULL: none yet */
	struct store *store;
	int64_t run;
	struct timeline timeline;
	struct news_queue *queue;
	struct recorder *recorder;
	struct fleet *fleet;
	struct roster *wished; /* while a request changes the watch list */
	struct control *control;
	struct ingest *ingest;
	struct autowatch *autowatch;
	struct resolvconf resolvconf;
	size_t domains;
	uint64_t points; /* active, when the fleet started */
	uint64_t flushes; /* asked for, by poller */
	uv_loop_t loop;
	uv_async_t news;
	uv_timer_t tick;
	uv_timer_t end;
	uv_signal_t signals[3];
	uint64_t started_mono_ms;
	uint64_t prune_mono_ms; /* when old history is looked for again */
	int status; /* exit status */
};

static int64_t now_at(struct watch *watch)
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
	const bool failed = recorder_write(watch->recorder, now_at(watch)) != 0;
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

/* --- the fleet --- */

static int build_roster(
	struct watch *watch, const struct conf *conf, struct roster **ret_roster)
{
	const struct roster_sources sources = {
		.conf = conf,
		.store = watch->store,
		.domains = watch->options->domains,
		.domains_len = watch->options->domains_len,
	};
	return roster_build(&sources, ret_roster);
}

/* Takes the roster. */
static int launch(
	struct watch *watch, struct roster *roster, struct interruption interruption)
{
	now_at(watch);
	const struct fleet_options options = {
		.conf = watch->conf,
		.store = watch->store,
		.queue = watch->queue,
		.interruption = interruption,
		.timeline = watch->timeline,
		.once = watch->options->once,
	};
	watch->domains = roster_len(roster);
	int error = fleet_create(&options, roster, &watch->fleet);
	roster_destroy(roster);
	if (error != 0)
		return error;
	watch->points = fleet_tally(watch->fleet).targets;
	error = fleet_start(watch->fleet);
	if (error == 0 && !watch->options->once)
		error = ingest_create(
			&watch->loop, watch->store, watch->conf, &watch->ingest);
	if (error == 0 && watch->domains == 0)
		log_warn("watch",
			"no domain is watched yet: name some, or `mxvigil watch add`");
	return error;
}

static void land(struct watch *watch)
{
	fleet_stop(watch->fleet);
	ingest_destroy(watch->ingest);
	watch->ingest = NULL;
	if (recorder_write(watch->recorder, now_at(watch)) != 0)
		watch->status = 1;
	fleet_destroy(watch->fleet);
	watch->fleet = NULL;
}

/* --- events --- */

/* The configuration may wish for the domain too: what counts is all wishes together, which are
 * gathered once for all changes of a request. */
static void on_listed(void *owner, const struct control_change *change)
{
	struct watch *const watch = owner;
	const int64_t now = now_at(watch);
	if (!watch->fleet)
		return;
	if (!watch->wished && build_roster(watch, watch->conf, &watch->wished) != 0)
		return;
	for (size_t view = 0; view < watch->conf->views_len; view++) {
		const int64_t interval =
			roster_interval(watch->wished, change->domain, view, false);
		if (fleet_set(watch->fleet, change->domain, view, interval, now) != 0)
			log_err("watch", "the list has changed, but polling has not");
	}
}

static void on_listed_all(void *owner)
{
	struct watch *const watch = owner;
	roster_destroy(watch->wished);
	watch->wished = NULL;
}

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

/* Lets old history go, a little at a time, and looks again after a while. */
static void prune(struct watch *watch)
{
	const int64_t keep_ms = watch->conf->retention.history_ms;
	const uint64_t mono = clock_mono_ms();
	if (keep_ms <= 0 || mono < watch->prune_mono_ms)
		return;
	const int64_t now = now_at(watch);
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

static void drop_conf(struct conf *conf)
{
	if (conf)
		conf_finish(conf);
	free(conf);
}

/* Reads the configuration and the domains that it wishes for. NULL (logged) where any of it is
 * wrong. */
static struct conf *read_again(struct watch *watch, struct roster **ret_roster)
{
	struct conf_error error;
	struct conf *conf = calloc(1, sizeof *conf);
	if (!conf)
		return NULL;
	if (conf_load(watch->options->conf_path, conf, &error) != 0) {
		log_err("watch", "configuration is wrong, the old one stays in force: %s",
			error.text);
		free(conf);
		return NULL;
	}
	const char *const store = watch->options->store_override;
	if ((store && conf_use_store(conf, store) != 0) ||
		build_roster(watch, conf, ret_roster) != 0) {
		log_err("watch",
			"configuration cannot be taken up, the old one stays in "
			"force");
		drop_conf(conf);
		return NULL;
	}
	return conf;
}

/* Reads the configuration again and starts a new fleet under it. */
static void reload(struct watch *watch)
{
	struct roster *roster;
	struct conf *conf = read_again(watch, &roster);
	if (!conf)
		return;
	if (strcmp(conf->store, watch->conf->store) != 0 ||
		strcmp(conf->control, watch->conf->control) != 0)
		log_warn("watch", "store and control stay until the next start");
	land(watch);
	drop_conf(watch->reloaded);
	watch->reloaded = conf;
	watch->conf = conf;
	if (launch(watch, roster, (struct interruption){.at = 0}) != 0) {
		log_err("watch", "cannot go on under the new configuration");
		watch->status = 1;
		uv_stop(&watch->loop);
		return;
	}
	log_info("watch", "configuration read again domains=%zu", watch->domains);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct watch *const watch = handle->data;
	if (number == SIGHUP) {
		reload(watch);
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
	const int64_t now = now_at(watch);
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
	autowatch_destroy(watch->autowatch);
	uv_walk(&watch->loop, close_handle, NULL);
	uv_run(&watch->loop, UV_RUN_DEFAULT);
	uv_loop_close(&watch->loop);
}

static int work(struct watch *watch, struct interruption interruption)
{
	const struct recorder_options recorder = {
		.store = watch->store,
		.queue = watch->queue,
		.run = watch->run,
	};
	int error = recorder_create(&recorder, &watch->recorder);
	const struct control_hooks hooks = {
		.owner = watch,
		.on_change = on_listed,
		.on_changes_end = on_listed_all,
		.on_flush = on_flush,
		.on_ingest = on_ingest,
	};
	if (error == 0 && !watch->options->once)
		error = control_create(&watch->loop, watch->conf->control, watch->store,
			&hooks, &watch->control);
	const struct autowatch_options autowatch = {
		&watch->loop, watch->store, &watch->conf, &hooks};
	if (error == 0 && !watch->options->once)
		error = autowatch_create(&autowatch, &watch->autowatch);
	watch->started_mono_ms = clock_mono_ms();
	struct roster *roster;
	if (error == 0)
		error = build_roster(watch, watch->conf, &roster);
	if (error == 0)
		error = launch(watch, roster, interruption);
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
	land(watch);
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
	drop_conf(watch->reloaded);
	const int status = watch->status;
	free(watch);
	return status;
}
