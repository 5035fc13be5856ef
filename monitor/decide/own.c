/* SPDX-License-Identifier: MIT */
#include "monitor/decide/own.h"

#include <string.h>

static bool has_operator(const struct own *own, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < own->operators_len; i++)
		if (own->operators[i] == entry)
			return true;
	return false;
}

static bool has_network(const struct own *own, const struct host *host, uint64_t network)
{
	for (unsigned i = 0; i < own->networks_len; i++)
		if (own->networks[i].network == network &&
			!operators_distinct(own->networks[i].run_by, host->run_by))
			return true;
	return false;
}

bool own_is_empty(const struct own *own)
{
	return own->operators_len == 0;
}

bool own_has(const struct own *own, const struct host *host)
{
	if (has_operator(own, host->run_by))
		return true;
	for (unsigned i = 0; i < host->networks_len; i++)
		if (has_network(own, host, host->networks[i]))
			return true;
	return false;
}

bool own_has_at(const struct own *own, const struct host *host, uint64_t network)
{
	return own_has(own, host) || (network != 0 && has_network(own, host, network));
}

void own_learn_operator(struct own *own, const struct operator_entry *entry)
{
	if (has_operator(own, entry))
		return;
	if (own->operators_len == OWN_OPERATORS)
		memmove(&own->operators[0], &own->operators[1],
			--own->operators_len * sizeof own->operators[0]);
	own->operators[own->operators_len++] = entry;
}

void own_learn_network(struct own *own, const struct host *host, uint64_t network)
{
	for (unsigned i = 0; i < own->networks_len; i++)
		if (own->networks[i].network == network &&
			own->networks[i].run_by == host->run_by)
			return;
	if (own->networks_len == OWN_NETWORKS)
		memmove(&own->networks[0], &own->networks[1],
			--own->networks_len * sizeof own->networks[0]);
	own->networks[own->networks_len++] =
		(struct own_network){.network = network, .run_by = host->run_by};
}

void own_learn(struct own *own, const struct host *host)
{
	own_learn_operator(own, host->run_by);
	for (unsigned i = 0; i < host->networks_len; i++)
		own_learn_network(own, host, host->networks[i]);
}

void own_learn_set(struct own *own, const struct exchanges *set)
{
	for (size_t i = 0; set != NULL && i < set->len; i++)
		if (set->hosts[i].host != NULL)
			own_learn(own, set->hosts[i].host);
}

static struct own_candidate *find_candidate(
	struct own *own, const struct operator_entry *entry, int64_t at)
{
	struct own_candidate *oldest = &own->candidates[0];
	for (unsigned i = 0; i < own->candidates_len; i++) {
		struct own_candidate *each = &own->candidates[i];
		if (each->run_by == entry)
			return each;
		if (each->last_at < oldest->last_at)
			oldest = each;
	}
	if (own->candidates_len < OWN_CANDIDATES)
		oldest = &own->candidates[own->candidates_len++];
	*oldest = (struct own_candidate){.run_by = entry, .first_at = at};
	return oldest;
}

bool own_accepted(struct own *own, const struct host *host, int64_t at)
{
	if (own->pinned || has_operator(own, host->run_by))
		return false;
	struct own_candidate *candidate = find_candidate(own, host->run_by, at);
	candidate->last_at = at;
	candidate->accepted++;
	if (candidate->accepted < OWN_ACCEPTED ||
		at - candidate->first_at < OWN_ACCEPTED_MS)
		return false;
	own_learn(own, host);
	*candidate = own->candidates[--own->candidates_len];
	return true;
}
