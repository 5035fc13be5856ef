/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * options — the words of a call, taken apart by a command's table.
 *
 * The same tables make --help, the shell completion, and the check that the manual names every
 * option. Pure; texts are borrowed from argv.
 */
#include <stdbool.h>
#include <stddef.h>

struct cli_option {
	const char *name; /* without dashes */
	const char *argument; /* what it takes, for people: "TIME"; NULL for a flag */
	const char *help;
	const char *words; /* the values allowed, blank-separated; NULL for any */
	char letter; /* short form, 0 for none */
};

#define OPTIONS_GIVEN_MAX 256
#define OPTIONS_WHY_MAX 256

struct options {
	const struct cli_option
		*tables[2]; /* each ends with a name of NULL; may be NULL */
	struct {
		const struct cli_option *option;
		const char *value; /* NULL for a flag */
	} given[OPTIONS_GIVEN_MAX];
	size_t given_len;
	char **arguments; /* what is no option, in order; points into argv, reordered */
	size_t arguments_len;
};

/* Takes argv apart, which is reordered. stop_at_argument: options end at the first argument,
 * which with all after it becomes the arguments. False with ret_why filled for words that no
 * table has, a missing or superfluous value, or a value that is not among its words. */
bool options_parse(struct options *options, char **argv, size_t argc,
	bool stop_at_argument, char ret_why[OPTIONS_WHY_MAX]);

/* The last value given; "" for a flag; NULL where it was not given. */
const char *options_value(const struct options *options, const char *name);
/* Of an option that may be repeated: the first value is number 0. NULL beyond the last. */
const char *options_nth(const struct options *options, const char *name, size_t nth);
bool options_has(const struct options *options, const char *name);
