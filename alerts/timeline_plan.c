/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_plan.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* Years 1 to 9999, which calendars can say. */
#define EARLIEST INT64_C(-62135596800000)
#define LATEST INT64_C(253402300799000)
#define SHORTEST INT64_C(1000)

#define LABEL_MOST 170.0
#define CHIP 14.0
#define ROWS_MOST 4

const struct pen_style plan_small = {.size = 10.5, .colour = INK_SOFT};

static int64_t within(int64_t at, int64_t least, int64_t most)
{
	return at < least ? least : at > most ? most : at;
}

double plan_x(const struct plan *plan, int64_t at)
{
	const double part = ((double)at - (double)plan->from) /
		((double)plan->to - (double)plan->from);

	return PLAN_LEFT + PLAN_WIDTH * fmin(1, fmax(0, part));
}

static void add_key(struct plan *plan, enum plan_key key, size_t shade, const char *label)
{
	const double width = pen_measure(&plan->pen, &plan_small, label);

	plan->legend[plan->legend_len++] = (struct plan_legend){.key = key,
		.shade = shade,
		.label = label,
		.width = fmin(width + 1, LABEL_MOST)};
}

static bool has_gap(const struct plan *plan)
{
	for (size_t i = 0; i < plan->lanes_len; i++)
		if (plan->timeline->lanes[i].gaps_len > 0)
			return true;
	return false;
}

static void fill_legend(struct plan *plan)
{
	const struct palette *palette = &plan->palette;
	const struct timeline_bar *sum = &plan->bins.sum;

	for (size_t i = 0; i < palette->len; i++)
		add_key(plan, KEY_SHADE, i, palette->operators[i]);
	snprintf(plan->others, sizeof plan->others, "%zu other%s", palette->others,
		palette->others == 1 ? "" : "s");
	if (palette->others > 0)
		add_key(plan, KEY_SHADE, PALETTE_OTHERS, plan->others);
	if (palette->nobody)
		add_key(plan, KEY_SHADE, PALETTE_NONE, "no mail host");
	if (has_gap(plan))
		add_key(plan, KEY_GAP, 0, "gap: not seen");
	if (plan->timeline->incident_from != 0)
		add_key(plan, KEY_INCIDENT, 0, "incident");
	if (plan->timeline->bars_len == 0)
		return;
	add_key(plan, KEY_ACCEPTED, 0, "accepted");
	if (sum->deferred > 0)
		add_key(plan, KEY_DEFERRED, 0, "deferred");
	if (sum->bounced > 0)
		add_key(plan, KEY_BOUNCED, 0, "other bounces");
	add_key(plan, KEY_UNKNOWN, 0, "user unknown");
}

static double width_of(const struct plan_legend *legend)
{
	return CHIP + 4 + legend->width + 14;
}

/* From left to right, and on to the next row; what does not fit into one row has mails begin
 * another. Returns how many rows there are. */
static int lay_legend(struct plan *plan)
{
	double all = PLAN_MARGIN;
	double x = PLAN_MARGIN;
	int row = 0;

	for (size_t i = 0; i < plan->legend_len; i++)
		all += width_of(&plan->legend[i]);
	for (size_t i = 0; i < plan->legend_len; i++) {
		struct plan_legend *legend = &plan->legend[i];
		const bool mails = legend->key == KEY_ACCEPTED && all > PLAN_RIGHT;

		if (x > PLAN_MARGIN &&
			(mails || x + width_of(legend) - 14 > PLAN_RIGHT)) {
			x = PLAN_MARGIN;
			row++;
		}
		legend->x = x;
		legend->row = row;
		x += width_of(legend);
	}
	return plan->legend_len > 0 ? row + 1 : 0;
}

/* A label stands behind its line where there is room, in the first row where nothing is. */
static int lay_marks(struct plan *plan)
{
	double ends[ROWS_MOST] = {0};
	int rows = 0;

	for (size_t i = 0; i < plan->timeline->marks_len && i < TIMELINE_MARKS_MOST;
		i++) {
		struct plan_mark *mark = &plan->marks[plan->marks_len];

		*mark = (struct plan_mark){.mark = &plan->timeline->marks[i]};
		if (mark->mark->at < plan->from || mark->mark->at > plan->to)
			continue;
		mark->x = plan_x(plan, mark->mark->at);
		mark->label_width =
			fmin(pen_measure(&plan->pen, &plan_small, mark->mark->label) + 1,
				PLAN_WIDTH);
		mark->label_x = mark->x + 4;
		if (mark->label_x + mark->label_width > PLAN_RIGHT)
			mark->label_x = fmax(0, mark->x - 4 - mark->label_width);
		while (mark->row < ROWS_MOST - 1 && mark->label_x < ends[mark->row])
			mark->row++;
		ends[mark->row] = mark->label_x + mark->label_width + 8;
		rows = mark->row + 1 > rows ? mark->row + 1 : rows;
		plan->marks_len++;
	}
	return rows;
}

static void stack(struct plan *plan)
{
	const bool many = plan->lanes_len > 6;
	double y = PLAN_MARGIN + 20;

	if (plan->timeline->subtitle != NULL)
		y += 16;
	plan->legend_y = y + 6;
	y = plan->legend_y + lay_legend(plan) * PLAN_LEGEND_ROW;
	plan->marks_y = y + 4;
	y = plan->marks_y + lay_marks(plan) * PLAN_MARK_ROW;
	plan->lane = many ? 15 : 24;
	plan->lane_step = plan->lane + (many ? 8 : 10);
	plan->lanes_y = y + 10;
	y = plan->lanes_y + (double)plan->lanes_len * plan->lane_step;
	if (plan->timeline->lanes_len > plan->lanes_len)
		y += 16;
	plan->lanes_end = y;
	if (plan->timeline->bars_len > 0) {
		plan->mail_y = y + 6;
		plan->unknown_y = plan->mail_y + PLAN_MAIL + 14;
		y = plan->unknown_y + PLAN_UNKNOWN;
	}
	plan->axis_y = y + 4;
	plan->height = ceil(plan->axis_y + 34);
	if (plan->timeline->footer != NULL)
		plan->height += 16;
}

int plan_make(struct plan *plan, const struct timeline *timeline)
{
	int err;

	*plan = (struct plan){.timeline = timeline};
	plan->from = within(timeline->from, EARLIEST, LATEST - SHORTEST);
	plan->to = within(timeline->to, plan->from + SHORTEST, LATEST);
	plan->lanes_len = timeline->lanes_len < TIMELINE_LANES_MOST ? timeline->lanes_len
								    : TIMELINE_LANES_MOST;
	err = pen_init(&plan->pen);
	if (err == 0)
		err = palette_make(timeline, &plan->palette);
	if (err < 0)
		return err;
	bins_fill(&plan->bins, timeline, plan->from, plan->to);
	plan->ticks_len = axis_ticks(plan->from, plan->to, plan->ticks);
	fill_legend(plan);
	stack(plan);
	return 0;
}

void plan_finish(struct plan *plan)
{
	pen_finish(&plan->pen);
}
