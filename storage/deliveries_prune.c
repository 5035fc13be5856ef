/* SPDX-License-Identifier: MIT */
/* Letting go of deliveries: roll-up of minutes, retention, erasure. */
#include <errno.h>

#include "storage/crowd.h"
#include "storage/deliveries.h"
#include "storage/feed.h"
#include "storage/inside.h"
#include "storage/popular.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define DEFERRALS_KEPT_MS (2 * DAY_MS)

/* Not what an incident that is not closed refers to. */
#define UNLESS_NEEDED(table, instant)                                                    \
	" AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.state <> 4"                   \
	" AND i.name = " table ".name AND i.since_at <= " instant ")"

/* Runs one bounded deletion or update. Returns whether it was full, so that more may be left. */
static bool let_go(struct store *store, const char *sql, int64_t before, size_t rows)
{
	struct query query = query_begin(store, sql);
	query_int(&query, before);
	query_int(&query, (int64_t)rows);
	return query_run(&query) == 0 && (size_t)sqlite3_changes(store->db) >= rows;
}

static bool expire(
	struct store *store, const struct deliveries_limits *limits, int64_t now)
{
	static const char tallies[] =
		"DELETE FROM tally WHERE (name, minute, length, outcome, reason, host) IN"
		" (SELECT name, minute, length, outcome, reason, host FROM tally"
		"  WHERE length IN (1, 60) AND minute < ?1 / 60000" UNLESS_NEEDED(
			"tally", "(minute + length) * 60000") " LIMIT ?2)";
	static const char refused[] =
		"DELETE FROM refused WHERE (name, hash, host) IN (SELECT name, hash, host"
		" FROM refused WHERE last_at < ?1" UNLESS_NEEDED(
			"refused", "last_at") " LIMIT ?2)";
	static const char finals[] =
		"DELETE FROM final WHERE rowid IN (SELECT rowid FROM final"
		" WHERE at < ?1 LIMIT ?2)";
	static const char relays[] =
		"DELETE FROM relay WHERE (name, host) IN (SELECT name, host FROM relay"
		" WHERE last_at < ?1" UNLESS_NEEDED("relay", "last_at") " LIMIT ?2)";
	static const char missing[] =
		"DELETE FROM missing WHERE (name, target) IN (SELECT name, target"
		" FROM missing WHERE last_at < ?1" UNLESS_NEEDED(
			"missing", "last_at") " LIMIT ?2)";
	if (limits->keep_ms <= 0)
		return false;
	const int64_t before = now - limits->keep_ms;
	bool more = let_go(store, tallies, before, limits->rows);
	more |= let_go(store, refused, before, limits->rows);
	more |= let_go(store, finals, before, limits->rows);
	more |= let_go(store, relays, before, limits->rows);
	more |= let_go(store, missing, before, limits->rows);
	feed_forget(store, before);
	return more;
}

static bool forget(
	struct store *store, const struct deliveries_limits *limits, int64_t now)
{
	static const char addresses[] =
		"UPDATE refused SET address = NULL WHERE (name, hash, host) IN"
		" (SELECT name, hash, host FROM refused"
		"  WHERE address IS NOT NULL AND last_at < ?1 LIMIT ?2)";
	static const char recipients[] =
		"DELETE FROM recipient WHERE hash IN (SELECT hash FROM recipient"
		" WHERE day < ?1 / 86400000 LIMIT ?2)";
	static const char of_incidents[] =
		"DELETE FROM incident_recipient WHERE (incident, hash) IN"
		" (SELECT r.incident, r.hash FROM incident i JOIN incident_recipient r"
		"  ON r.incident = i.number WHERE i.state = 4 AND i.closed_at < ?1"
		"  LIMIT ?2)";
	static const char oldest[] =
		"DELETE FROM recipient WHERE hash IN (SELECT hash FROM recipient"
		" ORDER BY day LIMIT min(?2,"
		"  max(0, (SELECT count(*) FROM recipient) - ?1)))";
	static const char deferrals[] =
		"DELETE FROM deferral WHERE (hour, hash) IN (SELECT hour, hash"
		" FROM deferral WHERE hour < ?1 / 3600000 LIMIT ?2)";
	bool more = let_go(store, deferrals, now - DEFERRALS_KEPT_MS, limits->rows);
	if (limits->hold_ms > 0)
		more |= let_go(store, addresses, now - limits->hold_ms, limits->rows);
	if (limits->forget_ms > 0)
		more |= let_go(store, recipients, now - limits->forget_ms, limits->rows) |
			let_go(store, of_incidents, now - limits->forget_ms,
				limits->rows);
	if (limits->recipients_most > 0)
		more |= let_go(
			store, oldest, (int64_t)limits->recipients_most, limits->rows);
	return more;
}

struct key {
	int64_t parts[5]; /* name, minute, outcome, reason, host */
};

static bool next_minute(struct store *store, int64_t before, struct key *ret_key)
{
	static const char get[] =
		"SELECT name, minute, outcome, reason, host FROM tally"
		" WHERE length = 1 AND minute < ?1 ORDER BY minute LIMIT 1";
	struct query query = query_begin(store, get);
	query_int(&query, before);
	const bool found = query_next(&query);
	for (int i = 0; found && i < 5; i++)
		ret_key->parts[i] = query_column_int(&query, i);
	query_end(&query);
	return found;
}

static void put_key(struct query *query, const struct key *key)
{
	for (int i = 0; i < 5; i++)
		query_int(query, key->parts[i]);
}

/* The recipients of a minute and of the hour that it goes into. */
static int unite(struct store *store, const struct key *key, struct bytes *packed)
{
	static const char get[] =
		"SELECT recipients FROM tally WHERE name = ?1 AND outcome = ?3"
		" AND reason = ?4 AND host = ?5 AND ((minute = ?2 AND length = 1)"
		" OR (minute = ?2 / 60 * 60 AND length = 60))";
	struct crowd crowd = {0};
	int error = 0;
	struct query query = query_begin(store, get);
	put_key(&query, key);
	while (error == 0 && query_next(&query)) {
		size_t len;
		const uint8_t *bytes = query_column_blob(&query, 0, &len);
		error = crowd_unite(&crowd, bytes, len);
	}
	query_end(&query);
	if (error == 0)
		error = crowd_pack(&crowd, packed);
	crowd_finish(&crowd);
	return error;
}

static void roll_minute(struct store *store, const struct key *key)
{
	static const char put[] =
		"INSERT INTO tally(name, minute, length, outcome, reason, host, count,"
		" known, fresh, first_at, last_at, recipients)"
		" SELECT name, minute / 60 * 60, 60, outcome, reason, host, count, known,"
		" fresh, first_at, last_at, ?6 FROM tally WHERE name = ?1 AND minute = ?2"
		" AND length = 1 AND outcome = ?3 AND reason = ?4 AND host = ?5"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
		" known = known + excluded.known, fresh = fresh + excluded.fresh,"
		" first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at),"
		" recipients = excluded.recipients";
	static const char drop[] =
		"DELETE FROM tally WHERE name = ?1 AND minute = ?2 AND length = 1"
		" AND outcome = ?3 AND reason = ?4 AND host = ?5";
	struct bytes packed = {0};
	int error = unite(store, key, &packed);
	if (error < 0) {
		store_fail(store, error == -EINVAL ? -EUCLEAN : error,
			"a tally cannot be rolled up");
	} else {
		struct query query = query_begin(store, put);
		put_key(&query, key);
		query_blob(&query, packed.len > 0 ? packed.data : (const uint8_t *)"",
			packed.len);
		query_run(&query);
		query = query_begin(store, drop);
		put_key(&query, key);
		query_run(&query);
	}
	bytes_finish(&packed);
}

static bool roll_up(struct store *store, int64_t now, size_t rows)
{
	/* Whole hours only. */
	const int64_t before = (now - DELIVERIES_FINE_MS) / HOUR_MS * 60;
	struct key key;
	size_t done = 0;
	while (done < rows && store->error.code == 0 &&
		next_minute(store, before, &key)) {
		roll_minute(store, &key);
		done++;
	}
	return done == rows;
}

int deliveries_prune(struct store *store, const struct deliveries_limits *limits,
	int64_t now, bool *ret_more, struct store_error *ret_error)
{
	store_begin(store);
	bool more = expire(store, limits, now);
	more |= forget(store, limits, now);
	more |= popular_forget(store, now, limits->rows);
	more |= roll_up(store, now, limits->rows);
	int error = store_commit(store, now, ret_error);
	if (error == 0)
		*ret_more = more;
	return error;
}
