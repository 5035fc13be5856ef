/* SPDX-License-Identifier: MIT */
/* The picture in sentences. */
#include <inttypes.h>

#include "alerts/story_text.h"
#include "alerts/timeline.h"

#define SPANS_TOLD 8

static void tell_span(const struct timeline_span *span, FILE *out)
{
	const char *answer = span->answer != NULL ? span->answer : "";
	char from[STORY_TIME_MAX];
	char to[STORY_TIME_MAX];

	story_time(span->from, from);
	story_time(span->to, to);
	if (span->operators != NULL && *span->operators != '\0')
		fprintf(out, " %s to %s: %s (%s).", from, to, span->operators, answer);
	else
		fprintf(out, " %s to %s: %s.", from, to, answer);
}

static void tell_lane(
	const struct timeline *timeline, const struct timeline_lane *lane, FILE *out)
{
	size_t told = 0;
	size_t more = 0;

	fprintf(out, " View %s:", lane->view);
	for (size_t i = 0; i < lane->spans_len; i++) {
		const struct timeline_span *span = &lane->spans[i];

		if (span->to < timeline->from || span->from >= timeline->to)
			continue;
		if (told++ < SPANS_TOLD)
			tell_span(span, out);
		else
			more++;
	}
	if (told == 0)
		fputs(" nothing was seen.", out);
	if (more > 0)
		fprintf(out, " And %zu more answers.", more);
	if (lane->gaps_len > 0)
		fprintf(out, " Gaps: %zu.", lane->gaps_len);
}

static void tell_mail(const struct timeline *timeline, FILE *out)
{
	struct timeline_bar sum = {0};

	for (size_t i = 0; i < timeline->bars_len; i++) {
		sum.accepted += timeline->bars[i].accepted;
		sum.deferred += timeline->bars[i].deferred;
		sum.unknown += timeline->bars[i].unknown;
		sum.bounced += timeline->bars[i].bounced;
	}
	fprintf(out,
		" Mails: %" PRIu64 " accepted, %" PRIu64 " deferred, %" PRIu64
		" bounced as user unknown, %" PRIu64 " bounced for other reasons.",
		sum.accepted, sum.deferred, sum.unknown, sum.bounced);
}

void timeline_describe(const struct timeline *timeline, FILE *out)
{
	char from[STORY_TIME_MAX];
	char to[STORY_TIME_MAX];

	fprintf(out, "From %s to %s UTC.", story_time(timeline->from, from),
		story_time(timeline->to, to));
	if (timeline->incident_from != 0)
		fprintf(out, " Incident from %s to %s.",
			story_time(timeline->incident_from, from),
			story_time(timeline->incident_to, to));
	for (size_t i = 0; i < timeline->marks_len; i++)
		fprintf(out, " %s: %s.", story_time(timeline->marks[i].at, from),
			timeline->marks[i].label);
	for (size_t i = 0; i < timeline->lanes_len && i < TIMELINE_LANES_MOST; i++)
		tell_lane(timeline, &timeline->lanes[i], out);
	if (timeline->bars_len > 0)
		tell_mail(timeline, out);
}
