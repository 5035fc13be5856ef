/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "monitor/exchange.h"
#include "monitor/request.h"
#include "resolvers/mxset.h"
#include "tests/storage/fixture.h"

#define INTERVAL (10 * SECOND)

/* A monitor that polls one point of the fixture's store, and writes as the recorder does. */
struct monitor {
	struct store *store;
	int64_t point;
	int64_t run;
	struct pulse pulse;
	int64_t failing_from; /* 0 unless it fails */
	struct bucket bucket;
};

static void flush(struct monitor *monitor, int64_t at)
{
	struct store_error error;

	monitor->pulse.bucket_at = monitor->bucket.from_at;
	monitor->pulse.bucket_polls = monitor->bucket.polls;
	monitor->pulse.bucket_usable = monitor->bucket.usable;
	monitor->pulse.bucket_longest_ms = monitor->bucket.longest_ms;
	history_put_pulses(monitor->store, 0, &monitor->pulse, 1);
	history_beat_run(monitor->store, monitor->run, at);
	assert_int_equal(store_commit(monitor->store, at, &error), 0);
	store_begin(monitor->store);
}

static void roll_bucket(struct monitor *monitor, int64_t at)
{
	struct bucket *bucket = &monitor->bucket;

	if (bucket->from_at != 0 && at >= bucket->from_at + HOUR)
		history_add_bucket(monitor->store, bucket);
	if (bucket->from_at == 0 || at >= bucket->from_at + HOUR)
		*bucket = (struct bucket){.point = monitor->point,
			.from_at = at - at % HOUR,
			.length_ms = HOUR};
}

static void poll_answer(struct monitor *monitor, int64_t at)
{
	struct pulse *pulse = &monitor->pulse;
	int64_t distance = pulse->last_at != 0 ? at - pulse->last_at : 0;

	roll_bucket(monitor, at);
	monitor->bucket.polls++;
	monitor->bucket.usable++;
	if (distance > monitor->bucket.longest_ms)
		monitor->bucket.longest_ms = (uint32_t)distance;
	if (monitor->failing_from != 0)
		history_close_gap(monitor->store, monitor->point, NULL, at);
	monitor->failing_from = 0;
	pulse->last_at = at;
	pulse->confirmed_at = at;
	pulse->polls++;
}

static void poll_failure(struct monitor *monitor, int64_t at)
{
	roll_bucket(monitor, at);
	monitor->bucket.polls++;
	if (monitor->failing_from == 0 &&
		at - monitor->pulse.last_at > 2 * INTERVAL + 2 * SECOND) {
		monitor->failing_from = monitor->pulse.last_at;
		history_open_gap(monitor->store, monitor->point, NULL,
			monitor->failing_from, ANSWER_TIMEOUT);
	}
}

static void change_to(
	struct monitor *monitor, const char *from, const char *to, int64_t at)
{
	const struct span span = {.rrtype = RECORD_TYPE_MX,
		.answer = answer_of(to),
		.first_at = at,
		.not_before_at = monitor->pulse.confirmed_at,
		.ttl_min = 300,
		.ttl_max = 300,
		.flags = SPAN_AUTHENTICATED};
	const struct change change = {.rrtype = RECORD_TYPE_MX,
		.at = at,
		.not_before_at = monitor->pulse.confirmed_at,
		.confirmed_by = CONFIRMED_TCP,
		.confirmed_at = at + 30,
		.from = answer_of(from != NULL ? from : "nodata"),
		.to = answer_of(to),
		.kind = CHANGE_REPLACED};

	if (from != NULL) {
		history_close_span(monitor->store, monitor->point, NULL, &monitor->pulse);
		history_add_change(monitor->store, monitor->point, &change, NULL, 0);
	}
	monitor->pulse.polls = 0;
	monitor->pulse.ttl_min = monitor->pulse.ttl_max = 300;
	history_open_span(monitor->store, monitor->point, &span);
	poll_answer(monitor, at);
}

static void start(struct monitor *monitor, struct store *store, int64_t at)
{
	struct point point = {.domain = wire("online.example"),
		.view = "mta",
		.interval_ms = INTERVAL,
		.timeout_ms = 2 * SECOND,
		.bucket_ms = HOUR,
		.watched = true};

	*monitor = (struct monitor){.store = store};
	store_begin(store);
	monitor->run = history_start_run(store, at, "test");
	monitor->point = history_put_point(store, &point);
}

/* Three hours, to the second: a change, time-outs for five minutes, a server that differed, a
 * change to nxdomain; then, if failing is set, time-outs to the end. Returns the end. */
static int64_t live(struct monitor *monitor, bool failing)
{
	static const char old[] = "10 mx00.ionos.example 10 mx01.ionos.example";
	static const char new[] = "10 mx01.icloud.example";
	const struct span server = {.server = "192.0.2.53",
		.rrtype = RECORD_TYPE_MX,
		.answer = answer_of(old),
		.first_at = T0 + HOUR + 5 * SECOND,
		.alias = wire("alias.example"),
		.ttl_min = 60,
		.ttl_max = 90};
	const int64_t end = T0 + 3 * HOUR;

	change_to(monitor, NULL, old, T0);
	for (int64_t at = T0 + INTERVAL; at <= end; at += INTERVAL) {
		int64_t elapsed = at - T0;

		if (elapsed == HOUR) {
			change_to(monitor, old, new, at);
			history_open_span(monitor->store, monitor->point, &server);
		} else if (elapsed == HOUR + 40 * INTERVAL) {
			const struct pulse differed = {.last_at = at,
				.confirmed_at = at,
				.polls = 40,
				.ttl_min = 50,
				.ttl_max = 90};

			history_close_span(
				monitor->store, monitor->point, server.server, &differed);
			poll_answer(monitor, at);
		} else if (elapsed == 2 * HOUR + 30 * INTERVAL) {
			change_to(monitor, new, "nxdomain", at);
		} else if ((elapsed > HOUR / 2 && elapsed < HOUR / 2 + 30 * INTERVAL) ||
			(failing && elapsed > 2 * HOUR + 60 * INTERVAL)) {
			poll_failure(monitor, at);
		} else {
			poll_answer(monitor, at + elapsed / 10 % 7 * 100);
		}
	}
	flush(monitor, end);
	return end;
}

static void commit(struct monitor *monitor, int64_t at)
{
	struct store_error error;

	assert_int_equal(store_commit(monitor->store, at, &error), 0);
}

static char *export_all(struct store *store, int64_t now)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(exchange_export(store, &(struct lookup_window){.now = now}, out,
				 NULL, NULL),
		0);
	fclose(out);
	return text;
}

/* Imports all lines through one request. */
static json_t *import_all(struct store *store, const char *text)
{
	json_t *rows = json_array();
	json_t *request;
	json_t *answer;
	char *copy = strdup(text);
	char *rest = NULL;
	int line = 0;

	for (char *row = strtok_r(copy, "\n", &rest); row != NULL;
		row = strtok_r(NULL, "\n", &rest))
		json_array_append_new(rows,
			json_pack("{s:i, s:o}", "line", ++line, "row",
				json_loads(row, 0, NULL)));
	request = json_pack("{s:s, s:s, s:n, s:o}", "request", "import", "source", "test",
		"view", "rows", rows);
	assert_int_equal(request_apply(store, request, T0, &answer), 0);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_int_equal(json_array_size(json_object_get(answer, "refused")), 0);
	json_decref(request);
	free(copy);
	return answer;
}

/* Everything that readers can be told, as text. */
static int on_coverage(void *owner, const struct coverage *coverage)
{
	FILE *out = owner;

	fprintf(out, "%s %lld %lld: %llu%s %lld %lld %lld\n", coverage->view,
		(long long)(coverage->from - T0), (long long)(coverage->to - T0),
		(unsigned long long)coverage->polls, coverage->polls_exact ? "" : "+",
		(long long)coverage->covered_ms, (long long)coverage->largest_gap_ms,
		(long long)coverage->largest_gap_at);
	for (size_t i = 0; i < coverage->gaps_len; i++)
		fprintf(out, "  %lld %lld %s\n",
			(long long)(coverage->gaps[i].from_at - T0),
			(long long)(coverage->gaps[i].to_at - T0),
			gap_reason_name(coverage->gaps[i].reason));
	return 0;
}

static int on_instant(void *owner, const struct lookup_instant *instant)
{
	FILE *out = owner;

	fprintf(out, "%s %s %lld: %d %d %lld %lld %lld %lld %s\n", instant->view,
		instant->server != NULL ? instant->server : "-",
		(long long)(instant->at - T0), instant->known, instant->exact,
		(long long)(instant->before != NULL ? instant->before->first_at - T0 : 0),
		(long long)(instant->poll_before_at), (long long)(instant->poll_after_at),
		(long long)instant->within_ms,
		instant->gap != NULL ? gap_reason_name(instant->gap->reason) : "-");
	return 0;
}

static char *tell_all(struct store *store, int64_t now)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const int64_t step = 1000 * SECOND + 123;
	const uint8_t *domain = wire("online.example");

	for (int64_t from = T0 - HOUR; from < now; from += step)
		for (int64_t to = from + step; to < now + HOUR; to += 3 * step)
			assert_int_equal(lookup_coverage(store,
						 &(struct lookup_window){.domain = domain,
							 .from = from,
							 .to = to,
							 .now = now},
						 on_coverage, out),
				0);
	assert_int_equal(lookup_coverage(store,
				 &(struct lookup_window){.domain = domain, .now = now},
				 on_coverage, out),
		0);
	for (int64_t at = T0 - HOUR; at < now; at += 60 * SECOND + 77)
		assert_int_equal(
			lookup_at(store,
				&(struct lookup_window){
					.domain = domain, .view = NULL, .now = now},
				at, on_instant, out),
			0);
	fclose(out);
	return text;
}

static void expect_same_lines(char *ours, char *theirs)
{
	char *our_rest = NULL;
	char *their_rest = NULL;
	char *our = strtok_r(ours, "\n", &our_rest);
	char *their = strtok_r(theirs, "\n", &their_rest);
	size_t lines = 0;

	while (our != NULL && their != NULL) {
		assert_string_equal(our, their);
		our = strtok_r(NULL, "\n", &our_rest);
		their = strtok_r(NULL, "\n", &their_rest);
		lines++;
	}
	assert_true(our == NULL && their == NULL);
	assert_true(lines > 100);
}

/* Exports the fixture's store, imports into another, and holds the two to the same words, at
 * once and long after. */
static void expect_round_trip(struct fixture *fixture, int64_t end)
{
	const int64_t nows[] = {end + SECOND, end + 20 * SECOND, end + HOUR};
	char *exported = export_all(fixture->store, end + HOUR);
	void *state;
	struct fixture *second;
	json_t *answer;
	char *again;

	assert_int_equal(fixture_setup(&state), 0);
	second = state;
	answer = import_all(second->store, exported);
	assert_int_equal(json_integer_value(json_object_get(answer, "known")), 0);
	json_decref(answer);
	for (size_t i = 0; i < 3; i++) {
		char *ours = tell_all(fixture->store, nows[i]);
		char *theirs = tell_all(second->store, nows[i]);

		expect_same_lines(ours, theirs);
		free(ours);
		free(theirs);
	}
	again = export_all(second->store, end + HOUR);
	assert_string_equal(again, exported);
	answer = import_all(second->store, exported);
	assert_int_equal(json_integer_value(json_object_get(answer, "added")), 0);
	json_decref(answer);
	free(again);
	again = export_all(second->store, end + HOUR);
	assert_string_equal(again, exported);
	free(again);
	free(exported);
	fixture_teardown(&state);
}

static void exchange_tells_the_same_history(void **state)
{
	struct fixture *fixture = *state;
	struct monitor monitor;
	int64_t end;

	start(&monitor, fixture->store, T0);
	end = live(&monitor, false);
	history_stop_run(fixture->store, monitor.run, end);
	commit(&monitor, end);
	expect_round_trip(fixture, end);
}

static void exchange_keeps_failures_that_last(void **state)
{
	struct fixture *fixture = *state;
	struct monitor monitor;
	int64_t end;

	start(&monitor, fixture->store, T0);
	end = live(&monitor, true);
	history_stop_run(fixture->store, monitor.run, end);
	commit(&monitor, end);
	expect_round_trip(fixture, end);
}

static void exchange_keeps_what_was_unwatched(void **state)
{
	struct fixture *fixture = *state;
	struct monitor monitor;
	int64_t end;

	start(&monitor, fixture->store, T0);
	end = live(&monitor, false);
	history_unwatch_point(fixture->store, monitor.point, end);
	history_stop_run(fixture->store, monitor.run, end);
	commit(&monitor, end);
	expect_round_trip(fixture, end);
}

static void exchange_speaks_common_output_format(void **state)
{
	const struct mxset none = {0};
	const struct answer_value hosts = answer_of("10 mx.example 5 a.example");
	struct span span = {.domain = wire("a.example"),
		.view = "mta",
		.rrtype = RECORD_TYPE_MX,
		.answer = hosts,
		.first_at = T0 + 1,
		.last_at = T0 + 9999,
		.polls = 3,
		.ttl_min = UINT32_MAX};
	json_t *row = exchange_span_row(&span);
	char *text;

	(void)state;
	text = json_dumps(row, JSON_COMPACT);
	assert_string_equal(text,
		"{\"rrname\":\"a.example\",\"rrtype\":\"MX\",\"rdata\":["
		"\"5 a.example.\",\"10 mx.example.\"],\"time_first\":1700000000,"
		"\"time_last\":1700000009,\"sensor_id\":\"mta\",\"x_mxvigil\":{"
		"\"record\":\"span\",\"answer\":\"mx\",\"server\":null,"
		"\"first_ms\":1700000000001,\"last_ms\":1700000009999,"
		"\"not_before_ms\":null,\"ttl_min\":null,\"ttl_max\":null,"
		"\"alias\":null,\"authenticated\":false,\"beside_null\":false,"
		"\"imported\":false},\"count\":3}");
	free(text);
	json_decref(row);
	span.answer = (struct answer_value){.state = ANSWER_NXDOMAIN, .set = &none};
	row = exchange_span_row(&span);
	assert_string_equal(
		json_string_value(json_object_get(row, "x_rcode")), "NXDOMAIN");
	assert_int_equal(json_array_size(json_object_get(row, "rdata")), 0);
	json_decref(row);
}

#define GROUP_TEST(name)                                                                 \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUP_TEST(exchange_tells_the_same_history),
		GROUP_TEST(exchange_keeps_failures_that_last),
		GROUP_TEST(exchange_keeps_what_was_unwatched),
		cmocka_unit_test(exchange_speaks_common_output_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
