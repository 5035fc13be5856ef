/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * table — aligned columns for people, with wrapped lines of detail between the rows.
 *
 * Cells hold printable text only: what comes from outside is escaped by whoever fills them.
 * Memory that runs out ends the table early and is told by table_print.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_WIDTH 80
#define TABLE_COLUMNS_MAX 8

struct table_column {
	const char *title;
	bool right; /* numbers stand at the right */
};

struct table;

/* Returns NULL when there is no memory. */
struct table *table_create(const struct table_column *columns, size_t len);
void table_destroy(struct table *table);

/* Adds a row of as many cells as there are columns; copied. */
void table_add(struct table *table, const char *const *cells);
/* Adds text below the last row, indented, wrapped as table_wrap does. */
void table_add_detail(struct table *table, const char *text);

size_t table_rows(const struct table *table);
/* Prints the title line, emphasised where colour is set, and the rows. Returns 0, -ENOMEM if
 * memory ran out, or -EIO. */
int table_print(const struct table *table, bool colour, FILE *out)
	__attribute__((warn_unused_result));

/* Prints text in lines of TABLE_WIDTH, broken at blanks, each but the first indented by indent
 * columns; the first stands at `column` already. A tab is a blank that is not broken at. */
void table_wrap(const char *text, size_t column, size_t indent, FILE *out);
/* Columns that UTF-8 text takes on a terminal. */
size_t table_text_width(const char *text);
