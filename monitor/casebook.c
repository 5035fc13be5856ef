/* SPDX-License-Identifier: MIT */
#include "monitor/casebook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/casebook_inside.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/decide/feeders.h"
#include "monitor/decide/memory.h"
#include "monitor/log.h"
#include "monitor/operators.h"
#include "monitor/roster.h"
#include "storage/incidents.h"
#include "storage/store.h"

/* --- domains --- */

static const void *domain_of(const void *thing, size_t *ret_len)
{
	const struct acquainted *one = thing;
	*ret_len = name_length(one->domain);
	return one->domain;
}

static int make_room(struct casebook *casebook)
{
	if (casebook->acquainted_len < casebook->acquainted_room)
		return 0;
	const size_t room =
		casebook->acquainted_room > 0 ? 2 * casebook->acquainted_room : 256;
	struct acquainted **list =
		reallocarray(casebook->acquainted, room, sizeof(struct acquainted *));
	if (!list)
		return -ENOMEM;
	casebook->acquainted = list;
	casebook->acquainted_room = room;
	return 0;
}

struct acquainted *casebook_acquaint(struct casebook *casebook, const uint8_t *domain)
{
	const size_t len = name_length(domain);
	struct acquainted *one = lexicon_find(&casebook->domains, domain, len);
	if (one)
		return one;
	one = make_room(casebook) == 0 ? calloc(1, sizeof *one + len) : NULL;
	if (!one)
		return NULL;
	one->watch = CASEBOOK_UNLISTED;
	memcpy(one->domain, domain, len);
	if (lexicon_add(&casebook->domains, one) != 0) {
		free(one);
		return NULL;
	}
	casebook->acquainted[casebook->acquainted_len++] = one;
	return one;
}

void casebook_check(struct casebook *casebook, int error)
{
	if (error != 0 && !casebook->troubled)
		log_err("casebook", "incidents may be missed error=%s", strerror(-error));
	casebook->troubled = error != 0;
}

/* --- views --- */

int casebook_view(const struct casebook *casebook, const char *name)
{
	const size_t view = conf_view_index(casebook->conf, name);
	return view < DECIDE_VIEWS_MAX ? (int)view : -1;
}

/* What the rules wait for, counted in polls, is to hold for the slowest watch too. */
static int64_t interval_of(const struct conf *conf, size_t view)
{
	int64_t longest = 0;
	for (size_t i = 0; i < conf->watches_len; i++) {
		const struct conf_watch *const watch = &conf->watches[i];
		for (size_t k = 0; k < watch->views_len; k++)
			if (watch->views[k] == view && watch->interval_ms > longest)
				longest = watch->interval_ms;
	}
	return longest > 0 ? longest : ROSTER_INTERVAL_MS;
}

/* The numbers of the views are those of the configuration. */
static int add_views(struct casebook *casebook)
{
	const struct conf *const conf = casebook->conf;
	for (size_t i = 0; i < conf->views_len && i < DECIDE_VIEWS_MAX; i++) {
		const int number = decide_view(casebook->decide, conf->views[i].name,
			conf->views[i].kind == CONF_VIEW_AUTHORITATIVE,
			interval_of(conf, i));
		if (number < 0)
			return number;
	}
	if (conf->views_len > DECIDE_VIEWS_MAX)
		log_warn("casebook", "incidents go by the first views alone views=%d",
			DECIDE_VIEWS_MAX);
	return 0;
}

/* --- what is expected --- */

static void tell_expectation(
	struct casebook *casebook, const struct decide_expectation *expectation)
{
	casebook_check(casebook, decide_expect(casebook->decide, expectation));
}

static void tell_configured(struct casebook *casebook, const struct acquainted *one)
{
	const struct conf_watch *const watch = &casebook->conf->watches[one->watch];
	const struct decide_expectation expectation = {
		.domain = one->domain,
		.operators = (const char *const *)watch->expect,
		.operators_len = watch->expect_len,
	};
	tell_expectation(casebook, &expectation);
}

/* operators: names, each ended by a line feed. */
static int on_expectation(void *owner, const struct expectation *expectation)
{
	struct casebook *const casebook = owner;
	const char *names[64];
	size_t len = 0;
	if (expectation->until_at != 0 && expectation->until_at <= casebook->now)
		return 0;
	struct acquainted *const one = casebook_acquaint(casebook, expectation->domain);
	char *const copy = strdup(expectation->operators);
	if (!one || !copy) {
		free(copy);
		return -ENOMEM;
	}
	char *rest = NULL;
	for (char *name = strtok_r(copy, "\n", &rest);
		name && len < sizeof names / sizeof *names;
		name = strtok_r(NULL, "\n", &rest))
		names[len++] = name;
	const struct decide_expectation told = {
		.domain = expectation->domain,
		.operators = names,
		.operators_len = len,
		.until_at = expectation->until_at,
	};
	one->expected = true;
	tell_expectation(casebook, &told);
	free(copy);
	return 0;
}

void casebook_expect(struct casebook *casebook)
{
	if (!casebook || !casebook->decide)
		return;
	for (size_t i = 0; i < casebook->acquainted_len; i++) {
		struct acquainted *const one = casebook->acquainted[i];
		if (one->expected)
			tell_expectation(casebook,
				&(struct decide_expectation){
					.domain = one->domain, .nothing = true});
		if (one->expected && one->watch != CASEBOOK_UNLISTED)
			tell_configured(casebook, one);
		one->expected = false;
	}
	casebook_check(casebook,
		incidents_each_expectation(
			casebook->store, NULL, on_expectation, casebook));
	casebook->learnt = true;
}

struct listing {
	struct casebook *casebook;
	size_t watch;
};

static int on_listed(void *owner, const uint8_t *domain)
{
	const struct listing *const listing = owner;
	struct acquainted *const one = casebook_acquaint(listing->casebook, domain);
	if (!one)
		return -ENOMEM;
	one->watch = listing->watch;
	tell_configured(listing->casebook, one);
	return 0;
}

void casebook_watch(struct casebook *casebook, struct roster *roster)
{
	if (!casebook || !casebook->decide)
		return;
	const struct conf *const conf = casebook->conf;
	for (size_t i = 0; i < conf->views_len && i < DECIDE_VIEWS_MAX; i++)
		decide_set_watched(casebook->decide, (int)i, roster_points(roster, i));
	for (size_t i = 0; i < conf->watches_len; i++) {
		struct listing listing = {casebook, i};
		if (conf->watches[i].expect_len > 0)
			casebook_check(casebook,
				roster_each_of_watch(roster, i, on_listed, &listing));
	}
	casebook_expect(casebook);
	decide_expect_no_other(casebook->decide);
}

/* --- beginning and end --- */

/* By the files of the configuration, or without those that cannot be read. */
static int load_operators(struct casebook *casebook)
{
	const struct conf_file *const file = casebook->conf->file;
	struct operators_error error;
	int code = operators_create(file ? file->operators_file : NULL,
		file ? file->asn_file : NULL, &casebook->operators, &error);
	if (code == 0 || code == -ENOMEM)
		return code;
	log_err("casebook", "mail hosts are known by the built-in table alone error=%s",
		log_quote(error.text));
	code = operators_create(NULL, NULL, &casebook->operators, &error);
	return code;
}

struct lagging {
	struct casebook *casebook;
	int64_t number;
};

static int on_recipient(void *owner, const struct incident_recipient *recipient)
{
	const struct lagging *const lagging = owner;
	return decide_catch_recipient(
		lagging->casebook->decide, lagging->number, recipient);
}

/* The last monitor crashed, and a large row of memory was behind. */
static int catch_up(struct casebook *casebook, const struct incident *incident)
{
	struct lagging lagging = {casebook, incident->number};
	const int error = incidents_recipients(
		casebook->store, incident->number, 0, on_recipient, &lagging);
	if (error == 0)
		decide_catch_up(casebook->decide, incident);
	return error;
}

static int on_open(void *owner, const struct incident *incident)
{
	struct casebook *const casebook = owner;
	const struct standing standing = {
		incident->number, incident->kind, incident->state};
	struct acquainted *const one =
		incident->domain ? casebook_acquaint(casebook, incident->domain) : NULL;
	int error = 0;
	if (one)
		one->involved = true;
	if (decide_lags(casebook->decide, incident))
		error = catch_up(casebook, incident);
	return error == 0 ? casebook_note(casebook, &standing) : error;
}

static int on_recalled(void *owner, const struct incident *incident)
{
	const struct casebook *const casebook = owner;
	if (incident->state == INCIDENT_CLOSED)
		decide_close(casebook->decide, incident->number, incident->closed_at);
	return 0;
}

static int on_number(void *owner, int64_t number)
{
	const struct casebook *const casebook = owner;
	const int error = incidents_get(casebook->store, number, on_recalled, owner);
	return error == -ENOENT ? 0 : error;
}

static void keep_feeders(struct casebook *casebook)
{
	const struct conf_file *const file = casebook->conf->file;
	const char *names[FEEDERS_MOST];
	size_t len = 0;
	for (size_t i = 0; file && i < file->deliveries_count && len < FEEDERS_MOST; i++)
		names[len++] = file->deliveries[i].name;
	decide_feeders_keep(casebook->decide, names, len);
}

/* Views may have come back, or turned, while nobody looked. */
static void meet_involved(struct casebook *casebook)
{
	for (size_t i = 0; i < casebook->acquainted_len; i++)
		if (casebook->acquainted[i]->involved)
			casebook_meet(casebook, casebook->acquainted[i]);
}

static int load(struct casebook *casebook)
{
	const struct conf_file *const file = casebook->conf->file;
	const bool budgeted =
		file && file->detection && file->detection->false_alarms_per_year;
	int code = load_operators(casebook);
	if (code != 0)
		return code;
	const struct decide_options options = {
		.operators = casebook->operators,
		.false_alarms_per_year =
			budgeted ? *file->detection->false_alarms_per_year : 0,
	};
	code = decide_create(&options, &casebook->decide);
	if (code == 0)
		code = add_views(casebook);
	const struct incidents_filter filter = {.open_only = true};
	if (code == 0)
		code = casebook_recall(casebook);
	if (code == 0)
		keep_feeders(casebook);
	if (code == 0) /* people may have closed some while nobody ran */
		code = decide_each_open(casebook->decide, on_number, casebook);
	if (code == 0)
		code = incidents_each(casebook->store, &filter, on_open, casebook);
	if (code == 0)
		meet_involved(casebook);
	return code;
}

static void unload(struct casebook *casebook)
{
	decide_destroy(casebook->decide);
	operators_destroy(casebook->operators);
	casebook->decide = NULL;
	casebook->operators = NULL;
	for (size_t i = 0; i < casebook->acquainted_len; i++)
		free(casebook->acquainted[i]);
	casebook->acquainted_len = 0;
	lexicon_finish(&casebook->domains);
	casebook->standings_len = 0;
	casebook->entries_len = 0;
	casebook->names_len = 0;
}

int casebook_create(struct store *store, const struct conf *conf, int64_t now,
	struct casebook **ret_casebook)
{
	struct casebook *casebook = calloc(1, sizeof *casebook);
	if (!casebook)
		return -ENOMEM;
	casebook->store = store;
	const int code = casebook_reload(casebook, conf, now);
	if (code != 0) {
		casebook_destroy(casebook);
		return code;
	}
	*ret_casebook = casebook;
	return 0;
}

int casebook_reload(struct casebook *casebook, const struct conf *conf, int64_t now)
{
	if (!casebook)
		return 0;
	casebook_flush(casebook, now);
	unload(casebook);
	lexicon_init(&casebook->domains, domain_of);
	casebook->conf = conf;
	casebook->now = now;
	casebook->remembered_at = now;
	const int code = load(casebook);
	if (code != 0)
		unload(casebook);
	return code;
}

void casebook_destroy(struct casebook *casebook)
{
	if (!casebook)
		return;
	unload(casebook);
	orphans_finish(&casebook->orphans);
	free(casebook->acquainted);
	free(casebook->standings);
	free(casebook->entries);
	free(casebook->names);
	free(casebook);
}

struct decide_totals casebook_totals(const struct casebook *casebook)
{
	if (!casebook || !casebook->decide)
		return (struct decide_totals){0};
	return decide_totals(casebook->decide);
}

struct operators *casebook_operators(const struct casebook *casebook)
{
	return casebook ? casebook->operators : NULL;
}
