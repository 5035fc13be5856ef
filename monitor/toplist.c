/* SPDX-License-Identifier: MIT */
#include "monitor/toplist.h"

static size_t share(size_t most, size_t part)
{
	return most / part > 0 ? most / part : 1;
}

size_t toplist_floor(size_t most)
{
	return most + share(most, 4);
}

/* A clock that was set back must neither hold a domain nor throw it out. */
static void mend_times(struct toplist_domain *domain, int64_t now)
{
	if (domain->since_at > now)
		domain->since_at = now;
	if (domain->below_at > now)
		domain->below_at = now;
}

static void decide(struct toplist_domain *domain, size_t most, int64_t now)
{
	const bool member = domain->since_at != 0;
	mend_times(domain, now);
	domain->verdict = member ? TOPLIST_STAYS : TOPLIST_OUT;
	if (domain->rank <= toplist_floor(most))
		domain->below_at = 0;
	else if (member && domain->below_at == 0)
		domain->below_at = now;
	if (!member && domain->rank <= most) {
		domain->verdict = TOPLIST_ENTERS;
		domain->since_at = now;
	}
	if (domain->below_at != 0 && now - domain->below_at >= TOPLIST_LEAVE_MS &&
		now - domain->since_at >= TOPLIST_STAY_MS)
		domain->verdict = TOPLIST_LEAVES;
}

void toplist_decide(struct toplist_domain *domains, size_t len, size_t most, int64_t now)
{
	size_t members = 0;
	for (size_t i = 0; i < len; i++) {
		decide(&domains[i], most, now);
		members += domains[i].verdict == TOPLIST_STAYS ||
			domains[i].verdict == TOPLIST_ENTERS;
	}
	for (size_t i = len; i > 0 && members > most + share(most, 2); i--)
		if (domains[i - 1].verdict == TOPLIST_STAYS) {
			domains[i - 1].verdict = TOPLIST_LEAVES;
			members--;
		}
}
