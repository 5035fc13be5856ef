/* SPDX-License-Identifier: MIT */
#include "monitor/cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "resolvers/utf8.h"

#define DETAIL_INDENT 4

/* One row, or, where details is set, lines below the row before. */
struct row {
	char *cells[TABLE_COLUMNS_MAX]; /* owned */
	char *detail; /* owned */
};

struct table {
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t columns_len;
	struct row *rows; /* owned */
	size_t rows_len;
	size_t rows_size;
	size_t cell_rows;
	bool failed;
};

struct table *table_create(const struct table_column *columns, size_t len)
{
	struct table *table = calloc(1, sizeof *table);

	if (table == NULL || len > TABLE_COLUMNS_MAX) {
		free(table);
		return NULL;
	}
	memcpy(table->columns, columns, len * sizeof *columns);
	table->columns_len = len;
	return table;
}

void table_destroy(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->rows_len; i++) {
		for (size_t c = 0; c < table->columns_len; c++)
			free(table->rows[i].cells[c]);
		free(table->rows[i].detail);
	}
	free(table->rows);
	free(table);
}

static struct row *add_row(struct table *table)
{
	if (table->failed)
		return NULL;
	if (table->rows_len == table->rows_size) {
		size_t size = table->rows_size * 2 + 16;
		struct row *rows = reallocarray(table->rows, size, sizeof *rows);

		if (rows == NULL) {
			table->failed = true;
			return NULL;
		}
		table->rows = rows;
		table->rows_size = size;
	}
	table->rows[table->rows_len] = (struct row){0};
	return &table->rows[table->rows_len++];
}

void table_add(struct table *table, const char *const *cells)
{
	struct row *row = add_row(table);

	for (size_t c = 0; row != NULL && c < table->columns_len; c++) {
		row->cells[c] = strdup(cells[c]);
		table->failed = table->failed || row->cells[c] == NULL;
	}
	table->cell_rows++;
}

void table_add_detail(struct table *table, const char *text)
{
	struct row *row = add_row(table);

	if (row == NULL)
		return;
	row->detail = strdup(text);
	table->failed = table->failed || row->detail == NULL;
}

size_t table_rows(const struct table *table)
{
	return table->cell_rows;
}

/* The next character and its columns; a byte that is no UTF-8 counts as one. */
static size_t next_width(const char *text, size_t *ret_len)
{
	uint32_t character = 0;
	size_t len = utf8_decode((const uint8_t *)text, strlen(text), &character);
	int width = len > 1 ? wcwidth((wchar_t)character) : 1;

	*ret_len = len > 0 ? len : 1;
	return width >= 0 ? (size_t)width : 1;
}

size_t table_text_width(const char *text)
{
	size_t width = 0;

	while (*text != '\0') {
		size_t len;

		width += next_width(text, &len);
		text += len;
	}
	return width;
}

static size_t word_width(const char *text, size_t len)
{
	size_t width = 0;

	while (len > 0) {
		size_t taken;

		width += next_width(text, &taken);
		text += taken;
		len -= taken < len ? taken : len;
	}
	return width;
}

static void put_blanks(size_t count, FILE *out)
{
	while (count-- > 0)
		putc(' ', out);
}

void table_wrap(const char *text, size_t column, size_t indent, FILE *out)
{
	bool first = true;

	while (*text != '\0') {
		size_t blanks = strspn(text, " ");
		size_t len = strcspn(text + blanks, " ");
		size_t width = word_width(text + blanks, len);

		if (!first && column + blanks + width > TABLE_WIDTH) {
			putc('\n', out);
			put_blanks(indent, out);
			column = indent;
			blanks = 0;
		}
		put_blanks(blanks, out);
		text += strspn(text, " ");
		for (size_t i = 0; i < len; i++)
			putc(text[i] == '\t' ? ' ' : text[i], out);
		column += blanks + width;
		text += len;
		first = false;
	}
	putc('\n', out);
}

static void print_cells(const struct table *table, const char *const *cells,
	const size_t *widths, FILE *out)
{
	size_t owed = 0; /* blanks that are due if something follows */

	for (size_t c = 0; c < table->columns_len; c++) {
		size_t pad = widths[c] - table_text_width(cells[c]);

		if (table->columns[c].right) {
			owed += pad;
			pad = 0;
		}
		if (cells[c][0] != '\0') {
			put_blanks(owed, out);
			owed = 0;
			fputs(cells[c], out);
		}
		owed += pad + 2;
	}
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t c = 0; c < table->columns_len; c++) {
		widths[c] = table_text_width(table->columns[c].title);
		for (size_t i = 0; i < table->rows_len; i++) {
			const char *cell = table->rows[i].cells[c];
			size_t width = cell != NULL ? table_text_width(cell) : 0;

			if (width > widths[c])
				widths[c] = width;
		}
	}
}

int table_print(const struct table *table, bool colour, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX];
	const char *titles[TABLE_COLUMNS_MAX];

	if (table->failed)
		return -ENOMEM;
	measure(table, widths);
	for (size_t c = 0; c < table->columns_len; c++)
		titles[c] = table->columns[c].title;
	fputs(colour ? "\033[1m" : "", out);
	print_cells(table, titles, widths, out);
	fputs(colour ? "\033[0m\n" : "\n", out);
	for (size_t i = 0; i < table->rows_len; i++) {
		const struct row *row = &table->rows[i];

		if (row->detail != NULL) {
			put_blanks(DETAIL_INDENT, out);
			table_wrap(row->detail, DETAIL_INDENT, DETAIL_INDENT * 2, out);
		} else {
			print_cells(table, (const char *const *)row->cells, widths, out);
			putc('\n', out);
		}
	}
	return ferror(out) ? -EIO : 0;
}
