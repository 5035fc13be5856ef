/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * spike — more user-unknown bounces than a domain's own past explains?
 *
 * A sequential test over single delivery attempts, good at five mails an hour and at a million:
 * nothing happens between attempts, and an attempt costs O(1). Each statistic is a mixture of
 * three cumulative likelihood ratios (e-CUSUM after Shin, Ramdas and Rinaldo 2022) against
 * "at most three times the usual share of bounces, and a little": a bounce adds
 * ln(1 + FR (1 - p0) / p0), a delivery ln(1 - FR), below 0 it starts again.
 *
 *   KNOWN    recipients who had accepted mail before: rarely bounce
 *   ALL      all recipients of the domain
 *   FOREIGN  attempts at hosts that are not the domain's own
 *   JOINT    all recipients, each against what is usual of his kind: good at very few bounces
 *   CROWD    of what is delivered at home, the mail to strangers, who take the place of bounces:
 *            many at once say that a list is mailed for the first time, and no more than that
 *
 * How many of the delivered are strangers says nothing of how many bounce: given what became of
 * an attempt, CROWD and ALL are of two factors of one likelihood, and their scores may be added.
 *
 * The usual share is learnt with a half-life of seven days, that of strangers of one day: there
 * are fewer of them as long as the domain is new. Counts teach it only after six hours, so that a
 * spike does not explain itself; those of an incident never do.
 * A million domains may have one: plain numbers, no pointers, kept as bytes over restarts.
 */
#include <stdbool.h>
#include <stdint.h>

#define SPIKE_ALTERNATIVES 3
#define SPIKE_GUARD_HOURS 7

enum spike_statistic {
	SPIKE_KNOWN,
	SPIKE_ALL,
	SPIKE_FOREIGN,
	SPIKE_JOINT,
	SPIKE_CROWD,
	SPIKE_STATISTICS,
};

struct spike_baseline {
	float bounces; /* decayed */
	float attempts;
	uint32_t guard_attempts[SPIKE_GUARD_HOURS]; /* by hour, not learnt yet */
	uint32_t guard_bounces[SPIKE_GUARD_HOURS];
};

struct spike {
	int64_t first_at; /* of the first attempt; 0: none yet */
	int64_t hour; /* since 1970, of the newest guard bucket */
	struct spike_baseline known;
	struct spike_baseline all;
	float recent; /* deliveries, decayed sooner */
	float recent_strangers; /* of these */
	float sums[SPIKE_STATISTICS][SPIKE_ALTERNATIVES];
	int64_t since[SPIKE_STATISTICS]; /* first bounce since the sums were last all 0 */
	uint32_t bounces[SPIKE_STATISTICS]; /* since then */
	uint32_t attempts[SPIKE_STATISTICS];
	int64_t foreign_at; /* last attempt at a foreign host */
};

/* One finished attempt. */
struct spike_attempt {
	int64_t at;
	bool bounced;
	bool known; /* the recipient had accepted mail before */
	bool foreign; /* answered by a host that is not the domain's own */
	bool repeated; /* he bounced a while ago, too: what is usual, and no news */
	bool teaches; /* may become part of what is usual */
	double surprise; /* share of bounces at a foreign host that would be usual, 0: by itself */
};

void spike_attempt(struct spike *spike, const struct spike_attempt *attempt);
/* ln of the e-value, 0 and above. */
double spike_score(const struct spike *spike, enum spike_statistic statistic);
/* What a score must reach for alpha expected false alarms a day. */
double spike_threshold(const struct spike *spike, double alpha);
/* Attempts a day, all recipients; an estimate. */
double spike_volume(const struct spike *spike);
/* The usual share of bounces. */
double spike_usual(const struct spike *spike, bool known);
/* Whether there was enough to know what is usual: 200 attempts and 2 days. */
bool spike_is_settled(const struct spike *spike, int64_t at);
/* Forgets what the counts since then would have taught, and starts the sums again. */
void spike_drop(struct spike *spike, int64_t since);
void spike_restart(struct spike *spike, enum spike_statistic statistic);
