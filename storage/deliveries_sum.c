/* SPDX-License-Identifier: MIT */
#include "resolvers/name.h"
#include "storage/deliveries_lookup.h"
#include "storage/inside.h"

#define MINUTE_MS INT64_C(60000)

static void add(struct deliveries_sums *sums, const struct query *query)
{
	const int64_t reason = query_column_int(query, 1);
	const uint64_t count = (uint64_t)query_column_int(query, 2);
	const uint64_t fresh = (uint64_t)query_column_int(query, 3);
	switch (query_column_int(query, 0)) {
	case DELIVERY_DELIVERED:
		sums->accepted += count;
		break;
	case DELIVERY_DEFERRED:
		if (reason == REASON_GREYLISTED)
			sums->greylisted += fresh;
		else if (reason == REASON_RATE_LIMITED)
			sums->rate_limited += fresh;
		else
			sums->deferred += fresh;
		break;
	case DELIVERY_BOUNCED:
		sums->bounced += count;
		break;
	default:
		break;
	}
}

int deliveries_sum(struct store *store, const uint8_t *domain, int64_t from, int64_t to,
	struct deliveries_sums *ret_sums)
{
	static const char of_one[] =
		"SELECT outcome, reason, sum(count), sum(fresh) FROM tally"
		" WHERE name = (SELECT id FROM name WHERE wire = ?3)"
		" AND minute >= ?1 AND minute < ?2 GROUP BY outcome, reason";
	static const char of_all[] =
		"SELECT outcome, reason, sum(count), sum(fresh) FROM tally"
		" WHERE length IN (1, 60) AND minute >= ?1 AND minute < ?2"
		" GROUP BY outcome, reason";
	struct query query = query_begin(store, domain != NULL ? of_one : of_all);
	*ret_sums = (struct deliveries_sums){0};
	query_int(&query, from / MINUTE_MS);
	query_int(&query, (to + MINUTE_MS - 1) / MINUTE_MS);
	if (domain != NULL)
		query_blob(&query, domain, name_length(domain));
	while (query_next(&query))
		add(ret_sums, &query);
	return query_end(&query);
}
