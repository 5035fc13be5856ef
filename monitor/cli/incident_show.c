/* SPDX-License-Identifier: MIT */
/* `incidents show`: the story of one incident, with what the history knows around it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/story.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/describe.h"
#include "monitor/cli/incident_row.h"
#include "monitor/cli/row.h"
#include "monitor/typo.h"
#include "storage/deliveries_lookup.h"
#include "storage/incidents.h"

#define VIEWS_MAX 16
#define BEFORE_MS INT64_C(7200000)

/* What one view had, gathered span by span. */
struct seen {
	char *view; /* owned, as are the texts */
	char *before;
	char *since;
	char *now;
};

struct showing {
	struct cli *cli;
	const struct incident *incident;
	struct seen views[VIEWS_MAX];
	size_t views_len;
	uint32_t ttl_s; /* the largest since the change */
	FILE *coverage;
	struct story_mail mail;
	uint64_t leave;
	uint64_t nameless;
	uint64_t repeated;
};

static struct seen *find_view(struct showing *showing, const char *view)
{
	struct seen *seen;

	for (size_t i = 0; i < showing->views_len; i++)
		if (strcmp(showing->views[i].view, view) == 0)
			return &showing->views[i];
	if (showing->views_len == VIEWS_MAX)
		return NULL;
	seen = &showing->views[showing->views_len];
	*seen = (struct seen){.view = strdup(view)};
	if (seen->view == NULL)
		return NULL;
	showing->views_len++;
	return seen;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = strdup(by);
}

/* By first sight: the last one before the change, the first one after it, the last of all. */
static int on_span(void *owner, const struct span *span)
{
	struct showing *showing = owner;
	struct seen *seen;
	char *answer;

	if (span->server != NULL || span->rrtype != RECORD_TYPE_MX)
		return 0;
	seen = find_view(showing, span->view);
	answer = describe_answer(showing->cli->operators, RECORD_TYPE_MX, &span->answer,
		showing->cli->utf8);
	if (seen == NULL || answer == NULL) {
		free(answer);
		return seen == NULL ? 0 : -ENOMEM;
	}
	for (char *tab = strchr(answer, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	if (span->first_at < showing->incident->change_at) {
		replace(&seen->before, answer);
	} else if (seen->since == NULL) {
		replace(&seen->since, answer);
		if (span->ttl_max > showing->ttl_s)
			showing->ttl_s = span->ttl_max;
	}
	replace(&seen->now, answer);
	free(answer);
	return 0;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct showing *showing = owner;
	char polls[DESCRIBE_TEXT_MAX];
	char apart[DESCRIBE_TEXT_MAX];

	if (coverage->polls == 0)
		fprintf(showing->coverage, "The view %s gave no usable answer then. ",
			coverage->view);
	else
		fprintf(showing->coverage,
			"The view %s gave %s%s usable answers then, at most %s apart. ",
			coverage->view, coverage->polls_exact ? "" : "at least ",
			describe_count(coverage->polls, polls),
			describe_duration(coverage->largest_gap_ms, apart));
	return 0;
}

static int on_recipient(void *owner, const struct incident_recipient *recipient)
{
	struct showing *showing = owner;
	const bool wanted = recipient->advice == ADVICE_REACTIVATE;

	showing->leave += !wanted;
	showing->repeated += wanted && recipient->bounces > 1;
	showing->nameless += wanted && recipient->address == NULL;
	return 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return b != 0 && b < a ? b : a;
}

/* What else became of mail: at the domain before the bounces, and everywhere. */
static int look_at_mail(struct showing *showing)
{
	const struct incident *incident = showing->incident;
	struct store *store = showing->cli->store;
	const int64_t end =
		incident->closed_at != 0 ? incident->closed_at : showing->cli->now;
	const int64_t first = incident->first_bounce_at;
	struct deliveries_sums sums = {0};
	int err = 0;

	if (incident->domain != NULL && first != 0)
		err = deliveries_sum(
			store, incident->domain, first - BEFORE_MS, first, &sums);
	showing->mail.deferred_before = sums.deferred;
	showing->mail.greylisted_before = sums.greylisted;
	if (err == 0)
		err = deliveries_sum(store, NULL, incident->suspected_at, end, &sums);
	showing->mail.accepted_all = sums.accepted;
	showing->mail.bounced_all = sums.bounced;
	return err;
}

/* What the history has around the incident. A domain that was never polled has nothing. */
static int look_around(struct showing *showing)
{
	const struct incident *incident = showing->incident;
	struct store *store = showing->cli->store;
	struct lookup_window window = {
		.domain = incident->domain,
		.now = showing->cli->now,
		.to = incident->closed_at,
	};
	int err = 0;

	window.from = least(incident->suspected_at, incident->change_not_before);
	if (window.to != 0 && window.to <= window.from)
		window.to = 0;
	if (incident->domain != NULL)
		err = lookup_coverage(store, &window, on_coverage, showing);
	window.to = 0;
	if (err == 0 && incident->domain != NULL && incident->change_at != 0)
		err = lookup_spans(store, &window, on_span, showing);
	if (err == -ENOENT)
		err = 0;
	if (err == 0)
		err = look_at_mail(showing);
	if (err == 0)
		err = incidents_recipients(
			store, incident->number, 0, on_recipient, showing);
	return err;
}

static int write_story(struct showing *showing, const char *coverage)
{
	const struct incident *incident = showing->incident;
	struct story_view views[VIEWS_MAX];
	char id[STORE_ID_MAX];
	char domain[NAME_TEXT_MAX] = "";
	char spoken[NAME_TEXT_MAX];
	struct story story = {
		.incident = incident,
		.id = incidents_id_format(showing->cli->store, incident->number, id),
		.domain = domain,
		.views = views,
		.views_len = showing->views_len,
		.mail = &showing->mail,
		.coverage = coverage,
		.leave = showing->leave,
		.repeated = showing->repeated,
		.nameless = showing->nameless,
		.ttl_s = showing->ttl_s,
	};

	for (size_t i = 0; i < showing->views_len; i++)
		views[i] = (struct story_view){
			.view = showing->views[i].view,
			.before = showing->views[i].before,
			.since = showing->views[i].since,
			.now = showing->views[i].now,
		};
	if (incident->domain != NULL)
		name_format(incident->domain, domain);
	if (incident->domain != NULL && showing->cli->utf8 &&
		strcmp(name_format_display(incident->domain, spoken), domain) != 0)
		story.spoken = spoken;
	if (incident->kind == INCIDENT_LIST_QUALITY)
		story.meant = typo_meant(domain);
	return story_write(&story, stdout);
}

static int tell(struct showing *showing)
{
	char *coverage = NULL;
	size_t len;
	int err;

	showing->coverage = open_memstream(&coverage, &len);
	if (showing->coverage == NULL)
		return -ENOMEM;
	err = look_around(showing);
	if (fclose(showing->coverage) != 0)
		err = -ENOMEM;
	if (err == 0)
		err = write_story(showing, coverage);
	free(coverage);
	for (size_t i = 0; i < showing->views_len; i++) {
		free(showing->views[i].view);
		free(showing->views[i].before);
		free(showing->views[i].since);
		free(showing->views[i].now);
	}
	return err;
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct cli *cli = owner;
	struct showing showing = {.cli = cli, .incident = incident};
	char id[STORE_ID_MAX];

	if (!cli->json)
		return tell(&showing);
	incidents_id_format(cli->store, incident->number, id);
	return row_print(incident_row_of(id, incident));
}

enum cli_status cli_incidents_show(struct cli *cli)
{
	int64_t number;
	enum cli_status status = cli_open_store(cli);
	int err;

	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status == CLI_DONE)
		status = cli_read_incident(cli, &number);
	if (status != CLI_DONE)
		return status;
	err = incidents_get(cli->store, number, on_incident, cli);
	if (err == -ENOENT)
		cli_say("there is no incident %s", cli->options.arguments[0]);
	else if (err < 0)
		cli_look_up_failed(err, NULL);
	return err < 0 ? CLI_FAILED : cli_finish_output();
}
