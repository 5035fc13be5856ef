/* SPDX-License-Identifier: MIT */
#include "alerts/letter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "alerts/html.h"
#include "alerts/letter_parts.h"
#include "alerts/story_text.h"

/* What is new, in a sentence. */
static const char *const news[] = {
	[ALERT_SUSPECTED] = "First word of it: this is a suspicion.",
	[ALERT_OPENED] = "This is happening.",
	[ALERT_CHANGED] = "Update: what came since changed the verdict.",
	[ALERT_WORSE] = "Update: it has become worse.",
	[ALERT_STILL] =
		"Reminder: it goes on, and nobody has said that they have seen it.",
	[ALERT_REVERTED] = "Update: what caused it is undone. Caches may lag, so it is "
			   "not over yet.",
	[ALERT_CLOSED] = "All-clear: it is over.",
	[ALERT_TEST] = "A test: somebody tries this channel.",
	[ALERT_DAILY] =
		"The daily self-check. If it does not come one day, nobody watches.",
	[ALERT_BLIND] = "mxvigil does not see what it should: silence means nothing now.",
};

static void put_note(const struct telling *telling, const char *note)
{
	while (note != NULL && *note != '\0') {
		const size_t len = strcspn(note, "\n");
		char *line = strndup(note, len);
		char *shown = line != NULL ? story_escape(line) : NULL;

		if (len > 0)
			story_say(telling, "%s", story_shown(shown));
		free(line);
		free(shown);
		note += len + (note[len] == '\n');
	}
}

static int put_story(const struct telling *telling, const struct alert_case *one)
{
	if (telling->page == NULL)
		return story_write(&one->story, telling->out);
	story_end(telling);
	return story_write_html(&one->story, telling->out);
}

static void put_link(const struct telling *telling, const char *link)
{
	if (telling->page == NULL) {
		story_command(telling, "%s", link);
		return;
	}
	story_end(telling);
	html_begin(HTML_PARAGRAPH, telling->out);
	html_link(link, telling->out);
	html_end(HTML_PARAGRAPH, telling->out);
}

static void put_where(const struct telling *telling, const struct alert_case *one)
{
	const bool is_open = one->story.incident->state != INCIDENT_CLOSED;

	story_heading(telling, "WHERE TO GO ON");
	if (one->link != NULL)
		put_link(telling, one->link);
	story_item(telling, "As it is by now:");
	story_command(telling, "mxvigil incidents show %s", one->story.id);
	if (is_open && one->story.incident->acked_at == 0) {
		story_item(telling, "Say that you have seen it, and no reminder comes:");
		story_command(telling, "mxvigil incidents ack %s", one->story.id);
	}
	if (one->reactivate != NULL)
		story_item(telling,
			"The addresses to re-activate come with this mail as a file, one "
			"a line.");
}

/* What this rests on, for who has to prove it later. */
static void put_foot(const struct telling *telling, const struct alert *alert)
{
	char *site = story_escape(alert->site);
	char time[STORY_TIME_MAX];

	story_heading(telling, "WHAT THIS RESTS ON");
	story_beside(telling, "alert", 10,
		"%s at %s UTC, mxvigil " MXVIGIL_VERSION " at %s", alert->id,
		story_time(alert->at, time), story_shown(site));
	if (*alert->ledger_head != '\0')
		story_beside(telling, "ledger", 10, "%s", alert->ledger_head);
	free(site);
}

/* Text or page, behind the heading of a page. picture: in a page; NULL. */
static int put_body(
	const struct telling *telling, const struct alert *alert, const char *picture)
{
	int r = 0;

	story_say(telling, "%s", news[alert->event]);
	put_note(telling, alert->note);
	if (alert->cases_len == 0) {
		put_foot(telling, alert);
		story_end(telling);
		return 0;
	}
	const struct alert_case *first = &alert->cases[0];

	if (alert->cases_len + alert->more > 1) {
		r = letter_list(telling, alert);
		story_heading(telling, "THE FIRST OF THEM");
	} else if (telling->page == NULL)
		putc('\n', telling->out);
	letter_glance(telling, alert, first);
	letter_lookalikes(telling, first);
	story_end(telling);
	if (telling->page != NULL && picture != NULL)
		html_picture(picture,
			"What each view of the DNS gave, and what became of "
			"the mail, over time",
			telling->out);
	if (telling->page == NULL)
		putc('\n', telling->out);
	if (r == 0)
		r = put_story(telling, first);
	put_where(telling, first);
	put_foot(telling, alert);
	story_end(telling);
	return r;
}

int letter_write(const struct alert *alert, FILE *out)
{
	const struct telling telling = {.out = out};

	return put_body(&telling, alert, NULL);
}

static enum html_tone tone_of(const struct alert *alert)
{
	if (alert->event == ALERT_CLOSED || alert->event == ALERT_REVERTED)
		return HTML_OVER;
	switch (alert_severity(alert)) {
	case SEVERITY_CRITICAL:
		return HTML_CRITICAL;
	case SEVERITY_WARNING:
		return HTML_WARNING;
	case SEVERITY_INFO:
		break;
	}
	return HTML_INFO;
}

/* "CRITICAL: OPENED" above the heading. */
static void make_above(const struct alert *alert, char ret_above[64])
{
	const char *severity = incident_severity_name(alert_severity(alert));
	const char *event = alert_event_name(alert->event);

	if (alert->cases_len > 0)
		snprintf(ret_above, 64, "%s \xc2\xb7 %s", severity, event);
	else
		snprintf(ret_above, 64, "%s", event);
	for (char *at = ret_above; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
}

/* Of one incident its sentence; else the subject, behind its first word. */
static int make_title(const struct alert *alert, char **ret_title)
{
	char *subject;
	int r;

	if (alert->cases_len == 1 && alert->more == 0) {
		*ret_title = strdup(alert->cases[0].story.incident->summary);
		return *ret_title != NULL ? 0 : -ENOMEM;
	}
	r = alert_subject(alert, &subject);
	if (r < 0)
		return r;
	const char *rest = strstr(subject, ": ");
	memmove(subject, rest + 2, strlen(rest + 2) + 1);
	*ret_title = subject;
	return 0;
}

int letter_write_html(const struct alert *alert, const char *picture, FILE *out)
{
	struct story_page page = {STORY_BLOCK_NONE};
	const struct telling telling = {.out = out, .page = &page};
	char above[64];
	char *title;
	int r = make_title(alert, &title);

	if (r < 0)
		return r;
	make_above(alert, above);
	html_open(title, above, NULL, tone_of(alert), out);
	r = put_body(&telling, alert, picture);
	html_close(out);
	free(title);
	return r;
}
