/* SPDX-License-Identifier: MIT */
#include "monitor/chart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/chart_inside.h"
#include "monitor/describe.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/store.h"

#define MARGIN_LEAST INT64_C(1800000)
#define SECONDS 19 /* of a described instant: "2023-08-29 10:12:09" */

static int64_t least(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static char *describe_second(int64_t at, char ret_text[DESCRIBE_TEXT_MAX])
{
	describe_instant(at, ret_text);
	ret_text[SECONDS] = '\0';
	return ret_text;
}

static struct chart *make(const struct chart_options *options, const uint8_t *domain)
{
	struct chart *const chart = calloc(1, sizeof *chart);
	struct chart_parts *const parts = calloc(1, sizeof *parts);

	if (chart == NULL || parts == NULL) {
		free(chart);
		free(parts);
		return NULL;
	}
	parts->options = options;
	parts->domain = domain;
	chart->parts = parts;
	return chart;
}

static void say_footer(struct chart_parts *parts)
{
	const struct chart_options *const options = parts->options;
	char made[DESCRIBE_TEXT_MAX];

	if (asprintf(&parts->footer, "mxvigil %s, site %s, made %s UTC", MXVIGIL_VERSION,
		    store_site(options->store), describe_second(options->now, made)) < 0)
		parts->footer = NULL;
}

/* Takes the chart where it fails. */
static int finish(struct chart *chart, int err, struct chart **ret_chart)
{
	struct chart_parts *const parts = chart->parts;
	struct timeline *const timeline = &chart->timeline;

	if (err == 0)
		say_footer(parts);
	if (err == 0 &&
		(parts->title == NULL || parts->subtitle == NULL ||
			parts->footer == NULL))
		err = -ENOMEM;
	if (err != 0) {
		chart_close(chart);
		return err;
	}
	timeline->title = parts->title;
	timeline->subtitle = parts->subtitle;
	timeline->footer = parts->footer;
	timeline->made_at = parts->options->now;
	timeline->from = parts->from;
	timeline->to = parts->to;
	timeline->lanes = parts->drawn;
	timeline->lanes_len = parts->lanes_len;
	timeline->bars = parts->bars;
	timeline->bars_len = parts->bars_len;
	timeline->marks = parts->marks;
	*ret_chart = chart;
	return 0;
}

static void say_domain(struct chart_parts *parts)
{
	char name[DESCRIBE_NAME_MAX];
	char from[DESCRIBE_TEXT_MAX];
	char to[DESCRIBE_TEXT_MAX];

	describe_name(parts->domain, parts->options->utf8, name);
	for (char *tab = strchr(name, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	if (asprintf(&parts->title, "MX of %s", name) < 0)
		parts->title = NULL;
	if (asprintf(&parts->subtitle, "%s to %s UTC", describe_second(parts->from, from),
		    describe_second(parts->to, to)) < 0)
		parts->subtitle = NULL;
}

int chart_open_domain(const struct chart_options *options, const uint8_t *domain,
	int64_t from, int64_t to, struct chart **ret_chart)
{
	struct chart *const chart = make(options, domain);
	int err;

	if (chart == NULL)
		return -ENOMEM;
	chart->parts->from = from;
	chart->parts->to = to;
	err = chart_gather(chart->parts);
	if (err == 0)
		say_domain(chart->parts);
	return finish(chart, err, ret_chart);
}

static void mark(struct chart *chart, int64_t at, const char *what)
{
	const size_t i = chart->timeline.marks_len;
	char text[DESCRIBE_TEXT_MAX];

	if (at == 0)
		return;
	describe_second(at, text);
	snprintf(chart->parts->labels[i], CHART_LABEL_MAX, "%s %s", what, text + 11);
	chart->parts->marks[i] =
		(struct timeline_mark){.at = at, .label = chart->parts->labels[i]};
	chart->timeline.marks_len++;
}

static void say_incident(struct chart *chart, const struct incident *incident)
{
	struct chart_parts *const parts = chart->parts;
	char name[NAME_TEXT_MAX];
	char id[STORE_ID_MAX];

	name_format(incident->domain, name);
	incidents_id_format(parts->options->store, incident->number, id);
	if (asprintf(&parts->title, "%s: %s, %s, %s", name,
		    incident_kind_name(incident->kind),
		    incident_severity_name(incident->severity),
		    incident_state_name(incident->state)) < 0)
		parts->title = NULL;
	if (asprintf(&parts->subtitle, "%s  %s", id, incident->summary) < 0)
		parts->subtitle = NULL;
	mark(chart, incident->change_at, "MX changed");
	mark(chart, incident->first_bounce_at, "first bounce");
	mark(chart, incident->reverted_at, "reverted");
	if (incident->reverted_at == 0)
		mark(chart, incident->closed_at, "closed");
}

/* The incident itself ends where its cause does; the picture goes on to the last bounce. */
static void choose_window(struct chart *chart, const struct incident *incident)
{
	struct chart_parts *const parts = chart->parts;
	const int64_t now = parts->options->now;
	int64_t from = least(incident->suspected_at, incident->change_at);
	int64_t end = incident->reverted_at;
	int64_t margin;

	from = least(from, incident->first_bounce_at);
	if (end == 0)
		end = incident->closed_at != 0 ? incident->closed_at : most(now, from);
	chart->timeline.incident_from = from;
	chart->timeline.incident_to = end;
	end = most(end, incident->last_bounce_at);
	margin = most((end - from) / 4, MARGIN_LEAST);
	parts->from = from - margin;
	parts->to = end + margin < now ? end + margin : most(end, now);
}

static int64_t first_known(const struct chart_parts *parts)
{
	int64_t first = 0;

	for (size_t i = 0; i < parts->lanes_len; i++)
		if (parts->lanes[i].spans_len > 0)
			first = least(first, parts->lanes[i].spans[0].from);
	for (size_t i = 0; i < parts->bars_len; i++) {
		const struct timeline_bar *const bar = &parts->bars[i];

		if (bar->accepted + bar->deferred + bar->unknown + bar->bounced > 0)
			return least(first, bar->from);
	}
	return first;
}

/* Of a time before anything was known, no more is shown than is to see that nothing was. */
static void trim(struct chart *chart)
{
	struct chart_parts *const parts = chart->parts;
	const int64_t first = first_known(parts);
	const int64_t margin = (parts->to - chart->timeline.incident_from) / 8;

	if (first == 0 || first - margin <= parts->from)
		return;
	parts->from = least(first, chart->timeline.incident_from) - margin;
}

int chart_open_incident(const struct chart_options *options,
	const struct incident *incident, struct chart **ret_chart)
{
	struct chart *chart;
	int err;

	if (incident->domain == NULL)
		return -ENOENT;
	chart = make(options, incident->domain);
	if (chart == NULL)
		return -ENOMEM;
	choose_window(chart, incident);
	err = chart_gather(chart->parts);
	if (err == 0) {
		trim(chart);
		say_incident(chart, incident);
	}
	return finish(chart, err, ret_chart);
}

void chart_close(struct chart *chart)
{
	if (chart == NULL)
		return;
	chart_forget(chart->parts);
	free(chart);
}
