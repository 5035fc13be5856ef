/* SPDX-License-Identifier: MIT */
#include "storage/instant.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)
#define AT_MIN INT64_C(946684800000) /* 2000-01-01 */
#define AT_END INT64_C(7289654400000) /* 2201-01-01 */
#define YEAR_0_AT INT64_C(-62167219200000)
#define YEAR_10000_AT INT64_C(253402300800000)
#define DURATION_MAX_MS (36525 * DAY_MS)

char *instant_format(int64_t at, char ret_text[INSTANT_TEXT_MAX])
{
	if (at < YEAR_0_AT || at >= YEAR_10000_AT) {
		snprintf(ret_text, INSTANT_TEXT_MAX, "@%" PRId64, at);
		return ret_text;
	}
	int64_t ms = (at % 1000 + 1000) % 1000;
	time_t seconds = (at - ms) / 1000;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	/* The remainders change nothing but let the compiler see that it all fits. */
	snprintf(ret_text, INSTANT_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		(unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		(unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		(unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100,
		(unsigned)ms % 1000);
	return ret_text;
}

/* Takes exactly `digits` digits. */
static bool take_number(const char **text, int digits, int *ret_value)
{
	int value = 0;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)(*text)[i]))
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += digits;
	*ret_value = value;
	return true;
}

static bool take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	(*text)++;
	return true;
}

/* Takes 1 to 9 digits after a point and keeps milliseconds. */
static bool take_fraction(const char **text, int *ret_ms)
{
	int ms = 0;
	int digits = 0;
	for (; isdigit((unsigned char)**text); (*text)++, digits++)
		if (digits < 3)
			ms = ms * 10 + (**text - '0');
	if (digits < 1 || digits > 9)
		return false;
	for (; digits < 3; digits++)
		ms *= 10;
	*ret_ms = ms;
	return true;
}

struct civil {
	struct tm tm;
	int ms;
	bool leap; /* second 60, read as 59 */
};

static bool take_date(const char **text, struct civil *civil)
{
	struct tm *tm = &civil->tm;
	if (!take_number(text, 4, &tm->tm_year) || !take_char(text, '-') ||
		!take_number(text, 2, &tm->tm_mon) || !take_char(text, '-') ||
		!take_number(text, 2, &tm->tm_mday))
		return false;
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1)
		return false;
	bool leap_year = (tm->tm_year % 4 == 0 && tm->tm_year % 100 != 0) ||
		tm->tm_year % 400 == 0;
	if (tm->tm_mday > days[tm->tm_mon - 1] + (tm->tm_mon == 2 && leap_year))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

static bool take_time(const char **text, struct civil *civil)
{
	struct tm *tm = &civil->tm;
	if (!take_number(text, 2, &tm->tm_hour) || !take_char(text, ':') ||
		!take_number(text, 2, &tm->tm_min))
		return false;
	if (take_char(text, ':')) {
		if (!take_number(text, 2, &tm->tm_sec))
			return false;
		if (take_char(text, '.') && !take_fraction(text, &civil->ms))
			return false;
	}
	civil->leap = tm->tm_sec == 60;
	if (civil->leap)
		tm->tm_sec = 59;
	return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 59;
}

/* "Z" or "+HH:MM". */
static bool take_offset(const char **text, int64_t *ret_ms)
{
	int hours;
	int minutes;
	*ret_ms = 0;
	if (take_char(text, 'Z') || take_char(text, 'z'))
		return true;
	int sign = **text == '-' ? -1 : 1;
	if (!take_char(text, '+') && !take_char(text, '-'))
		return false;
	if (!take_number(text, 2, &hours) || !take_char(text, ':') ||
		!take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_ms = sign * (hours * 60 + minutes) * INT64_C(60000);
	return true;
}

/* An unknown TZ means UTC to the C library, so the zone's file is looked for first. */
static bool is_zone(const char *zone)
{
	if (strcmp(zone, "UTC") == 0)
		return true;
	if (!isalpha((unsigned char)*zone) || strstr(zone, "..") != NULL)
		return false;
	char path[256];
	int len = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
	return len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0;
}

/* Seconds since 1970 if the local time exists under this reading of daylight saving. */
static bool local_seconds(const struct tm *tm, int isdst, time_t *ret_seconds)
{
	struct tm normal = *tm;
	normal.tm_isdst = isdst;
	*ret_seconds = mktime(&normal);
	return normal.tm_hour == tm->tm_hour && normal.tm_min == tm->tm_min &&
		normal.tm_mday == tm->tm_mday;
}

/* The first of two readings of an hour that comes twice; an hour that does not come is read
 * with the offset before it. */
static time_t earliest_local(const struct tm *tm)
{
	time_t summer;
	time_t standard;
	bool has_daylight = local_seconds(tm, 1, &summer);
	bool has_standard = local_seconds(tm, 0, &standard);
	if (has_daylight && has_standard)
		return summer < standard ? summer : standard;
	return has_daylight ? summer : standard;
}

/* Sets TZ for a moment: the C library knows no other way to ask for a zone. Only the command
 * line gives zones, before it has threads. */
static int64_t zone_ms(const struct tm *tm, const char *zone)
{
	const char *current = getenv("TZ");
	char *saved = current != NULL ? strdup(current) : NULL;
	setenv("TZ", zone, 1);
	tzset();
	int64_t ms = (int64_t)earliest_local(tm) * 1000;
	if (saved != NULL)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	free(saved);
	return ms;
}

static int parse_civil(const char *text, const char *zone, int64_t *ret_at)
{
	struct civil civil = {0};
	int64_t offset_ms;
	if (!take_date(&text, &civil))
		return -EINVAL;
	bool has_time = *text == 'T' || *text == 't' || *text == ' ';
	text += has_time;
	if (has_time && !take_time(&text, &civil))
		return -EINVAL;
	if (has_time && *text != '\0') {
		if (!take_offset(&text, &offset_ms))
			return -EINVAL;
		*ret_at = (int64_t)timegm(&civil.tm) * 1000 - offset_ms;
	} else if (zone == NULL) {
		*ret_at = (int64_t)timegm(&civil.tm) * 1000;
	} else if (is_zone(zone)) {
		*ret_at = zone_ms(&civil.tm, zone);
	} else {
		return -EINVAL;
	}
	bool last_of_day = (*ret_at % DAY_MS + DAY_MS) % DAY_MS == DAY_MS - 1000;
	*ret_at += civil.ms;
	return *text != '\0' || (civil.leap && !last_of_day) ? -EINVAL : 0;
}

static int parse_epoch(const char *text, int64_t *ret_at)
{
	size_t digits = strspn(text, "0123456789");
	int ms = 0;
	if (digits == 0 || digits > 12)
		return -EINVAL;
	int64_t seconds = strtoll(text, NULL, 10);
	text += digits;
	if (take_char(&text, '.') && !take_fraction(&text, &ms))
		return -EINVAL;
	*ret_at = seconds * 1000 + ms;
	return *text == '\0' ? 0 : -EINVAL;
}

int instant_parse(const char *text, int64_t now, const char *zone, int64_t *ret_at)
{
	int64_t at = now;
	int error = 0;
	if (*text == '@') {
		error = parse_epoch(text + 1, &at);
	} else if (*text == '-') {
		int64_t ms;
		error = duration_parse(text + 1, &ms);
		at = error == 0 ? now - ms : now;
	} else if (strcmp(text, "now") != 0) {
		error = parse_civil(text, zone, &at);
	}
	if (error < 0 || at < AT_MIN || at >= AT_END)
		return -EINVAL;
	*ret_at = at;
	return 0;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}};
	size_t digits = strspn(text, "0123456789");
	if (digits == 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		if (digits > 15)
			return -ERANGE;
		int64_t count = strtoll(text, NULL, 10);
		if (count == 0)
			return -EINVAL;
		if (count > DURATION_MAX_MS / units[i].ms)
			return -ERANGE;
		*ret_ms = count * units[i].ms;
		return 0;
	}
	return -EINVAL;
}
