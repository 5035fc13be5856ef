/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_pen — texts and boxes on a picture or a page.
 *
 * Texts may be hostile: what is no printable UTF-8 or turns the line around is escaped, and what
 * does not fit is cut with an ellipsis. Colours are 0xRRGGBB. Private to alerts/.
 */
#include <pango/pangocairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>

#define INK 0x1f2933
#define INK_SOFT 0x52606d
#define INK_FAINT 0xcbd2d9
#define PAPER 0xffffff

enum pen_align {
	PEN_LEFT,
	PEN_CENTRE,
	PEN_RIGHT,
};

struct pen_style {
	double size;
	uint32_t colour;
	bool bold;
	enum pen_align align;
};

struct pen {
	cairo_t *cairo; /* NULL while only measuring; borrowed */
	PangoFontMap
		*fonts; /* owned, so that nothing is kept when the pen is done with */
	PangoLayout *layout; /* owned */
	bool failed; /* memory was short of a text */
};

/* Returns 0 or -ENOMEM. */
int pen_init(struct pen *pen) __attribute__((warn_unused_result));
void pen_finish(struct pen *pen);
/* From here on it draws. */
void pen_dip(struct pen *pen, cairo_t *cairo);

/* How much of a text is at most so many bytes, no character being cut in two. */
size_t pen_cut(const char *text, size_t most);

/* Width of a text in one line. */
double pen_measure(struct pen *pen, const struct pen_style *style, const char *text);
/* One line, its middle at y, in width from x on. */
void pen_write(struct pen *pen, const struct pen_style *style, double x, double y,
	double width, const char *text);

void pen_colour(const struct pen *pen, uint32_t colour);
void pen_box(
	const struct pen *pen, uint32_t colour, double x, double y, double w, double h);
void pen_line(const struct pen *pen, uint32_t colour, double x1, double y1, double x2,
	double y2);
/* Hatched from lower left to upper right, with a rim. */
void pen_hatch(const struct pen *pen, double x, double y, double w, double h);
