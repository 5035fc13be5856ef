/* SPDX-License-Identifier: MIT */
/*
 * fleet_hosts — the addresses of the exchanges that watched domains name.
 *
 * Each exchange has a point of A and one of AAAA in one view, the MTA's resolver where there is
 * one: mail goes where that one says. They are polled like domains, at an interval of their own.
 */
#include <errno.h>

#include "monitor/fleet_inside.h"
#include "monitor/log.h"
#include "resolvers/address.h"
#include "storage/history.h"

#define SWEEP_MS 1000
#define HOSTS_AT_ONCE 1000 /* in one transaction */

static const uint16_t types[2] = {RECORD_TYPE_A, RECORD_TYPE_AAAA};

static bool is_used(const struct conf *conf, size_t view)
{
	for (size_t i = 0; i < conf->watches_len; i++)
		for (size_t j = 0; j < conf->watches[i].views_len; j++)
			if (conf->watches[i].views[j] == view)
				return true;
	return conf->watches_len == 0;
}

/* The first recursive view that domains are watched from, else the first of the others. */
static size_t choose_view(const struct conf *conf)
{
	size_t best = SIZE_MAX;
	for (size_t i = 0; i < conf->views_len; i++) {
		if (!is_used(conf, i))
			continue;
		if (conf->views[i].kind == CONF_VIEW_RECURSIVE)
			return i;
		if (best == SIZE_MAX)
			best = i;
	}
	return best;
}

int fleet_hosts_create(struct fleet *fleet)
{
	const struct fleet_options *const options = &fleet->options;
	const bool wanted =
		!options->once && options->conf->limits.address_interval_ms > 0;
	fleet->hosts_view = wanted ? choose_view(options->conf) : SIZE_MAX;
	return hostset_create(&fleet->hosts);
}

void fleet_hosts_answer(
	struct fleet *fleet, int64_t point, const struct mxset *hosts, bool haste)
{
	if (fleet->hosts_view != SIZE_MAX &&
		hostset_answer(fleet->hosts, point, hosts, haste,
			fleet->options.timeline.at) != 0)
		log_err("fleet", "out of memory: an exchange's addresses are not seen");
}

int64_t fleet_hosts_interval(const struct fleet *fleet, const struct point *point)
{
	const struct conf *const conf = fleet->options.conf;
	if (!point->watched || fleet->hosts_view == SIZE_MAX ||
		conf_view_index(conf, point->view) != fleet->hosts_view)
		return 0;
	return conf->limits.address_interval_ms;
}

static void tell_addresses(const struct fleet *fleet, const uint8_t *name,
	const struct mxset *set, int64_t at)
{
	if (!fleet->options.on_address)
		return;
	for (size_t i = 0; i < set->len; i++) {
		struct endpoint address;
		if (address_from_name(set->hosts[i].exchange, &address) == 0)
			fleet->options.on_address(
				fleet->options.owner, name, &address, at);
	}
}

void fleet_hosts_resume(struct fleet *fleet, const struct poller_point *known)
{
	const struct point *const point = known->point;
	struct hostset_host *const host = hostset_get(fleet->hosts, point->domain);
	if (known->span)
		tell_addresses(fleet, point->domain, known->span->answer.set,
			known->span->first_at);
	if (!host)
		return;
	host->points[point->rrtype == types[1]] = point->number;
	host->looked_at = true;
	host->unnamed_at = fleet->options.timeline.at;
}

void fleet_heed(struct fleet *fleet, const struct news *news, int64_t now)
{
	if (news->server.family != 0 ||
		(news->kind != NEWS_SPAN && news->kind != NEWS_CHANGE))
		return;
	fleet->options.timeline.at = now;
	if (record_type_is_address(news->rrtype))
		tell_addresses(fleet, news->domain, &news->set, news->at);
	else
		fleet_hosts_answer(
			fleet, news->point, &news->set, news->kind == NEWS_CHANGE);
}

static struct point describe(
	const struct fleet *fleet, const struct hostset_host *host, size_t type)
{
	const struct conf *const conf = fleet->options.conf;
	return (struct point){
		.number = host->points[type],
		.domain = host->name,
		.view = conf->views[fleet->hosts_view].name,
		.rrtype = types[type],
		.interval_ms = conf->limits.address_interval_ms,
		.timeout_ms = conf->limits.timeout_ms,
		.bucket_ms = FLEET_DAY_MS,
		.watched = true,
	};
}

/* What is written of a host, in the open transaction. */
static void write_host(struct fleet *fleet, struct hostset_host *host, int64_t now)
{
	const bool wanted = hostset_is_wanted(host, now);
	for (size_t i = 0; i < 2 && wanted != host->looked_at; i++) {
		struct point point = describe(fleet, host, i);
		if (!wanted) {
			history_unwatch_point(fleet->options.store, host->points[i], now);
			continue;
		}
		fleet_put_point(fleet, &point);
		host->points[i] = point.number;
	}
}

/* What the pollers are told of a host once that is durable. Returns 0 or -ENOMEM. */
static int tell_pollers(struct fleet *fleet, struct hostset_host *host, int64_t now)
{
	static const struct pulse nothing;
	const bool wanted = hostset_is_wanted(host, now);
	int error = 0;
	for (size_t i = 0; i < 2 && error == 0; i++) {
		const struct point point = describe(fleet, host, i);
		const struct poller_point fresh = {.point = &point, .pulse = &nothing};
		struct poller *const poller = fleet_poller_of(fleet, point.number);
		if (wanted && !host->looked_at)
			error = poller_add(poller, &fresh);
		else if (!wanted && host->looked_at)
			error = poller_remove(poller, point.number);
		else if (wanted && host->haste)
			error = poller_hasten(poller, point.number);
	}
	host->looked_at = wanted;
	host->haste = false;
	return error;
}

static void put_back(struct fleet *fleet, struct hostset_host *const *hosts, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hostset_put_back(fleet->hosts, hosts[i]);
}

void fleet_tend(struct fleet *fleet, int64_t now)
{
	struct hostset_host *hosts[HOSTS_AT_ONCE];
	size_t len = 0;
	if (fleet->hosts_view == SIZE_MAX)
		return;
	fleet->options.timeline.at = now;
	if (now - fleet->swept_at >= SWEEP_MS) {
		hostset_sweep(fleet->hosts, now);
		fleet->swept_at = now;
	}
	while (len < HOSTS_AT_ONCE && (hosts[len] = hostset_take(fleet->hosts)))
		len++;
	if (len == 0)
		return;
	store_begin(fleet->options.store);
	for (size_t i = 0; i < len; i++)
		write_host(fleet, hosts[i], now);
	if (fleet_commit(fleet) != 0) {
		put_back(fleet, hosts, len);
		return;
	}
	int error = 0;
	for (size_t i = 0; i < len && error == 0; i++)
		error = tell_pollers(fleet, hosts[i], now);
	if (error != 0)
		log_err("fleet", "out of memory: an exchange's addresses are not seen");
}
