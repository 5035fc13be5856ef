/* SPDX-License-Identifier: MIT */
#include "alerts/sheet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int sheet_close(struct sheet *sheet)
{
	const int err = sheet->form->end(sheet);

	if (sheet->err == 0)
		sheet->err = err;
	if (sheet->err == 0 && (fflush(sheet->out) != 0 || ferror(sheet->out)))
		sheet->err = -EIO;
	return sheet->err;
}

void sheet_heading(struct sheet *sheet, const char *text)
{
	if (sheet->err == 0)
		sheet->form->heading(sheet, text);
}

void sheet_say(struct sheet *sheet, const char *format, ...)
{
	char *text;
	va_list args;
	int len;

	if (sheet->err != 0)
		return;
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		sheet->err = -ENOMEM;
		return;
	}
	sheet->form->paragraph(sheet, text);
	free(text);
}

void sheet_lines(struct sheet *sheet, const char *text)
{
	char *const plain = strdup(text);

	for (char *tab = plain; tab != NULL && (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	if (plain == NULL && sheet->err == 0)
		sheet->err = -ENOMEM;
	if (sheet->err == 0)
		sheet->form->lines(sheet, plain);
	free(plain);
}

void sheet_picture(struct sheet *sheet, const struct timeline *timeline)
{
	if (sheet->err == 0)
		sheet->err = sheet->form->picture(sheet, timeline);
}

void sheet_story(struct sheet *sheet, const struct story *story)
{
	if (sheet->err == 0)
		sheet->err = sheet->form->story(sheet, story);
}

void sheet_begin_table(
	struct sheet *sheet, const struct sheet_column *columns, size_t columns_len)
{
	sheet->columns = columns;
	sheet->columns_len = columns_len;
	if (sheet->err == 0)
		sheet->form->begin_table(sheet);
}

void sheet_row(struct sheet *sheet, const char *const *cells)
{
	if (sheet->err == 0)
		sheet->form->row(sheet, cells);
}

void sheet_end_table(struct sheet *sheet)
{
	if (sheet->err == 0)
		sheet->form->end_table(sheet);
}
