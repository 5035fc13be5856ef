/* SPDX-License-Identifier: MIT */
/* The input is a recipient, a relay host, an enhanced code and an answer, one a line: what a
 * remote server may choose. */
#include <string.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/reply_text.h"
#include "monitor/ingest/report.h"
#include "tests/fuzz/target.h"

/* Takes the next line, or what is left, into a field. */
static void take(const char **at, size_t *left, char *field, size_t size, char end)
{
	const char *stop = memchr(*at, end, *left);
	size_t len = stop != NULL ? (size_t)(stop - *at) : *left;
	size_t kept = len < size ? len : size - 1;

	memcpy(field, *at, kept);
	field[kept] = '\0';
	if (stop != NULL)
		len++;
	*at += len;
	*left -= len;
}

static void check_text(const struct report *report)
{
	struct reply_text text;

	reply_text_read(report->text, report->recipient, &text);
	HOLDS(text.words_len <= REPLY_WORDS_MAX);
	HOLDS(text.bytes_len <= strlen(report->text));
	HOLDS(text.code == 0 || (text.code >= 400 && text.code <= 599));
	for (size_t i = 0; i < text.words_len; i++) {
		HOLDS(text.words[i].len > 0);
		HOLDS((size_t)text.words[i].at + text.words[i].len <= text.bytes_len);
	}
	for (size_t i = 0; i < text.statuses_len; i++)
		HOLDS(strlen(text.statuses[i]) >= 5 && strlen(text.statuses[i]) <= 9);
}

static void check_verdict(const struct reply_rules *rules, struct report *report)
{
	struct reply_verdict verdict;
	struct reply_verdict again;

	reply_judge(rules, report, &verdict);
	reply_judge(rules, report, &again);
	HOLDS(verdict.reason == again.reason && verdict.rule == again.rule);
	HOLDS(verdict.reason > REASON_NONE && verdict.reason < DELIVERY_REASONS);
	HOLDS(verdict.rule[0] != '\0');
	report->origin = REPORT_LOCAL;
	reply_judge(rules, report, &verdict);
	HOLDS(verdict.reason != REASON_USER_UNKNOWN);
	report->outcome = DELIVERY_DELIVERED;
	reply_judge(rules, report, &verdict);
	HOLDS(verdict.reason == REASON_NONE && verdict.rule[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply_rules *rules;
	struct reply_rules_error error;
	struct report report = {.outcome = DELIVERY_BOUNCED, .origin = REPORT_REMOTE};
	const char *at = (const char *)data;

	if (rules == NULL)
		HOLDS(reply_rules_create(NULL, &rules, &error) == 0);
	take(&at, &size, report.recipient, sizeof report.recipient, '\n');
	take(&at, &size, report.relay_host, sizeof report.relay_host, '\n');
	take(&at, &size, report.status, sizeof report.status, '\n');
	take(&at, &size, report.text, sizeof report.text, '\0');
	check_text(&report);
	check_verdict(rules, &report);
	return 0;
}
