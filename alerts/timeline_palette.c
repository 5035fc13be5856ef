/* SPDX-License-Identifier: MIT */
#include "alerts/timeline_palette.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/timeline.h"
#include "alerts/timeline_pen.h"

static const struct shade {
	uint32_t colour;
	uint32_t ink;
	const char *letter;
} shades[PALETTE_SHADES] = {
	{0x0072b2, PAPER, "A"}, /* blue */
	{0xd55e00, 0x000000, "B"}, /* vermilion */
	{0x56b4e9, 0x000000, "C"}, /* sky blue */
	{0xe69f00, 0x000000, "D"}, /* orange */
	{0x009e73, 0x000000, "E"}, /* bluish green */
	{0xcc79a7, 0x000000, "F"}, /* reddish purple */
	{0xf0e442, 0x000000, "G"}, /* yellow */
	{0x616e7c, PAPER, "*"},
	{0xcbd2d9, 0x000000, "-"},
};

struct reign {
	const char *operators;
	bool touches; /* the incident */
	int64_t from; /* first seen in the window */
	double ms;
};

static bool touches(const struct timeline *timeline, const struct timeline_span *span)
{
	return timeline->incident_from != 0 && span->from < timeline->incident_to &&
		span->to >= timeline->incident_from;
}

static int by_name(const void *a, const void *b)
{
	const struct reign *one = a;
	const struct reign *other = b;

	return strcmp(one->operators, other->operators);
}

static int by_weight(const void *a, const void *b)
{
	const struct reign *one = a;
	const struct reign *other = b;

	if (one->touches != other->touches)
		return one->touches ? -1 : 1;
	if (one->ms != other->ms)
		return one->ms > other->ms ? -1 : 1;
	return strcmp(one->operators, other->operators);
}

static int by_sight(const void *a, const void *b)
{
	const struct reign *one = a;
	const struct reign *other = b;

	if (one->from != other->from)
		return one->from < other->from ? -1 : 1;
	return by_weight(a, b);
}

static bool leads_nowhere(const char *operators)
{
	return operators == NULL || *operators == '\0';
}

static struct reign reign_of(
	const struct timeline *timeline, const struct timeline_span *span)
{
	const int64_t from = span->from > timeline->from ? span->from : timeline->from;
	const int64_t to = span->to < timeline->to ? span->to : timeline->to;

	return (struct reign){.operators = span->operators,
		.touches = touches(timeline, span),
		.from = from,
		.ms = (double)to - (double)from};
}

static size_t gather(
	const struct timeline *timeline, struct reign *reigns, bool *ret_nobody)
{
	size_t len = 0;

	for (size_t i = 0; i < timeline->lanes_len; i++)
		for (size_t j = 0; j < timeline->lanes[i].spans_len; j++) {
			const struct timeline_span *span = &timeline->lanes[i].spans[j];

			if (span->to < timeline->from || span->from >= timeline->to)
				continue;
			if (leads_nowhere(span->operators))
				*ret_nobody = true;
			else
				reigns[len++] = reign_of(timeline, span);
		}
	return len;
}

/* Sums up what has the same name. */
static size_t fold(struct reign *reigns, size_t len)
{
	size_t kept = 0;

	qsort(reigns, len, sizeof *reigns, by_name);
	for (size_t i = 0; i < len; i++) {
		struct reign *last = kept > 0 ? &reigns[kept - 1] : NULL;

		if (last == NULL || by_name(last, &reigns[i]) != 0) {
			reigns[kept++] = reigns[i];
			continue;
		}
		last->touches = last->touches || reigns[i].touches;
		last->ms += reigns[i].ms;
		if (reigns[i].from < last->from)
			last->from = reigns[i].from;
	}
	qsort(reigns, kept, sizeof *reigns, by_weight);
	return kept;
}

int palette_make(const struct timeline *timeline, struct palette *ret_palette)
{
	struct palette palette = {0};
	struct reign *reigns;
	size_t len = 0;

	for (size_t i = 0; i < timeline->lanes_len; i++)
		len += timeline->lanes[i].spans_len;
	reigns = calloc(len + 1, sizeof *reigns);
	if (reigns == NULL)
		return -ENOMEM;
	len = fold(reigns, gather(timeline, reigns, &palette.nobody));
	qsort(reigns, len < PALETTE_NAMED ? len : PALETTE_NAMED, sizeof *reigns,
		by_sight);
	for (size_t i = 0; i < len && i < PALETTE_NAMED; i++)
		palette.operators[palette.len++] = reigns[i].operators;
	palette.others = len - palette.len;
	free(reigns);
	*ret_palette = palette;
	return 0;
}

size_t palette_shade(const struct palette *palette, const char *operators)
{
	if (leads_nowhere(operators))
		return PALETTE_NONE;
	for (size_t i = 0; i < palette->len; i++)
		if (strcmp(palette->operators[i], operators) == 0)
			return i;
	return PALETTE_OTHERS;
}

uint32_t palette_colour(size_t shade)
{
	return shades[shade].colour;
}

uint32_t palette_ink(size_t shade)
{
	return shades[shade].ink;
}

const char *palette_letter(size_t shade)
{
	return shades[shade].letter;
}
