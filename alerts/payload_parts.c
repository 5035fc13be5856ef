/* SPDX-License-Identifier: MIT */
#include "alerts/payload_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "alerts/phrase.h"
#include "alerts/story_text.h"
#include "resolvers/name.h"

json_t *payload_text(const char *text, size_t most)
{
	char *shown = story_escape(text);
	char *cut = NULL;
	size_t len;
	json_t *json = NULL;
	FILE *out = shown != NULL ? open_memstream(&cut, &len) : NULL;

	if (out != NULL) {
		phrase_put(*shown != '\0' ? shown : "-",
			*shown != '\0' ? strlen(shown) : 1, most, out);
		if (fclose(out) == 0)
			json = json_stringn(cut, len);
	}
	free(cut);
	free(shown);
	return json;
}

json_t *payload_lines(const char *text, size_t most)
{
	char *lines = NULL;
	size_t len;
	json_t *json = NULL;
	FILE *out = open_memstream(&lines, &len);

	if (out == NULL)
		return NULL;
	while (*text != '\0') {
		const size_t line = strcspn(text, "\n");

		name_escape(NAME_SINK_TERMINAL, text, line, out);
		text += line;
		if (*text != '\0')
			putc(*text++, out);
	}
	if (fclose(out) == 0) {
		if (len > most)
			for (len = most; len > 0 && lines[len] != '\n';)
				len--;
		json = len > 0 ? json_stringn(lines, len) : json_string("-");
	}
	free(lines);
	return json;
}

/* Of a format; free with free(). NULL without memory. */
static char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	const int len = vasprintf(&text, format, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

char *payload_operators(const struct incident *incident)
{
	char *from = story_list(incident->from_operators, "its own hosts");
	char *to = story_list(incident->to_operators, "other hosts");
	char *text = from != NULL && to != NULL ? format_text("from %s to %s", from, to)
						: NULL;

	free(from);
	free(to);
	return text;
}

char *payload_since(const struct alert *alert, const struct incident *incident)
{
	const int64_t at =
		incident->change_at != 0 ? incident->change_at : incident->suspected_at;
	const int64_t end =
		incident->reverted_at != 0 ? incident->reverted_at : alert->at;
	char time[STORY_TIME_MAX];
	char span[STORY_TIME_MAX];

	story_time(at, time);
	if (at == 0 || end <= at)
		return format_text("%s UTC", time);
	story_duration(end - at, span);
	return incident->reverted_at != 0 ? format_text("%s UTC, for %s", time, span)
					  : format_text("%s UTC, %s ago", time, span);
}

char *payload_counts(const struct incident *incident)
{
	char bounces[STORY_COUNT_MAX];
	char deliveries[STORY_COUNT_MAX];
	char recipients[STORY_COUNT_MAX + 12];

	return format_text("%s affected bounce%s, %s accepted; %s to re-activate",
		story_count(incident->bounces, bounces),
		incident->bounces == 1 ? "" : "s",
		story_count(incident->deliveries, deliveries),
		story_recipients(incident->recipients, recipients));
}

char *payload_advice(const struct alert_case *one)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	const bool told = story_write_advice(&one->story, out) == 0;
	if (fclose(out) == 0 && told)
		return text;
	free(text);
	return NULL;
}

char *payload_line(const struct alert_case *one)
{
	const struct incident *incident = one->story.incident;
	char *headline;
	char *line;

	if (alert_headline(one, &headline) < 0)
		return NULL;
	line = format_text("%s: %s (%s, %s)", one->story.id, headline,
		incident_severity_name(incident->severity),
		incident_state_name(incident->state));
	free(headline);
	return line;
}
