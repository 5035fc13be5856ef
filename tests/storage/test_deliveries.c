/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "resolvers/mxset.h"
#include "storage/deliveries.h"
#include "storage/deliveries_lookup.h"
#include "storage/ledger.h"
#include "storage/schema.h"
#include "tests/storage/facts.h"
#include "tests/storage/fixture.h"

#define MINUTE INT64_C(60000)
#define DAY (24 * HOUR)
/* Begin of an hour. */
#define H0 (T0 / HOUR * HOUR)

static const uint8_t key[DELIVERIES_KEY] = {1, 2, 3};

static void write_as(struct fixture *fixture, const char *source,
	enum deliveries_keep keep, const struct delivery_fact *facts, size_t len)
{
	struct deliveries *batch;
	assert_int_equal(deliveries_create(key, keep, &batch), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(deliveries_add(batch, &facts[i]), 0);
	assert_int_equal(deliveries_len(batch), len);
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, source);
	fixture_commit(fixture, T0);
	deliveries_destroy(batch);
}

static void put(struct fixture *fixture, const char *source, struct delivery_fact fact)
{
	write_as(fixture, source, DELIVERIES_KEEP_INCIDENT, &fact, 1);
}

static int on_row(void *owner, const struct deliveries_row *row)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%d+%d %s/%s %s %d/%d known %d fresh %d; ",
		(int)((row->from - H0) / MINUTE), (int)((row->to - row->from) / MINUTE),
		delivery_outcome_name(row->outcome), delivery_reason_name(row->reason),
		row->relay_host, (int)row->count, (int)row->recipients, (int)row->known,
		(int)row->fresh);
	return 0;
}

static const char *rows(struct fixture *fixture, const char *domain, int64_t from,
	int64_t to, int64_t step)
{
	static char listing[4096];
	const struct deliveries_window window = {
		.domain = wire(domain), .from = from, .to = to, .step_ms = step};
	*listing = '\0';
	int error = deliveries_rows(fixture->store, &window, on_row, listing);
	if (error != 0)
		sprintf(listing, "%d", error);
	return listing;
}

static void deliveries_counts_by_minute_outcome_reason_and_host(void **state)
{
	struct fixture *fixture = *state;
	struct delivery_fact facts[] = {
		delivered("a@a.example", H0),
		delivered("b@a.example", H0 + 59999),
		delivered("a@a.example", H0 + MINUTE),
		bounced("c@a.example", "1", H0 + MINUTE),
		delivered("a@b.example", H0),
	};
	facts[1].count = 3;
	write_as(fixture, "x", DELIVERIES_KEEP_INCIDENT, facts, 5);
	put(fixture, "x", delivered("d@a.example", H0 + 1));
	assert_string_equal(rows(fixture, "a.example", H0, H0 + HOUR, 0),
		"0+60 delivered/ mx.a.example 6/3 known 1 fresh 6; "
		"0+60 bounced/user-unknown mx.a.example 1/1 known 0 fresh 1; ");
	assert_string_equal(rows(fixture, "a.example", H0, H0 + 2 * MINUTE, MINUTE),
		"0+1 delivered/ mx.a.example 5/3 known 0 fresh 5; "
		"1+1 delivered/ mx.a.example 1/1 known 1 fresh 1; "
		"1+1 bounced/user-unknown mx.a.example 1/1 known 0 fresh 1; ");
	assert_string_equal(rows(fixture, "b.example", 0, 0, 0),
		"0+1 delivered/ mx.a.example 1/1 known 0 fresh 1; ");
	assert_string_equal(rows(fixture, "c.example", 0, 0, 0), "-2");
	assert_string_equal(rows(fixture, "a.example", H0 + HOUR, H0 + 2 * HOUR, 0), "");
}

static void deliveries_knows_who_accepted_mail_before(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, "x", delivered("a@a.example", H0 - 3 * DAY));
	put(fixture, "x", bounced("a@a.example", "1", H0));
	put(fixture, "x", bounced("b@a.example", "2", H0));
	struct delivery_fact local = delivered("b@a.example", H0);
	local.remote = false;
	put(fixture, "x", local);
	put(fixture, "x", bounced("b@a.example", "3", H0 + 1));
	assert_non_null(strstr(rows(fixture, "a.example", H0, H0 + HOUR, 0),
		"bounced/user-unknown mx.a.example 3/2 known 1 fresh 3; "));
	assert_int_equal(
		fixture_query(fixture, "SELECT day FROM recipient"), H0 / DAY - 3);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM recipient"), 1);
}

static void deliveries_counts_a_repeated_deferral_once_an_hour_as_fresh(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 8; i++)
		put(fixture, "x",
			fact_of("a@a.example", DELIVERY_DEFERRED, REASON_GREYLISTED,
				H0 + i * 10 * MINUTE));
	put(fixture, "x",
		fact_of("b@a.example", DELIVERY_DEFERRED, REASON_GREYLISTED, H0));
	assert_string_equal(rows(fixture, "a.example", H0, H0 + 2 * HOUR, 0),
		"0+120 deferred/greylisted mx.a.example 9/2 known 0 fresh 3; ");
}

static int64_t bounces(struct fixture *fixture)
{
	return fixture_query(fixture, "SELECT sum(count) FROM tally WHERE outcome = 3");
}

static void deliveries_counts_a_bounce_of_two_sources_once(void **state)
{
	struct fixture *fixture = *state;
	struct delivery_fact mail = bounced("a@a.example", "Q1", H0 + 2 * DAY);
	mail.mail = true;
	put(fixture, "log", bounced("a@a.example", "Q1", H0));
	put(fixture, "dsn", mail);
	put(fixture, "dsn", mail);
	assert_int_equal(bounces(fixture), 1);
	put(fixture, "other log", bounced("a@a.example", "Q1", H0));
	assert_int_equal(bounces(fixture), 1);
	/* The same log never speaks twice of one thing. */
	put(fixture, "log", bounced("a@a.example", "Q1", H0 + 1));
	assert_int_equal(bounces(fixture), 2);
}

static void deliveries_pairs_bounce_mails_by_time_one_for_one(void **state)
{
	struct fixture *fixture = *state;
	struct delivery_fact mail = bounced("a@a.example", "", H0 + 5 * MINUTE);
	mail.mail = true;
	put(fixture, "dsn", mail);
	put(fixture, "log", bounced("a@a.example", "Q1", H0));
	assert_int_equal(bounces(fixture), 1);
	put(fixture, "log", bounced("a@a.example", "Q2", H0 + MINUTE));
	assert_int_equal(bounces(fixture), 2);
	put(fixture, "dsn", mail);
	assert_int_equal(bounces(fixture), 2);
	put(fixture, "dsn", mail);
	assert_int_equal(bounces(fixture), 3);
	mail = bounced("a@a.example", "", H0 + 5 * HOUR);
	mail.mail = true;
	put(fixture, "dsn", mail);
	assert_int_equal(bounces(fixture), 4);
	put(fixture, "log", bounced("b@a.example", "Q3", H0 + MINUTE));
	put(fixture, "log 2", bounced("b@a.example", "Q4", H0 + MINUTE));
	assert_int_equal(bounces(fixture), 6);
}

static int on_refusal(void *owner, const struct deliveries_refusal *row)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%s %s %d%s; ",
		row->address != NULL ? row->address : "-", row->relay_host,
		(int)row->bounces, row->accepted_before ? " known" : "");
	return 0;
}

static const char *refusals(struct fixture *fixture)
{
	static char listing[1024];
	const struct deliveries_window window = {.domain = wire("a.example")};
	*listing = '\0';
	assert_int_equal(
		deliveries_refusals(fixture->store, &window, on_refusal, listing), 0);
	return listing;
}

static void deliveries_holds_addresses_only_as_long_as_told(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	bool more;
	struct delivery_fact facts[] = {
		delivered("a@a.example", H0 - DAY),
		bounced("a@a.example", "1", H0),
		bounced("a@a.example", "2", H0 + 1),
		fact_of("full@a.example", DELIVERY_BOUNCED, REASON_MAILBOX_FULL, H0),
		bounced("local@a.example", "3", H0),
	};
	facts[4].remote = false;
	write_as(fixture, "x", DELIVERIES_KEEP_INCIDENT, facts, 5);
	assert_string_equal(refusals(fixture), "a@a.example mx.a.example 2 known; ");
	facts[1].recipient = "h@a.example";
	facts[1].at = H0 + 2;
	write_as(fixture, "x", DELIVERIES_KEEP_HASH, &facts[1], 1);
	assert_string_equal(refusals(fixture),
		"a@a.example mx.a.example 2 known; - mx.a.example 1; ");
	const struct deliveries_limits limits = {.hold_ms = 3 * DAY, .rows = 100};
	assert_int_equal(
		deliveries_prune(fixture->store, &limits, H0 + 3 * DAY, &more, &error),
		0);
	assert_non_null(strstr(refusals(fixture), "a@a.example "));
	assert_int_equal(deliveries_prune(fixture->store, &limits, H0 + 3 * DAY + 2,
				 &more, &error),
		0);
	assert_string_equal(
		refusals(fixture), "- mx.a.example 2 known; - mx.a.example 1; ");
	assert_false(more);
}

static int on_relay(void *owner, const struct deliveries_relay *relay)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%s[%s] %d..%d %d/%d", relay->host,
		relay->address, (int)(relay->first_at - H0), (int)(relay->last_at - H0),
		(int)relay->accepted, (int)relay->answers);
	if (relay->outside_at != 0)
		sprintf(listing + strlen(listing), " outside %d x%d",
			(int)(relay->outside_at - H0), (int)relay->outside);
	if (relay->no_route_at != 0)
		sprintf(listing + strlen(listing), " no-route %d x%d",
			(int)(relay->no_route_at - H0), (int)relay->no_route);
	strcat(listing, "; ");
	return 0;
}

static int on_missing(void *owner, const uint8_t *target, int64_t first_at,
	int64_t last_at, uint64_t count)
{
	char *listing = owner;
	assert_memory_equal(target, wire("gone.b.example"), 16);
	sprintf(listing, "%d..%d x%d", (int)(first_at - H0), (int)(last_at - H0),
		(int)count);
	return 0;
}

static void deliveries_notes_who_answered_for_a_domain(void **state)
{
	struct fixture *fixture = *state;
	char listing[1024] = "";
	struct delivery_fact facts[] = {
		delivered("a@a.example", H0 + 10),
		delivered("a@a.example", H0 + 5),
		fact_of("a@a.example", DELIVERY_BOUNCED, REASON_NO_ROUTE, H0 + 20),
		delivered("b@a.example", H0 + MINUTE),
		fact_of("c@a.example", DELIVERY_DEFERRED, REASON_NETWORK, H0 + 30),
	};
	facts[3].relay_host = facts[4].relay_host = "mx.b.example";
	facts[3].relay_ip = "192.0.2.9";
	facts[3].outside = true;
	facts[4].remote = false;
	facts[4].missing = wire("gone.b.example");
	write_as(fixture, "x", DELIVERIES_KEEP_INCIDENT, facts, 5);
	facts[3].at += 5;
	facts[3].relay_ip = "";
	put(fixture, "x", facts[3]);
	put(fixture, "x", facts[4]);
	assert_int_equal(
		deliveries_relays(fixture->store, wire("a.example"), on_relay, listing),
		0);
	assert_string_equal(listing,
		"mx.a.example[192.0.2.1] 5..20 2/3 no-route 20 x1; "
		"mx.b.example[192.0.2.9] 60000..60005 2/2 outside 60000 x2; ");
	assert_int_equal(deliveries_missing(
				 fixture->store, wire("a.example"), on_missing, listing),
		0);
	assert_string_equal(listing, "30..30 x2");
}

static int on_set(void *owner, const struct mxset *set)
{
	*(size_t *)owner += set->len;
	return 0;
}

static void deliveries_finds_the_exchangers_that_polls_saw(void **state)
{
	struct fixture *fixture = *state;
	size_t hosts = 0;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 a.example. 20 b.example.", T0, 0);
	fixture_commit(fixture, T0);
	assert_int_equal(deliveries_known_sets(fixture->store, wire("a.example"), T0,
				 T0 + 1, on_set, &hosts),
		0);
	assert_int_equal(hosts, 2);
	hosts = 0;
	assert_int_equal(deliveries_known_sets(fixture->store, wire("a.example"), T0 - 9,
				 T0, on_set, &hosts),
		0);
	assert_int_equal(hosts, 0);
}

static void deliveries_rolls_minutes_up_without_losing_any(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	bool more = true;
	char recipient[32];
	char before[512];
	const struct deliveries_limits limits = {.rows = 7};
	for (int i = 0; i < 90; i++) {
		sprintf(recipient, "r%d@a.example", i / 2);
		put(fixture, "x", delivered(recipient, H0 + i * MINUTE));
	}
	strcpy(before, rows(fixture, "a.example", H0, H0 + 2 * HOUR, 0));
	assert_non_null(strstr(before, " 90/45 "));
	while (more)
		assert_int_equal(
			deliveries_prune(fixture->store, &limits,
				H0 + HOUR + DELIVERIES_FINE_MS + MINUTE, &more, &error),
			0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM tally"), 31);
	assert_string_equal(rows(fixture, "a.example", H0, H0 + 2 * HOUR, 0), before);
	/* Late news of an hour that is rolled up already. */
	put(fixture, "x", delivered("late@a.example", H0 + MINUTE));
	more = true;
	while (more)
		assert_int_equal(
			deliveries_prune(fixture->store, &limits,
				H0 + 2 * HOUR + DELIVERIES_FINE_MS, &more, &error),
			0);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM tally"), 2);
	assert_non_null(
		strstr(rows(fixture, "a.example", H0, H0 + 2 * HOUR, 0), " 91/46 "));
}

static void deliveries_lets_everything_go_in_time(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	bool more = true;
	struct delivery_fact facts[4] = {
		delivered("a@a.example", H0),
		bounced("b@a.example", "1", H0),
		fact_of("c@a.example", DELIVERY_DEFERRED, REASON_NETWORK, H0),
		delivered("d@a.example", H0 + 2 * DAY),
	};
	facts[2].missing = wire("gone.b.example");
	write_as(fixture, "x", DELIVERIES_KEEP_INCIDENT, facts, 4);
	struct deliveries_limits limits = {.recipients_most = 1, .rows = 1};
	while (more)
		assert_int_equal(
			deliveries_prune(fixture->store, &limits, H0, &more, &error), 0);
	assert_int_equal(
		fixture_query(fixture, "SELECT day FROM recipient"), H0 / DAY + 2);
	limits = (struct deliveries_limits){
		.keep_ms = 10 * DAY, .forget_ms = 10 * DAY, .rows = 2};
	for (more = true; more;)
		assert_int_equal(deliveries_prune(fixture->store, &limits, H0 + 30 * DAY,
					 &more, &error),
			0);
	static const char *const tables[] = {
		"tally", "recipient", "refused", "final", "deferral", "relay", "missing"};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		char sql[64];
		sprintf(sql, "SELECT count(*) FROM %s", tables[i]);
		assert_int_equal(fixture_query(fixture, sql), 0);
	}
}

static void deliveries_can_be_written_again_after_a_failure(void **state)
{
	struct fixture *fixture = *state;
	struct deliveries *batch;
	const struct delivery_fact fact = bounced("a@a.example", "1", H0);
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_INCIDENT, &batch), 0);
	assert_int_equal(deliveries_add(batch, &fact), 0);
	for (int i = 0; i < 2; i++) {
		store_begin(fixture->store);
		deliveries_write(batch, fixture->store, "x");
		store_rollback(fixture->store);
	}
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "x");
	fixture_commit(fixture, T0);
	assert_int_equal(bounces(fixture), 1);
	deliveries_clear(batch);
	assert_int_equal(deliveries_len(batch), 0);
	for (int i = 0; i < DELIVERIES_BATCH_MOST; i++)
		assert_int_equal(deliveries_add(batch, &fact), 0);
	assert_int_equal(deliveries_add(batch, &fact), -ENOBUFS);
	deliveries_destroy(batch);
	deliveries_destroy(NULL);
}

static void deliveries_leaves_no_trace_in_the_ledger(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_verdict verdict;
	put(fixture, "x", bounced("a@a.example", "1", H0));
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 0);
}

static void deliveries_come_to_a_store_of_version_1(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_verdict verdict;
	fixture_load(fixture, "version-1.sql");
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), 1);
	const struct store_options reading = {.path = fixture->path};
	struct store_error error;
	struct store *reader;
	assert_int_equal(store_open(&reading, &reader, &error), -EPROTO);
	fixture_open(fixture);
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	assert_true(verdict.holds);
	assert_int_equal(verdict.transactions, 5);
	put(fixture, "x", bounced("a@a.example", "1", H0));
	assert_int_equal(bounces(fixture), 1);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(deliveries_counts_by_minute_outcome_reason_and_host),
		WITH_STORE(deliveries_knows_who_accepted_mail_before),
		WITH_STORE(deliveries_counts_a_repeated_deferral_once_an_hour_as_fresh),
		WITH_STORE(deliveries_counts_a_bounce_of_two_sources_once),
		WITH_STORE(deliveries_pairs_bounce_mails_by_time_one_for_one),
		WITH_STORE(deliveries_holds_addresses_only_as_long_as_told),
		WITH_STORE(deliveries_notes_who_answered_for_a_domain),
		WITH_STORE(deliveries_finds_the_exchangers_that_polls_saw),
		WITH_STORE(deliveries_rolls_minutes_up_without_losing_any),
		WITH_STORE(deliveries_lets_everything_go_in_time),
		WITH_STORE(deliveries_can_be_written_again_after_a_failure),
		WITH_STORE(deliveries_leaves_no_trace_in_the_ledger),
		WITH_STORE(deliveries_come_to_a_store_of_version_1),
	};
	return cmocka_run_group_tests_name("storage/deliveries", tests, NULL, NULL);
}
