/* SPDX-License-Identifier: MIT */
#include "storage/outbox_list.h"
#include "storage/retention.h"
#include "tests/storage/outbox_case.h"

#define DAY (24 * HOUR)

static int on_row(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	(void)owner;
	assert_null(alert->body);
	case_say("%d %d %s; ", (int)alert->number, (int)handover->number,
		outbox_state_name(handover->state));
	return 0;
}

static const char *listed(struct fixture *fixture, struct outbox_filter filter)
{
	*case_said = '\0';
	assert_int_equal(outbox_each(fixture->store, &filter, on_row, NULL), 0);
	return case_said;
}

static void outbox_is_listed_counted_and_tried_anew(void **state)
{
	struct fixture *fixture = *state;
	struct outbox_totals totals;
	const int64_t incident = case_add_incident(fixture, "a.example", T0);
	store_begin(fixture->store);
	for (int64_t i = 0; i < 4; i++) {
		const int64_t alert =
			case_make_alert(fixture, "team", T0 + i, &incident, 1);
		outbox_put_handover(fixture->store, alert, "team", "", T0 + i);
	}
	case_notice(fixture, "team", incident, SEVERITY_WARNING, T0);
	fixture_commit(fixture, T0);
	case_end_handover(fixture, 1, OUTBOX_SENT, T0 + 11, "");
	case_end_handover(fixture, 2, OUTBOX_REFUSED, T0 + 12, "550 no");
	case_end_handover(fixture, 3, OUTBOX_EXPIRED, T0 + 13, "421 later");
	case_end_handover(fixture, 4, OUTBOX_WAITING, T0 + 60, "refused: connection");
	assert_string_equal(listed(fixture, (struct outbox_filter){.from = T0 + 1}),
		"2 2 refused; 3 3 expired; 4 4 waiting; ");
	assert_string_equal(
		listed(fixture, (struct outbox_filter){.alert = 1}), "1 1 sent; ");
	assert_string_equal(listed(fixture, (struct outbox_filter){.waiting_only = true}),
		"4 4 waiting; ");
	assert_int_equal(outbox_totals(fixture->store, T0 + 100, &totals), 0);
	assert_int_equal(totals.notices, 1);
	assert_int_equal(totals.waiting, 1);
	assert_int_equal(totals.given_up, 2);
	assert_int_equal(totals.oldest_at, T0 + 3);
	assert_int_equal(totals.sent_at, T0 + 11);
	assert_string_equal(totals.error, "refused: connection");
	assert_string_equal(totals.error_channel, "team");

	store_begin(fixture->store);
	assert_int_equal(outbox_retry(fixture->store, 1, T0 + 70), 0);
	assert_int_equal(outbox_retry(fixture->store, 2, T0 + 70), 1);
	assert_int_equal(outbox_retry(fixture->store, 0, T0 + 12 + 5 * DAY), 3);
	fixture_commit(fixture, T0);
	assert_string_equal(listed(fixture, (struct outbox_filter){.waiting_only = true}),
		"2 2 waiting; 3 3 waiting; 4 4 waiting; ");
}

static void outbox_lets_go_of_what_is_done_with(void **state)
{
	struct fixture *fixture = *state;
	store_begin(fixture->store);
	for (int64_t i = 0; i < 2; i++)
		outbox_put_handover(fixture->store,
			case_make_alert(fixture, "team", T0, NULL, 0), "team", "", T0);
	fixture_commit(fixture, T0);
	case_end_handover(fixture, 1, OUTBOX_SENT, T0 + DAY, "");
	store_begin(fixture->store);
	outbox_prune(fixture->store, T0 + 8 * DAY);
	fixture_commit(fixture, T0);
	assert_int_equal(
		fixture_query(fixture, "SELECT count(*) FROM alert WHERE body NOTNULL"),
		2);
	store_begin(fixture->store);
	outbox_prune(fixture->store, T0 + 8 * DAY + 1);
	fixture_commit(fixture, T0);
	assert_int_equal(
		fixture_query(fixture, "SELECT number FROM alert WHERE body NOTNULL"), 2);
	store_begin(fixture->store);
	outbox_prune(fixture->store, T0 + 91 * DAY);
	fixture_commit(fixture, T0);
	assert_int_equal(case_count(fixture, "alert"), 1);
	assert_int_equal(case_count(fixture, "handover"), 1);
}

static int64_t links_left(struct fixture *fixture)
{
	struct store_error error;
	int more = 1;
	while (more)
		assert_int_equal(retention_prune(fixture->store, T0 + 300 * DAY, 100,
					 T0 + 301 * DAY, &more, &error),
			0);
	return case_count(fixture, "ledger");
}

static void outbox_holds_up_the_pruning_of_what_was_not_told(void **state)
{
	struct fixture *fixture = *state;
	const int64_t a = case_add_incident(fixture, "a.example", T0);
	case_close_incident(fixture, a, T0 + 1);
	for (int64_t i = 2; i < 5; i++)
		case_close_incident(
			fixture, case_add_incident(fixture, "b.example", T0 + i), T0 + i);
	const int64_t all = case_count(fixture, "ledger");
	store_begin(fixture->store);
	case_notice(fixture, "team", a, SEVERITY_WARNING, T0 + 1);
	fixture_commit(fixture, T0 + 6);
	assert_int_equal(links_left(fixture), all);

	store_begin(fixture->store);
	outbox_drop_notice(fixture->store, "team", a);
	outbox_put_handover(fixture->store,
		case_make_alert(fixture, "team", T0 + 7, &a, 1), "team", "", T0 + 7);
	fixture_commit(fixture, T0 + 7);
	assert_int_equal(links_left(fixture), all);

	case_end_handover(fixture, 1, OUTBOX_SENT, T0 + 8, "");
	assert_true(links_left(fixture) < all);
	assert_int_equal(case_count(fixture, "incident"), 1); /* the last link stays */
	assert_int_equal(case_count(fixture, "alert_case"), 0);
	assert_int_equal(case_count(fixture, "alert"), 1);
	assert_true(case_verify(fixture).holds);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(outbox_is_listed_counted_and_tried_anew),
		WITH_STORE(outbox_lets_go_of_what_is_done_with),
		WITH_STORE(outbox_holds_up_the_pruning_of_what_was_not_told),
	};
	return cmocka_run_group_tests_name("storage/outbox_list", tests, NULL, NULL);
}
