/* SPDX-License-Identifier: MIT */
/* Whether what the tests of bounces add up to is enough; see spike.h. */
#include <math.h>

#include "monitor/decide/inside.h"

/* What each test may spend of the budget of false alarms. That of all recipients makes no alerts,
 * only notes about lists, and may spend more than there is. */
#define FOREIGN_SHARE 0.9
#define KNOWN_SHARE 1.0
#define JOINT_SHARE 2.0
#define ALL_SHARE 18.0
#define JOINT_VOLUME 2500 /* mails a day at most: with more, the others see it */
#define JOINT_LEAST 0.25 /* of the attempts bounce */
/* ln-odds: a domain changes its operator about once in 1000 days; see docs/detection.md. */
#define FOREIGN_WEIGHT 6.9
#define SIBLING_WEIGHT 4.6
#define ANNOUNCED_SCORE 4.6
#define FEW_FORGOTTEN 10 /* one in so many, of recipients who were known */

/* Of all domains together, for one domain and day. */
static double alpha(const struct decide *decide, double share)
{
	const double domains = decide->mailed > 300 ? (double)decide->mailed : 300;
	return share * decide->budget / (365 * domains);
}

static bool reaches(const struct decide *decide, const struct spike *spike, double score,
	double share)
{
	return score >= spike_threshold(spike, alpha(decide, share));
}

/* The DNS says already that mail goes there: then the question is only whether it is served. */
static bool is_announced(const struct subject *subject, const struct host *host)
{
	const struct affair *move = affair_of(subject, SLOT_MOVE);
	return move != NULL && move->change_at != 0 && move->view < 0 &&
		affair_goes_to(move, host->run_by);
}

/* A few mailboxes are forgotten in any migration. */
static bool is_badly_served(const struct subject *subject)
{
	const struct affair *move = affair_of(subject, SLOT_MOVE);
	return move->foreign_known_bounces * FEW_FORGOTTEN >=
		move->foreign_known_bounces + move->foreign_known_accepted;
}

bool strike_foreign(const struct decide *decide, const struct subject *subject,
	const struct host *host, bool sibling)
{
	const struct spike *spike = &subject->spike;
	if (is_announced(subject, host))
		return spike->bounces[SPIKE_FOREIGN] >= (sibling ? 1u : 2u) &&
			spike_score(spike, SPIKE_FOREIGN) >=
			ANNOUNCED_SCORE - (sibling ? SIBLING_WEIGHT : 0) &&
			is_badly_served(subject);
	const double prior = FOREIGN_WEIGHT + (sibling ? SIBLING_WEIGHT : 0);
	return spike->bounces[SPIKE_FOREIGN] >= (sibling ? 1u : 2u) &&
		reaches(decide, spike, spike_score(spike, SPIKE_FOREIGN) + prior,
			FOREIGN_SHARE);
}

/* Too few bounces for either test, and together too many: what a fault of a small domain is. */
static bool joint_strikes(
	const struct decide *decide, const struct spike *spike, int64_t at)
{
	return spike->bounces[SPIKE_JOINT] >= 3 && spike->bounces[SPIKE_KNOWN] >= 2 &&
		spike_is_settled(spike, at) && spike_volume(spike) <= JOINT_VOLUME &&
		spike->bounces[SPIKE_JOINT] >=
		JOINT_LEAST * spike->attempts[SPIKE_JOINT] &&
		reaches(decide, spike, spike_score(spike, SPIKE_JOINT), JOINT_SHARE);
}

bool strike_known(const struct decide *decide, const struct subject *subject, int64_t at)
{
	const struct spike *spike = &subject->spike;
	return (spike->bounces[SPIKE_KNOWN] >= 3 &&
		       reaches(decide, spike, spike_score(spike, SPIKE_KNOWN),
			       KNOWN_SHARE)) ||
		joint_strikes(decide, spike, at);
}

/* Strangers who bounce weigh more in a crowd of strangers: then a list is mailed. */
static double crowd_score(const struct spike *spike)
{
	const bool any = spike->bounces[SPIKE_ALL] >= spike->bounces[SPIKE_KNOWN] + 3;
	return any ? spike_score(spike, SPIKE_CROWD) : 0;
}

bool strike_list(const struct decide *decide, const struct subject *subject, int64_t at)
{
	const struct spike *spike = &subject->spike;
	return spike->bounces[SPIKE_ALL] >= 3 && spike_is_settled(spike, at) &&
		reaches(decide, spike, spike_score(spike, SPIKE_ALL) + crowd_score(spike),
			ALL_SHARE);
}
