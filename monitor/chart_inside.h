/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chart_inside — a chart while it is gathered. Private to chart.c and chart_gather.c.
 */
#include "monitor/chart.h"
#include "storage/incident.h"

#define CHART_LABEL_MAX 64

/* One view. */
struct chart_lane {
	char *view; /* owned */
	struct timeline_span *spans; /* owned */
	size_t spans_len;
	struct timeline_gap *gaps; /* owned */
	size_t gaps_len;
	struct timeline_gap *imported; /* owned: when others looked */
	size_t imported_len;
};

struct chart_parts {
	const struct chart_options *options; /* borrowed for the call */
	const uint8_t *domain; /* the same */
	int64_t from;
	int64_t to;
	struct chart_lane *lanes; /* owned */
	size_t lanes_len;
	struct timeline_lane *drawn; /* owned; the same for the picture */
	struct timeline_bar *bars; /* owned */
	size_t bars_len;
	struct timeline_mark marks[TIMELINE_MARKS_MOST];
	char labels[TIMELINE_MARKS_MOST][CHART_LABEL_MAX];
	void *texts; /* owned; each once */
	char *title; /* owned */
	char *subtitle; /* owned */
	char *footer; /* owned */
};

/* Fills lanes and bars, and closes the window where it is open. Returns 0, -ENOENT where there is
 * nothing, -ENOMEM, or the error of a query. */
int chart_gather(struct chart_parts *parts) __attribute__((warn_unused_result));
void chart_forget(struct chart_parts *parts);
