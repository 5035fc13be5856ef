/* SPDX-License-Identifier: MIT */
#include "alerts/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/sheet.h"
#include "alerts/story_text.h"
#include "alerts/timeline.h"
#include "storage/incident.h"
#include "storage/instant.h"

#define COLUMNS(array) (array), sizeof(array) / sizeof *(array)
#define BYTES_SHOWN 4096 /* of one message */
#define BYTES_A_LINE 16

static const char *or_dash(const char *text)
{
	return text != NULL && *text != '\0' ? text : "-";
}

static char *say_instant(int64_t at, char ret_text[INSTANT_TEXT_MAX])
{
	return at != 0 ? instant_format(at, ret_text) : strcpy(ret_text, "-");
}

static void say_more(struct sheet *sheet, uint64_t more, const char *where)
{
	char count[STORY_COUNT_MAX];

	if (more > 0)
		sheet_say(sheet, "And %s more: %s shows them all.",
			story_count(more, count), where);
}

static void put_counts(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {
		{"What", 0.7, false}, {"How many", 0.3, false}};
	const struct incident *const incident = report->story->incident;
	const struct {
		const char *name;
		uint64_t count;
	} counts[] = {
		{"recipients to be re-activated: bounced only because of the incident",
			incident->recipients},
		{"of them bounced more than once", report->story->repeated},
		{"of them known by a keyed hash alone", report->story->nameless},
		{"recipients to be left suppressed: unknown at the domain's own hosts "
		 "too",
			report->story->leave},
		{"bounces that belong to the incident", incident->bounces},
		{"deferrals of the domain meanwhile", incident->deferrals},
		{"mails accepted for the domain meanwhile", incident->deliveries},
	};
	char count[STORY_COUNT_MAX];

	sheet_heading(sheet, "Counts");
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		const char *const cells[] = {
			counts[i].name, story_count(counts[i].count, count)};

		sheet_row(sheet, cells);
	}
	sheet_end_table(sheet);
}

static void put_evidence(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {{"When (UTC)", 0.25, true},
		{"What", 0.18, false}, {"Weight", 0.1, false}, {"In words", 0.47, false}};
	const struct incident *const incident = report->story->incident;
	char at[INSTANT_TEXT_MAX];
	char weight[32];

	sheet_heading(sheet, "Reasons");
	sheet_say(sheet,
		"Why this is believed, by time. A weight is the natural logarithm of "
		"odds; 0 is said and not weighed.");
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < incident->evidence_len; i++) {
		const struct incident_evidence *const one = &incident->evidence[i];
		const char *const cells[] = {
			say_instant(one->at, at), one->name, weight, one->text};

		snprintf(weight, sizeof weight, "%+.1f", one->weight);
		sheet_row(sheet, cells);
	}
	sheet_end_table(sheet);
}

static void put_changes(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {{"What, where", 0.2, false},
		{"Between these polls (UTC)", 0.3, false}, {"From", 0.25, false},
		{"To", 0.25, false}};
	char before[INSTANT_TEXT_MAX];
	char at[INSTANT_TEXT_MAX];

	sheet_heading(sheet, "Changes");
	if (report->changes_len == 0) {
		sheet_say(sheet, "No change of the MX was recorded in this window.");
		return;
	}
	sheet_say(sheet,
		"Each happened between the last poll that gave the old answer and the "
		"first that gave the new one.");
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < report->changes_len; i++) {
		const struct report_change *const change = &report->changes[i];
		char *where = NULL;
		char *when = NULL;

		say_instant(change->not_before_at, before);
		say_instant(change->at, at);
		if (asprintf(&where, "%s: %s, view %s%s%s", change->id, change->what,
			    change->view, change->server != NULL ? ", server " : "",
			    change->server != NULL ? change->server : "") < 0)
			where = NULL;
		if (asprintf(&when, "%s and %s", before, at) < 0)
			when = NULL;
		const char *const cells[] = {
			story_shown(where), story_shown(when), change->from, change->to};
		sheet_row(sheet, cells);
		free(where);
		free(when);
	}
	sheet_end_table(sheet);
	say_more(sheet, report->changes_more, "mxvigil history");
}

static void put_gaps(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {{"View", 0.2, false},
		{"From (UTC)", 0.28, true}, {"To (UTC)", 0.28, true},
		{"Reason", 0.24, false}};
	char from[INSTANT_TEXT_MAX];
	char to[INSTANT_TEXT_MAX];
	size_t count = 0;

	for (size_t i = 0; i < report->views_len; i++)
		count += report->views[i].gaps_len;
	if (count == 0) {
		sheet_say(sheet, "There is no gap in any view.");
		return;
	}
	sheet_say(sheet,
		"In these times a view was not looked at, or gave no usable "
		"answer; a change that began and ended inside one is not "
		"known:");
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < report->views_len; i++)
		for (size_t j = 0; j < report->views[i].gaps_len; j++) {
			const struct report_gap *const gap = &report->views[i].gaps[j];
			const char *const cells[] = {report->views[i].view,
				say_instant(gap->from, from),
				gap->to != 0 ? say_instant(gap->to, to) : "goes on",
				gap->reason};

			sheet_row(sheet, cells);
		}
	sheet_end_table(sheet);
}

static void put_coverage(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {{"View", 0.2, false},
		{"Usable polls", 0.2, false}, {"Covered", 0.3, false},
		{"Longest time between polls", 0.3, false}};
	char count[STORY_COUNT_MAX];
	char polls[STORY_COUNT_MAX + 16];
	char covered[STORY_TIME_MAX + 8];
	char longest[STORY_TIME_MAX];
	char length[STORY_TIME_MAX];

	sheet_heading(sheet, "Coverage");
	if (report->views_len == 0) {
		sheet_say(sheet, "No view ever looked at this domain.");
		return;
	}
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < report->views_len; i++) {
		const struct report_view *const view = &report->views[i];
		const int64_t all = view->to - view->from;
		const char *const cells[] = {view->view, polls, covered,
			view->polls > 0 ? story_duration(view->longest_ms, longest)
					: "-"};

		snprintf(polls, sizeof polls, "%s%s",
			view->polls_exact ? "" : "at least ",
			story_count(view->polls, count));
		snprintf(covered, sizeof covered, "%.1f %% of %s",
			all > 0 ? 100 * (double)view->covered_ms / (double)all : 0,
			story_duration(all, length));
		sheet_row(sheet, cells);
	}
	sheet_end_table(sheet);
	put_gaps(sheet, report);
}

static void put_mails(struct sheet *sheet, const struct report *report)
{
	static const struct sheet_column columns[] = {{"Outcome", 0.2, false},
		{"Relay that answered", 0.28, false}, {"Mails", 0.1, false},
		{"Recipients", 0.14, false}, {"First and last (UTC)", 0.28, false}};
	char count[STORY_COUNT_MAX];
	char recipients[STORY_COUNT_MAX];
	char first[STORY_TIME_MAX];
	char last[STORY_TIME_MAX];
	char when[2 * STORY_TIME_MAX + 8];
	char outcome[96];

	sheet_heading(sheet, "What became of mail");
	if (report->mails_len == 0) {
		sheet_say(sheet, "No mail to the domain is known of in this window.");
		return;
	}
	sheet_begin_table(sheet, COLUMNS(columns));
	for (size_t i = 0; i < report->mails_len; i++) {
		const struct report_mail *const mail = &report->mails[i];
		const char *const cells[] = {outcome, or_dash(mail->relay_host),
			story_count(mail->count, count),
			story_count(mail->recipients, recipients), when};

		snprintf(outcome, sizeof outcome, "%s%s%s", mail->outcome,
			*mail->reason != '\0' ? ": " : "", mail->reason);
		snprintf(when, sizeof when, "%s to %s", story_time(mail->first_at, first),
			story_time(mail->last_at, last));
		sheet_row(sheet, cells);
	}
	sheet_end_table(sheet);
	say_more(sheet, report->mails_more, "mxvigil deliveries");
}

/* "0000  9c 1f 84 00 ..." */
static char *make_hex(const uint8_t *bytes, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *const out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len && i < BYTES_SHOWN; i++) {
		if (i % BYTES_A_LINE == 0)
			fprintf(out, "%s%04zx ", i > 0 ? "\n" : "", i);
		fprintf(out, " %02x", bytes[i]);
	}
	if (len > BYTES_SHOWN)
		fprintf(out, "\n... %zu bytes in all", len);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void put_message(struct sheet *sheet, const struct report_message *message)
{
	char at[INSTANT_TEXT_MAX];
	char *const hex = make_hex(message->bytes, message->len);

	sheet_say(sheet, "%s: %s, from %s over %s to port %u, after %.1f ms, %zu bytes%s",
		message->change, say_instant(message->at, at), or_dash(message->server),
		message->tcp ? "TCP" : "UDP", message->local_port,
		(double)message->rtt_us / 1000, message->len,
		message->clock_synchronised ? "" : "; the clock was not synchronised");
	sheet_lines(sheet, message->text);
	if (hex == NULL)
		sheet->err = sheet->err == 0 ? -ENOMEM : sheet->err;
	else
		sheet_lines(sheet, hex);
	free(hex);
}

static void put_messages(struct sheet *sheet, const struct report *report)
{
	sheet_heading(sheet, "Messages as they came");
	if (report->messages_len == 0) {
		sheet_say(sheet, "No message is kept with these changes.");
		return;
	}
	sheet_say(sheet, "Each as its records, and as the bytes that were received.");
	for (size_t i = 0; i < report->messages_len; i++)
		put_message(sheet, &report->messages[i]);
	say_more(sheet, report->messages_more, "mxvigil history --evidence");
}

static void put_recipients(struct sheet *sheet, const struct report *report)
{
	if (report->addresses == NULL)
		return;
	sheet_heading(sheet, "Recipients to be re-activated");
	if (*report->addresses == '\0')
		sheet_say(sheet, "No address is kept.");
	else
		sheet_lines(sheet, report->addresses);
}

static void put_proof(struct sheet *sheet, const struct report *report)
{
	char at[INSTANT_TEXT_MAX];
	char from[INSTANT_TEXT_MAX];
	char to[INSTANT_TEXT_MAX];

	sheet_heading(sheet, "How to check this");
	if (report->ledger_transaction == 0) {
		sheet_say(sheet, "Nothing is chained in the ledger yet.");
	} else {
		sheet_say(sheet,
			"Changes, gaps, messages (by their SHA-256) and what became of "
			"the incident are chained by SHA-256. When this was made, the "
			"head of the chain, of transaction %" PRId64 " at %s, was:",
			report->ledger_transaction, say_instant(report->ledger_at, at));
		sheet_lines(sheet, report->ledger_head);
		sheet_say(sheet,
			"On a copy of the store, this recomputes the chain; whoever "
			"holds this head knows that nothing before it was rewritten:");
		sheet_lines(sheet, "mxvigil verify --store FILE");
	}
	sheet_say(sheet,
		"This report covers %s to %s and was made at %s by mxvigil %s, site %s. "
		"Times are UTC.",
		say_instant(report->from, from), say_instant(report->to, to),
		say_instant(report->made_at, at), MXVIGIL_VERSION, report->site);
}

static enum html_tone tone_of(const struct incident *incident)
{
	if (incident->state == INCIDENT_CLOSED)
		return HTML_OVER;
	switch (incident->severity) {
	case SEVERITY_INFO:
		return HTML_INFO;
	case SEVERITY_WARNING:
		return HTML_WARNING;
	case SEVERITY_CRITICAL:
		return HTML_CRITICAL;
	}
	return HTML_INFO;
}

static void put_all(struct sheet *sheet, const struct report *report)
{
	if (report->timeline != NULL)
		sheet_picture(sheet, report->timeline);
	sheet_story(sheet, report->story);
	put_counts(sheet, report);
	put_recipients(sheet, report);
	put_evidence(sheet, report);
	put_mails(sheet, report);
	put_changes(sheet, report);
	put_coverage(sheet, report);
	put_messages(sheet, report);
	put_proof(sheet, report);
}

int report_write(const struct report *report, enum report_form form, FILE *out)
{
	const struct incident *const incident = report->story->incident;
	struct sheet sheet;
	char above[160];
	char foot[160];

	snprintf(above, sizeof above, "Report on incident %s: %s, %s, %s",
		report->story->id, incident_kind_name(incident->kind),
		incident_severity_name(incident->severity),
		incident_state_name(incident->state));
	snprintf(foot, sizeof foot, "mxvigil %s, incident %s", MXVIGIL_VERSION,
		report->story->id);
	const struct sheet_title title = {
		.title = incident->summary,
		.above = above,
		.below = report->story->spoken,
		.foot = foot,
		.tone = tone_of(incident),
		.made_at = report->made_at,
	};
	switch (form) {
	case REPORT_HTML:
		sheet_open_html(&sheet, &title, out);
		break;
	case REPORT_PDF:
		sheet_open_pdf(&sheet, &title, out);
		break;
	}
	put_all(&sheet, report);
	return sheet_close(&sheet);
}
