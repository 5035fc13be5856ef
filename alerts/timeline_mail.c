/* SPDX-License-Identifier: MIT */
/* Deliveries, and below them on a scale of its own what bounced as user unknown. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "alerts/story_text.h"
#include "alerts/timeline_draw.h"
#include "alerts/timeline_plan.h"

/* 1, 2 or 5 times a power of ten, and no less. */
static uint64_t round_up(uint64_t most)
{
	uint64_t power = 1;

	while (power < most / 10 + (most % 10 != 0))
		power *= 10;
	if (most <= power)
		return power;
	if (most <= 2 * power)
		return 2 * power;
	return most <= 5 * power ? 5 * power : 10 * power;
}

/* Names at the side, and the scale. */
static void frame(
	struct plan *plan, double y, double height, const char *name, uint64_t top)
{
	const struct pen_style bold = {
		.size = 11, .colour = INK, .bold = true, .align = PEN_RIGHT};
	const struct pen_style soft = {
		.size = 10, .colour = INK_SOFT, .align = PEN_RIGHT};
	const double width = PLAN_LEFT - PLAN_MARGIN - 8;
	char text[PLAN_LABEL_MAX];
	char count[STORY_COUNT_MAX];

	pen_line(&plan->pen, INK_FAINT, PLAN_LEFT, y, PLAN_RIGHT, y);
	pen_line(&plan->pen, INK_SOFT, PLAN_LEFT, y + height, PLAN_RIGHT, y + height);
	pen_write(&plan->pen, &soft, PLAN_MARGIN, y, width, story_count(top, count));
	pen_write(&plan->pen, &bold, PLAN_MARGIN, y + height / 2 - 3, width, name);
	snprintf(text, sizeof text, "per %s", bins_step_name(&plan->bins));
	pen_write(&plan->pen, &soft, PLAN_MARGIN, y + height / 2 + 10, width, text);
	pen_write(&plan->pen, &soft, PLAN_MARGIN, y + height, width, "0");
}

void draw_bounced(const struct plan *plan, double x, double y, double w, double h)
{
	pen_box(&plan->pen, INK, x, y, w, h);
	if (w > 2 && h > 2)
		pen_box(&plan->pen, PAPER, x + 1, y + 1, w - 2, h - 2);
}

/* A height that is seen, for whatever is more than nothing. */
static double height_of(uint64_t count, uint64_t top, double height)
{
	return count == 0 ? 0 : fmax(1, height * (double)count / (double)top);
}

static void draw_bar(struct plan *plan, const struct timeline_bar *bar, uint64_t top,
	uint64_t top_unknown)
{
	const double x = plan_x(plan, bar->from);
	const double full = plan_x(plan, bar->to) - x;
	const double width = full > 3 ? full - 1 : full;
	double y = plan->mail_y + PLAN_MAIL;
	double h = height_of(bar->accepted, top, PLAN_MAIL);

	pen_box(&plan->pen, MAIL_ACCEPTED, x, y - h, width, h);
	y -= h;
	h = height_of(bar->deferred, top, PLAN_MAIL);
	pen_box(&plan->pen, MAIL_DEFERRED, x, y - h, width, h);
	y -= h;
	h = height_of(bar->bounced, top, PLAN_MAIL);
	if (h > 0)
		draw_bounced(plan, x, y - h, width, h);
	h = fmax(bar->unknown > 0 ? 2 : 0,
		height_of(bar->unknown, top_unknown, PLAN_UNKNOWN));
	pen_box(&plan->pen, MAIL_UNKNOWN, x, plan->unknown_y + PLAN_UNKNOWN - h, width,
		h);
}

void draw_mail(struct plan *plan)
{
	const uint64_t top = round_up(plan->bins.most);
	const uint64_t top_unknown = round_up(plan->bins.most_unknown);

	if (plan->mail_y == 0)
		return;
	for (size_t i = 0; i < plan->bins.len; i++)
		draw_bar(plan, &plan->bins.bars[i], top, top_unknown);
	frame(plan, plan->mail_y, PLAN_MAIL, "deliveries", top);
	frame(plan, plan->unknown_y, PLAN_UNKNOWN, "user unknown", top_unknown);
}
