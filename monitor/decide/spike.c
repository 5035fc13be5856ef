/* SPDX-License-Identifier: MIT */
#include "monitor/decide/spike.h"

#include <math.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define HALF_LIFE_HOURS 168.0
#define EARLY_MS (2 * DAY_MS)
#define STALE_MS DAY_MS /* evidence of foreign hosts is not carried longer */

static const double shares[SPIKE_ALTERNATIVES] = {0.15, 0.45, 0.9};
/* ln(1 - share): what a delivery adds. */
static const float relief[SPIKE_ALTERNATIVES] = {-0.162519F, -0.597837F, -2.302585F};

/* What a domain of which nothing is known is taken for: so many attempts with such a share. */
struct prior {
	double share;
	double weight;
	double factor; /* of the share is no news yet, */
	double slack; /* and this on top */
};
static const struct prior prior_all = {0.010, 100, 2, 0.010};
static const struct prior prior_known = {0.003, 300, 3, 0.010};
/* For the joint test, which asks for a large share of bounces besides: closer to what is usual. */
#define JOINT_FACTOR 1.5
static const struct prior prior_stranger = {0.020, 50, 1.5, 0.005};
static const double joint_slack_known = 0.002;

#define CROWD_HALF_LIFE_HOURS 24.0
static const struct prior prior_crowd = {0.10, 20, 1.5, 0.03};
/* More strangers say no more: ln 1000, as a list is mailed once in so many days. */
#define CROWD_MOST 6.9F

static double usual(const struct spike_baseline *baseline, const struct prior *prior)
{
	return ((double)baseline->bounces + prior->share * prior->weight) /
		((double)baseline->attempts + prior->weight);
}

/* The largest share that is no spike. */
static double null_share(const struct spike_baseline *baseline, const struct prior *prior)
{
	return fmin(0.6, prior->factor * usual(baseline, prior) + prior->slack);
}

/* --- what is usual --- */

static void learn(struct spike_baseline *baseline, int64_t hour)
{
	const unsigned slot = (unsigned)(hour % SPIKE_GUARD_HOURS);
	baseline->attempts += (float)baseline->guard_attempts[slot];
	baseline->bounces += (float)baseline->guard_bounces[slot];
	baseline->guard_attempts[slot] = 0;
	baseline->guard_bounces[slot] = 0;
}

static void learn_strangers(struct spike *spike, int64_t hour)
{
	const unsigned slot = (unsigned)(hour % SPIKE_GUARD_HOURS);
	const struct spike_baseline *all = &spike->all, *known = &spike->known;
	const float delivered =
		(float)(all->guard_attempts[slot] - all->guard_bounces[slot]);
	spike->recent += delivered;
	spike->recent_strangers += delivered -
		(float)(known->guard_attempts[slot] - known->guard_bounces[slot]);
}

static void roll(struct spike *spike, int64_t hour)
{
	const int64_t hours = hour - spike->hour;
	if (hours <= 0)
		return;
	const float decay = (float)exp2(-(double)hours / HALF_LIFE_HOURS);
	spike->known.attempts *= decay;
	spike->known.bounces *= decay;
	spike->all.attempts *= decay;
	spike->all.bounces *= decay;
	const float fade = (float)exp2(-(double)hours / CROWD_HALF_LIFE_HOURS);
	spike->recent *= fade;
	spike->recent_strangers *= fade;
	/* The bucket that is filled next is the oldest: what it holds is learnt now. */
	const int64_t first = hours < SPIKE_GUARD_HOURS ? spike->hour + 1
							: hour - SPIKE_GUARD_HOURS + 1;
	for (int64_t each = first; each <= hour; each++) {
		learn_strangers(spike, each);
		learn(&spike->known, each);
		learn(&spike->all, each);
	}
	spike->hour = hour;
}

static void count(struct spike_baseline *baseline, int64_t hour, bool bounced)
{
	const unsigned slot = (unsigned)(hour % SPIKE_GUARD_HOURS);
	baseline->guard_attempts[slot]++;
	baseline->guard_bounces[slot] += bounced;
}

/* --- the test --- */

/* null: the largest share of what speaks for a spike that is none; 0 for what speaks against it. */
static void add(
	struct spike *spike, enum spike_statistic statistic, double null, int64_t at)
{
	float *sums = spike->sums[statistic];
	const float most = statistic == SPIKE_CROWD ? CROWD_MOST : INFINITY;
	bool any = false;
	for (int i = 0; i < SPIKE_ALTERNATIVES; i++) {
		const float step = null > 0 ? (float)log1p(shares[i] * (1 - null) / null)
					    : relief[i];
		sums[i] = fminf(most, fmaxf(0, sums[i] + step));
		any |= sums[i] > 0;
	}
	spike->attempts[statistic]++;
	if (!any) {
		spike->attempts[statistic] = 0;
		spike->bounces[statistic] = 0;
		spike->since[statistic] = 0;
	} else if (null > 0) {
		spike->bounces[statistic]++;
		if (spike->since[statistic] == 0)
			spike->since[statistic] = at;
	}
}

/* Where strangers bounce a lot, those who were accepted once do so more often too. */
static double known_null(const struct spike *spike)
{
	return fmax(
		null_share(&spike->known, &prior_known), usual(&spike->all, &prior_all));
}

/* In the first days a domain where many always bounce looks like one with a fault: then nothing
 * that was seen of it is held back. */
static double early_null(const struct spike *spike, int64_t at)
{
	struct spike_baseline seen = spike->all;
	if (at - spike->first_at >= EARLY_MS)
		return 0;
	for (int i = 0; i < SPIKE_GUARD_HOURS; i++) {
		seen.attempts += (float)seen.guard_attempts[i];
		seen.bounces += (float)seen.guard_bounces[i];
	}
	return null_share(&seen, &prior_all);
}

/* Those who are no strangers left out: what is usual of the others. */
static double stranger_null(const struct spike *spike)
{
	const double attempts =
		fmax(0, (double)spike->all.attempts - (double)spike->known.attempts);
	const double bounces =
		fmax(0, (double)spike->all.bounces - (double)spike->known.bounces);
	const double share = (bounces + prior_stranger.share * prior_stranger.weight) /
		(attempts + prior_stranger.weight);
	return fmin(0.6, prior_stranger.factor * share + prior_stranger.slack);
}

static double joint_known(const struct spike *spike)
{
	return fmin(0.6,
		JOINT_FACTOR * usual(&spike->known, &prior_known) + joint_slack_known);
}

static double foreign_null(const struct spike *spike, const struct spike_attempt *attempt)
{
	if (attempt->surprise > 0)
		return attempt->surprise;
	if (attempt->known)
		return known_null(spike);
	/* Addresses that nobody has ever seen bounce a lot anywhere. */
	return fmax(0.25, null_share(&spike->all, &prior_all));
}

static double crowd_null(const struct spike *spike)
{
	const struct spike_baseline recent = {
		.attempts = spike->recent, .bounces = spike->recent_strangers};
	return fmin(0.8,
		prior_crowd.factor * usual(&recent, &prior_crowd) + prior_crowd.slack);
}

static void add_foreign(struct spike *spike, const struct spike_attempt *attempt)
{
	if (attempt->at - spike->foreign_at > STALE_MS)
		spike_restart(spike, SPIKE_FOREIGN);
	spike->foreign_at = attempt->at;
	add(spike, SPIKE_FOREIGN, attempt->bounced ? foreign_null(spike, attempt) : 0,
		attempt->at);
}

static void add_bounce(struct spike *spike, bool known, int64_t at)
{
	if (known)
		add(spike, SPIKE_KNOWN, fmax(known_null(spike), early_null(spike, at)),
			at);
	add(spike, SPIKE_ALL, null_share(&spike->all, &prior_all), at);
	add(spike, SPIKE_JOINT, known ? joint_known(spike) : stranger_null(spike), at);
}

static void add_delivery(struct spike *spike, const struct spike_attempt *attempt)
{
	if (attempt->known)
		add(spike, SPIKE_KNOWN, 0, attempt->at);
	add(spike, SPIKE_ALL, 0, attempt->at);
	add(spike, SPIKE_JOINT, 0, attempt->at);
	if (!attempt->foreign)
		add(spike, SPIKE_CROWD, attempt->known ? 0 : crowd_null(spike),
			attempt->at);
}

void spike_attempt(struct spike *spike, const struct spike_attempt *attempt)
{
	const int64_t hour = attempt->at / HOUR_MS;
	if (spike->first_at == 0) {
		spike->first_at = attempt->at;
		spike->hour = hour;
	}
	roll(spike, hour);
	if (attempt->foreign)
		add_foreign(spike, attempt);
	if (attempt->surprise > 0)
		return;
	if (!attempt->bounced)
		add_delivery(spike, attempt);
	else if (!attempt->repeated)
		add_bounce(spike, attempt->known, attempt->at);
	if (!attempt->teaches || hour < spike->hour)
		return;
	if (attempt->known)
		count(&spike->known, hour, attempt->bounced);
	count(&spike->all, hour, attempt->bounced);
}

double spike_score(const struct spike *spike, enum spike_statistic statistic)
{
	double sum = 0;
	for (int i = 0; i < SPIKE_ALTERNATIVES; i++)
		sum += exp((double)spike->sums[statistic][i]);
	return log(sum / SPIKE_ALTERNATIVES);
}

double spike_volume(const struct spike *spike)
{
	double waiting = 0;
	for (int i = 0; i < SPIKE_GUARD_HOURS; i++)
		waiting += spike->all.guard_attempts[i];
	const double age_hours = (double)(spike->hour - spike->first_at / HOUR_MS) + 1;
	/* A decayed sum of a steady rate comes to so many hours of it. */
	const double memory =
		HALF_LIFE_HOURS / M_LN2 * (1 - exp2(-age_hours / HALF_LIFE_HOURS));
	return ((double)spike->all.attempts + waiting) / fmax(memory, 1) * 24;
}

double spike_threshold(const struct spike *spike, double alpha)
{
	return log(fmax(10, spike_volume(spike))) - log(alpha);
}

double spike_usual(const struct spike *spike, bool known)
{
	return known ? usual(&spike->known, &prior_known)
		     : usual(&spike->all, &prior_all);
}

bool spike_is_settled(const struct spike *spike, int64_t at)
{
	double attempts = (double)spike->all.attempts;
	for (int i = 0; i < SPIKE_GUARD_HOURS; i++)
		attempts += spike->all.guard_attempts[i];
	return attempts >= 200 && at - spike->first_at >= 2 * DAY_MS;
}

void spike_restart(struct spike *spike, enum spike_statistic statistic)
{
	memset(spike->sums[statistic], 0, sizeof spike->sums[statistic]);
	spike->since[statistic] = 0;
	spike->bounces[statistic] = 0;
	spike->attempts[statistic] = 0;
}

void spike_drop(struct spike *spike, int64_t since)
{
	const int64_t from = since / HOUR_MS;
	for (int64_t hour = spike->hour - SPIKE_GUARD_HOURS + 1; hour <= spike->hour;
		hour++) {
		const unsigned slot = (unsigned)(hour % SPIKE_GUARD_HOURS);
		if (hour < from)
			continue;
		spike->known.guard_attempts[slot] = spike->known.guard_bounces[slot] = 0;
		spike->all.guard_attempts[slot] = spike->all.guard_bounces[slot] = 0;
	}
	for (int i = 0; i < SPIKE_STATISTICS; i++)
		spike_restart(spike, (enum spike_statistic)i);
}
