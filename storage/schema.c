/* SPDX-License-Identifier: MIT */
#include "storage/schema.h"

#include <stddef.h>

/*
 * Sizes matter here: a change is to cost about a hundred bytes with its indexes, a confirming
 * poll nothing, a coverage bucket at most 24 bytes.
 *
 * Hence: small numbers instead of names and answers; NULL or 0 (no bytes) for what is usual
 * (rrtype NULL is MX, server 0 the view as a whole); a span's counters in one blob of fixed size,
 * so that closing a span never makes its row grow and its page split; a change that opened a
 * span lives in that span's row (from_answer and what follows) and `change` holds the others: a
 * server that went back to its view, imports.
 */
static const char *const version_1[] = {
	"CREATE TABLE meta("
	" key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",

	/* The next number of each kind of row, so that none is given out twice. */
	"CREATE TABLE sequence("
	" kind INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT",

	/* Dictionaries. */
	"CREATE TABLE name(id INTEGER PRIMARY KEY, wire BLOB NOT NULL UNIQUE) STRICT",
	"CREATE TABLE view(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
	"CREATE TABLE server(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT",
	"INSERT INTO server(id, text) VALUES(0, '')",
	"CREATE TABLE answer(id INTEGER PRIMARY KEY,"
	" hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT",
	"CREATE TABLE message(id INTEGER PRIMARY KEY,"
	" hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT",
	"CREATE TABLE source(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT",

	"CREATE TABLE point(number INTEGER PRIMARY KEY,"
	" name INTEGER NOT NULL REFERENCES name, view INTEGER NOT NULL REFERENCES view,"
	" interval_ms INTEGER NOT NULL, timeout_ms INTEGER NOT NULL,"
	" bucket_ms INTEGER NOT NULL, watched INTEGER NOT NULL,"
	" unwatched_at INTEGER, UNIQUE(name, view)) STRICT",
	"CREATE TABLE pulse(block INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",

	"CREATE TABLE span(number INTEGER PRIMARY KEY,"
	" point INTEGER NOT NULL REFERENCES point,"
	" server INTEGER NOT NULL REFERENCES server, rrtype INTEGER,"
	" answer INTEGER NOT NULL REFERENCES answer, alias INTEGER REFERENCES name,"
	" first_at INTEGER NOT NULL,"
	" not_before_ms INTEGER," /* before first_at */
	" last_at INTEGER NOT NULL, open INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" counters BLOB NOT NULL," /* polls, ttl_min, ttl_max: 4 bytes each, big-endian */
	" from_answer INTEGER REFERENCES answer, confirmed_by INTEGER,"
	" confirmed_ms INTEGER" /* after first_at */
	") STRICT",
	"CREATE INDEX span_place ON span(point, server, first_at)",
	"CREATE UNIQUE INDEX span_open ON span(point, server) WHERE open = 1",
	"CREATE INDEX span_change ON span(first_at) WHERE from_answer IS NOT NULL",
	"CREATE TABLE imported(span INTEGER PRIMARY KEY REFERENCES span,"
	" source INTEGER NOT NULL REFERENCES source) STRICT",

	"CREATE TABLE gap(number INTEGER PRIMARY KEY,"
	" point INTEGER NOT NULL REFERENCES point,"
	" server INTEGER NOT NULL REFERENCES server, from_at INTEGER NOT NULL,"
	" to_at INTEGER NOT NULL, reason INTEGER NOT NULL,"
	" imported INTEGER NOT NULL) STRICT",
	"CREATE INDEX gap_place ON gap(point, from_at)",
	"CREATE TABLE gap_open(point INTEGER NOT NULL REFERENCES point,"
	" server INTEGER NOT NULL REFERENCES server, from_at INTEGER NOT NULL,"
	" reason INTEGER NOT NULL, PRIMARY KEY(point, server)) STRICT, WITHOUT ROWID",

	/* Up to 32 buckets a row, packed. */
	"CREATE TABLE bucket(point INTEGER NOT NULL REFERENCES point,"
	" length_ms INTEGER NOT NULL, chunk_at INTEGER NOT NULL, data BLOB NOT NULL,"
	" PRIMARY KEY(point, length_ms, chunk_at)) STRICT, WITHOUT ROWID",

	"CREATE TABLE change(number INTEGER PRIMARY KEY,"
	" point INTEGER NOT NULL REFERENCES point,"
	" server INTEGER NOT NULL REFERENCES server, rrtype INTEGER,"
	" at INTEGER NOT NULL, not_before_at INTEGER,"
	" from_answer INTEGER NOT NULL REFERENCES answer,"
	" to_answer INTEGER NOT NULL REFERENCES answer, confirmed_by INTEGER NOT NULL,"
	" confirmed_at INTEGER, imported INTEGER NOT NULL) STRICT",
	"CREATE INDEX change_at ON change(at)",
	"CREATE INDEX change_place ON change(point, at)",
	"CREATE TABLE suspicion(number INTEGER PRIMARY KEY,"
	" point INTEGER NOT NULL REFERENCES point,"
	" server INTEGER NOT NULL REFERENCES server, at INTEGER NOT NULL,"
	" held_answer INTEGER NOT NULL REFERENCES answer,"
	" seen_answer INTEGER NOT NULL REFERENCES answer, why TEXT NOT NULL) STRICT",
	"CREATE INDEX suspicion_at ON suspicion(at)",
	"CREATE INDEX suspicion_place ON suspicion(point, at)",

	/* kind 0: of the change `number`; 1: of the suspicion `number`. */
	"CREATE TABLE evidence(kind INTEGER NOT NULL, number INTEGER NOT NULL,"
	" ordinal INTEGER NOT NULL, message INTEGER NOT NULL REFERENCES message,"
	" server INTEGER NOT NULL REFERENCES server, at INTEGER NOT NULL,"
	" rtt_us INTEGER NOT NULL, port INTEGER NOT NULL,"
	" flags INTEGER NOT NULL," /* 1: over TCP, 2: clock synchronised */
	" PRIMARY KEY(kind, number, ordinal)) STRICT, WITHOUT ROWID",
	"CREATE INDEX evidence_message ON evidence(message)",

	"CREATE TABLE run(number INTEGER PRIMARY KEY, started_at INTEGER NOT NULL,"
	" beat_at INTEGER NOT NULL, stopped_at INTEGER, version TEXT NOT NULL) STRICT",
	"CREATE TABLE watched(name BLOB PRIMARY KEY, tags TEXT NOT NULL,"
	" added_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",

	"CREATE TABLE ledger(tx INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	" hash BLOB NOT NULL, refs BLOB NOT NULL) STRICT",
	"CREATE TABLE pruning(tx INTEGER PRIMARY KEY, before_at INTEGER NOT NULL,"
	" cut_tx INTEGER NOT NULL, cut_hash BLOB NOT NULL) STRICT",
	NULL,
};

/*
 * Deliveries. Nothing of these tables is chained: tallies grow until they are pruned, and what
 * is known of recipients can be erased.
 *
 * A recipient is 16 bytes of HMAC-SHA256, whose key is not in the file. `tally.recipients` is a
 * packed crowd; `known` of the count went to recipients who had accepted mail before; `fresh`
 * counts a deferral once a recipient and hour.
 */
static const char *const version_2[] = {
	"CREATE TABLE host(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT",
	"INSERT INTO host(id, text) VALUES(0, '')",
	"CREATE TABLE tally(name INTEGER NOT NULL REFERENCES name,"
	" minute INTEGER NOT NULL," /* since 1970 */
	" length INTEGER NOT NULL," /* in minutes: 1, or 60 when rolled up */
	" outcome INTEGER NOT NULL, reason INTEGER NOT NULL,"
	" host INTEGER NOT NULL REFERENCES host, count INTEGER NOT NULL,"
	" known INTEGER NOT NULL, fresh INTEGER NOT NULL, first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, recipients BLOB NOT NULL,"
	" PRIMARY KEY(name, minute, length, outcome, reason, host)) STRICT,"
	" WITHOUT ROWID",
	"CREATE INDEX tally_minute ON tally(length, minute)",

	"CREATE TABLE recipient(hash BLOB PRIMARY KEY, day INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID",
	"CREATE INDEX recipient_day ON recipient(day)",
	/* Bounces as user-unknown; the address is held for a while, or not at all. */
	"CREATE TABLE refused(name INTEGER NOT NULL REFERENCES name, hash BLOB NOT NULL,"
	" host INTEGER NOT NULL REFERENCES host, first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, bounces INTEGER NOT NULL, accepted_day INTEGER,"
	" address TEXT, PRIMARY KEY(name, hash, host)) STRICT, WITHOUT ROWID",
	"CREATE INDEX refused_last ON refused(last_at)",
	"CREATE INDEX refused_held ON refused(last_at) WHERE address IS NOT NULL",
	/* Mail that was given up: tells a bounce reported twice. id is 0 where none was told. */
	"CREATE TABLE final(hash BLOB NOT NULL, at INTEGER NOT NULL,"
	" id INTEGER NOT NULL, source INTEGER NOT NULL REFERENCES source,"
	" mail INTEGER NOT NULL, paired INTEGER NOT NULL) STRICT",
	"CREATE INDEX final_hash ON final(hash, at)",
	"CREATE INDEX final_at ON final(at)",
	"CREATE TABLE deferral(hour INTEGER NOT NULL, hash BLOB NOT NULL,"
	" PRIMARY KEY(hour, hash)) STRICT, WITHOUT ROWID",

	"CREATE TABLE relay(name INTEGER NOT NULL REFERENCES name,"
	" host INTEGER NOT NULL REFERENCES host, first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, answers INTEGER NOT NULL, accepted INTEGER NOT NULL,"
	" address TEXT NOT NULL," /* the latest */
	" outside_at INTEGER, outside INTEGER NOT NULL," /* answers as none of the MX */
	" no_route_at INTEGER, no_route INTEGER NOT NULL,"
	" PRIMARY KEY(name, host)) STRICT, WITHOUT ROWID",
	"CREATE INDEX relay_outside ON relay(outside_at) WHERE outside_at IS NOT NULL",
	"CREATE TABLE missing(name INTEGER NOT NULL REFERENCES name,"
	" target INTEGER NOT NULL REFERENCES name, first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(name, target)) STRICT, WITHOUT ROWID",

	/* How far each file was read: what it begins with, and what lies before the place. */
	"CREATE TABLE feed(number INTEGER PRIMARY KEY,"
	" source INTEGER NOT NULL REFERENCES source, format TEXT NOT NULL,"
	" path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,"
	" head_len INTEGER NOT NULL, head BLOB NOT NULL, tail_len INTEGER NOT NULL,"
	" tail BLOB NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL,"
	" state TEXT NOT NULL) STRICT",
	"CREATE INDEX feed_format ON feed(format, at)",
	"CREATE INDEX feed_path ON feed(format, path)",
	"CREATE TABLE rejected(source INTEGER NOT NULL REFERENCES source,"
	" reason TEXT NOT NULL, count INTEGER NOT NULL, first_at INTEGER NOT NULL,"
	" last_at INTEGER NOT NULL, PRIMARY KEY(source, reason)) STRICT, WITHOUT ROWID",
	"CREATE TABLE rejected_line(number INTEGER PRIMARY KEY,"
	" source INTEGER NOT NULL REFERENCES source, reason TEXT NOT NULL,"
	" at INTEGER NOT NULL, line BLOB NOT NULL) STRICT",
	"CREATE INDEX rejected_line_source ON rejected_line(source, number)",
	NULL,
};

/*
 * Incidents, and the domains that mail goes to. The row of an incident changes as it goes on;
 * what it was when it opened, became something else and closed stands in incident_event, whose
 * rows are chained. Addresses and hashes are in incident_recipient alone. Times are 0 where there
 * is none.
 *
 * `name` of what is known of recipients lets a domain's be erased; it is missing where version 2
 * wrote the row.
 */
static const char *const version_3[] = {
	"CREATE TABLE incident(number INTEGER PRIMARY KEY,"
	" name INTEGER REFERENCES name," /* NULL: of kind self */
	" kind INTEGER NOT NULL, kind_at_open INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, severity_now INTEGER NOT NULL,"
	" state INTEGER NOT NULL, suspected_at INTEGER NOT NULL,"
	" opened_at INTEGER NOT NULL, change_at INTEGER NOT NULL,"
	" change_not_before INTEGER NOT NULL, first_bounce_at INTEGER NOT NULL,"
	" last_bounce_at INTEGER NOT NULL, reverted_at INTEGER NOT NULL,"
	" closed_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
	" acked_at INTEGER NOT NULL, from_operators TEXT NOT NULL,"
	" to_operators TEXT NOT NULL, view TEXT NOT NULL, recipients INTEGER NOT NULL,"
	" bounces INTEGER NOT NULL, deferrals INTEGER NOT NULL,"
	" deliveries INTEGER NOT NULL, summary TEXT NOT NULL,"
	" since_at INTEGER NOT NULL" /* the earliest instant that it refers to */
	") STRICT",
	"CREATE INDEX incident_name ON incident(name, opened_at)",
	"CREATE INDEX incident_opened ON incident(opened_at)",
	"CREATE INDEX incident_open ON incident(name, since_at) WHERE state <> 4",
	"CREATE TABLE incident_evidence("
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" ordinal INTEGER NOT NULL, name TEXT NOT NULL, weight REAL NOT NULL,"
	" at INTEGER NOT NULL, text TEXT NOT NULL,"
	" PRIMARY KEY(incident, ordinal)) STRICT, WITHOUT ROWID",
	"CREATE TABLE incident_recipient("
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" hash BLOB NOT NULL, address TEXT, host INTEGER NOT NULL REFERENCES host,"
	" first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, bounces INTEGER NOT NULL,"
	" accepted_before INTEGER NOT NULL, advice INTEGER NOT NULL,"
	" PRIMARY KEY(incident, hash)) STRICT, WITHOUT ROWID",
	"CREATE INDEX incident_recipient_hash ON incident_recipient(hash)",
	"CREATE TABLE incident_event(number INTEGER PRIMARY KEY,"
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" name INTEGER REFERENCES name, at INTEGER NOT NULL, kind INTEGER NOT NULL, "
	"kind_at_open INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, severity_now INTEGER NOT NULL,"
	" state INTEGER NOT NULL, suspected_at INTEGER NOT NULL,"
	" opened_at INTEGER NOT NULL, change_at INTEGER NOT NULL,"
	" change_not_before INTEGER NOT NULL, first_bounce_at INTEGER NOT NULL,"
	" last_bounce_at INTEGER NOT NULL, reverted_at INTEGER NOT NULL,"
	" closed_at INTEGER NOT NULL, from_operators TEXT NOT NULL,"
	" to_operators TEXT NOT NULL, view TEXT NOT NULL, recipients INTEGER NOT NULL,"
	" bounces INTEGER NOT NULL, deferrals INTEGER NOT NULL,"
	" deliveries INTEGER NOT NULL) STRICT",
	"CREATE INDEX incident_event_incident ON incident_event(incident)",

	/* That something was erased; never whose. what: 1 a recipient, 2 a domain. */
	"CREATE TABLE erasure(number INTEGER PRIMARY KEY, what INTEGER NOT NULL,"
	" erased INTEGER NOT NULL) STRICT",
	"ALTER TABLE recipient ADD COLUMN name INTEGER REFERENCES name",
	"ALTER TABLE final ADD COLUMN name INTEGER REFERENCES name",
	"ALTER TABLE deferral ADD COLUMN name INTEGER REFERENCES name",

	/* Mail by day, and the domains that are watched for it. */
	"CREATE TABLE volume(day INTEGER NOT NULL,"
	" name INTEGER NOT NULL REFERENCES name, count INTEGER NOT NULL,"
	" PRIMARY KEY(day, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE popular(watch TEXT NOT NULL,"
	" name INTEGER NOT NULL REFERENCES name, since_at INTEGER NOT NULL,"
	" below_at INTEGER NOT NULL, PRIMARY KEY(watch, name)) STRICT, WITHOUT ROWID",

	/* What the detector remembers of a name; of all together: 0. */
	"CREATE TABLE memory(name INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
	"CREATE TABLE expectation(number INTEGER PRIMARY KEY,"
	" name INTEGER NOT NULL REFERENCES name, operators TEXT NOT NULL,"
	" until_at INTEGER NOT NULL, made_at INTEGER NOT NULL, note TEXT NOT NULL)"
	" STRICT",
	"CREATE INDEX expectation_name ON expectation(name, number)",
	NULL,
};

/* What a file passed on the way to its place: 4 bytes each. Older places have none. */
static const char *const version_4[] = {
	"ALTER TABLE feed ADD COLUMN marks BLOB NOT NULL DEFAULT x''",
	NULL,
};

/*
 * Addresses of exchanges: a point looks at one type of record, NULL being MX. The table is made
 * anew, since its old constraint allowed a name one point a view.
 */
static const char *const version_5[] = {
	"CREATE TABLE new_point(number INTEGER PRIMARY KEY,"
	" name INTEGER NOT NULL REFERENCES name, view INTEGER NOT NULL REFERENCES view,"
	" rrtype INTEGER, interval_ms INTEGER NOT NULL, timeout_ms INTEGER NOT NULL,"
	" bucket_ms INTEGER NOT NULL, watched INTEGER NOT NULL,"
	" unwatched_at INTEGER) STRICT",
	"INSERT INTO new_point SELECT number, name, view, NULL, interval_ms, timeout_ms,"
	" bucket_ms, watched, unwatched_at FROM point",
	"DROP TABLE point",
	"ALTER TABLE new_point RENAME TO point",
	"CREATE UNIQUE INDEX point_place ON point(name, view, ifnull(rrtype, 15))",
	NULL,
};

/*
 * The outbox: what is to be told, what was told, and what became of it. None of it is chained.
 * Numbers of channels would outlive the configuration that they come from: they are texts.
 */
static const char *const version_6[] = {
	"CREATE TABLE notice("
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" channel TEXT NOT NULL, event INTEGER NOT NULL, severity INTEGER NOT NULL,"
	" at INTEGER NOT NULL, PRIMARY KEY(incident, channel)) STRICT, WITHOUT ROWID",
	"CREATE INDEX notice_channel ON notice(channel, severity, at)",
	"CREATE TABLE told("
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" channel TEXT NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" severity INTEGER NOT NULL, state INTEGER NOT NULL,"
	" recipients INTEGER NOT NULL, first_alert INTEGER NOT NULL,"
	" last_alert INTEGER NOT NULL, PRIMARY KEY(incident, channel))"
	" STRICT, WITHOUT ROWID",
	"CREATE INDEX told_open ON told(channel, at) WHERE state <> 4",

	/* What one channel was sent; the bytes go before the row does. */
	"CREATE TABLE alert(number INTEGER PRIMARY KEY, channel TEXT NOT NULL,"
	" fallback TEXT NOT NULL, event INTEGER NOT NULL, at INTEGER NOT NULL,"
	" thread INTEGER NOT NULL, subject TEXT NOT NULL, note TEXT NOT NULL,"
	" incidents INTEGER NOT NULL, body BLOB) STRICT",
	"CREATE INDEX alert_channel ON alert(channel, at)",
	"CREATE INDEX alert_at ON alert(at)",
	"CREATE INDEX alert_body ON alert(at) WHERE body IS NOT NULL",
	"CREATE TABLE alert_case("
	" alert INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE,"
	" incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
	" event INTEGER NOT NULL, PRIMARY KEY(alert, incident)) STRICT, WITHOUT ROWID",
	"CREATE INDEX alert_case_incident ON alert_case(incident)",
	"CREATE TABLE handover(number INTEGER PRIMARY KEY,"
	" alert INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE,"
	" channel TEXT NOT NULL, recipient TEXT NOT NULL, state INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL, made_at INTEGER NOT NULL,"
	" next_at INTEGER NOT NULL, done_at INTEGER NOT NULL, code INTEGER NOT NULL,"
	" error TEXT NOT NULL) STRICT",
	"CREATE INDEX handover_alert ON handover(alert)",
	"CREATE INDEX handover_waiting ON handover(channel, next_at) WHERE state = 1",
	"CREATE INDEX handover_done ON handover(done_at)",
	"CREATE TABLE mark(key TEXT PRIMARY KEY, value INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID",
	NULL,
};

static const char *const *const steps[SCHEMA_VERSION] = {
	version_1,
	version_2,
	version_3,
	version_4,
	version_5,
	version_6,
};

static int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int write_meta(sqlite3 *db, const char *site, int64_t now)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db,
		"INSERT INTO meta(key, value) VALUES('site', ?1), ('created_at', ?2)", -1,
		&statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, site, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(statement, 2, now);
	if (rc == SQLITE_OK)
		sqlite3_step(statement);
	int finalized = sqlite3_finalize(statement);
	return rc != SQLITE_OK ? rc : finalized;
}

static int take_step(sqlite3 *db, int version, const char *site, int64_t now)
{
	char pragmas[96];
	sqlite3_snprintf(sizeof pragmas, pragmas,
		"PRAGMA user_version=%d; PRAGMA application_id=%d", version + 1,
		SCHEMA_APPLICATION);
	int rc = run(db, "BEGIN IMMEDIATE");
	for (size_t i = 0; rc == SQLITE_OK && steps[version][i] != NULL; i++)
		rc = run(db, steps[version][i]);
	if (rc == SQLITE_OK && version == 0)
		rc = write_meta(db, site, now);
	if (rc == SQLITE_OK)
		rc = run(db, pragmas);
	if (rc == SQLITE_OK)
		rc = run(db, "COMMIT");
	return rc;
}

int schema_migrate(sqlite3 *db, int version, const char *site, int64_t now)
{
	/* A table that others refer to can be made anew only while nobody checks. */
	int rc = run(db, "PRAGMA foreign_keys=0");
	for (; rc == SQLITE_OK && version < SCHEMA_VERSION; version++)
		rc = take_step(db, version, site, now);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
		run(db, "ROLLBACK");
	const int checked = run(db, "PRAGMA foreign_keys=1");
	return rc != SQLITE_OK ? rc : checked;
}
