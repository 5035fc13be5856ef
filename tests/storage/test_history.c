/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/ledger.h"
#include "tests/storage/fixture.h"

struct seen {
	size_t len;
	struct span spans[8];
	char servers[8][32];
	enum answer_state states[8];
	size_t hosts[8];
};

static int on_span(void *owner, const struct span *span)
{
	struct seen *seen = owner;
	assert_true(seen->len < 8);
	seen->spans[seen->len] = *span;
	strcpy(seen->servers[seen->len], span->server != NULL ? span->server : "-");
	seen->states[seen->len] = span->answer.state;
	seen->hosts[seen->len++] = span->answer.set->len;
	return 0;
}

static struct seen spans_of(struct store *store, const char *domain)
{
	struct seen seen = {0};
	int error = lookup_spans(
		store, &(struct lookup_window){.domain = wire(domain)}, on_span, &seen);
	assert_int_equal(error, 0);
	return seen;
}

static void history_numbers_points_densely(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(fixture_point(fixture, "a.example", "mta"), 1);
	assert_int_equal(fixture_point(fixture, "a.example", "authoritative"), 2);
	assert_int_equal(fixture_point(fixture, "a.example", "mta"), 1);
	assert_int_equal(fixture_point(fixture, "b.example", "mta"), 3);
}

static void history_moves_from_span_to_span(void **state)
{
	struct fixture *fixture = *state;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx.example 20 mx2.example", T0, 0);
	fixture_commit(fixture, T0);
	store_begin(fixture->store);
	fixture_close_span(fixture, point, NULL, T0 + 50 * SECOND, 6);
	fixture_open_span(
		fixture, point, NULL, "nxdomain", T0 + 60 * SECOND, T0 + 50 * SECOND);
	fixture_commit(fixture, T0 + 61 * SECOND);

	struct seen seen = spans_of(fixture->store, "a.example");
	assert_int_equal(seen.len, 2);
	assert_int_equal(seen.states[0], ANSWER_MX);
	assert_int_equal(seen.hosts[0], 2);
	assert_int_equal(seen.spans[0].first_at, T0);
	assert_int_equal(seen.spans[0].last_at, T0 + 50 * SECOND);
	assert_int_equal(seen.spans[0].polls, 6);
	assert_int_equal(seen.spans[0].ttl_min, 60);
	assert_false(seen.spans[0].open);
	assert_int_equal(seen.states[1], ANSWER_NXDOMAIN);
	assert_int_equal(seen.spans[1].not_before_at, T0 + 50 * SECOND);
	assert_int_equal(seen.spans[1].polls, 1);
	assert_true(seen.spans[1].open);
}

static void history_overlays_the_pulse(void **state)
{
	struct fixture *fixture = *state;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
	history_put_pulses(fixture->store, 0,
		&(struct pulse){.last_at = T0 + 30 * SECOND,
			.confirmed_at = T0 + 20 * SECOND,
			.polls = 3,
			.ttl_min = 1,
			.ttl_max = 2},
		1);
	fixture_commit(fixture, T0);
	struct seen seen = spans_of(fixture->store, "a.example");
	assert_int_equal(seen.spans[0].last_at, T0 + 20 * SECOND);
	assert_int_equal(seen.spans[0].polls, 3);
	assert_int_equal(seen.spans[0].ttl_max, 2);

	/* A crash before the next flush: the pulse is that of the span before. */
	store_begin(fixture->store);
	fixture_close_span(fixture, point, NULL, T0 + 40 * SECOND, 5);
	fixture_open_span(
		fixture, point, NULL, "nodata", T0 + 50 * SECOND, T0 + 40 * SECOND);
	fixture_commit(fixture, T0 + 51 * SECOND);
	seen = spans_of(fixture->store, "a.example");
	assert_int_equal(seen.spans[0].polls, 5);
	assert_int_equal(seen.spans[1].polls, 1);
	assert_int_equal(seen.spans[1].last_at, T0 + 50 * SECOND);
	assert_int_equal(seen.spans[1].ttl_max, 300);
}

static void history_keeps_servers_apart(void **state)
{
	struct fixture *fixture = *state;
	int64_t point = fixture_point(fixture, "a.example", "authoritative");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx.example", T0, 0);
	fixture_open_span(fixture, point, "192.0.2.2:53", "nodata", T0, 0);
	fixture_commit(fixture, T0);
	store_begin(fixture->store);
	history_touch_span(fixture->store, point, "192.0.2.2:53",
		&(struct pulse){.confirmed_at = T0 + SECOND, .polls = 9});
	history_amend_span(
		fixture->store, point, NULL, wire("alias.example"), SPAN_AUTHENTICATED);
	fixture_commit(fixture, T0);
	struct seen seen = spans_of(fixture->store, "a.example");
	assert_int_equal(seen.len, 2);
	assert_string_equal(seen.servers[0], "-");
	assert_non_null(seen.spans[0].alias);
	assert_int_equal(seen.spans[0].flags, SPAN_AUTHENTICATED);
	assert_string_equal(seen.servers[1], "192.0.2.2:53");
	assert_int_equal(seen.spans[1].polls, 9);
	assert_int_equal(seen.spans[1].last_at, T0 + SECOND);
}

static void history_refuses_to_close_what_is_not_open(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_close_span(fixture, point, NULL, T0, 1);
	assert_int_equal(store_commit(fixture->store, T0, &error), -EINVAL);
}

static void history_says_enoent_for_strangers(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(lookup_spans(fixture->store,
				 &(struct lookup_window){.domain = wire("x.example")},
				 on_span, NULL),
		-ENOENT);
}

struct resumed {
	struct pulse pulses[3];
	bool has_span[3];
	int64_t unwatched_at[3];
	size_t server_spans;
	size_t gaps;
};

static int on_point(void *owner, const struct point *point, const struct pulse *pulse,
	const struct span *span, int64_t unwatched_at)
{
	struct resumed *resumed = owner;
	size_t at = (size_t)point->number - 1;
	resumed->pulses[at] = *pulse;
	resumed->has_span[at] = span != NULL;
	resumed->unwatched_at[at] = unwatched_at;
	assert_int_equal(point->watched, unwatched_at == 0);
	return 0;
}

static int on_server_span(void *owner, int64_t point, const struct span *span)
{
	struct resumed *resumed = owner;
	assert_int_equal(point, 1);
	assert_string_equal(span->server, "192.0.2.2:53");
	resumed->server_spans++;
	return 0;
}

static int on_gap(void *owner, int64_t point, const struct gap *gap)
{
	struct resumed *resumed = owner;
	assert_int_equal(point, 2);
	assert_int_equal(gap->reason, ANSWER_TIMEOUT);
	assert_int_equal(gap->from_at, T0 + SECOND);
	resumed->gaps++;
	return 0;
}

static void history_resumes_where_it_was(void **state)
{
	struct fixture *fixture = *state;
	fixture_point(fixture, "a.example", "mta");
	fixture_point(fixture, "b.example", "mta");
	fixture_point(fixture, "c.example", "mta");
	const struct pulse pulses[] = {
		{.last_at = T0 + 20,
			.confirmed_at = T0 + 20,
			.polls = 3,
			.bucket_at = T0},
		{.last_at = T0 + 10, .bucket_at = T0, .bucket_polls = 4},
	};
	store_begin(fixture->store);
	fixture_open_span(fixture, 1, NULL, "10 mx.example", T0, 0);
	fixture_open_span(fixture, 1, "192.0.2.2:53", "nodata", T0, 0);
	history_open_gap(fixture->store, 2, NULL, T0 + SECOND, ANSWER_TIMEOUT);
	history_open_gap(fixture->store, 2, NULL, T0 + 2 * SECOND, GAP_CLOCK);
	history_put_pulses(fixture->store, 0, pulses, 2);
	history_add_bucket(fixture->store,
		&(struct bucket){
			.point = 1, .from_at = T0, .length_ms = HOUR, .polls = 9});
	history_unwatch_point(fixture->store, 3, T0 + 7);
	fixture_commit(fixture, T0);

	struct resumed resumed = {0};
	const struct lookup_resume resume = {.owner = &resumed,
		.on_point = on_point,
		.on_server_span = on_server_span,
		.on_gap = on_gap};
	assert_int_equal(lookup_resume(fixture->store, &resume), 0);
	assert_true(resumed.has_span[0]);
	assert_int_equal(resumed.pulses[0].polls, 3);
	assert_int_equal(resumed.pulses[0].bucket_at, 0);
	assert_false(resumed.has_span[1]);
	assert_int_equal(resumed.pulses[1].bucket_polls, 4);
	assert_int_equal(resumed.unwatched_at[2], T0 + 7);
	assert_int_equal(resumed.server_spans, 1);
	assert_int_equal(resumed.gaps, 1);
}

static void history_resumes_from_the_end_of_a_gap(void **state)
{
	struct fixture *fixture = *state;
	fixture_point(fixture, "a.example", "mta");
	const struct pulse pulse = {
		.last_at = T0 + 20, .confirmed_at = T0 + 20, .polls = 3};
	store_begin(fixture->store);
	fixture_open_span(fixture, 1, NULL, "10 mx.example", T0, 0);
	history_put_pulses(fixture->store, 0, &pulse, 1);
	history_add_gap(fixture->store, 1, NULL, T0 - SECOND, T0, ANSWER_TIMEOUT);
	history_add_gap(fixture->store, 1, NULL, T0 + 20, T0 + 5 * SECOND, GAP_CRASHED);
	history_add_gap(
		fixture->store, 1, "192.0.2.2", T0, T0 + 9 * SECOND, ANSWER_REFUSED);
	fixture_commit(fixture, T0);

	struct resumed resumed = {0};
	const struct lookup_resume resume = {.owner = &resumed, .on_point = on_point};
	assert_int_equal(lookup_resume(fixture->store, &resume), 0);
	assert_int_equal(resumed.pulses[0].last_at, T0 + 5 * SECOND);
	assert_int_equal(resumed.pulses[0].confirmed_at, T0 + 20);
	assert_int_equal(resumed.pulses[0].polls, 3);
}

static void history_knows_how_the_last_run_ended(void **state)
{
	struct fixture *fixture = *state;
	struct run_end end;
	assert_int_equal(lookup_last_run(fixture->store, &end), 0);
	assert_false(end.any);
	store_begin(fixture->store);
	int64_t run = history_start_run(fixture->store, T0, "0.1");
	history_beat_run(fixture->store, run, T0 + 5);
	fixture_commit(fixture, T0);
	assert_int_equal(lookup_last_run(fixture->store, &end), 0);
	assert_true(end.any);
	assert_false(end.stopped);
	assert_int_equal(end.last_at, T0 + 5);
	assert_int_equal(end.latest_at, T0 + 5);
	store_begin(fixture->store);
	history_stop_run(fixture->store, run, T0 + 9);
	fixture_commit(fixture, T0);
	assert_int_equal(lookup_last_run(fixture->store, &end), 0);
	assert_true(end.stopped);
	assert_int_equal(end.last_at, T0 + 9);
}

static int count_gap(void *owner, const struct gap *gap)
{
	unsigned *gaps = owner;
	assert_int_equal(
		gap->rrtype, gap->from_at == T0 ? RECORD_TYPE_MX : RECORD_TYPE_A);
	++*gaps;
	return 0;
}

static int count_bucket(
	void *owner, const uint8_t *domain, const char *view, const struct bucket *bucket)
{
	unsigned *buckets = owner;
	(void)domain;
	(void)view;
	assert_int_equal(
		bucket->rrtype, bucket->polls == 7 ? RECORD_TYPE_A : RECORD_TYPE_MX);
	++*buckets;
	return 0;
}

/* A name that is a domain and somebody's exchange has a point of each type, told apart. */
static void fill_both_types(struct fixture *fixture)
{
	struct store *store = fixture->store;
	int64_t mx = fixture_point(fixture, "a.example", "mta");
	struct point address = {.domain = wire("a.example"),
		.view = "mta",
		.rrtype = RECORD_TYPE_A,
		.interval_ms = HOUR,
		.bucket_ms = HOUR,
		.watched = true};
	store_begin(store);
	int64_t a = history_put_point(store, &address);
	assert_int_not_equal(a, mx);
	assert_int_equal(history_put_point(store, &address), a);
	assert_int_equal(
		history_find_point(store, address.domain, "mta", RECORD_TYPE_A), a);
	assert_int_equal(
		history_find_point(store, address.domain, "mta", RECORD_TYPE_MX), mx);
	assert_int_equal(
		history_find_point(store, address.domain, "mta", RECORD_TYPE_AAAA), 0);
	const struct answer_value says = answer_of("0 c0000201.");
	history_open_span(store, a,
		&(struct span){.rrtype = RECORD_TYPE_A, .answer = says, .first_at = T0});
	fixture_open_span(fixture, mx, NULL, "10 mx.example.", T0, 0);
	history_add_gap(store, mx, NULL, T0, T0 + HOUR, GAP_STOPPED);
	history_add_gap(store, a, NULL, T0 + 1, T0 + HOUR, GAP_STOPPED);
	history_add_bucket(store,
		&(struct bucket){
			.point = mx, .from_at = T0 - T0 % HOUR, .length_ms = HOUR});
	history_add_bucket(store,
		&(struct bucket){.point = a,
			.from_at = T0 - T0 % HOUR,
			.length_ms = HOUR,
			.polls = 7,
			.usable = 7});
	fixture_commit(fixture, T0 + HOUR);
}

static void history_tells_types_apart(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = fixture->store;
	fill_both_types(fixture);
	static const struct {
		uint16_t wish;
		unsigned found;
	} cases[] = {
		{0, 1}, {RECORD_TYPE_MX, 1}, {RECORD_TYPE_A, 1}, {LOOKUP_ALL_TYPES, 2}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct lookup_window window = {.domain = wire("a.example"),
			.rrtype = cases[i].wish,
			.now = T0 + HOUR};
		struct seen seen = {0};
		unsigned gaps = 0;
		unsigned buckets = 0;
		assert_int_equal(lookup_spans(store, &window, on_span, &seen), 0);
		assert_int_equal(seen.len, cases[i].found);
		assert_int_equal(seen.spans[0].rrtype,
			cases[i].wish == RECORD_TYPE_A ? RECORD_TYPE_A : RECORD_TYPE_MX);
		assert_int_equal(lookup_gaps(store, &window, count_gap, &gaps), 0);
		assert_int_equal(gaps, cases[i].found);
		assert_int_equal(
			lookup_buckets(store, &window, count_bucket, &buckets), 0);
		assert_int_equal(buckets, cases[i].found);
	}
	assert_int_equal(
		lookup_domain_is_known(store, wire("a.example"), RECORD_TYPE_AAAA),
		-ENOENT);
	struct ledger_verdict verdict;
	assert_int_equal(ledger_verify(store, 0, 0, NULL, NULL, &verdict), 0);
	assert_true(verdict.holds);
	/* the ledger knows of which type a gap is */
	fixture_close(fixture);
	fixture_tamper(fixture, "UPDATE gap SET point = 3 - point, from_at = from_at");
	fixture_open(fixture);
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	assert_false(verdict.holds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			history_tells_types_apart, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			history_numbers_points_densely, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			history_moves_from_span_to_span, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			history_overlays_the_pulse, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			history_keeps_servers_apart, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(history_refuses_to_close_what_is_not_open,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(history_says_enoent_for_strangers,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			history_resumes_where_it_was, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(history_resumes_from_the_end_of_a_gap,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(history_knows_how_the_last_run_ended,
			fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
