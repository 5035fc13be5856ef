/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/csvrow.h"

static void csvrow_splits(void **state)
{
	static const struct {
		const char *line;
		const char *cells; /* with | between */
	} rows[] = {
		{"a,b,c", "a|b|c"},
		{"", ""},
		{",", "|"},
		{"a,,", "a||"},
		{"\"a,b\",c", "a,b|c"},
		{"\"\"\"Ann\"\" <a@b>\",\"\"", "\"Ann\" <a@b>|"},
		{"a\"b,c", "a\"b|c"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char scratch[64];
		char joined[64] = "";
		struct csvrow row;
		assert_null(csvrow_split(span_of(rows[i].line), scratch, &row));
		for (size_t j = 0; j < row.len; j++) {
			strcat(joined, j > 0 ? "|" : "");
			strncat(joined, row.cells[j].at, row.cells[j].len);
		}
		assert_string_equal(joined, rows[i].cells);
	}
}

static void csvrow_says_what_is_wrong(void **state)
{
	char line[CSVROW_CELLS_MAX + 1];
	char scratch[64];
	struct csvrow row;
	(void)state;
	assert_string_equal(
		csvrow_split(SPAN("a,\"b"), scratch, &row), "no end of a quoted cell");
	assert_string_equal(csvrow_split(SPAN("a,\"b\"\""), scratch, &row),
		"no end of a quoted cell");
	assert_string_equal(csvrow_split(SPAN("\"b\"c"), scratch, &row),
		"something behind a quoted cell");
	memset(line, ',', sizeof line);
	assert_string_equal(
		csvrow_split((struct span){line, CSVROW_CELLS_MAX}, scratch, &row),
		"more than 256 cells");
	assert_null(
		csvrow_split((struct span){line, CSVROW_CELLS_MAX - 1}, scratch, &row));
	assert_int_equal(row.len, CSVROW_CELLS_MAX);
}

static void csvrow_finds_columns(void **state)
{
	char scratch[64];
	struct csvrow row;
	(void)state;
	assert_null(csvrow_split(SPAN("type, dsnMTA ,\"rcpt\""), scratch, &row));
	assert_int_equal(csvrow_column(&row, "dsnMta"), 1);
	assert_int_equal(csvrow_column(&row, "rcpt"), 2);
	assert_int_equal(csvrow_column(&row, "rcp"), 3);
	assert_true(span_is(csvrow_cell(&row, 0), SPAN("type")));
	assert_int_equal(csvrow_cell(&row, 3).len, 0);
	assert_int_equal(csvrow_cell(&row, SIZE_MAX).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csvrow_splits),
		cmocka_unit_test(csvrow_says_what_is_wrong),
		cmocka_unit_test(csvrow_finds_columns),
	};
	return cmocka_run_group_tests_name("csvrow", tests, NULL, NULL);
}
