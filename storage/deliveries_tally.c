/* SPDX-License-Identifier: MIT */
/* Tallies of a minute, and who answered for a domain. */
#include <errno.h>

#include "storage/crowd.h"
#include "storage/deliveries_inside.h"
#include "storage/inside.h"

struct sums {
	int64_t count;
	int64_t known;
	int64_t fresh;
	int64_t first_at;
	int64_t last_at;
};

static void put_key(struct query *query, const struct entry *entry)
{
	query_int(query, entry->name_id);
	query_int(query, entry->at / 60000);
	query_int(query, entry->outcome);
	query_int(query, entry->reason);
	query_int(query, entry->host_id);
}

static int read_crowd(struct store *store, const struct entry *entry, struct crowd *crowd)
{
	static const char get[] =
		"SELECT recipients FROM tally WHERE name = ?1 AND minute = ?2"
		" AND length = 1 AND outcome = ?3 AND reason = ?4 AND host = ?5";
	int error = 0;
	struct query query = query_begin(store, get);
	put_key(&query, entry);
	if (query_next(&query)) {
		size_t len;
		const uint8_t *packed = query_column_blob(&query, 0, &len);
		error = crowd_unite(crowd, packed, len);
	}
	query_end(&query);
	return error;
}

static void save(struct store *store, const struct entry *entry, const struct sums *sums,
	const struct bytes *crowd)
{
	static const char put[] =
		"INSERT INTO tally(name, minute, length, outcome, reason, host, count,"
		" known, fresh, first_at, last_at, recipients)"
		" VALUES(?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
		" known = known + excluded.known, fresh = fresh + excluded.fresh,"
		" first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at),"
		" recipients = excluded.recipients";
	struct query query = query_begin(store, put);
	put_key(&query, entry);
	query_int(&query, sums->count);
	query_int(&query, sums->known);
	query_int(&query, sums->fresh);
	query_int(&query, sums->first_at);
	query_int(&query, sums->last_at);
	query_blob(
		&query, crowd->len > 0 ? crowd->data : (const uint8_t *)"", crowd->len);
	query_run(&query);
}

static int add_up(
	struct entry *const *entries, size_t len, struct sums *sums, struct crowd *crowd)
{
	int error = 0;
	for (size_t i = 0; error == 0 && i < len; i++) {
		const struct entry *entry = entries[i];
		if (!entry->counted)
			continue;
		if (sums->count == 0 || entry->at < sums->first_at)
			sums->first_at = entry->at;
		if (sums->count == 0 || entry->at > sums->last_at)
			sums->last_at = entry->at;
		sums->count += entry->count;
		sums->known += entry->known ? entry->count : 0;
		if (entry->outcome == DELIVERY_DEFERRED)
			sums->fresh += entry->fresh;
		else
			sums->fresh += entry->count;
		const uint8_t *hash = entry->hash;
		if (entry->has_hash)
			error = crowd_add(crowd,
				(uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
					(uint32_t)hash[2] << 8 | hash[3]);
	}
	return error;
}

void deliveries_put_tally(struct store *store, struct entry *const *entries, size_t len)
{
	struct sums sums = {0};
	struct crowd crowd = {0};
	struct bytes packed = {0};
	int error = add_up(entries, len, &sums, &crowd);
	if (error == 0 && sums.count > 0)
		error = read_crowd(store, entries[0], &crowd);
	if (error == 0)
		error = crowd_pack(&crowd, &packed);
	if (error < 0)
		store_fail(store, error == -EINVAL ? -EUCLEAN : error,
			"a tally cannot be added to");
	else if (sums.count > 0)
		save(store, entries[0], &sums, &packed);
	bytes_finish(&packed);
	crowd_finish(&crowd);
}

/* What one group of entries says about a relay. */
struct answers {
	int64_t first_at;
	int64_t last_at;
	int64_t count;
	int64_t outside_at;
	int64_t outside;
	const struct entry *latest;
};

static void put_answers(
	struct store *store, const struct answers *answers, const char *ip)
{
	static const char put[] =
		"INSERT INTO relay(name, host, first_at, last_at, answers, accepted,"
		" address, outside_at, outside, no_route_at, no_route)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
		" ON CONFLICT DO UPDATE SET"
		" address = iif(excluded.address <> '' AND"
		"  (address = '' OR excluded.last_at >= last_at),"
		"  excluded.address, address),"
		" first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at),"
		" answers = answers + excluded.answers,"
		" accepted = accepted + excluded.accepted,"
		" outside_at = ifnull(min(outside_at, excluded.outside_at),"
		"  ifnull(outside_at, excluded.outside_at)),"
		" outside = outside + excluded.outside,"
		" no_route_at = ifnull(min(no_route_at, excluded.no_route_at),"
		"  ifnull(no_route_at, excluded.no_route_at)),"
		" no_route = no_route + excluded.no_route";
	const struct entry *entry = answers->latest;
	const bool no_route = entry->reason == REASON_NO_ROUTE;
	struct query query = query_begin(store, put);
	query_int(&query, entry->name_id);
	query_int(&query, entry->host_id);
	query_int(&query, answers->first_at);
	query_int(&query, answers->last_at);
	query_int(&query, answers->count);
	query_int(&query, entry->outcome == DELIVERY_DELIVERED ? answers->count : 0);
	query_text(&query, ip);
	query_int_or_null(&query, answers->outside_at);
	query_int(&query, answers->outside);
	query_int_or_null(&query, no_route ? answers->first_at : 0);
	query_int(&query, no_route ? answers->count : 0);
	query_run(&query);
}

void deliveries_put_relay(
	struct store *store, struct entry *const *entries, size_t len, const char *text)
{
	struct answers answers = {0};
	for (size_t i = 0; i < len; i++) {
		const struct entry *entry = entries[i];
		if (!entry->remote || entry->host_id == 0)
			continue;
		if (answers.count == 0 || entry->at < answers.first_at)
			answers.first_at = entry->at;
		if (answers.count == 0 || entry->at >= answers.last_at) {
			answers.last_at = entry->at;
			answers.latest = entry;
		}
		answers.count += entry->count;
		if (!entry->outside)
			continue;
		if (answers.outside == 0 || entry->at < answers.outside_at)
			answers.outside_at = entry->at;
		answers.outside += entry->count;
	}
	if (answers.count > 0)
		put_answers(store, &answers, text + answers.latest->ip);
}

void deliveries_put_missing(
	struct store *store, const struct entry *entry, int64_t target)
{
	static const char put[] =
		"INSERT INTO missing(name, target, first_at, last_at, count)"
		" VALUES(?1, ?2, ?3, ?3, ?4) ON CONFLICT DO UPDATE SET"
		" first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at),"
		" count = count + excluded.count";
	struct query query = query_begin(store, put);
	query_int(&query, entry->name_id);
	query_int(&query, target);
	query_int(&query, entry->at);
	query_int(&query, entry->count);
	query_run(&query);
}
