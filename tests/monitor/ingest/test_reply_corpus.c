/* SPDX-License-Identifier: MIT */
/*
 * The rules on labelled replies, where a set is at hand: lines of label TAB source TAB text.
 * The rules were written with the seen part in view; the unseen part, four of ten by a hash of
 * the text, was not looked at, and its figure is printed as what may be expected elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/report.h"

#define PRECISION_MIN 0.97
#define RECALL_MIN 0.90

/* Labels that mean an unknown user: "filtered" is mostly one that was said after DATA. Of a
 * mailbox that moved ("hasmoved") either may be said: it is gone, and was known. */
static const char *const unknown_labels[] = {"userunknown", "filtered"};

struct tally {
	unsigned right; /* unknown users found */
	unsigned missed;
	unsigned wrong; /* said to be unknown users */
	unsigned texts;
};

static bool is_unknown(const char *label)
{
	for (size_t i = 0; i < sizeof unknown_labels / sizeof *unknown_labels; i++)
		if (strcmp(unknown_labels[i], label) == 0)
			return true;
	return false;
}

static bool is_seen(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash >> 32) % 10 >= 4;
}

static void judge(const struct reply_rules *rules, const char *label, const char *text,
	struct tally *tally)
{
	struct report report = {
		.outcome = DELIVERY_BOUNCED, .origin = REPORT_REMOTE, .count = 1};
	struct reply_verdict verdict;
	bool unknown = is_unknown(label);
	bool said;

	if (strcmp(label, "hasmoved") == 0)
		return;

	snprintf(report.text, sizeof report.text, "%s", text);
	reply_judge(rules, &report, &verdict);
	said = verdict.reason == REASON_USER_UNKNOWN;
	tally->texts++;
	tally->right += unknown && said;
	tally->missed += unknown && !said;
	tally->wrong += !unknown && said;
	if (getenv("MXVIGIL_TEST_VERBOSE") != NULL && is_seen(text))
		printf("# %s %s %s %s: %s\n", unknown != said ? "WRONG" : "-", label,
			delivery_reason_name(verdict.reason), verdict.rule, text);
}

static void print_tally(const char *name, const struct tally *tally)
{
	printf("# %s: %u texts, %u unknown users; precision %.3f, recall %.3f\n", name,
		tally->texts, tally->right + tally->missed,
		(double)tally->right / (tally->right + tally->wrong),
		(double)tally->right / (tally->right + tally->missed));
}

static void reply_tells_unknown_users_of_labelled_replies(void **state)
{
	const char *folder = getenv("MXVIGIL_TEST_CORPORA");
	struct tally seen = {0};
	struct tally unseen = {0};
	struct reply_rules_error error;
	struct reply_rules *rules;
	char path[4096];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *in;

	(void)state;
	snprintf(path, sizeof path, "%s/replies-labelled.tsv",
		folder != NULL ? folder : "");
	in = fopen(path, "re");
	if (in == NULL)
		skip();
	if (reply_rules_create(NULL, &rules, &error) < 0)
		fail_msg("%s", error.text);
	while ((len = getline(&line, &size, in)) > 0) {
		char *source = strchr(line, '\t');
		char *text = source != NULL ? strchr(source + 1, '\t') : NULL;

		if (text == NULL || strncmp(line, "reason\t", 7) == 0)
			continue;
		*source = '\0';
		line[len - 1] = '\0';
		judge(rules, line, text + 1, is_seen(text + 1) ? &seen : &unseen);
	}
	free(line);
	fclose(in);
	reply_rules_destroy(rules);
	print_tally("seen while the rules were written", &seen);
	print_tally("unseen", &unseen);
	assert_true(seen.right > 0 && unseen.right > 0);
	assert_true(seen.right >= PRECISION_MIN * (seen.right + seen.wrong));
	assert_true(seen.right >= RECALL_MIN * (seen.right + seen.missed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_tells_unknown_users_of_labelled_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
