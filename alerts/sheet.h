/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sheet — headings, paragraphs, tables, fixed lines and a picture, as a page of HTML or a PDF.
 *
 * Texts are raw: each form escapes for itself. The first error sticks and ends all writing.
 * Private to alerts/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "alerts/html.h"

struct sheet;
struct story;
struct timeline;

#define SHEET_COLUMNS_MOST 6

struct sheet_column {
	const char *title;
	double share; /* of the width: paper cannot try what fits */
	bool fixed; /* times and counts: not wrapped on a screen */
};

/* What a form has to know. */
struct sheet_form {
	void (*heading)(struct sheet *sheet, const char *text);
	void (*paragraph)(struct sheet *sheet, const char *text);
	void (*lines)(struct sheet *sheet, const char *text);
	void (*begin_table)(struct sheet *sheet);
	void (*row)(struct sheet *sheet, const char *const *cells);
	void (*end_table)(struct sheet *sheet);
	int (*picture)(struct sheet *sheet, const struct timeline *timeline);
	int (*story)(struct sheet *sheet, const struct story *story);
	int (*end)(struct sheet *sheet);
};

struct sheet_title {
	const char *title;
	const char *above; /* what kind of paper this is */
	const char *below;
	const char *foot; /* of each page of paper */
	enum html_tone tone;
	int64_t made_at;
};

struct sheet {
	const struct sheet_form *form;
	FILE *out;
	const struct sheet_column *columns; /* of the open table; borrowed */
	size_t columns_len;
	void *own; /* of the form; owned */
	int err;
};

/* Write what the form needs at its beginning. */
void sheet_open_html(struct sheet *sheet, const struct sheet_title *title, FILE *out);
void sheet_open_pdf(struct sheet *sheet, const struct sheet_title *title, FILE *out);
/* Ends it, also after an error. Returns 0, -ENOMEM, or -EIO. */
int sheet_close(struct sheet *sheet) __attribute__((warn_unused_result));

void sheet_heading(struct sheet *sheet, const char *text);
void sheet_say(struct sheet *sheet, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* As they are, in letters of one width; a tab is a blank, too long ones are broken. */
void sheet_lines(struct sheet *sheet, const char *text);
void sheet_picture(struct sheet *sheet, const struct timeline *timeline);
void sheet_story(struct sheet *sheet, const struct story *story);

/* columns is borrowed until the table ends. */
void sheet_begin_table(
	struct sheet *sheet, const struct sheet_column *columns, size_t columns_len);
/* As many cells as there are columns. */
void sheet_row(struct sheet *sheet, const char *const *cells);
void sheet_end_table(struct sheet *sheet);
