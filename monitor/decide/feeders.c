/* SPDX-License-Identifier: MIT */
#include "monitor/decide/feeders.h"

#include <errno.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)
#define UNWATCHED_MS INT64_C(60000) /* between looks: nobody looked meanwhile */
#define TIMES 3 /* its longest silence, and it is another one */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What nobody looked at is no silence, and no failure. */
static void look_on(struct feeders *feeders, int64_t at)
{
	const int64_t unwatched_ms = at - feeders->looked_at;
	for (size_t i = 0; unwatched_ms > UNWATCHED_MS && i < feeders->len; i++) {
		struct feeder *each = &feeders->list[i];
		if (each->first_at != 0)
			each->heard_at = earlier(each->heard_at + unwatched_ms, at);
		if (each->failing_since != 0)
			each->failing_since =
				earlier(each->failing_since + unwatched_ms, at);
	}
	if (unwatched_ms > 0)
		feeders->looked_at = at;
}

struct feeder *feeders_get(struct feeders *feeders, const char *name, int64_t at)
{
	look_on(feeders, at);
	for (size_t i = 0; i < feeders->len; i++)
		if (strcmp(feeders->list[i].name, name) == 0)
			return &feeders->list[i];
	if (feeders->len == FEEDERS_MOST || strlen(name) >= FEEDER_NAME)
		return NULL;
	struct feeder *feeder = &feeders->list[feeders->len++];
	*feeder = (struct feeder){.failing_since = 0};
	memcpy(feeder->name, name, strlen(name));
	return feeder;
}

static void begin_days(struct feeder *feeder, int64_t day)
{
	for (; feeder->day < day; feeder->day++) {
		if (day - feeder->day > FEEDER_DAYS)
			feeder->day = day - FEEDER_DAYS;
		const int64_t next = (feeder->day + 1) % FEEDER_DAYS;
		feeder->longest_ms[next] = 0;
		feeder->reports[next] = 0;
	}
}

void feeder_heard(struct feeder *feeder, uint32_t reports, int64_t at)
{
	if (reports == 0 || at < feeder->heard_at)
		return;
	begin_days(feeder, at / DAY_MS);
	int64_t *const longest = &feeder->longest_ms[feeder->day % FEEDER_DAYS];
	uint32_t *const sum = &feeder->reports[feeder->day % FEEDER_DAYS];
	if (feeder->first_at == 0)
		feeder->first_at = at;
	else if (at - feeder->heard_at > *longest)
		*longest = at - feeder->heard_at;
	*sum = *sum > UINT32_MAX - reports ? UINT32_MAX : *sum + reports;
	feeder->heard_at = at;
	feeder->failing_since = 0;
}

void feeder_failed(struct feeder *feeder, int error, int64_t at)
{
	feeder->configured = true;
	if (error == 0)
		feeder->failing_since = 0;
	else if (feeder->failing_since == 0)
		feeder->failing_since = at;
	feeder->error = error < 0 ? (uint32_t)-error : (uint32_t)error;
}

void feeder_passed(struct feeder *feeder, int64_t at)
{
	if (feeder->first_at != 0)
		feeder->heard_at = at;
	if (feeder->failing_since != 0)
		feeder->failing_since = at;
}

int64_t feeder_longest_ms(const struct feeder *feeder)
{
	int64_t longest = 0;
	for (size_t i = 0; i < FEEDER_DAYS; i++)
		if (feeder->longest_ms[i] > longest)
			longest = feeder->longest_ms[i];
	return longest;
}

/* Enough to know what is usual. */
static bool is_busy(const struct feeder *feeder)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < FEEDER_DAYS; i++)
		sum += feeder->reports[i];
	return sum >= FEEDERS_LEAST && feeder->heard_at - feeder->first_at >= DAY_MS;
}

static bool others_go_on(
	const struct feeders *feeders, const struct feeder *feeder, int64_t at)
{
	for (size_t i = 0; i < feeders->len; i++) {
		const struct feeder *other = &feeders->list[i];
		if (other != feeder && is_busy(other) &&
			at - other->heard_at < FEEDERS_SILENT_MS)
			return true;
	}
	return false;
}

static bool is_silent(
	const struct feeders *feeders, const struct feeder *feeder, int64_t at)
{
	const int64_t longest = TIMES * feeder_longest_ms(feeder);
	const int64_t most = longest > FEEDERS_SILENT_MS ? longest : FEEDERS_SILENT_MS;
	const int64_t silent = at - feeder->heard_at;
	if (feeder->out && !feeder->failed)
		return silent > FEEDERS_SILENT_MS; /* until it speaks */
	if (!is_busy(feeder) || silent <= most)
		return false;
	return feeder->heard_at - feeder->first_at >= WEEK_MS ||
		silent > FEEDERS_ALONE_MS || others_go_on(feeders, feeder, at);
}

/* After a rotation there may be no file until somebody has something to write. */
static bool is_failed(const struct feeder *feeder, int64_t at)
{
	const int64_t longest = TIMES * feeder_longest_ms(feeder);
	const bool missing = feeder->error == ENOENT && longest > FEEDERS_FAILED_MS;
	return feeder->failing_since != 0 &&
		at - feeder->failing_since > (missing ? longest : FEEDERS_FAILED_MS);
}

struct feeder *feeders_look(struct feeders *feeders, int64_t at)
{
	struct feeder *back = NULL;
	look_on(feeders, at);
	for (size_t i = 0; i < feeders->len; i++) {
		struct feeder *each = &feeders->list[i];
		const bool failed = is_failed(each, at);
		const bool out = failed || is_silent(feeders, each, at);
		if (each->out && !out)
			back = each;
		if (each->out || !out)
			continue;
		each->failed = failed;
		return each;
	}
	return back;
}

size_t feeders_out(const struct feeders *feeders)
{
	size_t out = 0;
	for (size_t i = 0; i < feeders->len; i++)
		out += feeders->list[i].out;
	return out;
}

void feeders_keep(struct feeders *feeders, const char *const *names, size_t len)
{
	size_t kept = 0;
	for (size_t i = 0; i < feeders->len; i++) {
		const struct feeder *each = &feeders->list[i];
		bool known = !each->configured;
		for (size_t k = 0; k < len; k++)
			known |= strcmp(names[k], each->name) == 0;
		if (known)
			feeders->list[kept++] = feeders->list[i];
	}
	feeders->len = kept;
}
