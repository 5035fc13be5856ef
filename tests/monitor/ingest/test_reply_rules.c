/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_builtin.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/reply_rules_inside.h"
#include "monitor/ingest/report.h"

static struct reply_rules_error error;
static char path[] = "/tmp/mxvigil-rules-XXXXXX";

static int create_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int load(const char *text, struct reply_rules **ret_rules)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return reply_rules_create(path, ret_rules, &error);
}

static struct reply_rules *load_sound(const char *text)
{
	struct reply_rules *rules;

	if (load(text, &rules) < 0)
		fail_msg("%s", error.text);
	return rules;
}

static const char *rule_for(const struct reply_rules *rules, const struct report *report)
{
	struct reply_verdict verdict;

	reply_judge(rules, report, &verdict);
	return verdict.rule;
}

static struct report a_report(const char *text)
{
	struct report report = {.outcome = DELIVERY_BOUNCED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.code = 550,
		.status = "5.1.1",
		.relay_host = "mx1.example.com"};

	snprintf(report.text, sizeof report.text, "%s", text);
	return report;
}

static void reply_rules_of_ours_have_each_its_own_id(void **state)
{
	struct reply_rules *rules;

	(void)state;
	assert_int_equal(reply_rules_create(NULL, &rules, &error), 0);
	assert_true(rules->len > 50);
	for (size_t i = 0; i < rules->len; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rules->rules[i].id, rules->rules[j].id);
	reply_rules_destroy(rules);
	reply_rules_destroy(NULL);
}

/* Whatever comes, some rule fits. */
static void reply_rules_of_ours_end_with_one_for_all(void **state)
{
	struct reply_rules *rules;
	struct report report = {.outcome = DELIVERY_BOUNCED};

	(void)state;
	assert_int_equal(reply_rules_create(NULL, &rules, &error), 0);
	assert_string_equal(rule_for(rules, &report), "other");
	report.origin = REPORT_REMOTE;
	assert_string_equal(rule_for(rules, &report), "other");
	report.outcome = DELIVERY_DEFERRED;
	assert_string_equal(rule_for(rules, &report), "other");
	reply_rules_destroy(rules);
}

static void reply_rules_read_a_local_file_first(void **state)
{
	struct reply_rules *rules = load_sound("# ours\n\nmine: blocked\n"
					       "\ttext user unknown\r\n  not really\n");
	struct report report = a_report("user unknown");

	(void)state;
	assert_string_equal(rule_for(rules, &report), "mine");
	report = a_report("user unknown, really");
	assert_string_equal(rule_for(rules, &report), "unknown-user");
	reply_rules_destroy(rules);
}

static void reply_rules_of_a_local_file_replace_ours_by_id(void **state)
{
	struct reply_rules *rules =
		load_sound("unknown-user: policy\n\ttext never said by anybody\n");
	struct report report = a_report("user unknown");

	(void)state;
	assert_string_equal(rule_for(rules, &report), "unknown-bare");
	reply_rules_destroy(rules);
}

static void reply_rules_hold_every_kind_of_condition(void **state)
{
	struct reply_rules *rules = load_sound("mine: blocked\n"
					       " text hello|hi\n text good day\n"
					       " host example.com other.example\n"
					       " status x.1.1 4.7.x\n code 5xx 421\n"
					       " stage rcpt data\n outcome bounced\n");
	struct report report = a_report("hi");

	(void)state;
	assert_string_equal(rule_for(rules, &report), "mine");
	snprintf(report.text, sizeof report.text, "good day");
	assert_string_equal(rule_for(rules, &report), "mine");
	snprintf(report.relay_host, sizeof report.relay_host, "EXAMPLE.com");
	assert_string_equal(rule_for(rules, &report), "mine");
	snprintf(report.relay_host, sizeof report.relay_host, "badexample.com");
	assert_string_not_equal(rule_for(rules, &report), "mine");
	report = a_report("hi");
	report.code = 450;
	assert_string_not_equal(rule_for(rules, &report), "mine");
	report = a_report("hi");
	report.stage = REPORT_STAGE_MAIL;
	assert_string_not_equal(rule_for(rules, &report), "mine");
	report = a_report("hi");
	report.outcome = DELIVERY_DEFERRED;
	assert_string_not_equal(rule_for(rules, &report), "mine");
	report = a_report("hi");
	report.origin = REPORT_LOCAL;
	assert_string_not_equal(rule_for(rules, &report), "mine");
	report = a_report("hi");
	snprintf(report.status, sizeof report.status, "5.1.10");
	assert_string_not_equal(rule_for(rules, &report), "mine");
	snprintf(report.status, sizeof report.status, "4.7.500");
	assert_string_equal(rule_for(rules, &report), "mine");
	reply_rules_destroy(rules);
}

static void reply_rules_tell_who_decided(void **state)
{
	struct reply_rules *rules =
		load_sound("a: system\n by local\n text one\n"
			   "b: system\n by any\n text two\nc: system\n text three\n");
	struct report report = a_report("one two three");

	(void)state;
	assert_string_equal(rule_for(rules, &report), "b");
	report.origin = REPORT_LOCAL;
	assert_string_equal(rule_for(rules, &report), "a");
	reply_rules_destroy(rules);
}

static void reply_rules_name_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *line;
		const char *expected;
	} rows[] = {
		{"hello\n", ":1: ", "ID: REASON"},
		{"\n text hello\n", ":2: ", "before the first condition"},
		{"A: blocked\n", ":1: ", "an id of a-z"},
		{": blocked\n", ":1: ", "an id of a-z"},
		{"a: spammy\n", ":1: ", "a reason"},
		{"a:\n", ":1: ", "a reason"},
		{"a: blocked\n\na: spam\n", ":3: ", "no rule above"},
		{"a: blocked\n words x\n", ":2: ", "text, not, host"},
		{"a: blocked\n text\n", ":2: ", "words of a-z"},
		{"a: blocked\n text Hello\n", ":2: ", "words of a-z"},
		{"a: blocked\n host\n", ":2: ", "one word or more"},
		{"a: blocked\n host Mx.example\n", ":2: ", "lower case"},
		{"a: blocked\n host .example\n", ":2: ", "host name"},
		{"a: blocked\n status 5.1\n", ":2: ", "enhanced code"},
		{"a: blocked\n status 5.xx.1\n", ":2: ", "enhanced code"},
		{"a: blocked\n status 5.1.1.1\n", ":2: ", "enhanced code"},
		{"a: blocked\n code 55\n", ":2: ", "reply code"},
		{"a: blocked\n stage ehlo\n", ":2: ", "connect, helo"},
		{"a: blocked\n outcome delivered\n", ":2: ", "deferred, bounced"},
		{"a: blocked\n by me\n", ":2: ", "remote, local or any"},
		{"a: user-unknown\n by local\n", ":2: ", "only a remote server"},
		{"unknown-user: policy\n status nonsense\n", ":2: ", "enhanced code"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply_rules *rules;

		if (load(rows[i].text, &rules) != -EINVAL)
			fail_msg("taken: %s", rows[i].text);
		if (strncmp(error.text, path, strlen(path)) != 0 ||
			strstr(error.text, rows[i].line) == NULL ||
			strstr(error.text, rows[i].expected) == NULL)
			fail_msg("%s: %s", rows[i].text, error.text);
	}
}

static void reply_rules_escape_what_was_found(void **state)
{
	struct reply_rules *rules;

	(void)state;
	assert_int_equal(load("a: \x1b[2J\n", &rules), -EINVAL);
	assert_null(strchr(error.text, '\x1b'));
}

static void reply_rules_bound_the_file(void **state)
{
	char line[2000];
	struct reply_rules *rules;
	FILE *out;

	(void)state;
	memset(line, '#', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	assert_int_equal(load(line, &rules), -EINVAL);
	out = fopen(path, "we");
	assert_non_null(out);
	for (unsigned i = 0; i < 2000; i++)
		fprintf(out, "rule-%u: blocked\n text word%u\n", i, i);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(reply_rules_create(path, &rules, &error), -EINVAL);
	assert_non_null(strstr(error.text, "1024"));
	out = fopen(path, "we");
	assert_non_null(out);
	for (unsigned i = 0; i < 70000; i++)
		fputs("# a comment line\n", out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(reply_rules_create(path, &rules, &error), -EFBIG);
}

static void reply_rules_say_what_cannot_be_read(void **state)
{
	struct reply_rules *rules;

	(void)state;
	assert_int_equal(
		reply_rules_create("/nonexistent/rules", &rules, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/rules: "));
	assert_int_equal(reply_rules_create("/tmp", &rules, &error), -EISDIR);
	assert_int_equal(reply_rules_create("/dev/null", &rules, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_rules_of_ours_have_each_its_own_id),
		cmocka_unit_test(reply_rules_of_ours_end_with_one_for_all),
		cmocka_unit_test(reply_rules_read_a_local_file_first),
		cmocka_unit_test(reply_rules_of_a_local_file_replace_ours_by_id),
		cmocka_unit_test(reply_rules_hold_every_kind_of_condition),
		cmocka_unit_test(reply_rules_tell_who_decided),
		cmocka_unit_test(reply_rules_name_what_is_wrong),
		cmocka_unit_test(reply_rules_escape_what_was_found),
		cmocka_unit_test(reply_rules_bound_the_file),
		cmocka_unit_test(reply_rules_say_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, create_file, remove_file);
}
