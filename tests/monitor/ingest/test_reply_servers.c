/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on the words of many mail servers, in many languages: lines of reasons TAB text in
 * tests/data/replies, where reasons with a comma between are as good.
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
#include "monitor/ingest/report.h"
#include "tests/monitor/ingest/judging.h"

static bool is_accepted(const char *reasons, enum delivery_reason reason)
{
	const char *name = delivery_reason_name(reason);
	size_t len = strlen(name);

	for (;; reasons++) {
		size_t word = strcspn(reasons, ",");

		if (word == len && strncmp(reasons, name, len) == 0)
			return true;
		reasons += word;
		if (*reasons == '\0')
			return false;
	}
}

static void reply_knows_the_words_of_mail_servers(void **state)
{
	char path[4096];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	unsigned texts = 0;
	unsigned wrong = 0;

	(void)state;
	snprintf(
		path, sizeof path, "%s/replies/servers.tsv", getenv("MXVIGIL_TEST_DATA"));
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	while ((len = getline(&line, &size, in)) > 0) {
		char *text = strchr(line, '\t');
		struct reply_verdict verdict;
		struct report report;

		if (line[0] == '#')
			continue;
		assert_non_null(text);
		line[len - 1] = '\0';
		*text++ = '\0';
		report = judging_report("", text);
		if (text[0] == '4')
			report.outcome = DELIVERY_DEFERRED;
		verdict = judging_verdict(&report);
		texts++;
		if (is_accepted(line, verdict.reason))
			continue;
		wrong++;
		print_message("# %s (%s), expected %s: %s\n",
			delivery_reason_name(verdict.reason), verdict.rule, line, text);
	}
	free(line);
	fclose(in);
	print_message("# %u texts, %u wrong\n", texts, wrong);
	assert_true(texts > 0);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_knows_the_words_of_mail_servers),
	};

	return cmocka_run_group_tests(tests, judging_setup, judging_teardown);
}
