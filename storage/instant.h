/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * instant — milliseconds since 1970 UTC <-> text.
 * Leap seconds read as the second before (RFC 3339 allows :60). Pure; reads no clock.
 */
#include <stdint.h>

#define INSTANT_TEXT_MAX 32

/* "2023-08-29T10:12:09.123Z". Years outside 0 to 9999 are printed as "@MILLISECONDS".
 * Returns ret_text. */
char *instant_format(int64_t at, char ret_text[INSTANT_TEXT_MAX]);

/* Reads what users write: RFC 3339 with zone, "YYYY-MM-DD[ HH:MM[:SS[.fff]]]" in zone (an IANA
 * name; NULL is UTC), "@EPOCH" in seconds with optional fraction, "now", and "-DURATION" before
 * now. Years outside 2000 to 2200 are refused. Returns 0 or -EINVAL. */
int instant_parse(const char *text, int64_t now, const char *zone, int64_t *ret_at)
	__attribute__((warn_unused_result));

/* "500ms", "10s", "5m", "2h", "3d": a whole positive number and one unit. Returns 0, -EINVAL, or
 * -ERANGE over 100 years. */
int duration_parse(const char *text, int64_t *ret_ms) __attribute__((warn_unused_result));
