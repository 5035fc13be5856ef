/* SPDX-License-Identifier: MIT */
/* The fleet of pollers and the readers of logs, under the configuration that is in force. */
#include <stdlib.h>
#include <string.h>

#include "monitor/casebook.h"
#include "monitor/channels.h"
#include "monitor/conf.h"
#include "monitor/control.h"
#include "monitor/fleet.h"
#include "monitor/ingest/ingest.h"
#include "monitor/log.h"
#include "monitor/postroom.h"
#include "monitor/protect/protect.h"
#include "monitor/recorder.h"
#include "monitor/roster.h"
#include "monitor/watch.h"
#include "monitor/watch_inside.h"

int watch_gather(struct watch *watch, const struct conf *conf, struct roster **ret_roster)
{
	const struct roster_sources sources = {
		.conf = conf,
		.store = watch->store,
		.domains = watch->options->domains,
		.domains_len = watch->options->domains_len,
	};
	return roster_build(&sources, ret_roster);
}

static void on_address(
	void *owner, const uint8_t *host, const struct endpoint *address, int64_t at)
{
	const struct watch *const watch = owner;
	(void)at;
	casebook_address(watch->casebook, host, address);
}

void watch_written(void *owner, const struct news *news)
{
	struct watch *const watch = owner;
	if (watch->fleet)
		fleet_heed(watch->fleet, news, watch_now(watch));
	protect_news(watch->protect, news);
}

static void on_durable(void *owner, const uint8_t *domain)
{
	const struct watch *const watch = owner;
	protect_incident(watch->protect, domain);
}

static int64_t on_now(void *owner)
{
	return watch_now(owner);
}

int watch_protect(struct watch *watch)
{
	const struct protect_options options = {
		.loop = &watch->loop,
		.store = watch->store,
		.conf = watch->conf,
		.now = on_now,
		.owner = watch,
	};
	casebook_listen(watch->casebook, on_durable, watch);
	return protect_create(&options, &watch->protect);
}

/* Takes the roster. */
int watch_launch(
	struct watch *watch, struct roster *roster, struct interruption interruption)
{
	watch_now(watch);
	const struct fleet_options options = {
		.conf = watch->conf,
		.store = watch->store,
		.queue = watch->queue,
		.interruption = interruption,
		.timeline = watch->timeline,
		.once = watch->options->once,
		.on_address = on_address,
		.owner = watch,
	};
	watch->domains = roster_len(roster);
	casebook_watch(watch->casebook, roster);
	postroom_watch(watch->postroom, roster);
	int error = fleet_create(&options, roster, &watch->fleet);
	roster_destroy(roster);
	if (error != 0)
		return error;
	watch->points = fleet_tally(watch->fleet).targets;
	error = fleet_start(watch->fleet);
	if (error == 0 && !watch->options->once)
		error = ingest_create(&watch->loop, watch->store, watch->conf,
			watch->casebook, &watch->ingest);
	if (error == 0 && watch->domains == 0)
		log_warn("watch",
			"no domain is watched yet: name some, or `mxvigil watch add`");
	return error;
}

void watch_land(struct watch *watch)
{
	fleet_stop(watch->fleet);
	ingest_destroy(watch->ingest);
	watch->ingest = NULL;
	if (recorder_write(watch->recorder, watch_now(watch)) != 0)
		watch->status = 1;
	fleet_destroy(watch->fleet);
	watch->fleet = NULL;
}

/* The configuration may wish for the domain too: what counts is all wishes together, which are
 * gathered once for all changes of a request. */
void watch_listed(void *owner, const struct control_change *change)
{
	struct watch *const watch = owner;
	const int64_t now = watch_now(watch);
	if (!watch->fleet)
		return;
	if (!watch->wished && watch_gather(watch, watch->conf, &watch->wished) != 0)
		return;
	for (size_t view = 0; view < watch->conf->views_len; view++) {
		const int64_t interval =
			roster_interval(watch->wished, change->domain, view, false);
		if (fleet_set(watch->fleet, change->domain, view, interval, now) != 0)
			log_err("watch", "the list has changed, but polling has not");
	}
}

void watch_listed_all(void *owner)
{
	struct watch *const watch = owner;
	roster_destroy(watch->wished);
	watch->wished = NULL;
}

void watch_drop_conf(struct conf *conf)
{
	if (conf)
		conf_finish(conf);
	free(conf);
}

/* Whether the ways out can be read: what is in files of secrets is no part of the configuration. */
static int check_channels(const struct conf *conf)
{
	struct conf_error error;
	struct channel *channels;
	size_t len;
	const int code = channels_load(conf, &channels, &len, &error);
	if (code == 0)
		channels_free(channels, len);
	else
		log_err("watch", "channels cannot be read: %s", error.text);
	return code;
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
	if ((store && conf_use_store(conf, store) != 0) || check_channels(conf) != 0 ||
		watch_gather(watch, conf, ret_roster) != 0) {
		log_err("watch",
			"configuration cannot be taken up, the old one stays in "
			"force");
		watch_drop_conf(conf);
		return NULL;
	}
	return conf;
}

/* Reads the configuration again and starts a new fleet under it. */
void watch_reload(struct watch *watch)
{
	struct roster *roster;
	struct conf *conf = read_again(watch, &roster);
	if (!conf)
		return;
	if (strcmp(conf->store, watch->conf->store) != 0 ||
		strcmp(conf->control, watch->conf->control) != 0)
		log_warn("watch", "store and control stay until the next start");
	watch_land(watch);
	protect_destroy(watch->protect, conf);
	watch->protect = NULL;
	struct conf *const old = watch->reloaded;
	watch->reloaded = conf;
	watch->conf = conf;
	if (casebook_reload(watch->casebook, conf, watch_now(watch)) != 0)
		log_err("watch", "incidents are not looked for any more");
	if (watch_protect(watch) != 0)
		log_err("watch", "mail is not held back any more");
	if (postroom_reload(watch->postroom, conf) != 0)
		log_err("watch", "alerts are not sent any more");
	watch_drop_conf(old);
	if (watch_launch(watch, roster, (struct interruption){.at = 0}) != 0) {
		log_err("watch", "cannot go on under the new configuration");
		watch->status = 1;
		uv_stop(&watch->loop);
		return;
	}
	log_info("watch", "configuration read again domains=%zu", watch->domains);
}
