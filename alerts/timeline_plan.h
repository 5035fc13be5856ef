/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_plan — where everything of a picture goes, before any of it is drawn.
 *
 * From top to bottom: title, legend, labels of marks, lanes, deliveries, unknown users, axis,
 * footer. Private to alerts/.
 */
#include <stddef.h>
#include <stdint.h>

#include "alerts/timeline.h"
#include "alerts/timeline_axis.h"
#include "alerts/timeline_bins.h"
#include "alerts/timeline_palette.h"
#include "alerts/timeline_pen.h"

#define PLAN_MARGIN 16
#define PLAN_LEFT 116 /* of what has a time; names stand before it */
#define PLAN_RIGHT (TIMELINE_WIDTH - 24)
#define PLAN_WIDTH (PLAN_RIGHT - PLAN_LEFT)
#define PLAN_LEGEND_ROW 18
#define PLAN_MARK_ROW 14
#define PLAN_MAIL 72
#define PLAN_UNKNOWN 56

enum plan_key {
	KEY_SHADE,
	KEY_GAP,
	KEY_INCIDENT,
	KEY_ACCEPTED,
	KEY_DEFERRED,
	KEY_BOUNCED,
	KEY_UNKNOWN,
};

#define PLAN_LEGEND_MOST (PALETTE_SHADES + 6)
#define PLAN_LABEL_MAX 64

struct plan_legend {
	enum plan_key key;
	size_t shade; /* of KEY_SHADE */
	const char *label; /* borrowed */
	double x;
	double width; /* of the label */
	int row;
};

struct plan_mark {
	const struct timeline_mark *mark;
	double x; /* of the instant */
	double label_x;
	double label_width;
	int row;
};

struct plan {
	const struct timeline *timeline;
	struct pen pen;
	int64_t from;
	int64_t to;
	struct palette palette;
	struct bins bins;
	struct axis_tick ticks[AXIS_TICKS_MOST];
	size_t ticks_len;
	struct plan_legend legend[PLAN_LEGEND_MOST];
	size_t legend_len;
	char others[PLAN_LABEL_MAX];
	struct plan_mark marks[TIMELINE_MARKS_MOST];
	size_t marks_len;
	size_t lanes_len; /* that are drawn */
	double legend_y; /* upper edges */
	double marks_y;
	double lanes_y;
	double lane; /* height */
	double lane_step;
	double lanes_end;
	double mail_y; /* 0: no panels */
	double unknown_y;
	double axis_y;
	double height;
};

/* Returns 0 or -ENOMEM; finish it then too. */
int plan_make(struct plan *plan, const struct timeline *timeline)
	__attribute__((warn_unused_result));
void plan_finish(struct plan *plan);

/* Where an instant is; those outside the window are at its edges. */
double plan_x(const struct plan *plan, int64_t at);

extern const struct pen_style plan_small;
