/* SPDX-License-Identifier: MIT */
#include "tests/storage/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "resolvers/name.h"

#define KEPT 32

void fixture_open(struct fixture *fixture)
{
	struct store_error error = {0};
	int code = store_open(
		&(struct store_options){
			.path = fixture->path, .site = "lab", .write = true, .now = T0},
		&fixture->store, &error);
	if (code != 0)
		fail_msg("store_open: %s", error.text);
}

void fixture_close(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	assert_non_null(fixture);
	strcpy(fixture->dir, "/tmp/mxvigil-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	snprintf(fixture->path, sizeof fixture->path, "%s/history.db", fixture->dir);
	fixture_open(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", "-journal"};
	struct fixture *fixture = *state;
	fixture_close(fixture);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char name[128];
		snprintf(name, sizeof name, "%s%s", fixture->path, suffixes[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(fixture->dir), 0);
	free(fixture);
	for (size_t i = 0; i < KEPT; i++)
		answer_of("nodata");
	return 0;
}

struct store *fixture_reader(const struct fixture *fixture)
{
	struct store *reader = NULL;
	struct store_error error = {0};
	int code = store_open(&(struct store_options){.path = fixture->path, .now = T0},
		&reader, &error);
	if (code != 0)
		fail_msg("store_open: %s", error.text);
	return reader;
}

static sqlite3 *open_raw(const struct fixture *fixture)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return db;
}

void fixture_load(struct fixture *fixture, const char *name)
{
	static char sql[65536];
	char path[512];
	sqlite3 *db;
	const char *folder = getenv("MXVIGIL_STORAGE_TESTS");
	assert_non_null(folder);
	fixture_close(fixture);
	assert_int_equal(remove(fixture->path), 0);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	const size_t len = fread(sql, 1, sizeof sql - 1, in);
	assert_in_range(len, 1, sizeof sql - 2);
	sql[len] = '\0';
	fclose(in);
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

void fixture_tamper(const struct fixture *fixture, const char *sql)
{
	sqlite3 *db = open_raw(fixture);
	char *message = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t fixture_query(const struct fixture *fixture, const char *sql)
{
	sqlite3 *db = open_raw(fixture);
	sqlite3_stmt *statement;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

void fixture_commit(struct fixture *fixture, int64_t now)
{
	struct store_error error = {0};
	if (store_commit(fixture->store, now, &error) != 0)
		fail_msg("store_commit: %s", error.text);
}

const uint8_t *wire(const char *text)
{
	static uint8_t names[KEPT][NAME_WIRE_MAX];
	static size_t next;
	uint8_t *name = names[next++ % KEPT];
	assert_int_equal(name_parse(text, name), 0);
	return name;
}

struct mxset set_of(const char *text)
{
	struct mxset set = {0};
	unsigned preference;
	char exchange[256];
	int used;
	for (; sscanf(text, " %u %255s%n", &preference, exchange, &used) == 2;
		text += used)
		assert_int_equal(
			mxset_add(&set, (uint16_t)preference, wire(exchange)), 0);
	return set;
}

struct answer_value answer_of(const char *text)
{
	static struct mxset sets[KEPT];
	static size_t next;
	struct mxset *set = &sets[next++ % KEPT];
	enum answer_state state = ANSWER_MX;
	mxset_finish(set);
	if (answer_state_from_name(text, &state) < 0)
		*set = set_of(text);
	return (struct answer_value){.state = state, .set = set};
}

int64_t fixture_point(struct fixture *fixture, const char *domain, const char *view)
{
	store_begin(fixture->store);
	int64_t number = history_put_point(fixture->store,
		&(struct point){.domain = wire(domain),
			.view = view,
			.interval_ms = 10 * SECOND,
			.timeout_ms = 2 * SECOND,
			.bucket_ms = HOUR,
			.watched = true});
	fixture_commit(fixture, T0);
	return number;
}

int64_t fixture_open_span(struct fixture *fixture, int64_t point, const char *server,
	const char *answer, int64_t first_at, int64_t not_before_at)
{
	return history_open_span(fixture->store, point,
		&(struct span){.server = server,
			.rrtype = RECORD_TYPE_MX,
			.answer = answer_of(answer),
			.first_at = first_at,
			.not_before_at = not_before_at,
			.ttl_min = 300,
			.ttl_max = 300});
}

void fixture_close_span(struct fixture *fixture, int64_t point, const char *server,
	int64_t last_at, uint32_t polls)
{
	history_close_span(fixture->store, point, server,
		&(struct pulse){.last_at = last_at,
			.confirmed_at = last_at,
			.polls = polls,
			.ttl_min = 60,
			.ttl_max = 300});
}

int64_t fixture_change(struct fixture *fixture, int64_t point, const char *server,
	const char *from, const char *to, int64_t at, int64_t not_before_at)
{
	static const uint8_t message[] = {0x12, 0x34, 0x84, 0};
	const struct evidence evidence = {
		.message = message,
		.len = sizeof message,
		.server = "192.0.2.1:53",
		.at = at,
		.rtt_us = 1200,
		.local_port = 40000,
		.tcp = true,
		.clock_synchronised = true,
	};
	return history_add_change(fixture->store, point,
		&(struct change){.server = server,
			.rrtype = RECORD_TYPE_MX,
			.at = at,
			.not_before_at = not_before_at,
			.confirmed_by = CONFIRMED_TCP,
			.confirmed_at = at + 40,
			.from = answer_of(from),
			.to = answer_of(to)},
		&evidence, 1);
}

static void fill_buckets(struct fixture *fixture, int64_t point)
{
	struct bucket bucket = {.point = point,
		.from_at = T0 - T0 % HOUR,
		.length_ms = HOUR,
		.polls = 360,
		.usable = 355,
		.longest_ms = 10020};
	history_add_bucket(fixture->store, &bucket);
	bucket.from_at += HOUR;
	history_add_bucket(fixture->store, &bucket);
}

static void fill_import(struct fixture *fixture)
{
	struct store *store = fixture->store;
	struct span span = {
		.domain = wire("old.example"),
		.view = "import",
		.rrtype = RECORD_TYPE_MX,
		.answer = answer_of("10 old.example"),
		.alias = wire("alias.example"),
		.first_at = T0 - 1000 * HOUR,
		.last_at = T0 - 900 * HOUR,
		.polls = 17,
		.ttl_min = UINT32_MAX,
		.imported = true,
	};
	assert_int_not_equal(history_import_span(store, &span, "pdns.example"), 0);
	const struct gap gap = {.domain = span.domain,
		.view = "import",
		.from_at = T0 - 800 * HOUR,
		.to_at = T0 - 700 * HOUR,
		.reason = GAP_STOPPED,
		.imported = true};
	assert_int_not_equal(history_import_gap(store, &gap), 0);
}

void fixture_fill(struct fixture *fixture)
{
	struct store *store = fixture->store;
	int64_t a = fixture_point(fixture, "a.example", "mta");
	int64_t b = fixture_point(fixture, "b.example", "authoritative");

	store_begin(store);
	fixture_open_span(fixture, a, NULL, "10 mx.example", T0, 0);
	fixture_open_span(fixture, b, NULL, "nodata", T0 + 1, 0);
	fixture_commit(fixture, T0 + SECOND);

	store_begin(store);
	fixture_close_span(fixture, a, NULL, T0 + 50 * SECOND, 6);
	fixture_open_span(
		fixture, a, NULL, "20 mx2.example", T0 + 60 * SECOND, T0 + 50 * SECOND);
	fixture_change(fixture, a, NULL, "10 mx.example", "20 mx2.example",
		T0 + 60 * SECOND, T0 + 50 * SECOND);
	fixture_open_span(fixture, b, "192.0.2.7:53", "nxdomain", T0 + 60 * SECOND, T0);
	history_add_gap(
		store, b, NULL, T0 + 20 * SECOND, T0 + 50 * SECOND, ANSWER_TIMEOUT);
	fixture_commit(fixture, T0 + 61 * SECOND);

	store_begin(store);
	fixture_close_span(fixture, b, "192.0.2.7:53", T0 + 70 * SECOND, 2);
	fixture_change(fixture, b, "192.0.2.7:53", "nxdomain", "nodata", T0 + 80 * SECOND,
		T0 + 70 * SECOND);
	history_add_suspicion(store, a,
		&(struct suspicion){.server = "192.0.2.9:53",
			.at = T0 + 81 * SECOND,
			.held = answer_of("none"),
			.seen = answer_of("10 evil.example"),
			.why = "not confirmed over TCP"},
		&(struct evidence){.message = (const uint8_t *)"forged", .len = 6}, 1);
	fixture_commit(fixture, T0 + 82 * SECOND);

	store_begin(store);
	fill_buckets(fixture, a);
	fixture_commit(fixture, T0 + HOUR);

	store_begin(store);
	fill_buckets(fixture, a);
	fill_import(fixture);
	fixture_commit(fixture, T0 + 2 * HOUR);
}
