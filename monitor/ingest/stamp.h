/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stamp — the times that logs write, to milliseconds since 1970 UTC.
 *
 * Leap seconds read as the second before. A time without a year gets the latest year that puts
 * it no more than a day after the reference, so the lines of December that are read in January
 * are last year's. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/ingest/span.h"

struct zone;

struct stamp_context {
	const struct zone *zone; /* borrowed; of times that state no offset */
	int64_t reference_at;
	int64_t last_at; /* of the line before; tells an hour that comes twice apart */
};

/* "2026-01-02T03:04:05", with a blank or T between, perhaps a fraction (point or comma), perhaps
 * "Z", "+01:00", "+0100" or " +0100". Blanks after it stay. */
bool stamp_take_iso(
	struct span *text, const struct stamp_context *context, int64_t *ret_at);
/* "Jan  2 03:04:05" (RFC 3164). */
bool stamp_take_bsd(
	struct span *text, const struct stamp_context *context, int64_t *ret_at);
/* The whole text: the above, or seconds or milliseconds since 1970, with or without fraction. */
bool stamp_parse(struct span text, const struct stamp_context *context, int64_t *ret_at);
