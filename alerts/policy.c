/* SPDX-License-Identifier: MIT */
#include "alerts/policy.h"

#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define MAIL_FIRST_MS (30 * SECOND_MS)
#define MAIL_MOST_MS HOUR_MS
#define MAIL_EXPIRES_MS (5 * 24 * HOUR_MS)
#define GROWN 10 /* so many times the recipients are news */

/* --- whom --- */

static bool fits_kind(const struct policy_route *route, enum incident_kind kind)
{
	if (route->kinds == 0)
		return kind != INCIDENT_ROTATION;
	return (route->kinds & (UINT32_C(1) << kind)) != 0;
}

/* Whether the domain is `above` or lies below it. */
static bool is_under(const char *domain, const char *above)
{
	const size_t len = strlen(domain);
	const size_t above_len = strlen(above);
	if (len < above_len || strcmp(domain + len - above_len, above) != 0)
		return false;
	return len == above_len || domain[len - above_len - 1] == '.';
}

static bool fits_domain(const struct policy_route *route, const char *domain)
{
	if (route->domains_len == 0)
		return true;
	for (size_t i = 0; i < route->domains_len; i++)
		if (is_under(domain, route->domains[i]))
			return true;
	return false;
}

static bool fits_tag(const struct policy_route *route, const struct policy_case *one)
{
	if (route->tags_len == 0)
		return true;
	for (size_t i = 0; i < route->tags_len; i++)
		for (size_t k = 0; k < one->tags_len; k++)
			if (strcmp(route->tags[i], one->tags[k]) == 0)
				return true;
	return false;
}

static bool has_channel(const struct policy_route *route, size_t channel)
{
	for (size_t i = 0; i < route->channels_len; i++)
		if (route->channels[i] == channel)
			return true;
	return false;
}

static bool fits(const struct policy_route *route, const struct policy_case *one)
{
	const struct incident *const incident = one->incident;
	if (incident->severity_now < route->min_severity ||
		!fits_kind(route, incident->kind))
		return false;
	return incident->kind == INCIDENT_SELF ||
		(fits_domain(route, one->domain) && fits_tag(route, one));
}

size_t policy_route(const struct policy_route *routes, size_t routes_len,
	const struct policy_case *one, size_t channel)
{
	for (size_t i = 0; i < routes_len; i++)
		if (has_channel(&routes[i], channel) && fits(&routes[i], one))
			return i;
	return POLICY_NONE;
}

/* --- what --- */

static enum alert_event first_word(enum incident_state state, bool pending)
{
	switch (state) {
	case INCIDENT_SUSPECTED:
		return ALERT_SUSPECTED;
	case INCIDENT_OPEN:
		return ALERT_OPENED;
	case INCIDENT_REVERTED:
		return ALERT_REVERTED;
	case INCIDENT_CLOSED:
		break;
	}
	return pending ? ALERT_CLOSED : 0;
}

static bool has_grown(const struct incident *incident, const struct policy_told *told)
{
	const uint64_t before = told->recipients > 0 ? told->recipients : 1;
	return incident->recipients / GROWN >= before;
}

enum alert_event policy_judge(
	const struct incident *incident, const struct policy_told *told, bool pending)
{
	if (told == NULL)
		return first_word(incident->state, pending);
	if (incident->state != told->state)
		return first_word(incident->state, true);
	if (incident->state == INCIDENT_CLOSED)
		return 0;
	if (incident->kind != told->kind)
		return ALERT_CHANGED;
	if (incident->severity_now > told->severity || has_grown(incident, told))
		return ALERT_WORSE;
	return 0;
}

bool policy_is_stale(const struct incident *incident, const struct policy_told *told,
	int64_t repeat_ms, int64_t now)
{
	const bool lasts =
		incident->state == INCIDENT_SUSPECTED || incident->state == INCIDENT_OPEN;
	return lasts && incident->acked_at == 0 && repeat_ms > 0 &&
		now - told->at >= repeat_ms;
}

/* --- gathering --- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t after_last(const struct policy_waiting *waiting, int64_t wait_ms)
{
	return waiting->last_alert_at != 0 ? waiting->last_alert_at + wait_ms : 0;
}

int64_t policy_gather_at(const struct policy_waiting *waiting)
{
	const int64_t wait_ms = waiting->group_wait_ms;
	int64_t at =
		later(waiting->first_at + POLICY_SETTLE_MS, after_last(waiting, wait_ms));
	if (waiting->hourly_at != 0)
		at = later(at, waiting->hourly_at + HOUR_MS);
	if (waiting->critical_at == 0)
		return at;
	const int64_t held_ms =
		wait_ms < POLICY_CRITICAL_WAIT_MS ? wait_ms : POLICY_CRITICAL_WAIT_MS;
	const int64_t critical = later(
		waiting->critical_at + POLICY_SETTLE_MS, after_last(waiting, held_ms));
	return critical < at ? critical : at;
}

/* --- trying again --- */

/* A number that looks like chance, from two that do not (splitmix64). */
static uint64_t stir(uint64_t seed, uint64_t round)
{
	uint64_t x = seed + (round + 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static int64_t vary(int64_t ms, uint64_t chance)
{
	return ms - ms / 5 + (int64_t)(chance % 1024) * (ms * 2 / 5) / 1023;
}

static int64_t mail_wait_ms(uint64_t attempts)
{
	int64_t ms = MAIL_FIRST_MS;
	for (uint64_t i = 1; i < attempts && ms < MAIL_MOST_MS; i++)
		ms *= 2;
	return ms < MAIL_MOST_MS ? ms : MAIL_MOST_MS;
}

static int64_t hook_wait_ms(uint64_t attempts)
{
	static const int64_t waits[] = {5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS,
		2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 10 * HOUR_MS};
	if (attempts > sizeof waits / sizeof *waits)
		return -1;
	return waits[attempts > 0 ? attempts - 1 : 0];
}

int64_t policy_retry_ms(enum policy_medium medium, uint64_t attempts, int64_t made_at,
	int64_t now, uint64_t seed)
{
	const int64_t wait_ms =
		medium == POLICY_MAIL ? mail_wait_ms(attempts) : hook_wait_ms(attempts);
	if (wait_ms < 0)
		return -1;
	const int64_t varied_ms = vary(wait_ms, stir(seed, attempts));
	if (medium != POLICY_MAIL)
		return varied_ms;
	const int64_t left_ms = made_at + MAIL_EXPIRES_MS - now;
	if (left_ms <= 0)
		return -1;
	return varied_ms < left_ms ? varied_ms : left_ms;
}
