/* SPDX-License-Identifier: MIT */
/*
 * An adaptive card 1.5. Text stands in rich text runs, in which no Markdown is read; "{{" would
 * begin a function of the card and is parted. Teams takes messages of 28 KB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/payload.h"
#include "alerts/payload_parts.h"
#include "alerts/story_text.h"

#define TEXT_MOST 1500
#define LINE_MOST 160
#define LISTED 50

static const char schema[] = "http://adaptivecards.io/schemas/adaptive-card.json";

/* "{{" as "{ {". */
static json_t *part_braces(json_t *text)
{
	char *parted = NULL;
	size_t len;
	json_t *json = NULL;
	const char *at = json_string_value(text);
	FILE *out = at != NULL ? open_memstream(&parted, &len) : NULL;

	for (; out != NULL && *at != '\0'; at++) {
		putc(*at, out);
		if (*at == '{' && at[1] == '{')
			putc(' ', out);
	}
	if (out != NULL && fclose(out) == 0)
		json = json_stringn(parted, len);
	free(parted);
	json_decref(text);
	return json;
}

/* A block of one run. `more`: members of the run, as those of json_pack; taken. */
static json_t *make_block(const char *text, size_t most, json_t *more)
{
	json_t *run = json_pack("{s:s, s:o}", "type", "TextRun", "text",
		part_braces(payload_text(text, most)));

	if (more != NULL)
		json_object_update_missing(run, more);
	json_decref(more);
	return json_pack("{s:s, s:[o]}", "type", "RichTextBlock", "inlines", run);
}

static json_t *make_column(const char *width, json_t *item)
{
	return json_pack(
		"{s:s, s:s, s:[o]}", "type", "Column", "width", width, "items", item);
}

/* Takes text, which may be NULL for want of memory. */
static void add_fact(json_t *body, const char *name, char *text)
{
	json_array_append_new(body,
		json_pack("{s:s, s:s, s:[o, o]}", "type", "ColumnSet", "spacing", "Small",
			"columns",
			make_column("80px",
				make_block(name, TEXT_MOST,
					json_pack("{s:b}", "isSubtle", 1))),
			make_column("stretch",
				make_block(story_shown(text), TEXT_MOST, NULL))));
	free(text);
}

/* Each line is a block: line feeds within one are not shown everywhere. */
static void add_lines(json_t *body, const char *text, bool fixed)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		if (len > 0)
			json_array_append_new(body,
				make_block(story_shown(line), TEXT_MOST,
					fixed ? json_pack(
							"{s:s}", "fontType", "Monospace")
					      : NULL));
		free(line);
		text += len + (text[len] == '\n');
	}
}

static void add_case(
	json_t *body, const struct alert *alert, const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	char *advice = payload_advice(one);

	json_array_append_new(body, make_block(incident->summary, TEXT_MOST, NULL));
	if (*one->story.domain != '\0')
		add_fact(body, "Domain", strdup(one->story.domain));
	if (one->story.spoken != NULL)
		add_fact(body, "Written", strdup(one->story.spoken));
	add_fact(body, "Since", payload_since(alert, incident));
	if (*incident->to_operators != '\0')
		add_fact(body, "Moved", payload_operators(incident));
	if (incident->bounces + incident->deliveries > 0)
		add_fact(body, "Mail", payload_counts(incident));
	if (advice != NULL) {
		json_array_append_new(body,
			make_block("What to do now", TEXT_MOST,
				json_pack("{s:s}", "weight", "Bolder")));
		add_lines(body, advice, true);
	}
	free(advice);
}

static void add_several(json_t *body, const struct alert *alert)
{
	size_t listed = 0;
	char count[STORY_COUNT_MAX];
	char text[96];

	for (; listed < alert->cases_len && listed < LISTED; listed++) {
		char *line = payload_line(&alert->cases[listed]);

		json_array_append_new(
			body, make_block(story_shown(line), LINE_MOST, NULL));
		free(line);
	}
	if (alert->cases_len + alert->more == listed)
		return;
	snprintf(text, sizeof text, "%s more: mxvigil incidents list",
		story_count(alert->cases_len + alert->more - listed, count));
	json_array_append_new(body, make_block(text, TEXT_MOST, NULL));
}

static const char *colour_of(const struct alert *alert)
{
	if (alert->event == ALERT_CLOSED || alert->event == ALERT_REVERTED)
		return "Good";
	switch (alert_severity(alert)) {
	case SEVERITY_CRITICAL:
		return "Attention";
	case SEVERITY_WARNING:
		return "Warning";
	case SEVERITY_INFO:
		break;
	}
	return "Default";
}

static json_t *make_body(const struct alert *alert)
{
	json_t *body = json_array();
	char *subject;

	if (alert_subject(alert, &subject) < 0) {
		json_decref(body);
		return NULL;
	}
	json_array_append_new(body,
		make_block(subject, TEXT_MOST,
			json_pack("{s:s, s:s, s:s}", "size", "Large", "weight", "Bolder",
				"color", colour_of(alert))));
	free(subject);
	if (alert->note != NULL)
		add_lines(body, alert->note, false);
	if (alert->cases_len + alert->more > 1)
		add_several(body, alert);
	else if (alert->cases_len == 1)
		add_case(body, alert, &alert->cases[0]);
	add_fact(body, "Alert", strdup(alert->id));
	add_fact(body, "Site", strdup(alert->site));
	if (*alert->ledger_head != '\0')
		add_fact(body, "Ledger", strdup(alert->ledger_head));
	return body;
}

int payload_teams(const struct alert *alert, char **ret_body)
{
	json_t *card = json_pack("{s:s, s:s, s:s, s:{s:s}, s:o}", "$schema", schema,
		"type", "AdaptiveCard", "version", "1.5", "msteams", "width", "Full",
		"body", make_body(alert));

	if (card != NULL && alert->cases_len > 0 && alert->cases[0].link != NULL)
		json_object_set_new(card, "actions",
			json_pack("[{s:s, s:s, s:o}]", "type", "Action.OpenUrl", "title",
				"Open the incident", "url",
				payload_text(alert->cases[0].link, TEXT_MOST)));
	return payload_print(
		json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments",
			"contentType", "application/vnd.microsoft.card.adaptive",
			"contentUrl", "content", card),
		ret_body);
}
