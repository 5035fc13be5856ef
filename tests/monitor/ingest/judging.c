/* SPDX-License-Identifier: MIT */
#include "tests/monitor/ingest/judging.h"

#include <stdio.h>

#include "monitor/ingest/reply_rules.h"

static struct reply_rules *rules;

int judging_setup(void **state)
{
	struct reply_rules_error error;

	(void)state;
	if (reply_rules_create(NULL, &rules, &error) == 0)
		return 0;
	fprintf(stderr, "%s\n", error.text);
	return -1;
}

int judging_teardown(void **state)
{
	(void)state;
	reply_rules_destroy(rules);
	return 0;
}

struct report judging_report(const char *status, const char *text)
{
	struct report report = {.outcome = DELIVERY_BOUNCED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.count = 1,
		.recipient = "jane@example.com"};

	snprintf(report.status, sizeof report.status, "%s", status);
	snprintf(report.text, sizeof report.text, "%s", text);
	if (status[0] == '4')
		report.outcome = DELIVERY_DEFERRED;
	return report;
}

struct reply_verdict judging_verdict(const struct report *report)
{
	struct reply_verdict verdict;

	reply_judge(rules, report, &verdict);
	return verdict;
}

enum delivery_reason judging_reason(const char *status, const char *text)
{
	const struct report report = judging_report(status, text);

	return judging_verdict(&report).reason;
}
