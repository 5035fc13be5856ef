/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/clock.h"
#include "monitor/protect/child.h"

static struct child_end run(const char *command, int64_t limit_ms)
{
	struct child_end end;
	char *copy;
	char *words[CHILD_WORDS_MAX];
	assert_int_equal(child_split(command, &copy, words), 0);
	assert_int_equal(child_run(words, limit_ms, &end), 0);
	free(copy);
	return end;
}

static struct child_end run_shell(char *script, int64_t limit_ms)
{
	struct child_end end;
	char shell[] = "/bin/sh";
	char option[] = "-c";
	char *const words[] = {shell, option, script, NULL};
	assert_int_equal(child_run(words, limit_ms, &end), 0);
	return end;
}

static void child_tells_how_it_ended(void **state)
{
	(void)state;
	struct child_end end = run("echo  a\tb 'c", 10000);
	assert_int_equal(end.status, 0);
	assert_false(end.late);
	assert_string_equal(end.said, "a b 'c");
	assert_int_equal(run("false", 10000).status, 1);
	char script[] = "echo out; echo err >&2; exit 7";
	end = run_shell(script, 10000);
	assert_int_equal(end.status, 7);
	assert_string_equal(end.said, "out\nerr");
}

static void child_is_ended_with_all_its_own_when_it_takes_too_long(void **state)
{
	char script[] = "trap '' TERM; echo begun; sleep 100 & sleep 100";
	(void)state;
	const uint64_t before = clock_mono_ms();
	const struct child_end end = run_shell(script, 200);
	assert_true(end.late);
	assert_int_equal(end.status, 128 + SIGKILL);
	assert_string_equal(end.said, "begun");
	assert_true(clock_mono_ms() - before < 10000);
}

static void child_may_say_more_than_is_kept(void **state)
{
	char script[] = "i=0; while [ $i -lt 3000 ]; do echo "
			"0123456789012345678901234567890123456789; "
			"i=$((i+1)); done";
	(void)state;
	const struct child_end end = run_shell(script, 20000);
	assert_int_equal(end.status, 0);
	assert_int_equal(strlen(end.said), CHILD_SAID_MAX - 1);
}

static void child_has_usual_signals_and_no_input(void **state)
{
	char script[] = "kill -PIPE $$; echo alive";
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_shell(script, 10000).status, 128 + SIGPIPE);
	signal(SIGPIPE, SIG_DFL);
	assert_string_equal(run("cat", 10000).said, "");
}

/* Where spawning is emulated (valgrind), the child says so by its status alone. */
static void expect_not_run(char *const words[], int error)
{
	struct child_end end;
	const int got = child_run(words, 1000, &end);
	assert_true(got == error || (got == 0 && end.status == 127));
}

static void child_that_is_not_there_is_an_error(void **state)
{
	char name[] = "/nonexistent/program";
	char folder[] = "/tmp";
	char *words[] = {name, NULL};
	(void)state;
	expect_not_run(words, -ENOENT);
	words[0] = folder;
	expect_not_run(words, -EACCES);
}

static void child_split_wants_some_words(void **state)
{
	char *copy;
	char *words[CHILD_WORDS_MAX];
	(void)state;
	assert_int_equal(child_split(" \t ", &copy, words), -EINVAL);
	assert_int_equal(child_split("", &copy, words), -EINVAL);
	assert_int_equal(child_split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
				     "21 22 23 24 25 26 27 28 29 30 31",
				 &copy, words),
		0);
	assert_string_equal(words[30], "31");
	assert_null(words[31]);
	free(copy);
	assert_int_equal(child_split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
				     "21 22 23 24 25 26 27 28 29 30 31 32",
				 &copy, words),
		-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_tells_how_it_ended),
		cmocka_unit_test(child_is_ended_with_all_its_own_when_it_takes_too_long),
		cmocka_unit_test(child_may_say_more_than_is_kept),
		cmocka_unit_test(child_has_usual_signals_and_no_input),
		cmocka_unit_test(child_that_is_not_there_is_an_error),
		cmocka_unit_test(child_split_wants_some_words),
	};
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
