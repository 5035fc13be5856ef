/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_pen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/story_text.h"

#define FONT "DejaVu Sans, sans-serif"
#define TEXT_MOST 320 /* bytes that are looked at: more do not fit on any line */
#define HATCH_STEP 5
#define HATCH_GROUND 0xf5f7fa
#define HATCH_INK 0x7b8794

/* So that a text is as wide in each form of the picture. */
static void set_font_options(PangoContext *context)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
}

int pen_init(struct pen *pen)
{
	PangoContext *context;

	*pen = (struct pen){.fonts = pango_cairo_font_map_new()};
	if (pen->fonts == NULL)
		return -ENOMEM;
	context = pango_font_map_create_context(pen->fonts);
	set_font_options(context);
	pango_context_set_round_glyph_positions(context, FALSE);
	pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
	pen->layout = pango_layout_new(context);
	g_object_unref(context);
	if (pen->layout == NULL)
		return -ENOMEM;
	pango_layout_set_auto_dir(pen->layout, FALSE);
	pango_layout_set_single_paragraph_mode(pen->layout, TRUE);
	return 0;
}

void pen_finish(struct pen *pen)
{
	if (pen->layout != NULL)
		g_object_unref(pen->layout);
	if (pen->fonts != NULL)
		g_object_unref(pen->fonts);
	*pen = (struct pen){0};
}

void pen_dip(struct pen *pen, cairo_t *cairo)
{
	pen->cairo = cairo;
	pango_cairo_update_layout(cairo, pen->layout);
}

size_t pen_cut(const char *text, size_t most)
{
	size_t len = strnlen(text, most + 1);

	if (len <= most)
		return len;
	for (len = most; len > 0 && len + 4 > most; len--)
		if (((unsigned char)text[len] & 0xc0) != 0x80)
			break;
	return len;
}

static void load(struct pen *pen, const struct pen_style *style, const char *text)
{
	char *shown = strndup(text, pen_cut(text, TEXT_MOST));
	char *escaped = shown != NULL ? story_escape(shown) : NULL;
	PangoFontDescription *font = pango_font_description_from_string(FONT);

	pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
	pango_font_description_set_weight(
		font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_layout_set_font_description(pen->layout, font);
	pango_font_description_free(font);
	pen->failed = pen->failed || escaped == NULL;
	pango_layout_set_text(pen->layout, escaped != NULL ? escaped : "", -1);
	free(escaped);
	free(shown);
}

double pen_measure(struct pen *pen, const struct pen_style *style, const char *text)
{
	PangoRectangle logical;

	load(pen, style, text);
	pango_layout_set_width(pen->layout, -1);
	pango_layout_get_extents(pen->layout, NULL, &logical);
	return (double)logical.width / PANGO_SCALE;
}

static PangoAlignment alignment(enum pen_align align)
{
	switch (align) {
	case PEN_LEFT:
		return PANGO_ALIGN_LEFT;
	case PEN_CENTRE:
		return PANGO_ALIGN_CENTER;
	case PEN_RIGHT:
		return PANGO_ALIGN_RIGHT;
	}
	return PANGO_ALIGN_LEFT;
}

void pen_write(struct pen *pen, const struct pen_style *style, double x, double y,
	double width, const char *text)
{
	PangoRectangle logical;

	load(pen, style, text);
	pango_layout_set_alignment(pen->layout, alignment(style->align));
	pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_width(pen->layout, (int)(width * PANGO_SCALE));
	pango_layout_get_extents(pen->layout, NULL, &logical);
	pen_colour(pen, style->colour);
	cairo_move_to(pen->cairo, x, y - (double)logical.height / PANGO_SCALE / 2);
	pango_cairo_show_layout(pen->cairo, pen->layout);
}

void pen_colour(const struct pen *pen, uint32_t colour)
{
	cairo_set_source_rgb(pen->cairo, (colour >> 16 & 0xff) / 255.0,
		(colour >> 8 & 0xff) / 255.0, (colour & 0xff) / 255.0);
}

void pen_box(
	const struct pen *pen, uint32_t colour, double x, double y, double w, double h)
{
	pen_colour(pen, colour);
	cairo_rectangle(pen->cairo, x, y, w, h);
	cairo_fill(pen->cairo);
}

void pen_line(const struct pen *pen, uint32_t colour, double x1, double y1, double x2,
	double y2)
{
	pen_colour(pen, colour);
	cairo_set_line_width(pen->cairo, 1);
	cairo_move_to(pen->cairo, x1, y1);
	cairo_line_to(pen->cairo, x2, y2);
	cairo_stroke(pen->cairo);
}

void pen_hatch(const struct pen *pen, double x, double y, double w, double h)
{
	pen_box(pen, HATCH_GROUND, x, y, w, h);
	cairo_save(pen->cairo);
	cairo_rectangle(pen->cairo, x, y, w, h);
	cairo_clip(pen->cairo);
	pen_colour(pen, HATCH_INK);
	cairo_set_line_width(pen->cairo, 1);
	/* The lines of neighbours meet: they are counted from the picture's edge. */
	for (int i = (int)((x + y) / HATCH_STEP); i * HATCH_STEP < x + w + y + h; i++) {
		cairo_move_to(pen->cairo, i * HATCH_STEP - y, y);
		cairo_line_to(pen->cairo, i * HATCH_STEP - y - h, y + h);
	}
	cairo_stroke(pen->cairo);
	cairo_restore(pen->cairo);
	cairo_rectangle(pen->cairo, x + 0.5, y + 0.5, w > 1 ? w - 1 : 0, h - 1);
	pen_colour(pen, HATCH_INK);
	cairo_stroke(pen->cairo);
}
