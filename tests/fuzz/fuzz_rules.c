/* SPDX-License-Identifier: MIT */
/* The input is a file of rules for answers. Answers are judged by whatever was taken. */
#include <errno.h>
#include <string.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/report.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/target.h"

static const struct {
	const char *relay_host;
	const char *status;
	const char *text;
} replies[] = {
	{"", "", ""},
	{"mx.example.net", "5.1.1", "550 5.1.1 user unknown: the mailbox is not here"},
	{"gmail-smtp-in.l.google.com", "", "mailbox unavailable or access denied a b c"},
};

static void judge(const struct reply_rules *rules)
{
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		struct report report = {
			.outcome = DELIVERY_BOUNCED, .origin = REPORT_REMOTE};
		struct reply_verdict verdict;

		strcpy(report.relay_host, replies[i].relay_host);
		strcpy(report.status, replies[i].status);
		strcpy(report.text, replies[i].text);
		reply_judge(rules, &report, &verdict);
		HOLDS(verdict.reason > REASON_NONE && verdict.reason < DELIVERY_REASONS);
		HOLDS(verdict.rule[0] != '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = input_file(data, size);
	struct reply_rules_error error;
	struct reply_rules *rules;
	const int err = reply_rules_create(path, &rules, &error);

	HOLDS(err == 0 || err == -EINVAL);
	if (err < 0) {
		input_file_check_error(path, error.text);
		return 0;
	}
	judge(rules);
	reply_rules_destroy(rules);
	return 0;
}
