/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "monitor/chart.h"
#include "monitor/operators.h"
#include "tests/storage/incident_case.h"

#define MINUTE (60 * SECOND)
#define DAY (24 * HOUR)

struct easel {
	struct fixture *fixture;
	struct operators *operators;
};

static int set_up(void **state)
{
	static struct easel easel;
	struct operators_error error;

	if (fixture_setup((void **)&easel.fixture) != 0)
		return -1;
	assert_int_equal(operators_create(NULL, NULL, &easel.operators, &error), 0);
	*state = &easel;
	return 0;
}

static int tear_down(void **state)
{
	struct easel *const easel = *state;

	operators_destroy(easel->operators);
	return fixture_teardown((void **)&easel->fixture);
}

static struct chart_options options_of(const struct easel *easel, int64_t now)
{
	return (struct chart_options){
		.store = easel->fixture->store,
		.operators = easel->operators,
		.now = now,
		.utf8 = true,
	};
}

static struct chart *open_domain(const struct easel *easel, int64_t from, int64_t to)
{
	const struct chart_options options = options_of(easel, T0 + 2 * HOUR);
	struct chart *chart;

	assert_int_equal(
		chart_open_domain(&options, wire("a.example"), from, to, &chart), 0);
	return chart;
}

static struct chart *open_incident(
	const struct easel *easel, const struct incident *incident, int64_t now)
{
	const struct chart_options options = options_of(easel, now);
	struct chart *chart;

	assert_int_equal(chart_open_incident(&options, incident, &chart), 0);
	return chart;
}

/* a.example in view `mta`: away for half an hour; in view `auth` nothing but its first answer; a
 * server of its own mind. */
static void put_history(struct fixture *fixture)
{
	const int64_t auth = fixture_point(fixture, "a.example", "auth");
	const int64_t mta = fixture_point(fixture, "a.example", "mta");

	store_begin(fixture->store);
	fixture_open_span(fixture, mta, NULL, "10 mx00.ionos.de.", T0 - HOUR, 0);
	fixture_close_span(fixture, mta, NULL, T0 - 10 * SECOND, 360);
	fixture_open_span(fixture, mta, NULL,
		"10 mx01.mail.icloud.com. 20 mx.evil.example.", T0, T0 - 10 * SECOND);
	fixture_close_span(fixture, mta, NULL, T0 + 30 * MINUTE, 180);
	fixture_open_span(
		fixture, mta, NULL, "nxdomain", T0 + 31 * MINUTE, T0 + 30 * MINUTE);
	fixture_close_span(fixture, mta, NULL, T0 + 32 * MINUTE, 3);
	fixture_open_span(fixture, auth, NULL, "10 mx00.ionos.de.", T0 - HOUR, 0);
	fixture_open_span(fixture, auth, "192.0.2.1:53", "nodata", T0, T0 - 1);
	fixture_commit(fixture, T0);
}

static void chart_has_a_lane_a_view(void **state)
{
	const struct easel *const easel = *state;

	put_history(easel->fixture);
	struct chart *const chart = open_domain(easel, 0, 0);
	const struct timeline *const timeline = &chart->timeline;

	assert_string_equal(timeline->title, "MX of a.example");
	assert_int_equal(timeline->from, T0 - HOUR);
	assert_int_equal(timeline->to, T0 + 2 * HOUR);
	assert_int_equal(timeline->incident_from, 0);
	assert_int_equal(timeline->lanes_len, 2);
	assert_string_equal(timeline->lanes[0].view, "auth");
	assert_int_equal(
		timeline->lanes[0].spans_len, 1); /* not that of the one server */
	assert_string_equal(timeline->lanes[1].view, "mta");
	const struct timeline_span *const spans = timeline->lanes[1].spans;
	assert_int_equal(timeline->lanes[1].spans_len, 3);
	assert_string_equal(spans[0].operators, "IONOS");
	assert_string_equal(spans[0].answer, "10 mx00.ionos.de");
	assert_string_equal(spans[1].operators, "Apple iCloud, evil.example");
	assert_string_equal(
		spans[1].answer, "10 mx01.mail.icloud.com, 20 mx.evil.example");
	assert_int_equal(spans[1].from, T0);
	assert_int_equal(spans[1].to, T0 + 30 * MINUTE);
	assert_string_equal(spans[2].operators, "");
	assert_string_equal(spans[2].answer, "nxdomain (no such domain)");
	/* One text, however often it is said. */
	assert_ptr_equal(spans[0].answer, timeline->lanes[0].spans[0].answer);
	assert_int_equal(timeline->bars_len, 0);
	chart_close(chart);
}

static void chart_has_gaps_and_their_reasons(void **state)
{
	const struct easel *const easel = *state;
	const int64_t from = T0 + 40 * MINUTE;
	const int64_t to = T0 + 50 * MINUTE;

	put_history(easel->fixture);
	const int64_t mta = fixture_point(easel->fixture, "a.example", "mta");
	store_begin(easel->fixture->store);
	history_open_gap(easel->fixture->store, mta, NULL, from, ANSWER_TIMEOUT);
	history_close_gap(easel->fixture->store, mta, NULL, to);
	fixture_commit(easel->fixture, T0);
	struct chart *const chart = open_domain(easel, T0, T0 + HOUR);
	const struct timeline_lane *const lane = &chart->timeline.lanes[1];
	bool found = false;

	for (size_t i = 0; i < lane->gaps_len; i++)
		found = found ||
			(lane->gaps[i].from == from && lane->gaps[i].to == to &&
				strcmp(lane->gaps[i].reason, "timeout") == 0);
	assert_true(found);
	chart_close(chart);
}

/* Others looked while we had not been asked to. */
static void chart_lets_imported_answers_be_seen(void **state)
{
	const struct easel *const easel = *state;
	struct span span = {
		.domain = wire("a.example"),
		.view = "pdns",
		.rrtype = RECORD_TYPE_MX,
		.polls = 3,
		.ttl_min = UINT32_MAX,
		.imported = true,
	};

	store_begin(easel->fixture->store);
	for (int64_t i = 0; i < 3; i++) {
		span.answer = answer_of(i == 1 ? "nxdomain" : "10 mx00.ionos.de.");
		span.first_at = T0 - 50 * HOUR + i * 10 * HOUR;
		span.last_at = span.first_at + 10 * HOUR - (i == 0 ? MINUTE : 4 * HOUR);
		assert_int_not_equal(
			history_import_span(easel->fixture->store, &span, "pdns"), 0);
	}
	fixture_commit(easel->fixture, T0);
	struct chart *const chart = open_domain(easel, T0 - 55 * HOUR, T0);
	const struct timeline_lane *const lane = &chart->timeline.lanes[0];

	assert_int_equal(lane->spans_len, 3);
	assert_int_equal(lane->gaps_len, 3);
	assert_int_equal(lane->gaps[0].to, T0 - 50 * HOUR);
	/* Not the minute between the first two; the four hours that follow. */
	assert_int_equal(lane->gaps[1].from, T0 - 34 * HOUR);
	assert_int_equal(lane->gaps[1].to, T0 - 30 * HOUR);
	assert_int_equal(lane->gaps[2].from, T0 - 24 * HOUR);
	chart_close(chart);
}

static void chart_counts_mail_by_part(void **state)
{
	const struct easel *const easel = *state;
	struct timeline_bar sum = {0};

	case_write_bounce(easel->fixture, "one@a.example", T0);
	case_write_bounce(easel->fixture, "two@a.example", T0 + 7 * MINUTE);
	struct chart *chart = open_domain(easel, T0 - 2 * DAY, 0);
	const struct timeline *const timeline = &chart->timeline;

	assert_int_equal(timeline->lanes_len, 0);
	for (size_t i = 0; i < timeline->bars_len; i++) {
		const struct timeline_bar *const bar = &timeline->bars[i];

		assert_int_equal(bar->to - bar->from, 30 * MINUTE);
		assert_int_equal(bar->from % (30 * MINUTE), 0);
		assert_true(i == 0 || bar->from >= timeline->bars[i - 1].to);
		sum.accepted += bar->accepted;
		sum.deferred += bar->deferred;
		sum.unknown += bar->unknown;
		sum.bounced += bar->bounced;
	}
	assert_int_equal(sum.accepted, 2);
	assert_int_equal(sum.deferred, 2);
	assert_int_equal(sum.unknown, 2);
	assert_int_equal(sum.bounced, 0);
	chart_close(chart);
	/* Without a beginning, since the first mail; without mail then, an empty panel. */
	chart = open_domain(easel, 0, 0);
	assert_in_range(chart->timeline.from, T0 - DAY - MINUTE, T0 - DAY);
	chart_close(chart);
	chart = open_domain(easel, T0 + HOUR, T0 + 2 * HOUR);
	assert_int_equal(chart->timeline.bars_len, 1);
	assert_int_equal(chart->timeline.bars[0].accepted, 0);
	chart_close(chart);
}

static void chart_frames_an_incident(void **state)
{
	const struct easel *const easel = *state;
	struct incident incident = case_hijack();

	put_history(easel->fixture);
	incident.number = 1;
	incident.state = INCIDENT_CLOSED;
	incident.suspected_at = T0;
	incident.change_at = T0;
	incident.first_bounce_at = T0 + 30 * SECOND;
	incident.last_bounce_at = T0 + 5 * HOUR;
	incident.reverted_at = T0 + 4 * HOUR;
	incident.closed_at = T0 + 3 * DAY;
	struct chart *chart = open_incident(easel, &incident, T0 + 5 * DAY);
	const struct timeline *const timeline = &chart->timeline;

	assert_string_equal(
		timeline->title, "a.example: transient-hijack, warning, closed");
	assert_non_null(strstr(timeline->subtitle, "lab-i1"));
	assert_non_null(strstr(timeline->subtitle, incident.summary));
	assert_non_null(strstr(timeline->footer, "site lab"));
	assert_int_equal(timeline->incident_from, T0);
	assert_int_equal(timeline->incident_to, T0 + 4 * HOUR);
	assert_int_equal(timeline->from, T0 - 75 * MINUTE);
	assert_int_equal(timeline->to, T0 + 5 * HOUR + 75 * MINUTE);
	assert_int_equal(timeline->marks_len, 3);
	assert_string_equal(timeline->marks[0].label, "MX changed 22:13:20");
	assert_string_equal(timeline->marks[1].label, "first bounce 22:13:50");
	assert_string_equal(timeline->marks[2].label, "reverted 02:13:20");
	chart_close(chart);
	/* Of the time before anything was known, a little. */
	incident.reverted_at = T0 + 20 * HOUR;
	chart = open_incident(easel, &incident, T0 + 5 * DAY);
	assert_int_equal(chart->timeline.to, T0 + 25 * HOUR);
	assert_int_equal(chart->timeline.from, T0 - HOUR - 25 * HOUR / 8);
	chart_close(chart);
	/* It goes on: up to now, with half an hour before it at least. */
	incident.reverted_at = 0;
	incident.closed_at = 0;
	incident.last_bounce_at = T0 + MINUTE;
	chart = open_incident(easel, &incident, T0 + 20 * MINUTE);
	assert_int_equal(chart->timeline.from, T0 - 30 * MINUTE);
	assert_int_equal(chart->timeline.to, T0 + 20 * MINUTE);
	assert_int_equal(chart->timeline.incident_to, T0 + 20 * MINUTE);
	assert_int_equal(chart->timeline.marks_len, 2);
	chart_close(chart);
}

static void chart_says_that_nothing_is_known(void **state)
{
	const struct easel *const easel = *state;
	const struct chart_options options = options_of(easel, T0);
	struct incident incident = case_hijack();
	struct chart *chart = NULL;

	put_history(easel->fixture);
	assert_int_equal(
		chart_open_domain(&options, wire("b.example"), 0, 0, &chart), -ENOENT);
	incident.domain = NULL;
	assert_int_equal(chart_open_incident(&options, &incident, &chart), -ENOENT);
	assert_null(chart);
	chart_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			chart_has_a_lane_a_view, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			chart_has_gaps_and_their_reasons, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			chart_lets_imported_answers_be_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			chart_counts_mail_by_part, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			chart_frames_an_incident, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			chart_says_that_nothing_is_known, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("monitor/chart", tests, NULL, NULL);
}
