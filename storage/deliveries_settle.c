/* SPDX-License-Identifier: MIT */
/* What is known of a recipient: acceptance, bounces, and whether a report is news. */
#include "storage/deliveries_inside.h"
#include "storage/inside.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define TWIN_ID_MS (5 * DAY_MS) /* a bounce mail may be that late */

static void put_hash(struct query *query, const struct entry *entry)
{
	query_blob(query, entry->hash, sizeof entry->hash);
}

/* The day of the latest acceptance, 0 for none. */
static int64_t accepted_day(struct store *store, const struct entry *entry)
{
	struct query query =
		query_begin(store, "SELECT day FROM recipient WHERE hash = ?1");
	put_hash(&query, entry);
	int64_t day = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_end(&query);
	return day;
}

static void accept(struct store *store, const struct entry *entry, int64_t known_day)
{
	static const char put[] =
		"INSERT INTO recipient(hash, day, name) VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET day = excluded.day,"
		" name = excluded.name";
	const int64_t day = entry->at / DAY_MS;
	if (!entry->remote || day <= known_day)
		return;
	struct query query = query_begin(store, put);
	put_hash(&query, entry);
	query_int(&query, day);
	query_int(&query, entry->name_id);
	query_run(&query);
}

/* A report of the same bounce. Who reports it by the same id is a twin at once, unless it is one
 * log that speaks twice; a bounce mail without that id is paired with the nearest bounce of a
 * log, and the other way round, one for one. */
static int64_t find_twin(struct store *store, const struct entry *entry, int64_t source)
{
	static const char get[] =
		"SELECT rowid, abs(at - ?2) AS apart FROM final WHERE hash = ?1"
		" AND at BETWEEN ?2 - ?3 AND ?2 + ?3"
		" AND ((id = ?4 AND id <> 0 AND (source <> ?5 OR ?6))"
		" OR (mail <> ?6 AND NOT paired AND at BETWEEN ?2 - ?7 AND ?2 + ?7))"
		" ORDER BY id = ?4 DESC, apart LIMIT 1";
	struct query query = query_begin(store, get);
	put_hash(&query, entry);
	query_int(&query, entry->at);
	query_int(&query, TWIN_ID_MS);
	query_int(&query, entry->id);
	query_int(&query, source);
	query_int(&query, entry->mail);
	query_int(&query, DELIVERIES_TWIN_MS);
	int64_t found = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_end(&query);
	return found;
}

static bool is_news(struct store *store, const struct entry *entry, int64_t source)
{
	static const char put[] = "INSERT INTO final(hash, at, id, source, mail, paired,"
				  " name) VALUES(?1, ?2, ?3, ?4, ?5, 0, ?6)";
	const int64_t twin = find_twin(store, entry, source);
	if (twin != 0) {
		struct query query = query_begin(
			store, "UPDATE final SET paired = 1 WHERE rowid = ?1");
		query_int(&query, twin);
		query_run(&query);
		return false;
	}
	struct query query = query_begin(store, put);
	put_hash(&query, entry);
	query_int(&query, entry->at);
	query_int(&query, entry->id);
	query_int(&query, source);
	query_int(&query, entry->mail);
	query_int(&query, entry->name_id);
	query_run(&query);
	return true;
}

static bool was_refused(struct store *store, const struct entry *entry)
{
	struct query query = query_begin(
		store, "SELECT 1 FROM refused WHERE name = ?1 AND hash = ?2 LIMIT 1");
	query_int(&query, entry->name_id);
	query_blob(&query, entry->hash, sizeof entry->hash);
	const bool found = query_next(&query);
	query_end(&query);
	return found;
}

static void put_refused(
	struct store *store, const struct entry *entry, int64_t day, const char *address)
{
	static const char put[] =
		"INSERT INTO refused(name, hash, host, first_at, last_at, bounces,"
		" accepted_day, address) VALUES(?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)"
		" ON CONFLICT DO UPDATE SET first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at),"
		" bounces = bounces + excluded.bounces,"
		" accepted_day = ifnull(excluded.accepted_day, accepted_day),"
		" address = ifnull(excluded.address, address)";
	struct query query = query_begin(store, put);
	query_int(&query, entry->name_id);
	put_hash(&query, entry);
	query_int(&query, entry->host_id);
	query_int(&query, entry->at);
	query_int(&query, entry->count);
	query_int_or_null(&query, day);
	query_text(&query, address);
	query_run(&query);
}

static bool is_first_of_hour(struct store *store, const struct entry *entry)
{
	static const char put[] =
		"INSERT INTO deferral(hour, hash, name) VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO NOTHING";
	struct query query = query_begin(store, put);
	query_int(&query, entry->at / HOUR_MS);
	put_hash(&query, entry);
	query_int(&query, entry->name_id);
	return query_run(&query) == 0 && sqlite3_changes(store->db) == 1;
}

void deliveries_settle(
	struct store *store, struct entry *entry, int64_t source, const char *address)
{
	entry->counted = true;
	entry->known = false;
	entry->refused = false;
	entry->fresh = true;
	if (!entry->has_hash)
		return;
	const int64_t day = accepted_day(store, entry);
	entry->known = day != 0;
	switch ((enum delivery_outcome)entry->outcome) {
	case DELIVERY_DELIVERED:
		accept(store, entry, day);
		break;
	case DELIVERY_DEFERRED:
		entry->fresh = is_first_of_hour(store, entry);
		break;
	case DELIVERY_BOUNCED:
	case DELIVERY_EXPIRED:
		entry->counted = is_news(store, entry, source);
		entry->refused = was_refused(store, entry);
		break;
	}
	if (entry->counted && entry->remote && entry->outcome == DELIVERY_BOUNCED &&
		entry->reason == REASON_USER_UNKNOWN)
		put_refused(store, entry, day, address);
}
