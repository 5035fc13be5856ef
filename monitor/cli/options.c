/* SPDX-License-Identifier: MIT */
#include "monitor/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "monitor/nearest.h"
#include "resolvers/name.h"

#define NAMES_MAX 64

/* Words of the user are repeated escaped: they may come out of a script's variable. */
static bool fail(char ret_why[OPTIONS_WHY_MAX], const char *what, const char *word,
	const char *expected)
{
	FILE *out = fmemopen(ret_why, OPTIONS_WHY_MAX, "w");

	if (out == NULL) {
		ret_why[0] = '\0';
		return false;
	}
	fprintf(out, "%s \"", what);
	name_escape(NAME_SINK_LOG, word, strnlen(word, 60), out);
	fprintf(out, "\"%s%s", expected[0] != '\0' ? ", " : "", expected);
	fclose(out);
	ret_why[OPTIONS_WHY_MAX - 1] = '\0';
	return false;
}

static const struct cli_option *find(
	const struct options *options, const char *name, size_t len, char letter)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *option = options->tables[t];
			option != NULL && option->name != NULL; option++) {
			if (letter != 0 && option->letter == letter)
				return option;
			if (letter == 0 && strlen(option->name) == len &&
				memcmp(option->name, name, len) == 0)
				return option;
		}
	return NULL;
}

static bool fail_unknown(
	const struct options *options, const char *word, char ret_why[OPTIONS_WHY_MAX])
{
	const char *names[NAMES_MAX];
	size_t len = 0;
	char expected[96];
	char name[64];

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *option = options->tables[t];
			option != NULL && option->name != NULL && len < NAMES_MAX;
			option++)
			names[len++] = option->name;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
	snprintf(expected, sizeof expected, "nearest: --%s",
		nearest_word(name, names, len, NULL));
	return fail(ret_why, "unknown option", word,
		word[1] == '-' && len > 0 ? expected : "");
}

static bool is_allowed(const struct cli_option *option, const char *value)
{
	const char *words = option->words;
	size_t len = strlen(value);

	if (words == NULL)
		return true;
	while (*words != '\0') {
		size_t word_len = strcspn(words, " ");

		if (word_len == len && memcmp(words, value, len) == 0)
			return true;
		words += word_len;
		words += *words == ' ';
	}
	return false;
}

/* Takes the option at argv[i], whose value may be argv[i + 1]; returns how many words that
 * were, 0 for a fault. */
static size_t take(struct options *options, char **argv, size_t argc, size_t i,
	char ret_why[OPTIONS_WHY_MAX])
{
	const char *word = argv[i];
	bool is_long = word[1] == '-';
	size_t len = is_long ? strcspn(word + 2, "=") : 1;
	const struct cli_option *option =
		find(options, word + 2, len, is_long ? 0 : word[1]);
	const char *value = is_long && word[2 + len] == '=' ? word + 3 + len : NULL;
	size_t taken = 1;

	if (!is_long && word[2] != '\0')
		value = word + 2;
	if (option == NULL)
		return fail_unknown(options, word, ret_why);
	if (option->argument == NULL && value != NULL)
		return fail(ret_why, "found a value in", word, "which takes none");
	if (option->argument != NULL && value == NULL) {
		if (i + 1 == argc)
			return fail(ret_why, "no value after", word, option->argument);
		value = argv[i + 1];
		taken = 2;
	}
	if (value != NULL && !is_allowed(option, value)) {
		char expected[160];

		snprintf(expected, sizeof expected, "expected for --%s one of: %s",
			option->name, option->words);
		return fail(ret_why, "found", value, expected);
	}
	if (options->given_len == OPTIONS_GIVEN_MAX)
		return fail(ret_why, "too many options at", word, "");
	options->given[options->given_len].option = option;
	options->given[options->given_len++].value = value;
	return taken;
}

bool options_parse(struct options *options, char **argv, size_t argc,
	bool stop_at_argument, char ret_why[OPTIONS_WHY_MAX])
{
	size_t i = 0;

	options->arguments = argv;
	options->arguments_len = 0;
	while (i < argc) {
		size_t taken;

		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			if (stop_at_argument)
				break;
			options->arguments[options->arguments_len++] = argv[i++];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		taken = take(options, argv, argc, i, ret_why);
		if (taken == 0)
			return false;
		i += taken;
	}
	while (i < argc)
		options->arguments[options->arguments_len++] = argv[i++];
	return true;
}

const char *options_value(const struct options *options, const char *name)
{
	for (size_t i = options->given_len; i > 0; i--)
		if (strcmp(options->given[i - 1].option->name, name) == 0)
			return options->given[i - 1].value != NULL
				? options->given[i - 1].value
				: "";
	return NULL;
}

bool options_has(const struct options *options, const char *name)
{
	return options_value(options, name) != NULL;
}

const char *options_nth(const struct options *options, const char *name, size_t nth)
{
	for (size_t i = 0; i < options->given_len; i++)
		if (strcmp(options->given[i].option->name, name) == 0 && nth-- == 0)
			return options->given[i].value;
	return NULL;
}
