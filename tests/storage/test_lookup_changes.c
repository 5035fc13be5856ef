/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "resolvers/name.h"
#include "tests/storage/fixture.h"

struct told {
	size_t len;
	struct change changes[8];
	char domains[8][64];
	char servers[8][32];
};

static int on_change(void *owner, const struct change *change)
{
	struct told *told = owner;
	char text[NAME_TEXT_MAX];
	assert_true(told->len < 8);
	told->changes[told->len] = *change;
	strcpy(told->domains[told->len], name_format(change->domain, text));
	strcpy(told->servers[told->len++], change->server != NULL ? change->server : "-");
	return 0;
}

static struct told changes_in(struct store *store, const char *domain, const char *view,
	int64_t from, int64_t to)
{
	struct told told = {0};
	const struct lookup_window window = {
		.domain = domain != NULL ? wire(domain) : NULL,
		.view = view,
		.from = from,
		.to = to,
		.now = T0 + HOUR,
	};
	assert_int_equal(lookup_changes(store, &window, on_change, &told), 0);
	return told;
}

static int64_t move(struct fixture *fixture, int64_t point, const char *from,
	const char *to, int64_t at)
{
	store_begin(fixture->store);
	fixture_close_span(fixture, point, NULL, at - 10 * SECOND, 4);
	fixture_open_span(fixture, point, NULL, to, at, at - 10 * SECOND);
	int64_t number =
		fixture_change(fixture, point, NULL, from, to, at, at - 10 * SECOND);
	fixture_commit(fixture, at + 50);
	return number;
}

static void begin(struct fixture *fixture)
{
	for (int64_t point = 1; point <= 2; point++) {
		const char *domain = point == 1 ? "a.example" : "b.example";
		assert_int_equal(fixture_point(fixture, domain, "mta"), point);
		store_begin(fixture->store);
		fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
		fixture_commit(fixture, T0);
	}
}

static void changes_come_by_time_over_all_domains(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture);
	int64_t first = move(fixture, 1, "10 mx.example", "nodata", T0 + 60 * SECOND);
	int64_t second = move(fixture, 2, "10 mx.example", "10 mx.example 20 mx2.example",
		T0 + 50 * SECOND);
	assert_int_not_equal(first, second);
	struct told told = changes_in(fixture->store, NULL, NULL, 0, 0);
	assert_int_equal(told.len, 2);
	assert_int_equal(told.changes[0].number, second);
	assert_string_equal(told.domains[0], "b.example");
	assert_int_equal(told.changes[0].kind, CHANGE_ADDED);
	assert_int_equal(told.changes[0].not_before_at, T0 + 40 * SECOND);
	assert_int_equal(told.changes[0].confirmed_by, CONFIRMED_TCP);
	assert_int_equal(told.changes[0].confirmed_at, T0 + 50 * SECOND + 40);
	assert_int_equal(told.changes[0].rrtype, RECORD_TYPE_MX);
	assert_false(told.changes[0].imported);
	assert_int_equal(told.changes[1].kind, CHANGE_ANSWER);
	assert_int_equal(told.changes[1].from.state, ANSWER_MX);
	assert_int_equal(told.changes[1].to.state, ANSWER_NODATA);

	told = changes_in(fixture->store, "a.example", "mta", 0, 0);
	assert_int_equal(told.len, 1);
	assert_int_equal(changes_in(fixture->store, "a.example", "other", 0, 0).len, 0);
	assert_int_equal(
		changes_in(fixture->store, NULL, NULL, T0 + 50 * SECOND, T0 + 60 * SECOND)
			.len,
		1);
	assert_int_equal(
		changes_in(fixture->store, NULL, NULL, T0 + 50 * SECOND + 1, 0).len, 1);
	const struct lookup_window stranger = {.domain = wire("x.example")};
	assert_int_equal(
		lookup_changes(fixture->store, &stranger, on_change, &told), -ENOENT);
	/* A change that opened a span has no row of its own. */
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM change"), 0);
}

static void change_without_a_span_is_kept_too(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture);
	store_begin(fixture->store);
	fixture_open_span(fixture, 1, "192.0.2.7:53", "nodata", T0 + SECOND, T0);
	int64_t differs = fixture_change(
		fixture, 1, "192.0.2.7:53", "10 mx.example", "nodata", T0 + SECOND, T0);
	fixture_commit(fixture, T0 + SECOND);
	store_begin(fixture->store);
	fixture_close_span(fixture, 1, "192.0.2.7:53", T0 + 2 * SECOND, 2);
	int64_t rejoins = fixture_change(fixture, 1, "192.0.2.7:53", "nodata",
		"10 mx.example", T0 + 3 * SECOND, T0 + 2 * SECOND);
	fixture_commit(fixture, T0 + 3 * SECOND);
	struct told told = changes_in(fixture->store, "a.example", NULL, 0, 0);
	assert_int_equal(told.len, 2);
	assert_int_equal(told.changes[0].number, differs);
	assert_int_equal(told.changes[1].number, rejoins);
	assert_string_equal(told.servers[1], "192.0.2.7:53");
	assert_int_equal(told.changes[1].at, T0 + 3 * SECOND);
	assert_int_equal(told.changes[1].confirmed_at, T0 + 3 * SECOND + 40);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM change"), 1);
}

static int on_suspicion(void *owner, const struct suspicion *suspicion)
{
	(*(size_t *)owner)++;
	assert_int_equal(suspicion->number, 1);
	assert_int_equal(suspicion->held.state, ANSWER_NONE);
	assert_int_equal(suspicion->seen.set->len, 2);
	assert_string_equal(suspicion->server, "192.0.2.9:53");
	assert_string_equal(suspicion->why, "tie of 1 to 1");
	assert_int_equal(suspicion->at, T0 + SECOND);
	return 0;
}

static int on_evidence(void *owner, const struct evidence *evidence)
{
	(*(size_t *)owner)++;
	assert_string_equal(evidence->server, "192.0.2.1:53");
	assert_true(evidence->len == 4 || evidence->len == 0);
	assert_int_equal(evidence->rtt_us, 1200);
	assert_int_equal(evidence->local_port, 40000);
	assert_true(evidence->tcp);
	assert_false(evidence->clock_synchronised);
	return 0;
}

static void suspicion_keeps_its_messages(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture);
	const struct evidence evidence[] = {
		{.message = (const uint8_t *)"wxyz",
			.len = 4,
			.server = "192.0.2.1:53",
			.at = T0,
			.rtt_us = 1200,
			.local_port = 40000,
			.tcp = true},
		{.server = "192.0.2.1:53",
			.at = T0,
			.rtt_us = 1200,
			.local_port = 40000,
			.tcp = true},
	};
	store_begin(fixture->store);
	int64_t number = history_add_suspicion(fixture->store, 1,
		&(struct suspicion){.server = "192.0.2.9:53",
			.at = T0 + SECOND,
			.held = answer_of("none"),
			.seen = answer_of("10 evil.example 20 evil2.example"),
			.why = "tie of 1 to 1"},
		evidence, 2);
	fixture_commit(fixture, T0 + SECOND);
	size_t seen = 0;
	const struct lookup_window all = {.now = T0 + HOUR};
	assert_int_equal(lookup_suspicions(fixture->store, &all, on_suspicion, &seen), 0);
	const struct lookup_window one = {.domain = wire("a.example"), .view = "mta"};
	assert_int_equal(lookup_suspicions(fixture->store, &one, on_suspicion, &seen), 0);
	const struct lookup_window other = {.domain = wire("b.example")};
	assert_int_equal(
		lookup_suspicions(fixture->store, &other, on_suspicion, &seen), 0);
	assert_int_equal(seen, 2);
	seen = 0;
	assert_int_equal(lookup_evidence(fixture->store, EVIDENCE_OF_SUSPICION, number,
				 on_evidence, &seen),
		0);
	assert_int_equal(seen, 2);
}

static int count_evidence(void *owner, const struct evidence *evidence)
{
	(*(size_t *)owner)++;
	assert_true(evidence->clock_synchronised);
	return 0;
}

static void evidence_is_kept_once(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture);
	int64_t first = move(fixture, 1, "10 mx.example", "nodata", T0 + 60 * SECOND);
	move(fixture, 2, "10 mx.example", "nodata", T0 + 60 * SECOND);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM message"), 1);
	assert_int_equal(fixture_query(fixture, "SELECT count(*) FROM evidence"), 2);
	size_t seen = 0;
	assert_int_equal(lookup_evidence(fixture->store, EVIDENCE_OF_CHANGE, first,
				 count_evidence, &seen),
		0);
	assert_int_equal(seen, 1);
}

static void totals_count_everything(void **state)
{
	struct fixture *fixture = *state;
	struct lookup_totals totals;
	begin(fixture);
	move(fixture, 1, "10 mx.example", "nodata", T0 + 60 * SECOND);
	assert_int_equal(fixture_point(fixture, "a.example", "authoritative"), 3);
	store_begin(fixture->store);
	history_open_gap(fixture->store, 3, NULL, T0, GAP_OVERLOAD);
	history_add_gap(fixture->store, 3, NULL, T0, T0 + 1, GAP_OVERLOAD);
	history_unwatch_point(fixture->store, 2, T0);
	fixture_commit(fixture, T0 + 70 * SECOND);
	assert_int_equal(lookup_totals(fixture->store, &totals), 0);
	assert_int_equal(totals.domains, 2);
	assert_int_equal(totals.points, 3);
	assert_int_equal(totals.watched_points, 2);
	assert_int_equal(totals.spans, 3);
	assert_int_equal(totals.gaps, 1);
	assert_int_equal(totals.gaps_open, 1);
	assert_int_equal(totals.changes, 1);
	assert_int_equal(totals.suspicions, 0);
	assert_int_equal(totals.ledger, 4);
	assert_int_equal(totals.first_at, T0);
	assert_int_equal(totals.latest_at, T0 + 70 * SECOND);
}

struct buckets {
	size_t len;
	struct bucket buckets[4];
};

static int on_bucket(
	void *owner, const uint8_t *domain, const char *view, const struct bucket *bucket)
{
	struct buckets *told = owner;
	assert_true(name_equal(domain, wire("a.example")));
	assert_string_equal(view, "mta");
	assert_true(told->len < 4);
	told->buckets[told->len++] = *bucket;
	return 0;
}

static void buckets_come_as_they_stand(void **state)
{
	struct fixture *fixture = *state;
	begin(fixture);
	struct bucket bucket = {
		.point = 1, .from_at = T0, .length_ms = HOUR, .polls = 9, .usable = 8};
	store_begin(fixture->store);
	history_add_bucket(fixture->store, &bucket);
	bucket.polls = 10;
	history_add_bucket(fixture->store, &bucket);
	bucket.from_at += HOUR;
	history_add_bucket(fixture->store, &bucket);
	history_put_pulses(fixture->store, 0,
		&(struct pulse){.bucket_at = T0 + 2 * HOUR, .bucket_polls = 4}, 1);
	fixture_commit(fixture, T0);
	struct buckets told = {0};
	const struct lookup_window all = {.now = T0};
	assert_int_equal(lookup_buckets(fixture->store, &all, on_bucket, &told), 0);
	assert_int_equal(told.len, 3);
	assert_int_equal(told.buckets[0].polls, 10);
	assert_int_equal(told.buckets[1].from_at, T0 + HOUR);
	assert_int_equal(told.buckets[2].polls, 4);
	told.len = 0;
	const struct lookup_window window = {.domain = wire("a.example"),
		.view = "mta",
		.from = T0 + HOUR,
		.to = T0 + 2 * HOUR};
	assert_int_equal(lookup_buckets(fixture->store, &window, on_bucket, &told), 0);
	assert_int_equal(told.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_come_by_time_over_all_domains,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(change_without_a_span_is_kept_too,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			suspicion_keeps_its_messages, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			evidence_is_kept_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			totals_count_everything, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			buckets_come_as_they_stand, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("lookup_changes", tests, NULL, NULL);
}
