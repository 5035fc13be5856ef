/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/cli/table.h"
#include "tests/fake/memory.h"

static const struct table_column columns[] = {
	{"NAME", false},
	{"COUNT", true},
	{"NOTE", false},
};

static char *print(const struct table *table, bool colour)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(table_print(table, colour, out), 0);
	fclose(out);
	return text;
}

static void table_aligns_columns(void **state)
{
	const char *const rows[][3] = {
		{"a", "1", "first"},
		{"long name", "12,345", ""},
		{"b", "7", "x"},
	};
	struct table *table = table_create(columns, 3);
	char *text;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		table_add(table, rows[i]);
	text = print(table, false);
	assert_string_equal(text,
		"NAME        COUNT  NOTE\n"
		"a               1  first\n"
		"long name  12,345\n"
		"b               7  x\n");
	assert_int_equal(table_rows(table), 3);
	free(text);
	table_destroy(table);
}

static void table_wraps_details(void **state)
{
	const char *const cells[] = {"a", "1", ""};
	struct table *table = table_create(columns, 3);
	char *text;
	char *rest = NULL;
	size_t lines = 0;

	(void)state;
	table_add(table, cells);
	table_add_detail(table,
		"10\tmx00.somewhere.example, 10\tmx01.somewhere.example, "
		"20\tmx02.somewhere.example, 20\tmx03.somewhere.example [example]");
	assert_int_equal(table_rows(table), 1);
	text = print(table, false);
	assert_non_null(strstr(text, "\n    10 mx00.somewhere.example, 10 mx01"));
	assert_non_null(strstr(text, "\n        20 mx02.somewhere.example, "));
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		assert_true(table_text_width(line) <= TABLE_WIDTH);
		lines++;
	}
	assert_int_equal(lines, 4);
	free(text);
	table_destroy(table);
}

static void table_emphasises_its_title_alone(void **state)
{
	const char *const cells[] = {"a", "1", "x"};
	struct table *table = table_create(columns, 3);
	char *text;

	(void)state;
	table_add(table, cells);
	text = print(table, true);
	assert_string_equal(text, "\033[1mNAME  COUNT  NOTE\033[0m\na         1  x\n");
	free(text);
	table_destroy(table);
}

static void table_keeps_words_longer_than_a_line(void **state)
{
	char word[101];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	memset(word, 'w', 100);
	word[100] = '\0';
	table_wrap(word, 0, 4, out);
	fclose(out);
	assert_int_equal(len, 101);
	free(text);
}

static void table_needs_memory(void **state)
{
	(void)state;
	memory_fail_after(0);
	assert_null(table_create(columns, 3));
	assert_true(memory_stop_failing());
	assert_null(table_create(columns, TABLE_COLUMNS_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_aligns_columns),
		cmocka_unit_test(table_wraps_details),
		cmocka_unit_test(table_emphasises_its_title_alone),
		cmocka_unit_test(table_keeps_words_longer_than_a_line),
		cmocka_unit_test(table_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
