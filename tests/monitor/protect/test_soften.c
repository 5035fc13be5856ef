/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/protect/soften.h"
#include "tests/fake/memory.h"

#define UNTIL 1000
#define ICLOUD "mx01.mail.icloud.test"
#define SAID "host " ICLOUD "[192.0.2.1] said: "
#define VERB " (in reply to RCPT TO command)"

static const struct soften_entry entries[] = {
	{"mx02.mail.icloud.test", "online.test", UNTIL, false},
	{ICLOUD, "online.test", UNTIL, false},
	{ICLOUD, "other.test", UNTIL, false},
	{"mx.small.test", "online.test", UNTIL, true},
	{"mx.small.test", "gone.test", 0, true},
};
static struct soften *table;

static int start(void **state)
{
	(void)state;
	return soften_create(entries, sizeof entries / sizeof *entries, &table);
}

static int stop(void **state)
{
	(void)state;
	soften_destroy(table);
	return 0;
}

/* The status in its place, "" where the key stands. */
static const char *judge_at(const char *key, int64_t now)
{
	static char status[SOFTEN_STATUS_MAX];
	*status = '\0';
	const bool softened = soften_judge(table, key, strlen(key), now, status);
	assert_int_equal(softened, *status != '\0');
	return status;
}

static const char *judge(const char *key)
{
	return judge_at(key, 0);
}

static void soften_takes_the_place_of_a_refusal(void **state)
{
	(void)state;
	assert_string_equal(
		judge("5.1.1 " SAID "550 5.1.1 <x@online.test>: user lookup success but "
		      "no user record found" VERB),
		"4.1.1");
	assert_string_equal(
		judge("5.7.123 " SAID "554 5.7.123 <x@other.test>: no"), "4.7.123");
	assert_string_equal(judge("5.0.0 host mx02.mail.icloud.test[2001:db8::1] said: "
				  "550-x@online.test 550 unknown"),
		"4.0.0");
}

static void soften_leaves_what_is_no_refusal(void **state)
{
	static const char *const keys[] = {
		"",
		"5",
		"5.1.1",
		"5.1.1 ",
		"2.0.0 250 2.0.0 Ok: queued",
		"4.1.1 " SAID "450 4.1.1 <x@online.test>: later",
		"5.1 " SAID "550 <x@online.test>",
		"5.1.1234 " SAID "550 <x@online.test>",
		"5.1.1.1 " SAID "550 <x@online.test>",
		"5.1.1 <x@online.test>: " SAID "550 5.1.1 <x@online.test>: no",
		"5.1.1 host [192.0.2.1] said: 550 <x@online.test>",
		"5.1.1 host " ICLOUD " said: 550 <x@online.test>",
		"5.1.1 host " ICLOUD "[192.0.2.1 said: 550 <x@online.test>",
		"5.1.1 host " ICLOUD "[192.0.2.1] thought: 550 <x@online.test>",
		"5.4.6 mail for online.test loops back to myself",
		"5.1.1 unknown user: \"x@online.test\"",
	};
	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (*judge(keys[i]) != '\0')
			fail_msg("softened: %s", keys[i]);
}

static void soften_knows_host_and_domain_together(void **state)
{
	(void)state;
	/* A held domain at another host; another domain at the host. */
	assert_string_equal(judge("5.1.1 host mx.own.test[192.0.2.1] said: 550 5.1.1 "
				  "<x@online.test>: no"),
		"");
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 <x@third.test>: no"), "");
	assert_string_equal(judge("5.1.1 host mx02.mail.icloud.test[192.0.2.1] said: "
				  "550 5.1.1 <x@other.test>: no"),
		"");
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 <x@sub.online.test>: no"), "");
	assert_string_equal(
		judge("5.1.1 " SAID "550 5.1.1 <x@online.test.example>: no"), "");
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 <x@xonline.test>: no"), "");
	assert_string_equal(
		judge("5.1.1 host xmx01.mail.icloud.test[192.0.2.1] said: 550 "
		      "5.1.1 <x@online.test>: no"),
		"");
}

static void soften_folds_case_and_final_dots(void **state)
{
	(void)state;
	assert_string_equal(judge("5.1.1 host MX01.Mail.iCloud.TEST[192.0.2.1] said: 550 "
				  "5.1.1 <X@OnLine.TEST>: no"),
		"4.1.1");
	assert_string_equal(judge("5.1.1 host mx01.mail.icloud.test.[192.0.2.1]:2525 "
				  "said: 550 no mailbox x@online.test."),
		"4.1.1");
}

static void soften_goes_by_the_first_address(void **state)
{
	(void)state;
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 <x@third.test>: did you mean "
				  "<x@online.test>?"),
		"");
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 <x@online.test>: ask "
				  "postmaster@third.test"),
		"4.1.1");
	/* What the operator says of itself is nobody's recipient. */
	assert_string_equal(judge("5.1.1 " SAID "550 postmaster@icloud.test says: "
				  "<x@online.test> is unknown"),
		"4.1.1");
	assert_string_equal(
		judge("5.1.1 " SAID "550 postmaster@icloud.test says no"), "");
}

static void soften_takes_all_of_a_host_that_is_alone(void **state)
{
	(void)state;
	/* No recipient is repeated. */
	assert_string_equal(judge("5.1.1 " SAID "550 5.1.1 no such user" VERB), "");
	assert_string_equal(
		judge("5.1.1 host mx.small.test[192.0.2.1] said: 550 no such user"),
		"4.1.1");
	assert_string_equal(
		judge("5.7.1 host mx.small.test[192.0.2.1] refused to talk to "
		      "me: 554 go away"),
		"4.7.1");
	assert_string_equal(
		judge("5.1.1 host mx.small.test[192.0.2.1] said: 550 @ home @. a@b"),
		"4.1.1");
	/* One is, and he is nobody of ours. */
	assert_string_equal(judge("5.1.1 host mx.small.test[192.0.2.1] said: 550 "
				  "<x@third.test> unknown"),
		"");
}

static void soften_ends_when_the_hold_does(void **state)
{
	static const char key[] = "5.1.1 " SAID "550 5.1.1 <x@online.test>: no";
	(void)state;
	assert_string_equal(judge_at(key, UNTIL - 1), "4.1.1");
	assert_string_equal(judge_at(key, UNTIL), "");
	assert_string_equal(judge_at("5.1.1 host mx.small.test[192.0.2.1] said: 550 "
				     "5.1.1 <x@gone.test>: no",
				    1),
		"");
}

static void soften_of_nothing_leaves_everything(void **state)
{
	struct soften *empty;
	char status[SOFTEN_STATUS_MAX];
	static const char key[] = "5.1.1 " SAID "550 5.1.1 <x@online.test>: no";
	(void)state;
	assert_int_equal(soften_create(NULL, 0, &empty), 0);
	assert_false(soften_judge(empty, key, sizeof key - 1, 0, status));
	soften_destroy(empty);
	soften_destroy(NULL);
}

static void soften_survives_long_names(void **state)
{
	char key[2048];
	char name[600];
	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(key, sizeof key, "5.1.1 host %s[1] said: <x@%s>", name, name);
	assert_string_equal(judge(key), "");
	snprintf(key, sizeof key, "5.1.1 " SAID "<x@%s.test> <y@online.test>", name);
	assert_string_equal(judge(key), "4.1.1");
}

static void soften_says_that_memory_is_short(void **state)
{
	bool failed = true;
	(void)state;
	for (size_t before = 0; failed; before++) {
		struct soften *made = NULL;
		memory_fail_after(before);
		const int error = soften_create(entries, 3, &made);
		failed = memory_stop_failing();
		assert_int_equal(error, failed ? -ENOMEM : 0);
		soften_destroy(made);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(soften_takes_the_place_of_a_refusal),
		cmocka_unit_test(soften_leaves_what_is_no_refusal),
		cmocka_unit_test(soften_knows_host_and_domain_together),
		cmocka_unit_test(soften_folds_case_and_final_dots),
		cmocka_unit_test(soften_goes_by_the_first_address),
		cmocka_unit_test(soften_takes_all_of_a_host_that_is_alone),
		cmocka_unit_test(soften_ends_when_the_hold_does),
		cmocka_unit_test(soften_of_nothing_leaves_everything),
		cmocka_unit_test(soften_survives_long_names),
		cmocka_unit_test(soften_says_that_memory_is_short),
	};
	return cmocka_run_group_tests_name("soften", tests, start, stop);
}
