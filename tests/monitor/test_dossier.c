/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "alerts/timeline.h"
#include "monitor/dossier.h"
#include "monitor/operators.h"
#include "tests/storage/incident_case.h"

#define MINUTE (60 * SECOND)

struct desk {
	struct fixture *fixture;
	struct operators *operators;
};

static int set_up(void **state)
{
	static struct desk desk;
	struct operators_error error;

	if (fixture_setup((void **)&desk.fixture) != 0)
		return -1;
	assert_int_equal(operators_create(NULL, NULL, &desk.operators, &error), 0);
	*state = &desk;
	return 0;
}

static int tear_down(void **state)
{
	struct desk *const desk = *state;

	operators_destroy(desk->operators);
	return fixture_teardown((void **)&desk->fixture);
}

static int open_dossier(const struct desk *desk, int64_t number, bool addresses,
	struct dossier **ret_dossier)
{
	const struct dossier_options options = {
		.store = desk->fixture->store,
		.operators = desk->operators,
		.now = T0 + HOUR,
		.addresses = addresses,
	};

	return dossier_open(&options, number, ret_dossier);
}

/* a.example moves in view `mta`, after ten minutes in which nothing was polled. */
static void put_history(struct fixture *fixture)
{
	const int64_t mta = fixture_point(fixture, "a.example", "mta");

	store_begin(fixture->store);
	fixture_open_span(fixture, mta, NULL, "10 mx00.ionos.de.", T0 - HOUR, 0);
	history_open_gap(fixture->store, mta, NULL, T0 - 20 * MINUTE, ANSWER_SERVFAIL);
	history_close_gap(fixture->store, mta, NULL, T0 - 10 * MINUTE);
	fixture_close_span(fixture, mta, NULL, T0 - 10 * SECOND, 300);
	fixture_open_span(
		fixture, mta, NULL, "10 mx01.mail.icloud.com.", T0, T0 - 10 * SECOND);
	fixture_change(fixture, mta, NULL, "10 mx00.ionos.de.",
		"10 mx01.mail.icloud.com.", T0, T0 - 10 * SECOND);
	history_add_suspicion(fixture->store, mta,
		&(struct suspicion){.server = "192.0.2.9:53",
			.rrtype = RECORD_TYPE_MX,
			.at = T0 + SECOND,
			.held = answer_of("10 mx00.ionos.de."),
			.seen = answer_of("nxdomain"),
			.why = "not confirmed over TCP"},
		&(struct evidence){.message = (const uint8_t *)"forged", .len = 6}, 1);
	fixture_commit(fixture, T0 + SECOND);
}

static int64_t put_case(struct fixture *fixture)
{
	const struct incident incident = case_hijack();

	return case_put(fixture, &incident);
}

static void dossier_has_changes_with_their_messages(void **state)
{
	const struct desk *const desk = *state;
	struct dossier *dossier;

	put_history(desk->fixture);
	const int64_t number = put_case(desk->fixture);
	assert_int_equal(open_dossier(desk, number, false, &dossier), 0);
	const struct report *const report = &dossier->report;

	assert_string_equal(report->site, "lab");
	assert_string_equal(report->story->id, "lab-i1");
	assert_non_null(report->timeline);
	assert_int_equal(report->from, report->timeline->from);
	assert_null(report->addresses);
	assert_int_equal(report->changes_len, 2);
	assert_string_equal(report->changes[0].id, "lab-4");
	assert_string_equal(report->changes[0].what, "replaced");
	assert_string_equal(report->changes[0].from, "10 mx00.ionos.de [IONOS]");
	assert_string_equal(
		report->changes[0].to, "10 mx01.mail.icloud.com [Apple iCloud]");
	assert_int_equal(report->changes[0].not_before_at, T0 - 10 * SECOND);
	assert_int_equal(report->changes[0].at, T0);
	assert_null(report->changes[0].server);
	assert_string_equal(report->changes[1].id, "suspicion 1");
	assert_string_equal(report->changes[1].what, "held back, not confirmed over TCP");
	assert_string_equal(report->changes[1].server, "192.0.2.9:53");
	assert_int_equal(report->messages_len, 2);
	assert_string_equal(report->messages[0].change, "lab-4");
	assert_string_equal(report->messages[0].server, "192.0.2.1:53");
	assert_memory_equal(report->messages[0].bytes, "\x12\x34\x84\0", 4);
	assert_int_equal(report->messages[0].len, 4);
	assert_true(strlen(report->messages[0].text) > 0);
	assert_memory_equal(report->messages[1].bytes, "forged", 6);
	dossier_close(dossier);
}

static void dossier_has_coverage_mail_and_the_ledger(void **state)
{
	const struct desk *const desk = *state;
	struct dossier *dossier;

	put_history(desk->fixture);
	case_write_bounce(desk->fixture, "one@a.example", T0 + MINUTE);
	const int64_t number = put_case(desk->fixture);
	assert_int_equal(open_dossier(desk, number, false, &dossier), 0);
	const struct report *const report = &dossier->report;
	uint64_t unknown = 0;

	assert_int_equal(report->views_len, 1);
	assert_string_equal(report->views[0].view, "mta");
	assert_true(report->views[0].gaps_len >= 1);
	assert_int_equal(report->views[0].gaps[0].from, T0 - 20 * MINUTE);
	assert_int_equal(report->views[0].gaps[0].to, T0 - 10 * MINUTE);
	assert_string_equal(report->views[0].gaps[0].reason, "servfail");
	for (size_t i = 0; i < report->mails_len; i++)
		if (strcmp(report->mails[i].reason, "user-unknown") == 0) {
			assert_string_equal(
				report->mails[i].relay_host, "mx.other.example");
			unknown += report->mails[i].count;
		}
	assert_int_equal(unknown, 1);
	assert_true(report->ledger_transaction > 0);
	assert_int_equal(strlen(report->ledger_head), 64);
	dossier_close(dossier);
}

static void dossier_names_recipients_when_asked(void **state)
{
	const struct desk *const desk = *state;
	const int64_t number = put_case(desk->fixture);
	const struct incident_recipient row = {
		.hash = {1},
		.address = "one@a.example",
		.relay_host = "",
		.first_bounce_at = T0,
		.last_bounce_at = T0,
		.bounces = 1,
		.advice = ADVICE_REACTIVATE,
	};
	struct dossier *dossier;

	case_put_recipient(desk->fixture, &row);
	assert_int_equal(open_dossier(desk, number, true, &dossier), 0);
	assert_string_equal(dossier->report.addresses, "one@a.example\n");
	/* Nothing is known of its domain: no picture, and its own time. */
	assert_null(dossier->report.timeline);
	assert_int_equal(dossier->report.from, T0 - 30 * MINUTE);
	assert_int_equal(dossier->report.changes_len, 0);
	dossier_close(dossier);
}

static void dossier_is_of_the_monitor_itself_too(void **state)
{
	const struct desk *const desk = *state;
	struct incident incident = case_hijack();
	struct dossier *dossier = NULL;

	put_history(desk->fixture);
	incident.domain = NULL;
	incident.kind = INCIDENT_SELF;
	const int64_t number = case_put(desk->fixture, &incident);
	assert_int_equal(open_dossier(desk, number, false, &dossier), 0);
	assert_null(dossier->report.timeline);
	assert_int_equal(dossier->report.views_len, 0);
	dossier_close(dossier);
	dossier = NULL;
	assert_int_equal(open_dossier(desk, number + 1, false, &dossier), -ENOENT);
	assert_null(dossier);
	dossier_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			dossier_has_changes_with_their_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			dossier_has_coverage_mail_and_the_ledger, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			dossier_names_recipients_when_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			dossier_is_of_the_monitor_itself_too, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("monitor/dossier", tests, NULL, NULL);
}
