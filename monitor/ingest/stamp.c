/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/stamp.h"

#include <string.h>

#include "monitor/ingest/zone.h"

#define DAY_MS INT64_C(86400000)
#define ISO_LENGTH (sizeof "2026-01-02T03:04:05" - 1)
#define MILLISECONDS_FROM 100000000000 /* as seconds: the year 5138 */

struct civil {
	int year;
	int month; /* 1 to 12 */
	int day;
	int hour;
	int minute;
	int second;
	int ms;
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool has_day(const struct civil *civil)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
		civil->day <=
		days[civil->month - 1] + (civil->month == 2 && is_leap(civil->year));
}

/* As if the clock on the wall showed UTC. Years count from March, so that the leap day is the
 * last; 719468 days lie between 0000-03-01 and 1970. */
static int64_t wall_seconds(const struct civil *civil)
{
	const int64_t year = civil->year - (civil->month <= 2);
	const int64_t month = (civil->month + 9) % 12;
	const int64_t days = year * 365 + year / 4 - year / 100 + year / 400 +
		(month * 153 + 2) / 5 + civil->day - 1 - 719468;
	return ((days * 24 + civil->hour) * 60 + civil->minute) * 60 + civil->second;
}

static int64_t zoned_ms(const struct civil *civil, const struct stamp_context *context)
{
	/* Neighbouring lines of one log may be out of order by a little. */
	const int64_t not_before_s = context->last_at / 1000 - 60;
	return zone_to_utc(context->zone, wall_seconds(civil), not_before_s) * 1000 +
		civil->ms;
}

/* A leap second is the one before it. */
static bool has_clock(struct civil *civil)
{
	if (civil->second == 60)
		civil->second = 59;
	return civil->hour >= 0 && civil->hour < 24 && civil->minute >= 0 &&
		civil->minute < 60 && civil->second >= 0 && civil->second < 60;
}

static bool take_clock(struct span *text, struct civil *civil)
{
	if (!span_take_digits(text, 2, &civil->hour) || !span_take(text, SPAN(":")) ||
		!span_take_digits(text, 2, &civil->minute) ||
		!span_take(text, SPAN(":")) || !span_take_digits(text, 2, &civil->second))
		return false;
	return has_clock(civil);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_fraction(struct span *text, int *ret_ms)
{
	size_t at = 1;
	int ms = 0;

	if (!span_starts(*text, SPAN(".")) && !span_starts(*text, SPAN(",")))
		return false;
	for (int scale = 100; scale > 0 && at < text->len && is_digit(text->at[at]);
		scale /= 10)
		ms += (text->at[at++] - '0') * scale;
	if (at == 1)
		return false;
	while (at < text->len && is_digit(text->at[at]))
		at++;
	*ret_ms = ms;
	*text = span_from(*text, at);
	return true;
}

static bool take_offset(struct span *text, int64_t *ret_ms)
{
	struct span rest = *text;
	int hours;
	int minutes;

	if (span_take(text, SPAN("Z")) || span_take(text, SPAN("z"))) {
		*ret_ms = 0;
		return true;
	}
	(void)span_take(&rest, SPAN(" "));
	const bool west = span_starts(rest, SPAN("-"));
	if (!west && !span_starts(rest, SPAN("+")))
		return false;
	rest = span_from(rest, 1);
	if (!span_take_digits(&rest, 2, &hours))
		return false;
	(void)span_take(&rest, SPAN(":"));
	if (!span_take_digits(&rest, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_ms = (west ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60000);
	*text = rest;
	return true;
}

/* -1: not all are digits. */
static inline int number_at(const char *text, size_t digits)
{
	int value = 0;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(text[i]))
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* "2026-01-02T03:04:05", all at fixed places: each line of a log begins with it. */
static bool read_iso(struct span text, struct civil *civil)
{
	const char *at = text.at;
	if (text.len < ISO_LENGTH || at[4] != '-' || at[7] != '-' ||
		(at[10] != 'T' && at[10] != ' ') || at[13] != ':' || at[16] != ':')
		return false;
	civil->year = number_at(at, 4);
	civil->month = number_at(at + 5, 2);
	civil->day = number_at(at + 8, 2);
	civil->hour = number_at(at + 11, 2);
	civil->minute = number_at(at + 14, 2);
	civil->second = number_at(at + 17, 2);
	return civil->year >= 1970 && has_day(civil) && has_clock(civil);
}

bool stamp_take_iso(
	struct span *text, const struct stamp_context *context, int64_t *ret_at)
{
	struct civil civil = {0};
	int64_t offset_ms;

	if (!read_iso(*text, &civil))
		return false;
	struct span rest = span_from(*text, ISO_LENGTH);
	(void)take_fraction(&rest, &civil.ms);
	if (take_offset(&rest, &offset_ms))
		*ret_at = wall_seconds(&civil) * 1000 + civil.ms - offset_ms;
	else
		*ret_at = zoned_ms(&civil, context);
	*text = rest;
	return true;
}

static bool take_month(struct span *text, int *ret_month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (text->len < 3)
		return false;
	for (int i = 0; i < 12; i++)
		if (memcmp(names + i * 3, text->at, 3) == 0) {
			*ret_month = i + 1;
			*text = span_from(*text, 3);
			return true;
		}
	return false;
}

/* One or two digits. */
static bool take_day(struct span *text, int *ret_day)
{
	int digit;
	(void)span_take(text, SPAN(" "));
	if (!span_take_digits(text, 1, ret_day))
		return false;
	if (span_take_digits(text, 1, &digit))
		*ret_day = *ret_day * 10 + digit;
	return true;
}

/* A day after the reference, wherever it is, is not in a later year than this. */
static int latest_year(int64_t reference_at)
{
	const int64_t days = (reference_at + 2 * DAY_MS) / DAY_MS;
	return (int)(1970 + days * 400 / 146097);
}

bool stamp_take_bsd(
	struct span *text, const struct stamp_context *context, int64_t *ret_at)
{
	struct span rest = *text;
	struct civil civil = {0};

	if (!take_month(&rest, &civil.month) || !span_take(&rest, SPAN(" ")) ||
		!take_day(&rest, &civil.day) || !span_take(&rest, SPAN(" ")) ||
		!take_clock(&rest, &civil))
		return false;
	(void)take_fraction(&rest, &civil.ms);
	/* Eight years lie between two leap days at most. */
	civil.year = latest_year(context->reference_at) + 1;
	for (int tries = 0; tries < 11; tries++, civil.year--) {
		if (!has_day(&civil))
			continue;
		const int64_t at = zoned_ms(&civil, context);
		if (at <= context->reference_at + DAY_MS) {
			*ret_at = at;
			*text = rest;
			return true;
		}
	}
	return false;
}

/* Seconds or milliseconds: told apart by size. */
static bool take_epoch(struct span *text, int64_t *ret_at)
{
	uint64_t whole;
	int ms = 0;

	if (!span_take_number(text, &whole) || whole > INT64_C(10000000000000))
		return false;
	(void)take_fraction(text, &ms);
	*ret_at =
		whole >= MILLISECONDS_FROM ? (int64_t)whole : (int64_t)whole * 1000 + ms;
	return true;
}

bool stamp_parse(struct span text, const struct stamp_context *context, int64_t *ret_at)
{
	int64_t at;

	text = span_trim(text);
	if (!stamp_take_iso(&text, context, &at) &&
		!stamp_take_bsd(&text, context, &at) && !take_epoch(&text, &at))
		return false;
	if (text.len > 0)
		return false;
	*ret_at = at;
	return true;
}
