/* SPDX-License-Identifier: MIT */
#include "alerts/alert.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/digest.h"
#include "alerts/phrase.h"
#include "alerts/story_text.h"

#define SENTENCE_SHOWN 120 /* bytes of a summary or a note in a subject */

static const char *const event_names[] = {
	[ALERT_SUSPECTED] = "suspected",
	[ALERT_OPENED] = "opened",
	[ALERT_CHANGED] = "changed",
	[ALERT_WORSE] = "worse",
	[ALERT_STILL] = "still",
	[ALERT_REVERTED] = "reverted",
	[ALERT_CLOSED] = "closed",
	[ALERT_TEST] = "test",
	[ALERT_DAILY] = "daily",
	[ALERT_BLIND] = "blind",
};

const char *alert_event_name(enum alert_event event)
{
	assert(event >= ALERT_SUSPECTED && event <= ALERT_BLIND);
	return event_names[event];
}

enum incident_severity alert_severity(const struct alert *alert)
{
	enum incident_severity severity =
		alert->event == ALERT_BLIND ? SEVERITY_CRITICAL : SEVERITY_INFO;

	for (size_t i = 0; i < alert->cases_len; i++) {
		const struct incident *incident = alert->cases[i].story.incident;

		if (incident->severity > severity)
			severity = incident->severity;
	}
	return severity;
}

int alert_headline(const struct alert_case *one, char **ret_text)
{
	const struct incident *incident = one->story.incident;
	const struct phrase phrase = {
		.domain = one->story.domain,
		.spoken = one->story.spoken,
		.to = incident->to_operators,
		.from = incident->from_operators,
		.view = incident->view,
	};
	char *text = NULL;
	size_t len;

	if (incident->kind != INCIDENT_SELF)
		return phrase_format(phrase_of_one(incident->kind), &phrase, ret_text);
	/* What follows goes on with a comma. */
	size_t sentence = strlen(incident->summary);
	sentence -= sentence > 0 && incident->summary[sentence - 1] == '.';
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return -ENOMEM;
	phrase_put(incident->summary, sentence, SENTENCE_SHOWN, out);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}

/* What a filter looks for comes first. */
static void put_degree(const struct alert *alert, FILE *out)
{
	const char *severity = incident_severity_name(alert_severity(alert));

	if (alert->event == ALERT_REVERTED || alert->event == ALERT_CLOSED)
		fprintf(out, "%s: ", alert_event_name(alert->event));
	else
		fprintf(out, "%s%s: ", alert->event == ALERT_STILL ? "still " : "",
			severity);
}

static int put_one(const struct alert_case *one, FILE *out)
{
	const struct incident *incident = one->story.incident;
	char count[STORY_COUNT_MAX + 12];
	char *headline;
	int r = alert_headline(one, &headline);

	if (r < 0)
		return r;
	fputs(headline, out);
	free(headline);
	if (one->event == ALERT_CLOSED && incident->recipients > 0)
		fprintf(out, ", %s to re-activate",
			story_recipients(incident->recipients, count));
	else if (incident->bounces > 0)
		fprintf(out, ", %s bounce%s", story_count(incident->bounces, count),
			incident->bounces == 1 ? "" : "s");
	else if (one->event == ALERT_SUSPECTED && *incident->to_operators != '\0')
		fputs(", no bounce yet", out);
	return 0;
}

/* "9,998 domains moved to Example Mail, 3 others"; without a majority the worst is named. */
static int put_several(const struct alert *alert, FILE *out)
{
	char count[STORY_COUNT_MAX];
	char *phrase;
	struct digest digest;
	int r = digest_init(alert, &digest);

	if (r < 0)
		return r;
	const struct alert_group most =
		digest.len > 0 ? digest.groups[0] : (struct alert_group){0};
	const uint64_t total = digest.total;

	digest_finish(&digest);
	if (most.count * 2 <= total) {
		fprintf(out, "%s incidents, first: ", story_count(total, count));
		return put_one(&alert->cases[0], out);
	}
	r = digest_phrase(&most, &phrase);
	if (r < 0)
		return r;
	fprintf(out, "%s %s %s", story_count(most.count, count),
		most.kind == INCIDENT_SELF ? "incidents" : "domains", phrase);
	free(phrase);
	if (total > most.count)
		fprintf(out, ", %s other%s", story_count(total - most.count, count),
			total - most.count == 1 ? "" : "s");
	return 0;
}

static int put_subject(const struct alert *alert, FILE *out)
{
	if (alert->cases_len > 0) {
		put_degree(alert, out);
		return alert->cases_len + alert->more > 1
			? put_several(alert, out)
			: put_one(&alert->cases[0], out);
	}
	switch (alert->event) {
	case ALERT_BLIND:
		fputs("critical: mxvigil at ", out);
		break;
	case ALERT_DAILY:
		fputs("daily: mxvigil at ", out);
		break;
	default:
		fputs("test: mxvigil at ", out);
		break;
	}
	phrase_put(alert->site, strlen(alert->site), SENTENCE_SHOWN, out);
	fputs(alert->event == ALERT_BLIND             ? " is blind"
			: alert->event == ALERT_DAILY ? " is watching"
						      : " can be heard here",
		out);
	return 0;
}

int alert_subject(const struct alert *alert, char **ret_text)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return -ENOMEM;
	int r = put_subject(alert, out);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}
