/* SPDX-License-Identifier: MIT */
/*
 * Hosts that are a domain's own only as a backup: mail goes there while the primary is down. When
 * the MX names them alone, the domain has moved there, or was moved.
 */
#include "monitor/decide/inside.h"

/* Sets are sorted by preference: the first host has the lowest, which is tried first. */
bool backup_is(const struct subject *subject, const struct host *host)
{
	bool seen = false;
	for (size_t i = 0; i < SUBJECT_SETS; i++) {
		const struct exchanges *set = subject->sets[i];
		for (size_t k = 0; set != NULL && k < set->len; k++) {
			const struct exchange_host *each = &set->hosts[k];
			if (each->host == NULL || each->host->run_by != host->run_by)
				continue;
			if (each->preference == set->hosts[0].preference)
				return false;
			seen = true;
		}
	}
	return seen;
}

bool backup_alone(const struct subject *subject, const struct exchanges *set)
{
	for (size_t i = 0; i < set->len; i++)
		if (set->hosts[i].host == NULL || !backup_is(subject, set->hosts[i].host))
			return false;
	return set->len > 0;
}
