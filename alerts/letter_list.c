/* SPDX-License-Identifier: MIT */
/* Many incidents, by what happened. */
#include <stdlib.h>
#include <string.h>

#include "alerts/digest.h"
#include "alerts/letter.h"
#include "alerts/letter_parts.h"
#include "alerts/story_text.h"

#define ID_WIDTH 12

static void put_line(const struct telling *telling, const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	char *id = story_escape(one->story.id);
	char *domain = story_escape(
		incident->kind == INCIDENT_SELF ? incident->summary : one->story.domain);
	char *spoken = one->story.spoken != NULL ? story_escape(one->story.spoken) : NULL;
	char count[STORY_COUNT_MAX];

	story_beside(telling, story_shown(id), ID_WIDTH, "%s%s%s%s: %s, %s%s%s%s",
		story_shown(domain), spoken != NULL ? " (" : "",
		spoken != NULL ? spoken : "", spoken != NULL ? ")" : "",
		incident_severity_name(incident->severity),
		incident_state_name(incident->state), incident->bounces > 0 ? ", " : "",
		incident->bounces > 0 ? story_count(incident->bounces, count) : "",
		incident->bounces == 1          ? " bounce"
			: incident->bounces > 0 ? " bounces"
						: "");
	free(id);
	free(domain);
	free(spoken);
}

/* Returns how many of a group were named, most at most. */
static size_t put_group(const struct telling *telling, const struct alert *alert,
	const struct alert_group *group, size_t most)
{
	size_t named = 0;

	for (size_t i = 0; i < alert->cases_len && named < most; i++) {
		const struct incident *incident = alert->cases[i].story.incident;

		if (incident->kind == group->kind &&
			strcmp(incident->to_operators, group->to_operators) == 0) {
			put_line(telling, &alert->cases[i]);
			named++;
		}
	}
	return named;
}

static int put_heading(const struct telling *telling, const struct alert_group *group)
{
	char count[STORY_COUNT_MAX];
	char *phrase;
	int r = digest_phrase(group, &phrase);

	if (r < 0)
		return r;
	story_say(telling, "%s %s%s %s (%s):", story_count(group->count, count),
		group->kind == INCIDENT_SELF ? "incident" : "domain",
		group->count == 1 ? "" : "s", phrase, incident_kind_name(group->kind));
	free(phrase);
	return 0;
}

int letter_list(const struct telling *telling, const struct alert *alert)
{
	size_t named = 0;
	char count[STORY_COUNT_MAX];
	struct digest digest;
	int r = digest_init(alert, &digest);

	if (r < 0)
		return r;
	story_heading(telling, "WHAT HAPPENED");
	for (size_t i = 0; i < digest.len && named < LETTER_LISTED && r == 0; i++) {
		r = put_heading(telling, &digest.groups[i]);
		named += put_group(
			telling, alert, &digest.groups[i], LETTER_LISTED - named);
	}
	if (r == 0 && digest.total > named) {
		story_say(telling, "%s more are not named here%s:",
			story_count(digest.total - named, count),
			alert->list != NULL ? ", but in the attached file, or by" : "");
		story_command(telling, "mxvigil incidents list");
	}
	digest_finish(&digest);
	return r;
}
