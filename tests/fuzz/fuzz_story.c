/* SPDX-License-Identifier: MIT */
/* The input is what an incident is made of: two bytes for kind and state, then texts of others,
 * each ended by a NUL. Whatever they say, the story is lines of printable text that fit. */
#include <stdbool.h>
#include <string.h>

#include "alerts/story.h"
#include "resolvers/utf8.h"
#include "storage/incident.h"
#include "tests/fuzz/target.h"

#define COLUMNS 78
#define T0 INT64_C(1693341067000)

enum text {
	DOMAIN,
	SPOKEN,
	FROM,
	TO,
	VIEW,
	BEFORE,
	NOW,
	COVERAGE,
	SUMMARY,
	REASON,
	TEXTS,
};

static void take_texts(
	const uint8_t *data, size_t size, char *copy, const char *ret_texts[TEXTS])
{
	char *at = memcpy(copy, data, size);

	copy[size] = '\0';
	for (size_t i = 0; i < TEXTS; i++) {
		ret_texts[i] = at;
		at += strlen(at);
		if (at < copy + size)
			at++;
	}
}

/* A line to be copied is not broken, and neither is a word. */
static void check_width(const char *line, size_t len, size_t columns)
{
	const size_t indent = strspn(line, " ");

	if (columns <= COLUMNS || indent == 6 || indent == 8)
		return;
	line += len;
	len = 0;
	while (line[-1] != ' ') {
		line--;
		len++;
	}
	HOLDS(len > COLUMNS / 2);
}

static void check_line(const char *line, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0, taken; i < len; i += taken) {
		uint32_t character;

		taken = utf8_decode((const uint8_t *)line + i, len - i, &character);
		HOLDS(taken > 0 && !utf8_is_control(character));
		columns++;
	}
	check_width(line, len, columns);
}

static void check_story(const char *text, size_t len)
{
	HOLDS(strlen(text) == len && len > 0 && text[len - 1] == '\n');
	while (*text != '\0') {
		const size_t line = strcspn(text, "\n");

		check_line(text, line);
		text += line + 1;
	}
}

static void tell(const struct story *story)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	HOLDS(story_write(story, out) == 0);
	if (fclose(out) == 0)
		check_story(text, len);
	free(text);
}

/* Each element is closed again, and nothing steers. */
static void check_page(const char *html)
{
	size_t depth = 0;

	for (; *html != '\0'; html++) {
		HOLDS((unsigned char)*html >= ' ' || *html == '\n');
		if (*html != '<' || strncmp(html, "<br>", 4) == 0)
			continue;
		HOLDS(html[1] == '/' ? depth > 0 : html[1] >= 'a' && html[1] <= 'z');
		depth += html[1] == '/' ? (size_t)-1 : 1;
	}
	HOLDS(depth == 0);
}

static void tell_page(const struct story *story)
{
	char *html = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&html, &len);

	if (out == NULL)
		return;
	HOLDS(story_write_html(story, out) == 0);
	if (fclose(out) == 0)
		check_page(html);
	free(html);
}

static void make(const uint8_t *data, const char *const texts[TEXTS])
{
	const struct incident_evidence evidence[] = {
		{texts[VIEW], 3.1, T0 + 60000, texts[REASON]}};
	const struct incident incident = {
		.number = 7,
		.domain = (const uint8_t *)"\7example\3com",
		.kind = (enum incident_kind)(1 + data[0] % (INCIDENT_KINDS - 1)),
		.kind_at_open =
			(enum incident_kind)(data[0] / INCIDENT_KINDS % INCIDENT_KINDS),
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_WARNING,
		.state = (enum incident_state)(
			INCIDENT_SUSPECTED + data[1] % INCIDENT_CLOSED),
		.suspected_at = T0,
		.opened_at = T0 + 60000,
		.change_at = T0,
		.change_not_before = T0 - 10000,
		.first_bounce_at = (data[1] & 8) != 0 ? T0 + 61000 : 0,
		.last_bounce_at = (data[1] & 8) != 0 ? T0 + 3600000 : 0,
		.from_operators = texts[FROM],
		.to_operators = texts[TO],
		.view = texts[VIEW],
		.recipients = (data[1] & 16) != 0 ? 4137 : 0,
		.bounces = (data[1] & 16) != 0 ? 5000 : 0,
		.summary = texts[SUMMARY],
		.evidence = evidence,
		.evidence_len = 1,
	};
	const struct story_view view = {
		.view = texts[VIEW], .before = texts[BEFORE], .now = texts[NOW]};
	const struct story_mail mail = {.deferred_before = 14, .accepted_all = 100};
	const struct story story = {
		.incident = &incident,
		.id = "fra1-i7",
		/* No blank first: a line to be copied is known by its indent. */
		.domain = texts[DOMAIN] + strspn(texts[DOMAIN], " "),
		.spoken = texts[SPOKEN],
		.views = &view,
		.views_len = 1,
		.mail = &mail,
		.coverage = texts[COVERAGE],
		.leave = data[1] & 32,
		.repeated = data[1] & 64,
		.nameless = data[1] & 128,
		.ttl_s = 3600,
		.meant = (data[1] & 4) != 0 ? "gmail.com" : NULL,
	};

	tell(&story);
	tell_page(&story);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *texts[TEXTS];
	char *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1);
	if (copy == NULL)
		return 0;
	take_texts(data + 2, size - 2, copy, texts);
	make(data, texts);
	free(copy);
	return 0;
}
