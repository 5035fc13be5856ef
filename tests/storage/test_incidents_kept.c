/* SPDX-License-Identifier: MIT */
/* What incidents hold, chain, and let go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "storage/deliveries.h"
#include "storage/retention.h"
#include "storage/schema.h"
#include "tests/storage/incident_case.h"

#define DAY (24 * HOUR)

static void incidents_hold_what_they_refer_to(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	bool more;
	struct store_error error;
	const struct deliveries_limits limits = {
		.keep_ms = DAY, .forget_ms = 400 * DAY, .rows = 100};
	case_write_bounce(fixture, "eve@a.example", T0);
	case_write_bounce(fixture, "eve@b.example", T0);
	incident.state = INCIDENT_OPEN;
	incident.number = case_put(fixture, &incident);
	const struct incident_recipient row = {
		.relay_host = "x", .advice = ADVICE_REACTIVATE};
	case_put_recipient(fixture, &row);
	assert_int_equal(
		deliveries_prune(fixture->store, &limits, T0 + 90 * DAY, &more, &error),
		0);
	/* Of the day before nothing is left, of b.example neither. */
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM tally"), 2);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM refused"), 1);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM relay"), 2);
	incident.state = INCIDENT_CLOSED;
	incident.closed_at = T0 + HOUR;
	incident.updated_at = T0 + HOUR;
	case_put(fixture, &incident);
	assert_int_equal(
		deliveries_prune(fixture->store, &limits, T0 + 90 * DAY, &more, &error),
		0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM tally"), 0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM refused"), 0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM relay"), 0);
	assert_string_not_equal(case_recipients(fixture, 1, 0), "");
	assert_int_equal(
		deliveries_prune(fixture->store, &limits, T0 + 401 * DAY, &more, &error),
		0);
	assert_string_equal(case_recipients(fixture, 1, 0), "");
}

/* Another verifier, written after docs/ledger.md, has the same opinion. */
static void verify_elsewhere(const struct fixture *fixture)
{
	const char *verifier = getenv("MXVIGIL_VERIFY_LEDGER");
	char command[1024];
	assert_non_null(verifier);
	snprintf(command, sizeof command, "%s %s > %s/out", verifier, fixture->path,
		fixture->dir);
	int status = system(command);
	snprintf(command, sizeof command, "%s/out", fixture->dir);
	remove(command);
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

static void incidents_are_chained_as_they_become_something(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	incident.number = case_put(fixture, &incident);
	assert_int_equal(case_verify(fixture).transactions, 0); /* suspected */
	incident.state = INCIDENT_OPEN;
	case_put(fixture, &incident);
	incident.bounces++;
	case_put(fixture, &incident); /* nothing but a count */
	assert_int_equal(case_verify(fixture).transactions, 1);
	incident.kind = INCIDENT_MIGRATION_FALLOUT;
	case_put(fixture, &incident);
	incident.state = INCIDENT_REVERTED;
	case_put(fixture, &incident);
	incident.state = INCIDENT_CLOSED;
	case_put(fixture, &incident);
	struct incident self = case_hijack();
	self.domain = NULL;
	self.kind = INCIDENT_SELF;
	self.state = INCIDENT_OPEN;
	case_put(fixture, &self);
	struct ledger_verdict verdict = case_verify(fixture);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 5);
	assert_int_equal(verdict.records, 5);

	verify_elsewhere(fixture);
	fixture_tamper(fixture, "UPDATE incident_event SET bounces = 9 WHERE number = 2");
	verdict = case_verify(fixture);
	assert_false(verdict.holds);
	assert_int_equal(verdict.broken, 2);
	fixture_tamper(fixture, "UPDATE incident_event SET bounces = 4 WHERE number = 2");
	assert_true(case_verify(fixture).holds);
	fixture_tamper(fixture,
		"INSERT INTO incident_event SELECT 6, incident, name, at,"
		" kind, kind_at_open, severity, severity_now, state, 0, 0,"
		" 0, 0, 0, 0, 0, 0, '', '', '', 0, 0, 0, 0"
		" FROM incident_event WHERE number = 1");
	assert_string_equal(case_verify(fixture).why, "incident without a link");
}

static int prune(struct fixture *fixture, int64_t before)
{
	int more;
	struct store_error error;
	int code = retention_prune(
		fixture->store, before, 100, T0 + 30 * HOUR, &more, &error);
	assert_int_equal(code, 0);
	assert_true(case_verify(fixture).holds);
	return more;
}

static void incidents_hold_up_the_pruning_of_history(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	fixture_fill(fixture);
	incident.state = INCIDENT_OPEN;
	incident.updated_at = T0 + 3 * HOUR;
	incident.number = case_put(fixture, &incident);
	case_put_recipient(fixture,
		&(struct incident_recipient){.relay_host = "x", .advice = ADVICE_LEAVE});
	assert_int_equal(prune(fixture, T0 + 20 * HOUR), 0);
	assert_int_equal(case_count(fixture, "pruning"), 0);
	incident.state = INCIDENT_CLOSED;
	incident.closed_at = incident.updated_at = T0 + 4 * HOUR;
	case_put(fixture, &incident);
	uint64_t rows;
	store_begin(fixture->store);
	incidents_forget_domain(fixture->store, wire("z.example"), &rows);
	fixture_commit(fixture, T0 + 5 * HOUR);
	/* It stays while a link that tells of it does. */
	prune(fixture, T0 + 4 * HOUR);
	assert_int_equal(case_count(fixture, "incident_event"), 1);
	assert_int_equal(case_count(fixture, "incident"), 1);
	prune(fixture, T0 + 5 * HOUR);
	assert_int_equal(case_count(fixture, "incident_event"), 0);
	assert_int_equal(case_count(fixture, "incident"), 0);
	assert_int_equal(case_count(fixture, "incident_evidence"), 0);
	assert_int_equal(case_count(fixture, "incident_recipient"), 0);
	assert_int_equal(case_count(fixture, "erasure"), 1);
	prune(fixture, T0 + 20 * HOUR);
	assert_int_equal(case_count(fixture, "erasure"), 0);
}

/* How often the text stands anywhere in the database file. */
static int count_in_file(const struct fixture *fixture, const char *text)
{
	FILE *in = fopen(fixture->path, "re");
	assert_non_null(in);
	const size_t len = strlen(text);
	char *bytes = calloc(1, 1 << 22);
	assert_non_null(bytes);
	const size_t size = fread(bytes, 1, 1 << 22, in);
	fclose(in);
	int found = 0;
	for (size_t i = 0; i + len <= size; i++)
		found += memcmp(bytes + i, text, len) == 0;
	free(bytes);
	return found;
}

static void incidents_forget_one_recipient(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();
	struct incident_recipient row = {
		.relay_host = "x", .bounces = 1, .advice = ADVICE_REACTIVATE};
	uint64_t rows = 0;
	case_put(fixture, &incident);
	case_write_bounce(fixture, "eve@a.example", T0);
	case_hash_of(fixture, "a.example", row.hash);
	case_write_bounce(fixture, "bob@a.example", T0 + 1);
	case_put_recipient(fixture, &row);
	store_begin(fixture->store);
	incidents_forget_recipient(fixture->store, row.hash, &rows);
	fixture_commit(fixture, T0 + 9);
	/* In the incident, refused, accepted, told, deferred. */
	assert_int_equal(rows, 5);
	assert_string_equal(case_recipients(fixture, 1, 0), "");
	assert_int_equal(case_count(fixture, "refused"), 1);
	assert_int_equal(case_count(fixture, "recipient"), 1);
	assert_int_equal(fixture_query(fixture, "SELECT sum(count) FROM tally"), 6);
	assert_int_equal(
		fixture_query(fixture, "SELECT what * 100 + erased FROM erasure"), 105);
	struct ledger_verdict verdict = case_verify(fixture);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 1);
	verify_elsewhere(fixture);
	/* Nor is he left in a page that is free. */
	fixture_close(fixture);
	assert_int_equal(count_in_file(fixture, "eve@"), 0);
	assert_int_equal(count_in_file(fixture, "bob@"), 1);
	fixture_open(fixture);
	fixture_tamper(fixture, "INSERT INTO erasure VALUES(2, 1, 1)");
	assert_string_equal(case_verify(fixture).why, "erasure without a link");
}

static void incidents_forget_the_recipients_of_a_domain(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();
	struct incident_recipient row = {.relay_host = "x", .advice = ADVICE_LEAVE};
	uint64_t rows = 0;
	case_put(fixture, &incident);
	case_write_bounce(fixture, "eve@a.example", T0);
	case_hash_of(fixture, "a.example", row.hash);
	case_put_recipient(fixture, &row);
	case_write_bounce(fixture, "bob@a.example", T0 + 1);
	case_write_bounce(fixture, "eve@b.example", T0 + 1);
	/* As version 2 wrote it. */
	fixture_tamper(fixture, "UPDATE recipient SET name = NULL");
	store_begin(fixture->store);
	incidents_forget_domain(fixture->store, wire("a.example"), &rows);
	fixture_commit(fixture, T0 + 9);
	assert_int_equal(rows, 2 + 2 + 2 + 1 + 2);
	assert_int_equal(case_count(fixture, "refused"), 1);
	assert_int_equal(case_count(fixture, "recipient"), 1);
	assert_int_equal(case_count(fixture, "final"), 1);
	assert_int_equal(case_count(fixture, "deferral"), 1);
	assert_int_equal(case_count(fixture, "incident_recipient"), 0);
	assert_int_equal(
		fixture_query(fixture, "SELECT what * 100 + erased FROM erasure"), 209);
	assert_true(case_verify(fixture).holds);
}

static void incidents_forget_lines_that_name_somebody(void **state)
{
	struct fixture *fixture = *state;
	uint64_t rows = 0;
	fixture_tamper(fixture,
		"INSERT INTO source(id, text) VALUES(1, 'x');"
		"INSERT INTO rejected_line(source, reason, at, line)"
		" VALUES(1, 'r', 1, CAST('to=<Eve@A.example>' AS BLOB)),"
		" (1, 'r', 1, CAST('to=<bob@a.example>' AS BLOB))");
	store_begin(fixture->store);
	incidents_forget_lines(fixture->store, "eve@a.example", &rows);
	fixture_commit(fixture, T0);
	assert_int_equal(rows, 1);
	assert_int_equal(case_count(fixture, "rejected_line"), 1);
}

static void incidents_come_to_a_store_of_version_2(void **state)
{
	struct fixture *fixture = *state;
	fixture_load(fixture, "version-2.sql");
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), 2);
	fixture_open(fixture);
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), SCHEMA_VERSION);
	struct ledger_verdict verdict = case_verify(fixture);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 5);
	struct incident incident = case_hijack();
	incident.state = INCIDENT_OPEN;
	assert_int_equal(case_put(fixture, &incident), 1);
	struct incident_recipient row = {.relay_host = "x", .advice = ADVICE_LEAVE};
	case_hash_of(fixture, "a.example", row.hash);
	case_put_recipient(fixture, &row);
	assert_non_null(strstr(case_recipients(fixture, 1, 0), "user@a.example"));
	uint64_t rows;
	store_begin(fixture->store);
	incidents_forget_domain(fixture->store, wire("a.example"), &rows);
	fixture_commit(fixture, T0 + 9);
	assert_int_equal(rows, 5);
	assert_int_equal(case_verify(fixture).transactions, 7);
	assert_true(case_verify(fixture).holds);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(incidents_hold_what_they_refer_to),
		WITH_STORE(incidents_are_chained_as_they_become_something),
		WITH_STORE(incidents_hold_up_the_pruning_of_history),
		WITH_STORE(incidents_forget_one_recipient),
		WITH_STORE(incidents_forget_the_recipients_of_a_domain),
		WITH_STORE(incidents_forget_lines_that_name_somebody),
		WITH_STORE(incidents_come_to_a_store_of_version_2),
	};
	return cmocka_run_group_tests_name("storage/incidents_kept", tests, NULL, NULL);
}
