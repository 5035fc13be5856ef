/* SPDX-License-Identifier: MIT */
#include "monitor/casefile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/describe.h"
#include "monitor/typo.h"
#include "storage/deliveries_lookup.h"
#include "storage/incidents.h"
#include "storage/lookup.h"

#define VIEWS_MAX 16
#define BEFORE_MS INT64_C(7200000)

/* What one view had, gathered span by span. */
struct seen {
	char *view; /* owned, as are the texts */
	char *before;
	char *since;
	char *now;
};

struct casefile_parts {
	struct incident *incident; /* owned */
	char id[STORE_ID_MAX];
	char domain[NAME_TEXT_MAX];
	char spoken[NAME_TEXT_MAX];
	struct seen seen[VIEWS_MAX];
	struct story_view views[VIEWS_MAX];
	size_t views_len;
	uint32_t ttl_s; /* the largest since the change */
	struct story_mail mail;
	char *coverage; /* owned */
};

/* While it is being gathered. */
struct gathering {
	const struct casefile_options *options;
	struct casefile *casefile;
	struct casefile_parts *parts;
	FILE *coverage;
	FILE *addresses;
};

/* --- what the views said --- */

static struct seen *find_view(struct casefile_parts *parts, const char *view)
{
	for (size_t i = 0; i < parts->views_len; i++)
		if (strcmp(parts->seen[i].view, view) == 0)
			return &parts->seen[i];
	if (parts->views_len == VIEWS_MAX)
		return NULL;
	struct seen *const seen = &parts->seen[parts->views_len];
	*seen = (struct seen){.view = strdup(view)};
	if (!seen->view)
		return NULL;
	parts->views_len++;
	return seen;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = strdup(by);
}

/* Whether the view had it before the change. Another view than the one that the incident began
 * with may have seen the change first, but none while that one's old answer was still seen. */
static bool is_before(const struct incident *incident, const struct span *span)
{
	return incident->change_not_before != 0
		? span->first_at <= incident->change_not_before
		: span->first_at < incident->change_at;
}

/* By first sight: the last one before the change, the first one after it, the last of all. */
static int on_span(void *owner, const struct span *span)
{
	const struct gathering *const gathering = owner;
	struct casefile_parts *const parts = gathering->parts;
	if (span->server || span->rrtype != RECORD_TYPE_MX)
		return 0;
	struct seen *const seen = find_view(parts, span->view);
	if (!seen)
		return 0;
	char *const answer = describe_answer(gathering->options->operators,
		RECORD_TYPE_MX, &span->answer, gathering->options->utf8);
	if (!answer)
		return -ENOMEM;
	for (char *tab = strchr(answer, '\t'); tab; tab = strchr(tab, '\t'))
		*tab = ' ';
	if (is_before(parts->incident, span)) {
		replace(&seen->before, answer);
	} else if (!seen->since) {
		replace(&seen->since, answer);
		if (span->ttl_max > parts->ttl_s)
			parts->ttl_s = span->ttl_max;
	}
	replace(&seen->now, answer);
	free(answer);
	return 0;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	const struct gathering *const gathering = owner;
	char polls[DESCRIBE_TEXT_MAX];
	char apart[DESCRIBE_TEXT_MAX];
	if (coverage->polls == 0)
		fprintf(gathering->coverage, "The view %s gave no usable answer then. ",
			coverage->view);
	else
		fprintf(gathering->coverage,
			"The view %s gave %s%s usable answers then, at most %s apart. ",
			coverage->view, coverage->polls_exact ? "" : "at least ",
			describe_count(coverage->polls, polls),
			describe_duration(coverage->largest_gap_ms, apart));
	return 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return b != 0 && b < a ? b : a;
}

/* A domain that was never polled has nothing. */
static int look_at_views(struct gathering *gathering)
{
	const struct incident *const incident = gathering->parts->incident;
	struct lookup_window window = {
		.domain = incident->domain,
		.now = gathering->options->now,
		.from = least(incident->suspected_at, incident->change_not_before),
		.to = incident->closed_at,
	};
	if (!incident->domain)
		return 0;
	if (window.to != 0 && window.to <= window.from)
		window.to = 0;
	int err = lookup_coverage(
		gathering->options->store, &window, on_coverage, gathering);
	window.to = 0;
	window.from -= BEFORE_MS; /* other views asked last at other times */
	if (err == 0 && incident->change_at != 0)
		err = lookup_spans(
			gathering->options->store, &window, on_span, gathering);
	return err == -ENOENT ? 0 : err;
}

/* --- what became of mail --- */

/* At the domain before the bounces, and everywhere. */
static int look_at_mail(struct gathering *gathering)
{
	struct casefile_parts *const parts = gathering->parts;
	const struct incident *const incident = parts->incident;
	struct store *const store = gathering->options->store;
	const int64_t end =
		incident->closed_at != 0 ? incident->closed_at : gathering->options->now;
	const int64_t first = incident->first_bounce_at;
	struct deliveries_sums sums = {0};
	int err = 0;
	if (incident->domain && first != 0)
		err = deliveries_sum(
			store, incident->domain, first - BEFORE_MS, first, &sums);
	parts->mail.deferred_before = sums.deferred;
	parts->mail.greylisted_before = sums.greylisted;
	if (err == 0)
		err = deliveries_sum(store, NULL, incident->suspected_at, end, &sums);
	parts->mail.accepted_all = sums.accepted;
	parts->mail.bounced_all = sums.bounced;
	return err;
}

static int on_recipient(void *owner, const struct incident_recipient *recipient)
{
	const struct gathering *const gathering = owner;
	struct casefile *const casefile = gathering->casefile;
	const bool wanted = recipient->advice == ADVICE_REACTIVATE;
	casefile->story.leave += !wanted;
	casefile->story.repeated += wanted && recipient->bounces > 1;
	casefile->story.nameless += wanted && !recipient->address;
	if (wanted && recipient->address &&
		casefile->addresses_len < gathering->options->addresses_most) {
		fprintf(gathering->addresses, "%s\n", recipient->address);
		casefile->addresses_len++;
	}
	return 0;
}

/* --- the whole --- */

static int on_incident(void *owner, const struct incident *incident)
{
	struct casefile_parts *const parts = owner;
	parts->incident = incident_copy(incident);
	return parts->incident ? 0 : -ENOMEM;
}

static void name_it(struct gathering *gathering)
{
	struct casefile_parts *const parts = gathering->parts;
	const uint8_t *const domain = parts->incident->domain;
	struct story *const story = &gathering->casefile->story;
	story->id = incidents_id_format(
		gathering->options->store, parts->incident->number, parts->id);
	story->domain = parts->domain;
	if (!domain)
		return;
	name_format(domain, parts->domain);
	if (gathering->options->utf8 &&
		strcmp(name_format_display(domain, parts->spoken), parts->domain) != 0)
		story->spoken = parts->spoken;
	if (parts->incident->kind == INCIDENT_LIST_QUALITY)
		story->meant = typo_meant(parts->domain);
}

static void arrange(struct gathering *gathering)
{
	struct casefile_parts *const parts = gathering->parts;
	struct story *const story = &gathering->casefile->story;
	for (size_t i = 0; i < parts->views_len; i++)
		parts->views[i] = (struct story_view){
			.view = parts->seen[i].view,
			.before = parts->seen[i].before,
			.since = parts->seen[i].since,
			.now = parts->seen[i].now,
		};
	story->incident = parts->incident;
	story->views = parts->views;
	story->views_len = parts->views_len;
	story->mail = &parts->mail;
	story->coverage = parts->coverage;
	story->ttl_s = parts->ttl_s;
}

static int gather(struct gathering *gathering, int64_t number)
{
	struct store *const store = gathering->options->store;
	int err = incidents_get(store, number, on_incident, gathering->parts);
	if (err == 0)
		err = look_at_views(gathering);
	if (err == 0)
		err = look_at_mail(gathering);
	if (err == 0)
		err = incidents_recipients(store, number, 0, on_recipient, gathering);
	return err;
}

/* Closes what was written into memory. */
static int end(FILE *stream)
{
	const bool failed = stream && ferror(stream);
	return !stream || fclose(stream) != 0 || failed ? -ENOMEM : 0;
}

int casefile_open(const struct casefile_options *options, int64_t number,
	struct casefile **ret_casefile)
{
	struct casefile *const casefile = calloc(1, sizeof *casefile);
	struct casefile_parts *const parts = calloc(1, sizeof *parts);
	if (!casefile || !parts) {
		free(casefile);
		free(parts);
		return -ENOMEM;
	}
	casefile->parts = parts;
	size_t len;
	struct gathering gathering = {
		.options = options,
		.casefile = casefile,
		.parts = parts,
		.coverage = open_memstream(&parts->coverage, &len),
		.addresses = open_memstream(&casefile->addresses, &len),
	};
	int err = gathering.coverage && gathering.addresses ? gather(&gathering, number)
							    : -ENOMEM;
	const int ends[] = {end(gathering.coverage), end(gathering.addresses)};
	for (size_t i = 0; i < 2 && err == 0; i++)
		err = ends[i];
	if (err != 0) {
		casefile_close(casefile);
		return err;
	}
	arrange(&gathering);
	name_it(&gathering);
	*ret_casefile = casefile;
	return 0;
}

void casefile_close(struct casefile *casefile)
{
	if (!casefile)
		return;
	struct casefile_parts *const parts = casefile->parts;
	for (size_t i = 0; i < parts->views_len; i++) {
		free(parts->seen[i].view);
		free(parts->seen[i].before);
		free(parts->seen[i].since);
		free(parts->seen[i].now);
	}
	free(parts->incident);
	free(parts->coverage);
	free(parts);
	free(casefile->addresses);
	free(casefile);
}
