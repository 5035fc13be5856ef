/* SPDX-License-Identifier: MIT */
/*
 * Block Kit. Text of others stands in plain_text objects, in which Slack reads no links, mentions
 * or marks; mrkdwn is for our own link and the names of fields. Limits of Slack: 50 blocks, 150
 * characters of a header, 3000 of a section, 10 fields of 2000.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/payload.h"
#include "alerts/payload_parts.h"
#include "alerts/story_text.h"

#define HEADER_MOST 150
#define SECTION_MOST 3000
#define FIELD_MOST 2000
#define LINE_MOST 240
#define LIST_SECTIONS 40 /* of 50 blocks */

static json_t *plain(const char *text, size_t most)
{
	return json_pack("{s:s, s:o, s:b}", "type", "plain_text", "text",
		payload_text(text, most), "emoji", 0);
}

static json_t *lines(const char *text)
{
	return json_pack("{s:s, s:o, s:b}", "type", "plain_text", "text",
		payload_lines(text, SECTION_MOST), "emoji", 0);
}

static void add_section(json_t *blocks, json_t *text)
{
	json_array_append_new(
		blocks, json_pack("{s:s, s:o}", "type", "section", "text", text));
}

/* name: a word of ours. Takes text, which may be NULL for want of memory. */
static void add_field(json_t *fields, const char *name, char *text)
{
	char label[32];

	snprintf(label, sizeof label, "*%s*", name);
	json_array_append_new(
		fields, json_pack("{s:s, s:s}", "type", "mrkdwn", "text", label));
	json_array_append_new(fields, plain(story_shown(text), FIELD_MOST));
	free(text);
}

static char *copy(const char *text)
{
	return strdup(text != NULL ? text : "not known");
}

static void add_case(
	json_t *blocks, const struct alert *alert, const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	json_t *fields = json_array();

	add_section(blocks, plain(incident->summary, SECTION_MOST));
	if (*one->story.domain != '\0')
		add_field(fields, "Domain", copy(one->story.domain));
	if (one->story.spoken != NULL)
		add_field(fields, "Written", copy(one->story.spoken));
	add_field(fields, "Since", payload_since(alert, incident));
	if (*incident->to_operators != '\0')
		add_field(fields, "Moved", payload_operators(incident));
	if (incident->bounces + incident->deliveries > 0)
		add_field(fields, "Mail", payload_counts(incident));
	json_array_append_new(
		blocks, json_pack("{s:s, s:o}", "type", "section", "fields", fields));
	if (one->story.views_len > 0) {
		const struct story_view *view = &one->story.views[0];
		json_t *answers = json_array();

		add_field(answers, "Before", copy(view->before));
		add_field(answers, "Now", copy(view->now));
		json_array_append_new(blocks,
			json_pack("{s:s, s:o}", "type", "section", "fields", answers));
	}
	char *advice = payload_advice(one);
	if (advice != NULL && *advice != '\0')
		add_section(blocks, lines(advice));
	free(advice);
}

/* As many lines as a section takes, section by section. */
static size_t add_list(json_t *blocks, const struct alert *alert)
{
	size_t listed = 0;

	for (size_t section = 0; section < LIST_SECTIONS && listed < alert->cases_len &&
		listed < PAYLOAD_LISTED;
		section++) {
		char text[SECTION_MOST + 1] = "";
		size_t len = 0;

		while (listed < alert->cases_len && listed < PAYLOAD_LISTED &&
			len + LINE_MOST + 1 < sizeof text) {
			char *line = payload_line(&alert->cases[listed]);
			json_t *cut = payload_text(story_shown(line), LINE_MOST);

			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
				len > 0 ? "\n" : "", story_shown(json_string_value(cut)));
			json_decref(cut);
			free(line);
			listed++;
		}
		add_section(blocks, lines(text));
	}
	return listed;
}

static void add_several(json_t *blocks, const struct alert *alert)
{
	const uint64_t total = alert->cases_len + alert->more;
	const size_t listed = add_list(blocks, alert);
	char count[STORY_COUNT_MAX];
	char text[96];

	if (total == listed)
		return;
	snprintf(text, sizeof text, "%s more: mxvigil incidents list",
		story_count(total - listed, count));
	add_section(blocks, plain(text, SECTION_MOST));
}

/* In mrkdwn three characters steer; in a link the bar does too. */
static char *escape_mrkdwn(const char *text)
{
	char *escaped = NULL;
	char *shown = story_escape(text);
	size_t len;
	FILE *out = shown != NULL ? open_memstream(&escaped, &len) : NULL;

	for (const char *at = shown; out != NULL && *at != '\0'; at++)
		switch (*at) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		default:
			putc(*at, out);
		}
	free(shown);
	if (out == NULL || fclose(out) != 0)
		return NULL;
	return escaped;
}

static void add_link(json_t *blocks, const char *link)
{
	char *escaped = escape_mrkdwn(link);
	char *text = NULL;

	if (escaped != NULL && strchr(escaped, '|') == NULL &&
		strlen(escaped) < SECTION_MOST - 64 &&
		asprintf(&text, "<%s|Open the incident>", escaped) > 0)
		add_section(blocks,
			json_pack("{s:s, s:s, s:b}", "type", "mrkdwn", "text", text,
				"verbatim", 1));
	free(text);
	free(escaped);
}

static void add_foot(json_t *blocks, const struct alert *alert)
{
	char time[STORY_TIME_MAX];
	char *text;

	if (asprintf(&text, "%s at %s UTC, mxvigil at %s%s%s", alert->id,
		    story_time(alert->at, time), alert->site,
		    *alert->ledger_head != '\0' ? ", ledger " : "",
		    alert->ledger_head) < 0)
		return;
	json_array_append_new(blocks,
		json_pack("{s:s, s:[o]}", "type", "context", "elements",
			plain(text, FIELD_MOST)));
	free(text);
}

int payload_slack(const struct alert *alert, char **ret_body)
{
	json_t *blocks = json_array();
	char *subject;
	int r = alert_subject(alert, &subject);

	if (r < 0) {
		json_decref(blocks);
		return r;
	}
	json_array_append_new(blocks,
		json_pack("{s:s, s:o}", "type", "header", "text",
			plain(subject, HEADER_MOST)));
	if (alert->note != NULL)
		add_section(blocks, lines(alert->note));
	if (alert->cases_len + alert->more > 1)
		add_several(blocks, alert);
	else if (alert->cases_len == 1)
		add_case(blocks, alert, &alert->cases[0]);
	if (alert->cases_len > 0 && alert->cases[0].link != NULL)
		add_link(blocks, alert->cases[0].link);
	add_foot(blocks, alert);
	char *text = escape_mrkdwn(subject);
	free(subject);
	r = text == NULL
		? -ENOMEM
		: payload_print(json_pack("{s:s, s:O, s:b, s:b}", "text", text, "blocks",
					blocks, "unfurl_links", 0, "unfurl_media", 0),
			  ret_body);
	json_decref(blocks);
	free(text);
	return r;
}
