/* SPDX-License-Identifier: MIT */
/*
 * Lanes. What is wide enough is a box; of the rest, each column of the lane knows which shades and
 * gaps lie in it, and shows them at the least width that is seen, so that a hundred thousand spans
 * cost no more than a lane of columns.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alerts/timeline_draw.h"
#include "alerts/timeline_plan.h"

#define COLUMN 2.0
#define COLUMNS ((size_t)(PLAN_WIDTH / 2 + 1))
#define NAMED_FROM 46.0 /* the narrowest box with a name, */
#define LETTER_FROM 11.0 /* and with a letter */
#define TICK_APART 7.0
#define NOTHING 0xeef1f4 /* neither an answer nor a gap */

struct columns {
	uint16_t shades[COLUMNS]; /* a bit for each */
	bool gaps[COLUMNS];
};

struct box {
	const struct timeline_lane *lane;
	double x1;
	double x2;
	double y;
};

/* The widest part of a box that no gap lies over. */
static struct box clear_part(const struct plan *plan, const struct box *box)
{
	struct box best = {.x1 = box->x1, .x2 = box->x1, .y = box->y};
	double free_from = box->x1;

	for (size_t i = 0; i < box->lane->gaps_len && free_from < box->x2; i++) {
		const double x1 = fmin(plan_x(plan, box->lane->gaps[i].from), box->x2);
		const double x2 = plan_x(plan, box->lane->gaps[i].to);

		if (x2 < free_from || x2 - x1 < COLUMN)
			continue;
		if (x1 - free_from > best.x2 - best.x1) {
			best.x1 = free_from;
			best.x2 = x1;
		}
		free_from = x2;
	}
	if (box->x2 - free_from > best.x2 - best.x1) {
		best.x1 = free_from;
		best.x2 = box->x2;
	}
	return best;
}

static size_t column_of(double x)
{
	const double column = (x - PLAN_LEFT) / COLUMN;

	return column < (double)(COLUMNS - 1) ? (size_t)column : COLUMNS - 1;
}

static void name_box(struct plan *plan, const struct box *box, size_t shade,
	const struct timeline_span *span)
{
	struct pen_style style = {.size = plan->lane > 20 ? 11 : 10,
		.colour = palette_ink(shade),
		.bold = true};
	const char *answer = span->answer != NULL ? span->answer : "";
	const char *name = shade == PALETTE_NONE ? answer : span->operators;
	const double room = box->x2 - box->x1 - 10;
	const double y = box->y + plan->lane / 2;
	double width;

	if (room + 10 < NAMED_FROM) {
		style.align = PEN_CENTRE;
		if (room + 10 >= LETTER_FROM)
			pen_write(&plan->pen, &style, box->x1, y, room + 10,
				palette_letter(shade));
		return;
	}
	width = fmin(room, pen_measure(&plan->pen, &style, name) + 1);
	pen_write(&plan->pen, &style, box->x1 + 5, y, width, name);
	style.bold = false;
	if (shade != PALETTE_NONE && room - width > NAMED_FROM)
		pen_write(&plan->pen, &style, box->x1 + 5 + width + 6, y,
			room - width - 6, answer);
}

static void draw_span(struct plan *plan, const struct box *box,
	const struct timeline_span *span, bool parted)
{
	const size_t shade = palette_shade(&plan->palette, span->operators);

	pen_box(&plan->pen, palette_colour(shade), box->x1, box->y, box->x2 - box->x1,
		plan->lane);
	if (parted)
		pen_box(&plan->pen, PAPER, box->x1, box->y, 1, plan->lane);
	const struct box part = clear_part(plan, box);
	name_box(plan, &part, shade, span);
}

static void draw_spans(struct plan *plan, const struct timeline_lane *lane, double y,
	struct columns *columns)
{
	double end = PLAN_LEFT; /* of the last box */
	int64_t seen = plan->from;
	bool any = false;

	for (size_t i = 0; i < lane->spans_len; i++) {
		const struct timeline_span *span = &lane->spans[i];
		struct box box = {.lane = lane, .y = y};

		if (span->to < seen || span->from >= plan->to)
			continue;
		box.x1 = fmax(plan_x(plan, span->from), end);
		box.x2 = plan_x(plan, span->to);
		seen = span->to;
		if (box.x2 - box.x1 < COLUMN) {
			columns->shades[column_of(box.x1)] |= (uint16_t)(1u
				<< palette_shade(&plan->palette, span->operators));
			continue;
		}
		draw_span(plan, &box, span, any && box.x1 - end < 1);
		end = box.x2;
		any = true;
	}
}

/* Several in one column share its height. */
static void draw_column(struct plan *plan, double x, double y, uint16_t shades)
{
	const int count = __builtin_popcount(shades);
	const double part = plan->lane / (count > 0 ? count : 1);

	for (size_t shade = 0; shade < PALETTE_SHADES; shade++) {
		if ((shades >> shade & 1) == 0)
			continue;
		pen_box(&plan->pen, palette_colour(shade), x, y, COLUMN, part);
		y += part;
	}
}

static void draw_tick(struct plan *plan, double x, double y)
{
	cairo_t *cairo = plan->pen.cairo;

	pen_colour(&plan->pen, INK);
	cairo_move_to(cairo, x - 3, y - 6);
	cairo_line_to(cairo, x + 3, y - 6);
	cairo_line_to(cairo, x, y - 1);
	cairo_close_path(cairo);
	cairo_fill(cairo);
}

static void draw_columns(struct plan *plan, double y, const struct columns *columns)
{
	double ticked = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		const double x = PLAN_LEFT + (double)i * COLUMN;

		if (columns->gaps[i])
			pen_box(&plan->pen, INK, x, y + plan->lane, 1, 3);
		if (columns->shades[i] == 0)
			continue;
		draw_column(plan, x, y, columns->shades[i]);
		if (x - ticked < TICK_APART)
			continue;
		draw_tick(plan, x + COLUMN / 2, y);
		ticked = x;
	}
}

static void draw_gaps(struct plan *plan, const struct timeline_lane *lane, double y,
	struct columns *columns)
{
	const struct pen_style style = {.size = 10, .colour = INK, .align = PEN_CENTRE};
	double end = PLAN_LEFT;

	for (size_t i = 0; i < lane->gaps_len; i++) {
		const struct timeline_gap *gap = &lane->gaps[i];
		const char *reason = gap->reason != NULL ? gap->reason : "";
		const double x1 = fmax(plan_x(plan, gap->from), end);
		const double x2 = plan_x(plan, gap->to);
		double width;

		if (gap->to < plan->from || gap->from >= plan->to)
			continue;
		if (x2 - x1 < COLUMN) {
			columns->gaps[column_of(x1)] = true;
			continue;
		}
		pen_hatch(&plan->pen, x1, y, x2 - x1, plan->lane);
		end = x2;
		width = pen_measure(&plan->pen, &style, reason) + 8;
		if (*reason == '\0' || width > x2 - x1 - 8)
			continue;
		pen_box(&plan->pen, PAPER, (x1 + x2 - width) / 2, y + plan->lane / 2 - 7,
			width, 14);
		pen_write(&plan->pen, &style, (x1 + x2 - width) / 2, y + plan->lane / 2,
			width, reason);
	}
}

static void draw_lane(struct plan *plan, const struct timeline_lane *lane, double y)
{
	const struct pen_style style = {
		.size = 11, .colour = INK, .bold = true, .align = PEN_RIGHT};
	struct columns columns;

	memset(&columns, 0, sizeof columns);
	pen_write(&plan->pen, &style, PLAN_MARGIN, y + plan->lane / 2,
		PLAN_LEFT - PLAN_MARGIN - 8, lane->view);
	pen_box(&plan->pen, NOTHING, PLAN_LEFT, y, PLAN_WIDTH, plan->lane);
	draw_spans(plan, lane, y, &columns);
	draw_gaps(plan, lane, y, &columns);
	draw_columns(plan, y, &columns);
}

void draw_lanes(struct plan *plan)
{
	double y = plan->lanes_y;
	char text[PLAN_LABEL_MAX];

	for (size_t i = 0; i < plan->lanes_len; i++, y += plan->lane_step)
		draw_lane(plan, &plan->timeline->lanes[i], y);
	if (plan->timeline->lanes_len == plan->lanes_len)
		return;
	snprintf(text, sizeof text, "and %zu more views",
		plan->timeline->lanes_len - plan->lanes_len);
	pen_write(&plan->pen, &plan_small, PLAN_LEFT, y + 4, PLAN_WIDTH, text);
}
