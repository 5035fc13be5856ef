/* SPDX-License-Identifier: MIT */
/* A sheet as pages of A4. Lines are laid out one after the other; a page that is full ends. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>

#include "alerts/sheet.h"
#include "alerts/story.h"
#include "alerts/story_text.h"
#include "alerts/timeline.h"
#include "alerts/timeline_draw.h"
#include "alerts/timeline_pen.h"
#include "alerts/timeline_plan.h"
#include "storage/instant.h"

#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
#define MARGIN 50.0
#define WIDTH (PAGE_WIDTH - 2 * MARGIN)
#define BOTTOM (PAGE_HEIGHT - MARGIN)
#define CELL_MOST 600 /* bytes of a cell, so that a row fits a page */
#define TEXT_MOST 20000
#define GAP 8.0 /* between columns */

#define SANS "DejaVu Sans, sans-serif"
#define MONO "DejaVu Sans Mono, monospace"

struct type {
	const char *family;
	double size;
	uint32_t colour;
	bool bold;
};

static const struct type title_type = {SANS, 16, INK, true};
static const struct type heading_type = {SANS, 12, INK, true};
static const struct type body_type = {SANS, 9.5, INK, false};
static const struct type weak_type = {SANS, 9, INK_SOFT, true};
static const struct type head_type = {SANS, 8, INK_SOFT, true};
static const struct type cell_type = {SANS, 8, INK, false};
static const struct type fixed_type = {MONO, 8, INK, false};

struct paper {
	cairo_surface_t *surface;
	cairo_t *cairo;
	struct pen pen;
	char *foot; /* owned */
	double y;
	int page;
};

static void put_foot(struct paper *paper)
{
	const struct pen_style left = {.size = 7.5, .colour = INK_SOFT};
	const struct pen_style right = {
		.size = 7.5, .colour = INK_SOFT, .align = PEN_RIGHT};
	const double y = PAGE_HEIGHT - MARGIN / 2;
	char number[32];

	snprintf(number, sizeof number, "page %d", paper->page);
	pen_write(&paper->pen, &left, MARGIN, y, WIDTH - 80, paper->foot);
	pen_write(&paper->pen, &right, MARGIN, y, WIDTH, number);
	pango_layout_set_ellipsize(paper->pen.layout, PANGO_ELLIPSIZE_NONE);
	pango_layout_set_alignment(paper->pen.layout, PANGO_ALIGN_LEFT);
}

static void turn_page(struct paper *paper)
{
	put_foot(paper);
	cairo_show_page(paper->cairo);
	paper->y = MARGIN;
	paper->page++;
}

/* Turns the page where there is no room for as much; returns whether it did. */
static bool make_room(struct paper *paper, double height)
{
	if (paper->y + height <= BOTTOM || paper->y <= MARGIN)
		return false;
	turn_page(paper);
	return true;
}

/* Escaped, and no longer than that; to be freed. NULL without memory. */
static char *shorten(const char *text, size_t most)
{
	const size_t len = pen_cut(text, most);
	char *part = NULL;
	char *escaped;

	if (asprintf(&part, "%.*s%s", (int)len, text,
		    text[len] != '\0' ? "\xe2\x80\xa6" : "") < 0)
		return NULL;
	escaped = story_escape(part);
	free(part);
	return escaped;
}

/* Lays a text out. */
static void load(struct sheet *sheet, const struct type *type, double width,
	const char *text, size_t most)
{
	struct paper *const paper = sheet->own;
	PangoLayout *const layout = paper->pen.layout;
	PangoFontDescription *const font =
		pango_font_description_from_string(type->family);
	char *const escaped = shorten(text, most);

	pango_font_description_set_absolute_size(font, type->size * PANGO_SCALE);
	pango_font_description_set_weight(
		font, type->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	pango_layout_set_text(layout, escaped != NULL ? escaped : "", -1);
	if (escaped == NULL)
		sheet->err = -ENOMEM;
	free(escaped);
}

static double height_of(const struct paper *paper)
{
	PangoRectangle logical;

	pango_layout_get_extents(paper->pen.layout, NULL, &logical);
	return (double)logical.height / PANGO_SCALE;
}

/* What is laid out, line by line, over as many pages as it takes. A page that is turned uses the
 * same layout for its foot, so the lines are held meanwhile. */
static void put_loaded(struct paper *paper, uint32_t colour, double x)
{
	PangoLayout *const layout = pango_layout_copy(paper->pen.layout);
	PangoLayoutIter *const at = pango_layout_get_iter(layout);

	do {
		PangoRectangle logical;

		pango_layout_iter_get_line_extents(at, NULL, &logical);
		const double height = (double)logical.height / PANGO_SCALE;
		const double above =
			(double)(pango_layout_iter_get_baseline(at) - logical.y) /
			PANGO_SCALE;
		make_room(paper, height);
		pen_colour(&paper->pen, colour);
		cairo_move_to(paper->cairo, x, paper->y + above);
		pango_cairo_show_layout_line(
			paper->cairo, pango_layout_iter_get_line_readonly(at));
		paper->y += height;
	} while (pango_layout_iter_next_line(at));
	pango_layout_iter_free(at);
	g_object_unref(layout);
}

static void put(struct sheet *sheet, const struct type *type, const char *text)
{
	load(sheet, type, WIDTH, text, TEXT_MOST);
	put_loaded(sheet->own, type->colour, MARGIN);
}

static void heading(struct sheet *sheet, const char *text)
{
	struct paper *const paper = sheet->own;
	char place[64];

	make_room(paper, 80);
	paper->y += 12;
	snprintf(place, sizeof place, "page=%d pos=[0 %d]", paper->page,
		(int)paper->y - 6);
	cairo_pdf_surface_add_outline(paper->surface, CAIRO_PDF_OUTLINE_ROOT, text, place,
		(cairo_pdf_outline_flags_t)0);
	put(sheet, &heading_type, text);
	paper->y += 4;
}

static void paragraph(struct sheet *sheet, const char *text)
{
	struct paper *const paper = sheet->own;

	put(sheet, &body_type, text);
	paper->y += 5;
}

static void lines(struct sheet *sheet, const char *text)
{
	struct paper *const paper = sheet->own;

	while (*text != '\0' && sheet->err == 0) {
		const size_t len = strcspn(text, "\n");

		char *const line = strndup(text, len);

		if (line == NULL) {
			sheet->err = -ENOMEM;
			break;
		}
		load(sheet, &fixed_type, WIDTH - 10, line, TEXT_MOST);
		put_loaded(paper, fixed_type.colour, MARGIN + 10);
		free(line);
		text += len + (text[len] != '\0');
	}
	paper->y += 6;
}

static double column_width(const struct sheet *sheet, size_t column)
{
	return WIDTH * sheet->columns[column].share - GAP;
}

static void put_cells(struct sheet *sheet, const struct type *type,
	const char *const *cells, double height)
{
	struct paper *const paper = sheet->own;
	double x = MARGIN;

	for (size_t i = 0; i < sheet->columns_len; i++) {
		load(sheet, type, column_width(sheet, i), cells[i], CELL_MOST);
		pen_colour(&paper->pen, type->colour);
		cairo_move_to(paper->cairo, x, paper->y);
		pango_cairo_show_layout(paper->cairo, paper->pen.layout);
		x += WIDTH * sheet->columns[i].share;
	}
	paper->y += height + 3;
	pen_line(&paper->pen, INK_FAINT, MARGIN, paper->y, MARGIN + WIDTH, paper->y);
	paper->y += 3;
}

static double measure_cells(
	struct sheet *sheet, const struct type *type, const char *const *cells)
{
	double most = 0;

	for (size_t i = 0; i < sheet->columns_len; i++) {
		load(sheet, type, column_width(sheet, i), cells[i], CELL_MOST);
		most = fmax(most, height_of(sheet->own));
	}
	return most;
}

static void begin_table(struct sheet *sheet)
{
	const char *titles[SHEET_COLUMNS_MOST];

	for (size_t i = 0; i < sheet->columns_len; i++)
		titles[i] = sheet->columns[i].title;
	const double height = measure_cells(sheet, &head_type, titles);
	make_room(sheet->own, height + 30);
	put_cells(sheet, &head_type, titles, height);
}

static void row(struct sheet *sheet, const char *const *cells)
{
	const double height = measure_cells(sheet, &cell_type, cells);

	if (make_room(sheet->own, height + 6))
		begin_table(sheet);
	put_cells(sheet, &cell_type, cells, height);
}

static void end_table(struct sheet *sheet)
{
	struct paper *const paper = sheet->own;

	paper->y += 6;
}

static int picture(struct sheet *sheet, const struct timeline *timeline)
{
	struct paper *const paper = sheet->own;
	const double scale = WIDTH / TIMELINE_WIDTH;
	struct plan plan;
	int err = plan_make(&plan, timeline);

	if (err == 0) {
		make_room(paper, plan.height * scale);
		cairo_save(paper->cairo);
		cairo_translate(paper->cairo, MARGIN, paper->y);
		cairo_scale(paper->cairo, scale, scale);
		draw_picture(&plan, paper->cairo);
		cairo_restore(paper->cairo);
		paper->y += plan.height * scale + 8;
		err = plan.pen.failed ? -ENOMEM : 0;
	}
	plan_finish(&plan);
	return err;
}

/* "SINCE WHEN" shouts on paper. */
static void put_story_heading(struct sheet *sheet, char *text)
{
	for (char *c = text + 1; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	heading(sheet, text);
}

/* As a terminal shows it, but for the summary above the id, which is the title here: lines that
 * begin in the first column are headings. */
static int tell(struct sheet *sheet, const struct story *story)
{
	char *text = NULL;
	char *next;
	size_t size;
	FILE *const memory = open_memstream(&text, &size);
	int err = memory != NULL ? story_write(story, memory) : -ENOMEM;
	bool begun = false;

	if (memory != NULL && fclose(memory) != 0)
		err = -ENOMEM;
	next = err == 0 ? text : NULL;
	while (next != NULL) {
		char *const line = strsep(&next, "\n");

		begun = begun || strstr(line, story->id) != NULL;
		if (begun && *line != ' ' && *line != '\0')
			put_story_heading(sheet, line);
		else if (begun && *line != '\0')
			put(sheet, &fixed_type, line);
	}
	free(text);
	return err;
}

static int end(struct sheet *sheet)
{
	struct paper *const paper = sheet->own;
	int err;

	if (paper == NULL)
		return -ENOMEM;
	put_foot(paper);
	err = draw_error(cairo_status(paper->cairo));
	cairo_destroy(paper->cairo);
	cairo_surface_finish(paper->surface);
	if (err == 0)
		err = draw_error(cairo_surface_status(paper->surface));
	cairo_surface_destroy(paper->surface);
	if (err == 0 && paper->pen.failed)
		err = -ENOMEM;
	pen_finish(&paper->pen);
	free(paper->foot);
	free(paper);
	return err;
}

static const struct sheet_form form = {
	.heading = heading,
	.paragraph = paragraph,
	.lines = lines,
	.begin_table = begin_table,
	.row = row,
	.end_table = end_table,
	.picture = picture,
	.story = tell,
	.end = end,
};

static struct paper *make_paper(const struct sheet_title *title, FILE *out)
{
	struct paper *const paper = calloc(1, sizeof *paper);
	char *const name = story_escape(title->title);
	char at[INSTANT_TEXT_MAX];

	if (paper != NULL)
		paper->foot = strdup(title->foot);
	if (paper == NULL || paper->foot == NULL || name == NULL ||
		pen_init(&paper->pen) != 0) {
		if (paper != NULL)
			free(paper->foot);
		free(paper);
		free(name);
		return NULL;
	}
	paper->surface = cairo_pdf_surface_create_for_stream(
		draw_into, out, PAGE_WIDTH, PAGE_HEIGHT);
	cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_TITLE, name);
	cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATE_DATE,
		instant_format(title->made_at, at));
	paper->cairo = cairo_create(paper->surface);
	pen_dip(&paper->pen, paper->cairo);
	paper->y = MARGIN;
	paper->page = 1;
	free(name);
	return paper;
}

void sheet_open_pdf(struct sheet *sheet, const struct sheet_title *title, FILE *out)
{
	*sheet = (struct sheet){.form = &form, .out = out, .own = make_paper(title, out)};
	if (sheet->own == NULL) {
		sheet->err = -ENOMEM;
		return;
	}
	put(sheet, &weak_type, title->above);
	put(sheet, &title_type, title->title);
	if (title->below != NULL)
		paragraph(sheet, title->below);
	((struct paper *)sheet->own)->y += 6;
}
