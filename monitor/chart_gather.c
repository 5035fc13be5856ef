/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/chart_inside.h"
#include "monitor/describe.h"
#include "monitor/operator.h"
#include "monitor/operators.h"
#include "storage/deliveries.h"
#include "storage/deliveries_lookup.h"
#include "storage/lookup.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define PARTS_MOST 190

/* Room for one more, whose place is returned; NULL without memory. */
static void *add(void *array, size_t *len, size_t size)
{
	void **const items = array;

	if ((*len & (*len - 1)) == 0) {
		void *const grown = reallocarray(*items, *len != 0 ? *len * 2 : 1, size);

		if (grown == NULL)
			return NULL;
		*items = grown;
	}
	return (char *)*items + (*len)++ * size;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The one copy of a text. Takes text; NULL for NULL, and without memory. */
static const char *keep(struct chart_parts *parts, char *text)
{
	char *const *const kept =
		text != NULL ? tsearch(text, &parts->texts, by_text) : NULL;

	if (kept == NULL || *kept != text)
		free(text);
	return kept != NULL ? *kept : NULL;
}

static struct chart_lane *find_lane(struct chart_parts *parts, const char *view)
{
	struct chart_lane *lane;
	char *name;

	for (size_t i = 0; i < parts->lanes_len; i++)
		if (strcmp(parts->lanes[i].view, view) == 0)
			return &parts->lanes[i];
	name = strdup(view);
	lane = name != NULL ? add(&parts->lanes, &parts->lanes_len, sizeof *lane) : NULL;
	if (lane == NULL) {
		free(name);
		return NULL;
	}
	*lane = (struct chart_lane){.view = name};
	return lane;
}

/* "IONOS, Proofpoint"; returned, free with free(); "" for none; NULL without memory. */
static char *name_operators(
	struct operators *operators, const struct answer_value *answer)
{
	struct operator_list list;
	char *text = NULL;
	size_t len;
	FILE *out;

	if (answer->state != ANSWER_MX)
		return strdup("");
	out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	if (operator_list_of(operators, RECORD_TYPE_MX, answer->set, &list) == 0) {
		for (size_t i = 0; i < list.len; i++)
			fprintf(out, "%s%s", i > 0 ? ", " : "", list.entries[i]->name);
		operator_list_finish(&list);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static char *say_answer(const struct answer_value *answer, bool utf8)
{
	char *const text = describe_answer(NULL, RECORD_TYPE_MX, answer, utf8);

	for (char *tab = text; tab != NULL && (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	return text;
}

static int add_gap(struct timeline_gap **gaps, size_t *len, int64_t from, int64_t to,
	const char *reason)
{
	struct timeline_gap *const gap = add(gaps, len, sizeof *gap);

	if (gap == NULL)
		return -ENOMEM;
	*gap = (struct timeline_gap){.from = from, .to = to, .reason = reason};
	return 0;
}

static int on_span(void *owner, const struct span *span)
{
	struct chart_parts *const parts = owner;
	const struct chart_options *const options = parts->options;
	struct chart_lane *lane;
	struct timeline_span *drawn;

	if (span->server != NULL)
		return 0;
	lane = find_lane(parts, span->view);
	drawn = lane != NULL ? add(&lane->spans, &lane->spans_len, sizeof *drawn) : NULL;
	if (drawn == NULL)
		return -ENOMEM;
	*drawn = (struct timeline_span){
		.from = span->first_at,
		.to = span->last_at,
		.operators =
			keep(parts, name_operators(options->operators, &span->answer)),
		.answer = keep(parts, say_answer(&span->answer, options->utf8)),
	};
	if (drawn->operators == NULL || drawn->answer == NULL)
		return -ENOMEM;
	return span->imported ? add_gap(&lane->imported, &lane->imported_len, drawn->from,
					drawn->to, "")
			      : 0;
}

/* While nobody had asked us to look others may have: what is imported is no gap, nor are the short
 * times between two such answers. */
static int add_unwatched(
	struct chart_parts *parts, struct chart_lane *lane, int64_t from, int64_t to)
{
	const char *const reason = gap_reason_name(GAP_UNWATCHED);
	const int64_t least = (parts->to - parts->from) / 50;
	bool between = false; /* `from` is the end of an imported answer */
	int err = 0;

	for (size_t i = 0; i < lane->imported_len && err == 0; i++) {
		const struct timeline_gap *const seen = &lane->imported[i];

		if (seen->to <= from || seen->from >= to)
			continue;
		if (seen->from > from && (!between || seen->from - from > least))
			err = add_gap(
				&lane->gaps, &lane->gaps_len, from, seen->from, reason);
		from = seen->to;
		between = true;
	}
	if (err == 0 && from < to)
		err = add_gap(&lane->gaps, &lane->gaps_len, from, to, reason);
	return err;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct chart_parts *const parts = owner;
	struct chart_lane *const lane = find_lane(parts, coverage->view);

	if (lane == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < coverage->gaps_len; i++) {
		const struct gap *const gap = &coverage->gaps[i];
		const int64_t to = gap->to_at != 0 ? gap->to_at : parts->to;
		const int err = gap->reason == GAP_UNWATCHED
			? add_unwatched(parts, lane, gap->from_at, to)
			: add_gap(&lane->gaps, &lane->gaps_len, gap->from_at, to,
				  gap_reason_name(gap->reason));

		if (err != 0)
			return err;
	}
	return 0;
}

static int on_first(void *owner, const struct deliveries_row *row)
{
	int64_t *const from = owner;

	if (*from == 0 || row->first_at < *from)
		*from = row->first_at;
	return 0;
}

/* Where the window has no beginning: when anything was first known. */
static int find_beginning(struct chart_parts *parts, bool mailed)
{
	const struct deliveries_window all = {.domain = parts->domain};
	int64_t from = 0;
	int err = 0;

	if (parts->from != 0)
		return 0;
	if (mailed)
		err = deliveries_rows(parts->options->store, &all, on_first, &from);
	for (size_t i = 0; i < parts->lanes_len; i++)
		if (parts->lanes[i].spans_len > 0 &&
			(from == 0 || parts->lanes[i].spans[0].from < from))
			from = parts->lanes[i].spans[0].from;
	parts->from = from != 0 ? from : parts->to - HOUR;
	if (parts->from >= parts->to)
		parts->from = parts->to - 1;
	return err;
}

static int64_t choose_step(const struct chart_parts *parts)
{
	static const int64_t steps[] = {MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
		15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
		DAY, 2 * DAY, 7 * DAY, 28 * DAY, 91 * DAY, 365 * DAY, 3653 * DAY,
		36524 * DAY};
	const bool old = parts->from < parts->options->now - DELIVERIES_FINE_MS;
	size_t i = 0;

	while (i < sizeof steps / sizeof *steps - 1 &&
		((parts->to - parts->from) / steps[i] > PARTS_MOST ||
			(old && steps[i] < HOUR)))
		i++;
	return steps[i];
}

static void count(struct timeline_bar *bar, const struct deliveries_row *row)
{
	switch (row->outcome) {
	case DELIVERY_DELIVERED:
		bar->accepted += row->count;
		break;
	case DELIVERY_DEFERRED:
		bar->deferred += row->fresh;
		break;
	case DELIVERY_BOUNCED:
		if (row->reason == REASON_USER_UNKNOWN)
			bar->unknown += row->count;
		else
			bar->bounced += row->count;
		break;
	case DELIVERY_EXPIRED:
		bar->bounced += row->count;
		break;
	}
}

/* Rows come by part. */
static int on_row(void *owner, const struct deliveries_row *row)
{
	struct chart_parts *const parts = owner;
	struct timeline_bar *bar = &parts->bars[parts->bars_len - 1];

	if (bar->from != row->from) {
		bar = add(&parts->bars, &parts->bars_len, sizeof *bar);
		if (bar == NULL)
			return -ENOMEM;
		*bar = (struct timeline_bar){.from = row->from, .to = row->to};
	}
	count(bar, row);
	return 0;
}

/* A domain with mail, but none then, has an empty bar. */
static int gather_mail(struct chart_parts *parts)
{
	struct deliveries_window window = {
		.domain = parts->domain,
		.to = parts->to,
		.step_ms = choose_step(parts),
	};
	struct timeline_bar *const bar = add(&parts->bars, &parts->bars_len, sizeof *bar);

	if (bar == NULL)
		return -ENOMEM;
	window.from = parts->from - parts->from % window.step_ms;
	*bar = (struct timeline_bar){
		.from = window.from, .to = window.from + window.step_ms};
	return deliveries_rows(parts->options->store, &window, on_row, parts);
}

static int on_nothing(void *owner, const struct deliveries_row *row)
{
	(void)owner;
	(void)row;
	return 1;
}

/* Whether there was ever mail to the domain. */
static int is_mailed(const struct chart_parts *parts, bool *ret_mailed)
{
	const struct deliveries_window all = {.domain = parts->domain};
	const int err = deliveries_rows(parts->options->store, &all, on_nothing, NULL);

	*ret_mailed = err != -ENOENT;
	return err == -ENOENT || err > 0 ? 0 : err;
}

static int gather_views(struct chart_parts *parts, bool *ret_seen)
{
	const struct lookup_window window = {
		.domain = parts->domain,
		.from = parts->from,
		.to = parts->to,
		.now = parts->options->now,
	};
	const int err = lookup_spans(parts->options->store, &window, on_span, parts);

	*ret_seen = err != -ENOENT;
	return *ret_seen ? err : 0;
}

static int gather_coverage(struct chart_parts *parts)
{
	const struct lookup_window window = {
		.domain = parts->domain,
		.from = parts->from,
		.to = parts->to,
		.now = parts->options->now,
	};

	return lookup_coverage(parts->options->store, &window, on_coverage, parts);
}

static int by_view(const void *a, const void *b)
{
	const struct chart_lane *const one = a;
	const struct chart_lane *const other = b;

	return strcmp(one->view, other->view);
}

static int draw_lanes(struct chart_parts *parts)
{
	if (parts->lanes_len == 0)
		return 0;
	parts->drawn = calloc(parts->lanes_len, sizeof *parts->drawn);
	if (parts->drawn == NULL)
		return -ENOMEM;
	qsort(parts->lanes, parts->lanes_len, sizeof *parts->lanes, by_view);
	for (size_t i = 0; i < parts->lanes_len; i++)
		parts->drawn[i] = (struct timeline_lane){
			.view = parts->lanes[i].view,
			.spans = parts->lanes[i].spans,
			.spans_len = parts->lanes[i].spans_len,
			.gaps = parts->lanes[i].gaps,
			.gaps_len = parts->lanes[i].gaps_len,
		};
	return 0;
}

int chart_gather(struct chart_parts *parts)
{
	bool seen = false;
	bool mailed = false;
	int err;

	if (parts->to == 0)
		parts->to = parts->options->now;
	err = gather_views(parts, &seen);
	if (err == 0)
		err = is_mailed(parts, &mailed);
	if (err == 0 && !seen && !mailed)
		err = -ENOENT;
	if (err == 0)
		err = find_beginning(parts, mailed);
	if (err == 0 && seen)
		err = gather_coverage(parts);
	if (err == 0 && mailed)
		err = gather_mail(parts);
	return err == 0 ? draw_lanes(parts) : err;
}

void chart_forget(struct chart_parts *parts)
{
	for (size_t i = 0; i < parts->lanes_len; i++) {
		free(parts->lanes[i].view);
		free(parts->lanes[i].spans);
		free(parts->lanes[i].gaps);
		free(parts->lanes[i].imported);
	}
	free(parts->lanes);
	free(parts->drawn);
	free(parts->bars);
	free(parts->title);
	free(parts->subtitle);
	free(parts->footer);
	tdestroy(parts->texts, free);
	free(parts);
}
