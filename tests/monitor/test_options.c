/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/cli/options.h"

static const struct cli_option common[] = {
	{"config", "FILE", "the configuration", NULL, 'c'},
	{"json", NULL, "JSON", NULL, 0},
	{0},
};
static const struct cli_option own[] = {
	{"from", "TIME", "begin", NULL, 0},
	{"format", "FORMAT", "table or json", "table json", 0},
	{0},
};

static char why[OPTIONS_WHY_MAX];

static bool parse(struct options *options, const char *words, bool stop)
{
	static char text[256];
	static char *argv[32];
	size_t argc = 0;
	char *rest = NULL;

	strcpy(text, words);
	for (char *word = strtok_r(text, "|", &rest); word != NULL;
		word = strtok_r(NULL, "|", &rest))
		argv[argc++] = word;
	*options = (struct options){.tables = {common, own}};
	return options_parse(options, argv, argc, stop, why);
}

static void options_are_taken_apart(void **state)
{
	struct options options;

	(void)state;
	assert_true(parse(&options, "a|--from|-2h|-cX|b|--format=json|--json|-", false));
	assert_string_equal(options_value(&options, "from"), "-2h");
	assert_string_equal(options_value(&options, "config"), "X");
	assert_string_equal(options_value(&options, "format"), "json");
	assert_string_equal(options_value(&options, "json"), "");
	assert_int_equal(options.arguments_len, 3);
	assert_string_equal(options.arguments[0], "a");
	assert_string_equal(options.arguments[1], "b");
	assert_string_equal(options.arguments[2], "-");
	assert_true(parse(&options, "-c|Y|--|--from", false));
	assert_string_equal(options_value(&options, "config"), "Y");
	assert_false(options_has(&options, "from"));
	assert_string_equal(options.arguments[0], "--from");
	assert_true(parse(&options, "--from|1|--from|2", false));
	assert_string_equal(options_value(&options, "from"), "2");
}

static void options_end_at_the_command(void **state)
{
	struct options options;

	(void)state;
	assert_true(parse(&options, "--json|history|--unknown|x", true));
	assert_true(options_has(&options, "json"));
	assert_int_equal(options.arguments_len, 3);
	assert_string_equal(options.arguments[1], "--unknown");
}

static void options_refuse_wrong_words(void **state)
{
	static const struct {
		const char *words;
		const char *why;
	} cases[] = {
		{"--frm|x", "unknown option \"--frm\", nearest: --from"},
		{"--fro=x", "unknown option \"--fro=x\", nearest: --from"},
		{"-x", "unknown option \"-x\""},
		{"--from", "no value after \"--from\", TIME"},
		{"-c", "no value after \"-c\", FILE"},
		{"--json=1", "found a value in \"--json=1\", which takes none"},
		{"--format|xml",
			"found \"xml\", expected for --format one of: table json"},
		{"--format|tab",
			"found \"tab\", expected for --format one of: table json"},
		{"--fro\x1b[1m|x", "unknown option \"--fro\\x1b[1m\", nearest: --from"},
	};
	struct options options;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_false(parse(&options, cases[i].words, false));
		assert_string_equal(why, cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken_apart),
		cmocka_unit_test(options_end_at_the_command),
		cmocka_unit_test(options_refuse_wrong_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
