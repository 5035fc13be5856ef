/* SPDX-License-Identifier: MIT */
#include "alerts/story.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/story_parts.h"
#include "alerts/story_text.h"
#include "storage/incident.h"

#define TIME_WIDTH 19
#define CERTAIN 13.8 /* ln of a million: more need not be said */

static void put_title(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	char *summary = story_escape(incident->summary);
	char *id = story_escape(telling->story->id);
	char *spoken = telling->story->spoken != NULL
		? story_escape(telling->story->spoken)
		: NULL;

	if (telling->page == NULL)
		story_say(telling, "%s", story_shown(summary));
	story_say(telling, "%s: %s, %s, %s%s", story_shown(id),
		incident_kind_name(incident->kind), incident_state_name(incident->state),
		incident_severity_name(incident->severity),
		incident->severity_now != incident->severity &&
				incident->state != INCIDENT_CLOSED
			? " at its worst"
			: "");
	if (incident->kind_at_open != 0 && incident->kind_at_open != incident->kind)
		story_say(telling,
			"It opened as %s; what came later changed the verdict.",
			incident_kind_name(incident->kind_at_open));
	if (telling->story->spoken != NULL)
		story_say(telling, "%s is written %s.", telling->domain,
			story_shown(spoken));
	free(spoken);
	free(summary);
	free(id);
}

static void put_instant(const struct telling *telling, int64_t at, const char *what)
{
	char text[STORY_TIME_MAX];

	if (at != 0)
		story_beside(telling, story_time(at, text), TIME_WIDTH, "%s", what);
}

/* The times in their order. */
static void put_times(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	struct {
		int64_t at;
		const char *what;
	} times[] = {
		{incident->change_not_before, "last poll with the old answer"},
		{incident->change_at, "first sight of the other answer"},
		{incident->suspected_at, "suspected"},
		{incident->kind_at_open != 0 ? incident->opened_at : 0, "opened"},
		{incident->first_bounce_at, "first affected bounce"},
		{incident->last_bounce_at, "last affected bounce"},
		{incident->acked_at, "seen by somebody (ack)"},
		{incident->reverted_at, "what caused it is undone"},
		{incident->closed_at, "closed"},
	};
	const size_t len = sizeof times / sizeof *times;

	for (size_t i = 1; i < len; i++)
		for (size_t j = i; j > 0 && times[j - 1].at > times[j].at; j--) {
			const int64_t at = times[j].at;
			const char *what = times[j].what;

			times[j] = times[j - 1];
			times[j - 1].at = at;
			times[j - 1].what = what;
		}
	for (size_t i = 0; i < len; i++)
		put_instant(telling, times[i].at, times[i].what);
	story_say(telling, "Times are UTC.");
}

/* What a receiver says before it calls people unknown. Greylisting is what any stranger hears. */
static void put_before(const struct telling *telling, const struct story_mail *mail)
{
	char deferred[STORY_COUNT_MAX];
	char greylisted[STORY_COUNT_MAX];

	if (telling->incident->first_bounce_at == 0 ||
		mail->deferred_before + mail->greylisted_before == 0)
		return;
	story_say(telling,
		"In the two hours before the first affected bounce %s mails were "
		"deferred (4xx)%s%s%s.",
		story_count(mail->deferred_before, deferred),
		mail->greylisted_before > 0 ? ", greylisting (" : "",
		mail->greylisted_before > 0
			? story_count(mail->greylisted_before, greylisted)
			: "",
		mail->greylisted_before > 0 ? ") left out" : "");
}

static void put_standing(const struct telling *telling, const struct story_mail *mail)
{
	const uint64_t ended = mail->accepted_all + mail->bounced_all;
	char count[STORY_COUNT_MAX];

	if (ended == 0)
		return;
	story_say(telling,
		"Over all your mail of that time (%s), %.1f %% bounced; providers "
		"begin to punish a sender at 2 to 3 %%.",
		story_count(ended, count),
		100.0 * (double)mail->bounced_all / (double)ended);
}

/* Who bounces twice or more is what many programs suppress for good. */
static void put_repeated(const struct telling *telling)
{
	char count[STORY_COUNT_MAX + 12];

	if (telling->story->repeated > 0)
		story_say(telling,
			"%s bounced more than once: a program that counts bounces may "
			"have suppressed them already.",
			story_recipients(telling->story->repeated, count));
}

static double sum_weights(const struct incident *incident)
{
	double sum = 0;

	for (size_t i = 0; i < incident->evidence_len; i++)
		sum += incident->evidence[i].weight;
	return sum;
}

static void put_certainty(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	const double sum = sum_weights(incident);
	char times[STORY_COUNT_MAX];

	if (incident->state == INCIDENT_SUSPECTED)
		story_say(telling,
			"This is a suspicion: it may still turn out to be "
			"something else.");
	if (sum >= CERTAIN)
		story_say(telling,
			"Taken together, what was weighed is over a million "
			"times likelier if this is what happened than if "
			"nothing did.");
	else if (sum >= 1)
		story_say(telling,
			"Taken together, what was weighed is about %s times likelier if "
			"this is what happened than if nothing did.",
			story_count((uint64_t)(exp(sum) + 0.5), times));
	else if (incident->evidence_len > 0)
		story_say(telling, "It rests on facts, not on a count of bounces.");
}

static void put_evidence(const struct telling *telling)
{
	const struct incident *incident = telling->incident;

	for (size_t i = 0; i < incident->evidence_len; i++) {
		const struct incident_evidence *evidence = &incident->evidence[i];
		char *text = story_escape(evidence->text);
		char *name = story_escape(evidence->name);
		char time[STORY_TIME_MAX];
		char weight[24] = "";

		if (evidence->weight != 0)
			snprintf(weight, sizeof weight, ", %+.1f", evidence->weight);
		story_beside(telling, story_time(evidence->at, time), TIME_WIDTH,
			"%s (%s%s)", story_shown(text), story_shown(name), weight);
		free(text);
		free(name);
	}
}

static void put_counts(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	char bounces[STORY_COUNT_MAX];
	char deferrals[STORY_COUNT_MAX];
	char deliveries[STORY_COUNT_MAX];
	const uint64_t ended = incident->bounces + incident->deliveries;

	if (ended + incident->deferrals == 0)
		return;
	story_say(telling,
		"Mail for the domain in that time: %s affected bounces, %s accepted, "
		"%s deferred.",
		story_count(incident->bounces, bounces),
		story_count(incident->deliveries, deliveries),
		story_count(incident->deferrals, deferrals));
	if (ended > 0 && incident->bounces * 100 >= 2 * ended)
		story_say(telling, "That is a bounce share of %.1f %% at this domain.",
			100.0 * (double)incident->bounces / (double)ended);
}

/* Returns whether there was anything to say. */
static bool put_bracket(const struct telling *telling)
{
	const struct incident *incident = telling->incident;
	char span[STORY_TIME_MAX];

	if (incident->change_at == 0)
		return false;
	if (incident->change_not_before != 0)
		story_item(telling,
			"The exact time of the change: it lies within the %s before the "
			"first sight.",
			story_duration(
				incident->change_at - incident->change_not_before, span));
	else
		story_item(telling,
			"When the change was made: nobody had looked before "
			"the first sight.");
	return true;
}

static void put_unknown(const struct telling *telling)
{
	const struct story *story = telling->story;
	char *coverage = story_escape(story->coverage);
	char count[STORY_COUNT_MAX + 12];
	bool any = put_bracket(telling);

	any |= story_not_known(telling);
	if (story->nameless > 0)
		story_item(telling,
			"The addresses of %s: the store has hashes alone. Your own log "
			"still knows them: mxvigil incidents "
			"recipients %s --from FILE --format-in FORMAT",
			story_recipients(story->nameless, count), story->id);
	if (*story->coverage != '\0')
		story_item(telling, "%s", story_shown(coverage));
	else if (!any && story->nameless == 0)
		story_item(telling, "Nothing that would matter.");
	free(coverage);
}

static void put_parts(const struct telling *telling)
{
	put_title(telling);
	story_heading(telling, "WHAT HAPPENED");
	story_what_happened(telling);
	story_views(telling);
	put_counts(telling);
	if (telling->story->mail != NULL) {
		put_before(telling, telling->story->mail);
		put_standing(telling, telling->story->mail);
	}
	put_repeated(telling);
	story_heading(telling, "SINCE WHEN");
	put_times(telling);
	story_heading(telling, "HOW SURE, AND WHY");
	put_certainty(telling);
	put_evidence(telling);
	story_heading(telling, "WHAT IS NOT KNOWN");
	put_unknown(telling);
	story_heading(telling, "WHAT TO DO NOW");
	story_do_now(telling);
	story_heading(telling, "WHAT TO DO AFTER");
	story_do_after(telling);
}

static int write_form(const struct story *story,
	void (*put)(const struct telling *telling), struct story_page *page, FILE *out)
{
	const struct incident *incident = story->incident;
	struct telling telling = {
		.story = story,
		.incident = incident,
		.out = out,
		.page = page,
		.domain = story_escape(story->domain),
		.from = story_list(incident->from_operators, "its own hosts"),
		.to = story_list(incident->to_operators, "other hosts"),
		.view = story_escape(incident->view),
	};
	const bool whole = telling.domain != NULL && telling.from != NULL &&
		telling.to != NULL && telling.view != NULL;

	if (whole)
		put(&telling);
	story_end(&telling);
	free(telling.domain);
	free(telling.from);
	free(telling.to);
	free(telling.view);
	return whole ? 0 : -ENOMEM;
}

int story_write(const struct story *story, FILE *out)
{
	return write_form(story, put_parts, NULL, out);
}

int story_write_html(const struct story *story, FILE *out)
{
	struct story_page page = {STORY_BLOCK_NONE};

	return write_form(story, put_parts, &page, out);
}

int story_write_advice(const struct story *story, FILE *out)
{
	return write_form(story, story_do_now, NULL, out);
}
