/* SPDX-License-Identifier: MIT */
/* The table of providers as the build put it in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpsl.h>

#include "monitor/operators.h"
#include "monitor/providers_builtin.h"

#define PROVIDERS_LEAST 150

struct row {
	char name[64];
	char kind[16];
	char suffixes[2048];
	char numbers[256];
};

static bool next_row(FILE *in, struct row *ret_row)
{
	char line[4096];

	while (fgets(line, sizeof line, in) != NULL) {
		*ret_row = (struct row){.name = ""};
		if (line[0] == '#' || line[0] == '\n')
			continue;
		assert_true(sscanf(line, "%63[^\t]\t%15[^\t]\t%2047[^\t\n]\t%255[^\n]",
				    ret_row->name, ret_row->kind, ret_row->suffixes,
				    ret_row->numbers) >= 3);
		return true;
	}
	return false;
}

static FILE *open_table(void)
{
	FILE *in = tmpfile();

	assert_non_null(in);
	assert_int_equal(fwrite(providers_builtin, 1, providers_builtin_len, in),
		providers_builtin_len);
	rewind(in);
	return in;
}

static void check_sorted_words(const char *text, bool numbers)
{
	char copy[2048];
	char *rest = NULL;
	const char *before = NULL;

	snprintf(copy, sizeof copy, "%s", text);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest)) {
		if (before != NULL && numbers)
			assert_true(atol(before) < atol(word));
		else if (before != NULL)
			assert_true(strcmp(before, word) < 0);
		before = word;
	}
}

static void providers_are_in_order(void **state)
{
	struct row before = {.kind = "mailbox"};
	struct row row;
	size_t providers = 0;
	FILE *in = open_table();

	(void)state;
	while (next_row(in, &row)) {
		bool hosting = strcmp(row.kind, "hosting") == 0;

		providers += !hosting;
		if (strcmp(before.kind, "hosting") == 0)
			assert_true(hosting);
		if (hosting == (strcmp(before.kind, "hosting") == 0) &&
			strcasecmp(before.name, row.name) >= 0)
			fail_msg("%s stands before %s", before.name, row.name);
		check_sorted_words(row.suffixes, false);
		check_sorted_words(row.numbers, true);
		before = row;
	}
	fclose(in);
	assert_true(providers >= PROVIDERS_LEAST);
}

/* Each suffix leads to its row, and is held by somebody: not a public suffix. */
static void providers_are_reached_by_each_suffix(void **state)
{
	struct operators *operators = NULL;
	struct operators_error error;
	struct row row;
	size_t providers = 0;
	FILE *in = open_table();

	(void)state;
	assert_int_equal(operators_create(NULL, NULL, &operators, &error), 0);
	while (next_row(in, &row)) {
		char *rest = NULL;

		if (strcmp(row.kind, "hosting") == 0)
			continue;
		providers++;
		for (char *word = strtok_r(row.suffixes, " ", &rest); word != NULL;
			word = strtok_r(NULL, " ", &rest)) {
			assert_false(psl_is_public_suffix2(
				psl_builtin(), word, PSL_TYPE_ICANN));
			assert_string_equal(
				operators_of_host(operators, word)->name, row.name);
		}
		assert_string_equal(operators_find(operators, row.name)->name, row.name);
	}
	fclose(in);
	assert_int_equal(providers, operators_listed(operators));
	operators_destroy(operators);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(providers_are_in_order),
		cmocka_unit_test(providers_are_reached_by_each_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
