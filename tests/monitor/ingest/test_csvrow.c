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
		{"\"a\nb\",\"c\r\nd\r\"", "a b|c d\r"},
		{"\"\n\n\r\n\"", "   "},
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

static void csvrow_tells_where_a_row_goes_on(void **state)
{
	static const struct {
		const char *line;
		bool open; /* before */
		bool goes_on;
	} lines[] = {
		{"a,b", false, false},
		{"", false, false},
		{"\"", false, true},
		{"\"a", false, true},
		{"\"a\"", false, false},
		{"\"a\"\"", false, true},
		{"\"a\"\"\"", false, false},
		{"a,\"b,c", false, true},
		{"a,\"b\",c", false, false},
		{"a,\"b\",\"", false, true},
		{"a\"b,c", false, false}, /* quotes within plain cells are none */
		{"5\",\"x", false, true},
		{"\"a\"b\",c", false, false},
		{"a,b", true, true},
		{"", true, true},
		{"a\",b", true, false},
		{"\"", true, false},
		{"a\"\"", true, true},
		{"\",\"", true, true},
		{"a\",\"b\"", true, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (csvrow_goes_on(span_of(lines[i].line), lines[i].open) !=
			lines[i].goes_on)
			fail_msg("%s%s", lines[i].open ? "open: " : "", lines[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csvrow_splits),
		cmocka_unit_test(csvrow_says_what_is_wrong),
		cmocka_unit_test(csvrow_tells_where_a_row_goes_on),
		cmocka_unit_test(csvrow_finds_columns),
	};
	return cmocka_run_group_tests_name("csvrow", tests, NULL, NULL);
}
