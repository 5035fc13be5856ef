/* SPDX-License-Identifier: MIT */
/*
 * Writes reports as each form has them, for parsers that are not ours to read.
 * usage: reporter DIRECTORY
 *
 * NAME.html and NAME.pdf: plain, bare (nothing is known), endless (as long as reports get), and
 * the hostile ones, name-NN and text-NN; index.txt has for each its harmless twin, TAB, and what
 * is the matter with it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/report.h"
#include "alerts/timeline.h"
#include "resolvers/name.h"
#include "tests/alerts/hostile.h"
#include "tests/alerts/sample.h"

#define T0 SAMPLE_T0
#define HOUR INT64_C(3600000)

static const char *directory;
static FILE *list; /* of the hostile ones */

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "reporter: %s\n", what);
	exit(1);
}

static FILE *make_file(const char *name, const char *end)
{
	char *path;

	must(asprintf(&path, "%s/%s%s", directory, name, end) > 0, "no memory");
	FILE *const file = fopen(path, "we");
	must(file != NULL, path);
	free(path);
	return file;
}

static void write_page(const char *name, const struct report *report)
{
	FILE *const html = make_file(name, ".html");

	must(report_write(report, REPORT_HTML, html) == 0 && fclose(html) == 0,
		"no page");
}

static void write_both(const char *name, const struct report *report)
{
	FILE *const pdf = make_file(name, ".pdf");

	write_page(name, report);
	must(report_write(report, REPORT_PDF, pdf) == 0 && fclose(pdf) == 0, "no paper");
}

/* What others say, in all places that they can say something in. */
struct sayings {
	const char *host;
	const char *answer;
	const char *word;
};

/* Where the lists of a report stand. */
struct lists {
	struct timeline timeline;
	struct timeline_span spans[2];
	struct timeline_gap hatch;
	struct timeline_lane lane;
	struct report_change changes[2];
	struct report_gap gap;
	struct report_view view;
	struct report_mail mail;
	struct report_message message;
};

static void draw(struct lists *lists, const struct sayings *say)
{
	lists->spans[0] = (struct timeline_span){T0 - HOUR, T0, say->word, say->answer};
	lists->spans[1] = (struct timeline_span){T0, T0 + HOUR, "Other", "10 mx.example"};
	lists->hatch = (struct timeline_gap){T0 + HOUR, T0 + 2 * HOUR, say->word};
	lists->lane =
		(struct timeline_lane){say->word, lists->spans, 2, &lists->hatch, 1};
	lists->timeline = (struct timeline){.title = say->word,
		.subtitle = say->word,
		.footer = say->word,
		.from = T0 - HOUR,
		.to = T0 + 2 * HOUR,
		.lanes = &lists->lane,
		.lanes_len = 1};
}

static struct report fill(
	struct lists *lists, const struct sample *sample, const struct sayings *say)
{
	static const uint8_t bytes[] = {0x9c, 0x1f, 0x84, 0, 0, 1, 0, 2, 0, 0, 0, 0, 6,
		'o', 'n', 'l', 'i', 'n', 'e'};

	draw(lists, say);
	lists->changes[0] = (struct report_change){"fra1-7", say->word, say->host,
		"replaced", T0 - 10000, T0, say->answer, "10 mx.example"};
	lists->changes[1] = (struct report_change){"suspicion 3", say->word, NULL,
		say->word, 0, T0, "nothing yet", say->answer};
	lists->gap = (struct report_gap){T0 + HOUR, 0, say->word};
	lists->view = (struct report_view){say->word, T0 - HOUR, T0 + 2 * HOUR, 720, true,
		2 * HOUR, 11000, &lists->gap, 1};
	lists->mail = (struct report_mail){
		"bounced", "user-unknown", say->host, 412, 408, T0 + 1000, T0 + HOUR};
	lists->message = (struct report_message){"fra1-7", say->host, T0, 1234, 40000,
		true, false, bytes, sizeof bytes, say->answer};
	return (struct report){
		.story = &sample->one.story,
		.timeline = &lists->timeline,
		.site = say->word,
		.made_at = T0 + 3 * HOUR,
		.from = T0 - HOUR,
		.to = T0 + 2 * HOUR,
		.changes = lists->changes,
		.changes_len = 2,
		.views = &lists->view,
		.views_len = 1,
		.mails = &lists->mail,
		.mails_len = 1,
		.messages = &lists->message,
		.messages_len = 1,
		.addresses = *say->word != '\0' ? say->word : "-",
		.ledger_transaction = 41,
		.ledger_at = T0,
		.ledger_head = "00112233445566778899aabbccddeeff"
			       "00112233445566778899aabbccddeeff",
	};
}

static void write_plain(void)
{
	const struct sayings say = {
		"mx01.mail.icloud.com", "10 mx00.ionos.de, 10 mx01.ionos.de", "mta"};
	struct sample sample;
	struct lists lists;

	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_CLOSED);
	struct report report = fill(&lists, &sample, &say);
	report.addresses = "anna@online.de\nbert@online.de\n";
	report.changes_more = 3;
	lists.message.text = "online.de.\t1\tIN\tMX\t10 mx01.mail.icloud.com.\n";
	write_both("plain", &report);
	write_both("again", &report);
	sample_init(&sample, INCIDENT_SELF, ALERT_OPENED);
	sample.one.story.views_len = 0;
	report = (struct report){
		.story = &sample.one.story, .site = "fra1", .made_at = T0};
	write_both("bare", &report);
}

/* The lists are as long as they are ever gathered, and some texts longer. */
static void write_endless(void)
{
	enum {
		CHANGES = 200,
		GAPS = 500,
		MESSAGES = 60,
		BYTES = 65535
	};
	static struct report_change changes[CHANGES];
	static struct report_gap gaps[GAPS];
	static struct report_message messages[MESSAGES];
	static uint8_t bytes[BYTES];
	static char answer[70000];
	const struct sayings say = {"mx.example", "10 mx.example", "mta"};
	struct sample sample;
	struct lists lists;

	memset(answer, 'w', sizeof answer - 1);
	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_CLOSED);
	struct report report = fill(&lists, &sample, &say);
	for (size_t i = 0; i < CHANGES; i++) {
		changes[i] = lists.changes[0];
		changes[i].to = answer;
	}
	for (size_t i = 0; i < GAPS; i++)
		gaps[i] = lists.gap;
	for (size_t i = 0; i < MESSAGES; i++) {
		messages[i] = lists.message;
		messages[i].bytes = bytes;
		messages[i].len = BYTES;
	}
	lists.view.gaps = gaps;
	lists.view.gaps_len = GAPS;
	report.changes = changes;
	report.changes_len = CHANGES;
	report.messages = messages;
	report.messages_len = MESSAGES;
	write_both("endless", &report);
}

static void write_hostile(const char *name, const char *text, const char *domain)
{
	const struct sayings say = {text, text, text};
	char *const operators = strdup(*text != '\0' ? text : "-");
	struct sample sample;
	struct lists lists;

	must(operators != NULL, "no memory");
	for (char *at = operators; (at = strchr(at, '\n')) != NULL;)
		*at = ' ';
	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_CLOSED);
	sample.incident.summary = text;
	sample.incident.to_operators = operators;
	sample.incident.evidence = sample.evidence;
	for (size_t i = 0; i < 3; i++)
		sample.evidence[i].text = sample.evidence[i].name = text;
	if (domain != NULL)
		sample.one.story.domain = sample.one.story.spoken = domain;
	const struct report report = fill(&lists, &sample, &say);
	/* Names are ASCII here but for a few: one form of them is enough. */
	if (domain != NULL)
		write_page(name, &report);
	else
		write_both(name, &report);
	free(operators);
}

int main(int argc, char **argv)
{
	char name[32];
	const char *why;

	must(argc == 2, "usage: reporter DIRECTORY");
	directory = argv[1];
	list = make_file("index", ".txt");
	write_plain();
	write_endless();
	write_hostile("twin-text", "harmless", NULL);
	write_hostile("twin-name", "harmless", "harmless.example");
	for (size_t i = 0; i < hostile_texts(); i++) {
		snprintf(name, sizeof name, "text-%02zu", i);
		write_hostile(name, hostile_text(i, &why), NULL);
		fprintf(list, "%s\ttwin-text\t%s\n", name, why);
	}
	for (size_t i = 0; i < hostile_names(); i++) {
		char shown[NAME_TEXT_MAX];

		name_format_display(hostile_name(i, &why), shown);
		snprintf(name, sizeof name, "name-%02zu", i);
		write_hostile(name, shown, shown);
		fprintf(list, "%s\ttwin-name\t%s\n", name, why);
	}
	must(fclose(list) == 0, "index.txt");
	return 0;
}
