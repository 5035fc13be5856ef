/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/fleet_inside.h"
#include "monitor/log.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "storage/lookup.h"

#define HOUR_MS INT64_C(3600000)
#define HOURLY_POINTS_MOST 100000 /* more points have daily coverage buckets */
#define HOURLY_INTERVAL_MOST 60000
#define BATCH 10000 /* points in one transaction */

static int64_t bucket_length(const struct fleet *fleet, int64_t interval_ms)
{
	return interval_ms <= HOURLY_INTERVAL_MOST &&
			fleet->points_wished <= HOURLY_POINTS_MOST
		? HOUR_MS
		: FLEET_DAY_MS;
}

/* --- comparing the store's points with the roster --- */

struct amendment {
	int64_t point;
	uint16_t rrtype;
	int64_t interval_ms; /* 0: no longer watched */
	uint8_t *domain; /* owned, NULL when no longer watched */
	size_t view;
	int64_t bucket_ms;
};

struct comparison {
	struct fleet *fleet;
	struct roster *roster;
	struct amendment *amendments; /* owned */
	size_t len;
	size_t capacity;
};

static int note_amendment(struct comparison *comparison, const struct point *point,
	int64_t interval_ms, size_t view)
{
	if (comparison->len == comparison->capacity) {
		const size_t capacity = comparison->capacity * 2 + 64;
		struct amendment *list =
			realloc(comparison->amendments, capacity * sizeof *list);
		if (!list)
			return -ENOMEM;
		comparison->amendments = list;
		comparison->capacity = capacity;
	}
	struct amendment amendment = {
		.point = point->number,
		.rrtype = point->rrtype,
		.interval_ms = interval_ms,
		.view = view,
		.bucket_ms = point->bucket_ms,
	};
	if (interval_ms != 0) {
		const size_t len = name_length(point->domain);
		amendment.domain = malloc(len);
		if (!amendment.domain)
			return -ENOMEM;
		memcpy(amendment.domain, point->domain, len);
	}
	comparison->amendments[comparison->len++] = amendment;
	return 0;
}

static int on_point(void *owner, const struct point *point, const struct pulse *pulse,
	const struct span *span, int64_t unwatched_at)
{
	struct comparison *const comparison = owner;
	struct fleet *const fleet = comparison->fleet;
	const struct conf *const conf = fleet->options.conf;
	const size_t view = conf_view_index(conf, point->view);
	const bool address = record_type_is_address(point->rrtype);
	const int64_t interval = address ? fleet_hosts_interval(fleet, point)
		: view == SIZE_MAX
		? 0
		: roster_interval(comparison->roster, point->domain, view, true);
	struct point now = *point;
	now.watched = interval != 0;
	if (interval != 0) {
		now.interval_ms = interval;
		now.timeout_ms = conf->limits.timeout_ms;
	}
	int error = 0;
	const bool left_alone = address && fleet->options.once;
	if (!left_alone &&
		(now.watched != point->watched || now.interval_ms != point->interval_ms ||
			now.timeout_ms != point->timeout_ms))
		error = note_amendment(comparison, point, interval, view);
	if (error != 0 || (view == SIZE_MAX && pulse->last_at == 0))
		return error;
	const struct poller_point known = {
		.point = &now,
		.pulse = pulse,
		.span = span,
		.unwatched = unwatched_at != 0,
	};
	error = poller_add(fleet_poller_of(fleet, point->number), &known);
	if (error == 0 && now.watched && address)
		fleet_hosts_resume(fleet, &known);
	else if (error == 0 && now.watched && span)
		fleet_hosts_answer(fleet, point->number, span->answer.set, false);
	return error;
}

static int on_server_span(void *owner, int64_t point, const struct span *span)
{
	const struct comparison *const comparison = owner;
	const int error = poller_add_deviant(
		fleet_poller_of(comparison->fleet, point), point, span);
	return error == -EINVAL ? 0 : error; /* of a view that is no more */
}

static int on_gap(void *owner, int64_t point, const struct gap *gap)
{
	const struct comparison *const comparison = owner;
	const int error =
		poller_add_gap(fleet_poller_of(comparison->fleet, point), point, gap);
	return error == -EINVAL ? 0 : error;
}

void fleet_put_point(struct fleet *fleet, struct point *point)
{
	point->timeout_ms = fleet->options.conf->limits.timeout_ms;
	point->watched = true;
	point->number = history_put_point(fleet->options.store, point);
}

static void put_point(struct fleet *fleet, const uint8_t *domain, size_t view,
	int64_t interval_ms, int64_t bucket_ms, struct point *ret_point)
{
	*ret_point = (struct point){
		.domain = domain,
		.view = fleet->options.conf->views[view].name,
		.rrtype = RECORD_TYPE_MX,
		.interval_ms = interval_ms,
		.bucket_ms = bucket_ms,
	};
	fleet_put_point(fleet, ret_point);
}

int fleet_commit(struct fleet *fleet)
{
	struct store_error error;
	const int code =
		store_commit(fleet->options.store, fleet->options.timeline.at, &error);
	if (code != 0)
		log_err("store", "cannot write error=%s", log_quote(error.text));
	return code;
}

static void amend_point(struct fleet *fleet, const struct amendment *amendment)
{
	struct point point = {
		.domain = amendment->domain,
		.view = fleet->options.conf->views[amendment->view].name,
		.rrtype = amendment->rrtype,
		.interval_ms = amendment->interval_ms,
		.bucket_ms = amendment->bucket_ms,
	};
	fleet_put_point(fleet, &point);
}

static int amend_points(struct fleet *fleet, const struct comparison *comparison)
{
	struct store *const store = fleet->options.store;
	for (size_t i = 0; i < comparison->len;) {
		store_begin(store);
		for (size_t end = i + BATCH; i < end && i < comparison->len; i++) {
			const struct amendment *const amendment =
				&comparison->amendments[i];
			if (amendment->interval_ms != 0)
				amend_point(fleet, amendment);
			else
				history_unwatch_point(store, amendment->point,
					fleet->options.timeline.at);
		}
		const int error = fleet_commit(fleet);
		if (error != 0)
			return error;
	}
	return 0;
}

struct addition {
	struct fleet *fleet;
	size_t len; /* in the open transaction */
};

/* A new point: its number is known within the transaction; a commit that fails ends the start, so
 * that nothing polls a point that is not there. */
static int on_new(void *owner, const uint8_t *domain, size_t view, int64_t interval_ms)
{
	struct addition *const addition = owner;
	struct fleet *const fleet = addition->fleet;
	struct point point;
	static const struct pulse nothing;
	put_point(fleet, domain, view, interval_ms, bucket_length(fleet, interval_ms),
		&point);
	if (point.number == 0)
		return fleet_commit(fleet);
	const struct poller_point fresh = {.point = &point, .pulse = &nothing};
	int error = poller_add(fleet_poller_of(fleet, point.number), &fresh);
	if (error == 0 && ++addition->len % BATCH == 0) {
		error = fleet_commit(fleet);
		store_begin(fleet->options.store);
	}
	return error;
}

static int add_points(struct fleet *fleet, struct roster *roster)
{
	struct addition addition = {.fleet = fleet};
	store_begin(fleet->options.store);
	const int error = roster_each_new(roster, on_new, &addition);
	if (error != 0) {
		store_rollback(fleet->options.store);
		return error;
	}
	return fleet_commit(fleet);
}

static int deal(struct fleet *fleet, struct roster *roster)
{
	struct comparison comparison = {.fleet = fleet, .roster = roster};
	const struct lookup_resume resume = {
		.owner = &comparison,
		.on_point = on_point,
		.on_server_span = on_server_span,
		.on_gap = on_gap,
	};
	int error = lookup_resume(fleet->options.store, &resume);
	if (error == 0)
		error = amend_points(fleet, &comparison);
	if (error == 0)
		error = add_points(fleet, roster);
	for (size_t i = 0; i < comparison.len; i++)
		free(comparison.amendments[i].domain);
	free(comparison.amendments);
	return error;
}

/* --- life --- */

static int make_pollers(struct fleet *fleet)
{
	const unsigned threads = fleet->options.conf->limits.threads;
	fleet->pollers = calloc(threads, sizeof(*fleet->pollers));
	if (!fleet->pollers)
		return -ENOMEM;
	int error = 0;
	while (error == 0 && fleet->len < threads) {
		const struct poller_options options = {
			.conf = fleet->options.conf,
			.index = fleet->len,
			.count = threads,
			.news = fleet->options.queue,
			.timeline = fleet->options.timeline,
			.interruption = fleet->options.interruption,
			.once = fleet->options.once,
		};
		error = poller_create(&options, &fleet->pollers[fleet->len]);
		fleet->len += error == 0;
	}
	return error;
}

int fleet_create(const struct fleet_options *options, struct roster *roster,
	struct fleet **ret_fleet)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);
	if (!fleet)
		return -ENOMEM;
	fleet->options = *options;
	fleet->points_wished = roster_len(roster) * options->conf->views_len;
	int error = fleet_hosts_create(fleet);
	if (error == 0)
		error = make_pollers(fleet);
	if (error == 0)
		error = deal(fleet, roster);
	if (error != 0) {
		fleet_destroy(fleet);
		return error;
	}
	*ret_fleet = fleet;
	return 0;
}

void fleet_destroy(struct fleet *fleet)
{
	if (!fleet)
		return;
	for (unsigned i = 0; i < fleet->len; i++)
		poller_destroy(fleet->pollers[i]);
	free(fleet->pollers);
	hostset_destroy(fleet->hosts);
	free(fleet);
}

int fleet_start(struct fleet *fleet)
{
	int error = 0;
	for (unsigned i = 0; error == 0 && i < fleet->len; i++)
		error = poller_start(fleet->pollers[i]);
	return error;
}

void fleet_stop(struct fleet *fleet)
{
	for (unsigned i = 0; fleet && i < fleet->len; i++)
		poller_stop(fleet->pollers[i]);
}

unsigned fleet_pollers(const struct fleet *fleet)
{
	return fleet->len;
}

struct poller_tally fleet_tally(const struct fleet *fleet)
{
	struct poller_tally all = {.targets = 0};
	for (unsigned i = 0; fleet && i < fleet->len; i++) {
		const struct poller_tally one = poller_tally(fleet->pollers[i]);
		all.targets += one.targets;
		all.polls += one.polls;
		for (size_t j = 0; j < sizeof all.answers / sizeof *all.answers; j++)
			all.answers[j] += one.answers[j];
		if (one.lag_most_ms > all.lag_most_ms)
			all.lag_most_ms = one.lag_most_ms;
	}
	return all;
}

static int cease(
	struct fleet *fleet, const uint8_t *domain, const char *view, int64_t now)
{
	struct store *const store = fleet->options.store;
	store_begin(store);
	const int64_t number = history_find_point(store, domain, view, RECORD_TYPE_MX);
	if (number != 0)
		history_unwatch_point(store, number, now);
	const int error = fleet_commit(fleet);
	if (error != 0 || number == 0)
		return error;
	static const struct mxset nothing;
	fleet_hosts_answer(fleet, number, &nothing, false);
	return poller_remove(fleet_poller_of(fleet, number), number);
}

int fleet_set(struct fleet *fleet, const uint8_t *domain, size_t view,
	int64_t interval_ms, int64_t now)
{
	fleet->options.timeline.at = now;
	if (interval_ms == 0)
		return cease(fleet, domain, fleet->options.conf->views[view].name, now);
	struct point point;
	struct mxset hosts = {.len = 0};
	enum answer_state state;
	store_begin(fleet->options.store);
	put_point(fleet, domain, view, interval_ms, bucket_length(fleet, interval_ms),
		&point);
	history_open_answer(fleet->options.store, point.number, NULL, &state, &hosts);
	const int error = fleet_commit(fleet);
	if (error == 0)
		fleet_hosts_answer(fleet, point.number, &hosts, false);
	mxset_finish(&hosts);
	if (error != 0)
		return error;
	static const struct pulse nothing;
	const struct poller_point fresh = {.point = &point, .pulse = &nothing};
	return poller_add(fleet_poller_of(fleet, point.number), &fresh);
}

int fleet_flush(struct fleet *fleet)
{
	int error = 0;
	for (unsigned i = 0; error == 0 && i < fleet->len; i++)
		error = poller_flush(fleet->pollers[i]);
	return error;
}

int fleet_set_resolvers(struct fleet *fleet, const struct endpoint *servers, size_t len)
{
	int error = 0;
	for (unsigned i = 0; error == 0 && i < fleet->len; i++)
		error = poller_set_resolvers(fleet->pollers[i], servers, len);
	return error;
}
