/* SPDX-License-Identifier: MIT */
/* One incident at a glance, and names that deceive. */
#include "alerts/letter_parts.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "alerts/lookalike.h"
#include "alerts/story_text.h"

#define MARK_WIDTH 10
#define FOUND_MOST 8

static void put_domain(const struct telling *telling, const struct story *story)
{
	char *domain = story_escape(story->domain);
	char *spoken = story->spoken != NULL ? story_escape(story->spoken) : NULL;

	if (spoken != NULL)
		story_beside(telling, "domain", MARK_WIDTH, "%s, written %s",
			story_shown(domain), spoken);
	else if (*story->domain != '\0')
		story_beside(telling, "domain", MARK_WIDTH, "%s", story_shown(domain));
	free(domain);
	free(spoken);
}

static void put_since(const struct telling *telling, const struct alert *alert,
	const struct incident *incident)
{
	const int64_t at =
		incident->change_at != 0 ? incident->change_at : incident->suspected_at;
	const int64_t end = incident->closed_at != 0 ? incident->closed_at
		: incident->reverted_at != 0         ? incident->reverted_at
						     : alert->at;
	const bool is_over = incident->closed_at != 0 || incident->reverted_at != 0;
	char time[STORY_TIME_MAX];
	char span[STORY_TIME_MAX];

	if (at == 0)
		return;
	story_beside(telling, "since", MARK_WIDTH, "%s UTC%s%s%s", story_time(at, time),
		end > at ? is_over ? ", for " : ", " : "",
		end > at ? story_duration(end - at, span) : "",
		end > at && !is_over ? " ago" : "");
}

static void put_operators(const struct telling *telling, const struct incident *incident)
{
	char *from;
	char *to;

	if (*incident->to_operators == '\0')
		return;
	from = story_list(incident->from_operators, "its own hosts");
	to = story_list(incident->to_operators, "other hosts");
	story_beside(telling, "moved", MARK_WIDTH, "from %s to %s", story_shown(from),
		story_shown(to));
	free(from);
	free(to);
}

void letter_glance(const struct telling *telling, const struct alert *alert,
	const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	char bounces[STORY_COUNT_MAX];
	char deliveries[STORY_COUNT_MAX];
	char recipients[STORY_COUNT_MAX + 12];

	put_domain(telling, &one->story);
	story_beside(telling, "what", MARK_WIDTH, "%s, %s",
		incident_kind_name(incident->kind), incident_state_name(incident->state));
	story_beside(telling, "severity", MARK_WIDTH, "%s%s",
		incident_severity_name(incident->severity),
		incident->severity_now != incident->severity ? " at its worst" : "");
	put_since(telling, alert, incident);
	put_operators(telling, incident);
	if (incident->bounces + incident->deliveries > 0)
		story_beside(telling, "mail", MARK_WIDTH,
			"%s affected bounce%s, %s accepted%s%s%s",
			story_count(incident->bounces, bounces),
			incident->bounces == 1 ? "" : "s",
			story_count(incident->deliveries, deliveries),
			incident->recipients > 0 ? "; " : "",
			incident->recipients > 0
				? story_recipients(incident->recipients, recipients)
				: "",
			incident->recipients > 0 ? " to re-activate" : "");
}

/* Names that were warned of already. */
struct found {
	char *names[FOUND_MOST]; /* owned */
	size_t len;
};

static bool is_found(const struct found *found, const char *name)
{
	for (size_t i = 0; i < found->len; i++)
		if (strcmp(found->names[i], name) == 0)
			return true;
	return false;
}

static void warn_of(const struct telling *telling, struct found *found, const char *name)
{
	struct lookalike lookalike;

	if (found->len == FOUND_MOST || is_found(found, name) ||
		!lookalike_find(name, &lookalike))
		return;
	char *shown = story_escape(name);

	if (found->len == 0)
		story_heading(telling, "TAKE CARE: LOOK-ALIKE NAMES");
	if (lookalike.like != NULL)
		story_item(telling, "%s can be taken for %s, and is not it%s.",
			story_shown(shown), lookalike.like,
			lookalike.mixed ? ": letters of several scripts stand in it"
					: "");
	else
		story_item(telling, "%s mixes letters of several scripts in one word.",
			story_shown(shown));
	free(shown);
	char *kept = strdup(name);
	if (kept != NULL)
		found->names[found->len++] = kept;
}

/* Each word of a text that is a list of hosts or of operators. */
static void warn_of_words(const struct telling *telling, struct found *found,
	const char *text, const char *between)
{
	while (text != NULL && *(text += strspn(text, between)) != '\0') {
		const size_t len = strcspn(text, between);
		char *word = strndup(text, len);

		if (word != NULL && strchr(word, '.') != NULL)
			warn_of(telling, found, word);
		free(word);
		text += len;
	}
}

void letter_lookalikes(const struct telling *telling, const struct alert_case *one)
{
	const struct story *story = &one->story;
	struct found found = {.len = 0};

	warn_of_words(telling, &found, story->domain, " ");
	warn_of_words(telling, &found, story->incident->to_operators, "\n");
	warn_of_words(telling, &found, story->incident->from_operators, "\n");
	for (size_t i = 0; i < story->views_len; i++) {
		warn_of_words(telling, &found, story->views[i].before, ", ");
		warn_of_words(telling, &found, story->views[i].since, ", ");
		warn_of_words(telling, &found, story->views[i].now, ", ");
	}
	for (size_t i = 0; i < found.len; i++)
		free(found.names[i]);
}
