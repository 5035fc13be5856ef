/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_draw.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "alerts/timeline_plan.h"

#define INCIDENT_GROUND 0xfff3c4
#define INCIDENT_EDGE 0xb44d12
#define RIM 0xd9e2ec
#define GRID 0xe4e7eb
#define TICK_LABEL 66.0

cairo_status_t draw_into(void *owner, const unsigned char *bytes, unsigned len)
{
	FILE *out = owner;

	return fwrite(bytes, 1, len, out) == len ? CAIRO_STATUS_SUCCESS
						 : CAIRO_STATUS_WRITE_ERROR;
}

int draw_error(cairo_status_t status)
{
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	return status == CAIRO_STATUS_WRITE_ERROR ? -EIO : -ENOMEM;
}

static void draw_title(struct plan *plan)
{
	const struct timeline *timeline = plan->timeline;
	const struct pen_style title = {.size = 16, .colour = INK, .bold = true};
	const struct pen_style subtitle = {.size = 11, .colour = INK_SOFT};
	const double width = PLAN_RIGHT - PLAN_MARGIN;

	if (timeline->title != NULL)
		pen_write(&plan->pen, &title, PLAN_MARGIN, PLAN_MARGIN + 8, width,
			timeline->title);
	if (timeline->subtitle != NULL)
		pen_write(&plan->pen, &subtitle, PLAN_MARGIN, PLAN_MARGIN + 27, width,
			timeline->subtitle);
	if (timeline->footer != NULL)
		pen_write(&plan->pen, &plan_small, PLAN_MARGIN, plan->height - 12, width,
			timeline->footer);
}

static void draw_chip(struct plan *plan, const struct plan_legend *legend, double y)
{
	const double x = legend->x;

	switch (legend->key) {
	case KEY_SHADE: {
		const struct pen_style style = {.size = 9,
			.colour = palette_ink(legend->shade),
			.bold = true,
			.align = PEN_CENTRE};

		pen_box(&plan->pen, palette_colour(legend->shade), x, y, 14, 12);
		pen_write(
			&plan->pen, &style, x, y + 6, 14, palette_letter(legend->shade));
		break;
	}
	case KEY_GAP:
		pen_hatch(&plan->pen, x, y, 14, 12);
		break;
	case KEY_INCIDENT:
		pen_box(&plan->pen, INCIDENT_GROUND, x, y, 14, 12);
		pen_box(&plan->pen, INCIDENT_EDGE, x, y, 14, 2);
		break;
	case KEY_ACCEPTED:
		pen_box(&plan->pen, MAIL_ACCEPTED, x + 3, y, 8, 12);
		break;
	case KEY_DEFERRED:
		pen_box(&plan->pen, MAIL_DEFERRED, x + 3, y, 8, 12);
		break;
	case KEY_BOUNCED:
		draw_bounced(plan, x + 3, y, 8, 12);
		break;
	case KEY_UNKNOWN:
		pen_box(&plan->pen, MAIL_UNKNOWN, x + 3, y, 8, 12);
		break;
	}
}

static void draw_legend(struct plan *plan)
{
	for (size_t i = 0; i < plan->legend_len; i++) {
		const struct plan_legend *legend = &plan->legend[i];
		const double y = plan->legend_y + legend->row * PLAN_LEGEND_ROW;

		draw_chip(plan, legend, y);
		pen_write(&plan->pen, &plan_small, legend->x + 18, y + 6, legend->width,
			legend->label);
	}
}

/* Behind everything, so that colours stay what they are. */
static void draw_incident(struct plan *plan)
{
	const struct timeline *timeline = plan->timeline;
	double x1;
	double x2;

	if (timeline->incident_from == 0 || timeline->incident_from >= plan->to ||
		timeline->incident_to < plan->from)
		return;
	x1 = plan_x(plan, timeline->incident_from);
	x2 = fmax(plan_x(plan, timeline->incident_to), x1 + 3);
	pen_box(&plan->pen, INCIDENT_GROUND, x1, plan->lanes_y - 6, x2 - x1,
		plan->axis_y - plan->lanes_y + 6);
	pen_box(&plan->pen, INCIDENT_EDGE, x1, plan->lanes_y - 8, x2 - x1, 2);
}

static void draw_marks(struct plan *plan)
{
	static const double dashes[] = {3, 3};

	for (size_t i = 0; i < plan->marks_len; i++) {
		const struct plan_mark *mark = &plan->marks[i];
		const struct pen_style style = {.size = 10.5, .colour = INCIDENT_EDGE};
		const double y = plan->marks_y + mark->row * PLAN_MARK_ROW + 6;

		cairo_set_dash(plan->pen.cairo, dashes, 2, 0);
		pen_line(
			&plan->pen, INCIDENT_EDGE, mark->x, y - 5, mark->x, plan->axis_y);
		cairo_set_dash(plan->pen.cairo, NULL, 0, 0);
		pen_write(&plan->pen, &style, mark->label_x, y, mark->label_width,
			mark->mark->label);
	}
}

static void draw_grid(struct plan *plan)
{
	for (size_t i = 0; i < plan->ticks_len; i++) {
		const double x = plan_x(plan, plan->ticks[i].at);

		pen_line(&plan->pen, GRID, x, plan->lanes_y - 4, x, plan->axis_y);
	}
}

/* One that the edge would cut is left out: a grid line is there all the same. */
static void label_tick(struct plan *plan, double x, double y, const char *text)
{
	const struct pen_style style = {
		.size = 10, .colour = INK_SOFT, .align = PEN_CENTRE};
	const double width = pen_measure(&plan->pen, &style, text) + 1;

	if (x + width / 2 < TIMELINE_WIDTH - 2)
		pen_write(&plan->pen, &style, x - width / 2, y, width, text);
}

static void draw_axis(struct plan *plan)
{
	const struct pen_style side = {
		.size = 10, .colour = INK_SOFT, .align = PEN_RIGHT};
	const double y = plan->axis_y;

	pen_line(&plan->pen, INK_SOFT, PLAN_LEFT, y, PLAN_RIGHT, y);
	pen_write(&plan->pen, &side, PLAN_MARGIN, y + 11,
		PLAN_LEFT - PLAN_MARGIN - TICK_LABEL / 2 - 2, "UTC");
	for (size_t i = 0; i < plan->ticks_len; i++) {
		const struct axis_tick *tick = &plan->ticks[i];
		const double x = plan_x(plan, tick->at);

		pen_line(&plan->pen, INK_SOFT, x, y, x, y + 4);
		label_tick(plan, x, y + 11, tick->label);
		label_tick(plan, x, y + 24, tick->below);
	}
}

void draw_picture(struct plan *plan, cairo_t *cairo)
{
	pen_dip(&plan->pen, cairo);
	pen_box(&plan->pen, PAPER, 0, 0, TIMELINE_WIDTH, plan->height);
	pen_colour(&plan->pen, RIM);
	cairo_set_line_width(cairo, 1);
	cairo_rectangle(cairo, 0.5, 0.5, TIMELINE_WIDTH - 1, plan->height - 1);
	cairo_stroke(cairo);
	draw_title(plan);
	draw_legend(plan);
	draw_incident(plan);
	draw_grid(plan);
	draw_mail(plan);
	draw_marks(plan);
	draw_lanes(plan);
	draw_axis(plan);
}
