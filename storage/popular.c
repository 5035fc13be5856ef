/* SPDX-License-Identifier: MIT */
#include "storage/popular.h"

#include <errno.h>

#include "resolvers/name.h"
#include "storage/deliveries_inside.h"
#include "storage/inside.h"
#include "storage/intern.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define HOURS (POPULAR_MS / HOUR_MS)

/* --- counting --- */

static int64_t day_of(const struct entry *entry)
{
	return entry->at / DAY_MS;
}

static int64_t volume_of(const struct entry *entry)
{
	if (!entry->counted || !entry->remote)
		return 0;
	return entry->outcome == DELIVERY_DEFERRED ? entry->fresh : entry->count;
}

static void add_volume(struct store *store, int64_t day, int64_t name_id, int64_t count)
{
	static const char put[] =
		"INSERT INTO volume(day, name, count) VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count";
	struct query query = query_begin(store, put);
	query_int(&query, day);
	query_int(&query, name_id);
	query_int(&query, count);
	query_run(&query);
}

void deliveries_put_volumes(struct store *store, struct entry *const *entries, size_t len)
{
	for (size_t i = 0; i < len;) {
		const struct entry *first = entries[i];
		int64_t count = 0;
		for (; i < len && entries[i]->name_id == first->name_id &&
			day_of(entries[i]) == day_of(first);
			i++)
			count += volume_of(entries[i]);
		if (count > 0)
			add_volume(store, day_of(first), first->name_id, count);
	}
}

bool popular_forget(struct store *store, int64_t now, size_t rows)
{
	static const char drop[] =
		"DELETE FROM volume WHERE (day, name) IN (SELECT day, name FROM volume"
		" WHERE day <= ?1 LIMIT ?2)";
	struct query query = query_begin(store, drop);
	query_int(&query, (now - POPULAR_MS) / DAY_MS);
	query_int(&query, (int64_t)rows);
	return query_run(&query) == 0 && (size_t)sqlite3_changes(store->db) >= rows;
}

/* --- asking --- */

static int give_rows(struct query *query, popular_fn fn, void *owner)
{
	int result = 0;
	while (result == 0 && query_next(query)) {
		bool damaged = false;
		const struct popular_domain row = {
			.domain = query_column_name(query, 0, &damaged),
			.weight = query_column_int(query, 1),
			.since_at = query_column_int(query, 2),
			.below_at = query_column_int(query, 3),
		};
		result = damaged ? -EUCLEAN : fn(owner, &row);
	}
	int error = query_end(query);
	return result != 0 ? result : error;
}

/* Days are told by hours, so that no weight jumps at midnight. A day that lies ahead is a clock
 * that was wrong. */
int popular_each(struct store *store, const char *watch, size_t most, int64_t now,
	popular_fn fn, void *owner)
{
	static const char get[] =
		"WITH top AS MATERIALIZED (SELECT v.name AS name,"
		"  sum(v.count * (?4 - (?3 - v.day * 24))) AS weight"
		"  FROM volume v JOIN name n ON n.id = v.name"
		"  WHERE v.day * 24 > ?3 - ?4 AND v.day * 24 <= ?3 + 24"
		"  GROUP BY v.name ORDER BY weight DESC, n.wire LIMIT ?2)"
		" SELECT n.wire, t.weight, ifnull(p.since_at, 0), ifnull(p.below_at, 0)"
		"  FROM top t JOIN name n ON n.id = t.name"
		"  LEFT JOIN popular p ON p.watch = ?1 AND p.name = t.name"
		" UNION ALL SELECT n.wire, 0, p.since_at, p.below_at FROM popular p"
		"  JOIN name n ON n.id = p.name WHERE p.watch = ?1"
		"  AND p.name NOT IN (SELECT name FROM top)"
		" ORDER BY 2 DESC, 1";
	struct query query = query_begin(store, get);
	query_text(&query, watch);
	query_int(&query, (int64_t)most);
	query_int(&query, now / HOUR_MS);
	query_int(&query, HOURS);
	return give_rows(&query, fn, owner);
}

int popular_members(struct store *store, const char *watch, popular_fn fn, void *owner)
{
	static const char get[] =
		"SELECT n.wire, 0, p.since_at, p.below_at FROM popular p"
		" JOIN name n ON n.id = p.name WHERE p.watch = ?1 ORDER BY n.wire";
	struct query query = query_begin(store, get);
	query_text(&query, watch);
	return give_rows(&query, fn, owner);
}

bool popular_has(struct store *store, const char *watch, const uint8_t *domain)
{
	static const char get[] = "SELECT 1 FROM popular p JOIN name n ON n.id = p.name"
				  " WHERE p.watch = ?1 AND n.wire = ?2";
	struct query query = query_begin(store, get);
	query_text(&query, watch);
	query_blob(&query, domain, name_length(domain));
	const bool found = query_next(&query);
	query_end(&query);
	return found;
}

void popular_put(
	struct store *store, const char *watch, const struct popular_domain *member)
{
	static const char put[] =
		"INSERT INTO popular(watch, name, since_at, below_at)"
		" VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
		" since_at = excluded.since_at, below_at = excluded.below_at";
	const int64_t name_id = intern_name(store, member->domain);
	struct query query = query_begin(store, put);
	query_text(&query, watch);
	query_int(&query, name_id);
	query_int(&query, member->since_at);
	query_int(&query, member->below_at);
	query_run(&query);
}

void popular_remove(struct store *store, const char *watch, const uint8_t *domain)
{
	static const char drop[] = "DELETE FROM popular WHERE watch = ?1"
				   " AND name = (SELECT id FROM name WHERE wire = ?2)";
	struct query query = query_begin(store, drop);
	query_text(&query, watch);
	query_blob(&query, domain, name_length(domain));
	query_run(&query);
}
