/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline — the picture of a domain's past: where its MX led, and what became of its mail.
 *
 * A lane for each view with the spans of its answers, coloured and named by operator, gaps
 * hatched; below, on the same axis in UTC, deliveries, and bounces as user unknown by
 * themselves. What is narrower than a pixel is merged, but a span that differs from its
 * neighbours and a gap stay to be seen. The same value makes the same bytes. Colours are those
 * of Okabe and Ito, that colour-blind people tell apart.
 *
 * Texts are raw UTF-8 and may be hostile. Pointers are borrowed for the call. Times are
 * milliseconds since 1970 UTC. No clock, no store; one thread at a time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TIMELINE_WIDTH 720 /* at a scale of 1: pixels of CSS, of a mail */
#define TIMELINE_MARKS_MOST 8
#define TIMELINE_LANES_MOST 16

struct timeline_span {
	int64_t from;
	int64_t to;
	const char
		*operators; /* "IONOS, Proofpoint"; NULL or "" for none: drawn in grey */
	const char *answer; /* "10 mx00.ionos.de, 10 mx01.ionos.de", "no such domain" */
};

struct timeline_gap {
	int64_t from;
	int64_t to;
	const char *reason;
};

struct timeline_lane {
	const char *view;
	const struct timeline_span *spans; /* ascending, not overlapping */
	size_t spans_len;
	const struct timeline_gap *gaps; /* ascending; drawn over the spans */
	size_t gaps_len;
};

/* Mails of one part of the window. */
struct timeline_bar {
	int64_t from;
	int64_t to;
	uint64_t accepted;
	uint64_t deferred;
	uint64_t unknown; /* bounced as user unknown */
	uint64_t bounced; /* for another reason */
};

struct timeline_mark {
	int64_t at;
	const char *label; /* "MX moved" */
};

struct timeline {
	const char *title;
	const char *subtitle;
	const char *footer; /* who made it, of what */
	int64_t made_at; /* stands in a PDF; 0: the end of the window does */
	int64_t from; /* the window, [from, to) */
	int64_t to;
	int64_t incident_from; /* 0: no incident */
	int64_t incident_to;
	const struct timeline_lane *lanes;
	size_t lanes_len; /* those after TIMELINE_LANES_MOST are counted only */
	const struct timeline_bar *bars; /* ascending, not overlapping */
	size_t bars_len; /* 0: nothing is known of deliveries, and no panels are drawn */
	const struct timeline_mark *marks; /* at most TIMELINE_MARKS_MOST */
	size_t marks_len;
};

enum timeline_form {
	TIMELINE_SVG,
	TIMELINE_PNG,
	TIMELINE_PDF,
};

/* Height at TIMELINE_WIDTH and a scale of 1. */
int timeline_height(const struct timeline *timeline);

/* Draws it. scale is of PNG: 2 for screens of high density; 0.1 to 4. Returns 0, -ENOMEM, or -EIO
 * where out does not take it. */
int timeline_write(const struct timeline *timeline, enum timeline_form form, double scale,
	FILE *out) __attribute__((warn_unused_result));

/* The picture in a few sentences, for who cannot see it: raw, without line feeds. Errors of
 * writing stick to out. */
void timeline_describe(const struct timeline *timeline, FILE *out);
