/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/outbox.h"
#include "storage/schema.h"
#include "tests/storage/outbox_case.h"

/* --- notices --- */

static int on_notice(void *owner, const struct outbox_notice *found)
{
	(void)owner;
	case_say("%s %d %d %d +%d; ", found->channel, (int)found->incident, found->event,
		(int)found->severity, (int)(found->at - T0));
	return 0;
}

static const char *notices(struct fixture *fixture, const char *channel, int64_t incident)
{
	*case_said = '\0';
	assert_int_equal(
		outbox_notices(fixture->store, channel, incident, on_notice, NULL), 0);
	return case_said;
}

static int on_pending(void *owner, const struct outbox_pending *pending)
{
	(void)owner;
	case_say("%s %d +%d %d; ", pending->channel, (int)pending->count,
		(int)(pending->first_at - T0),
		pending->critical_at != 0 ? (int)(pending->critical_at - T0) : -1);
	return 0;
}

static void outbox_holds_one_notice_of_an_incident_and_channel(void **state)
{
	struct fixture *fixture = *state;
	const int64_t a = case_add_incident(fixture, "a.example", T0);
	const int64_t b = case_add_incident(fixture, "b.example", T0);
	store_begin(fixture->store);
	case_notice(fixture, "team", a, SEVERITY_WARNING, T0 + 1);
	case_notice(fixture, "team", b, SEVERITY_CRITICAL, T0 + 2);
	case_notice(fixture, "chat", a, SEVERITY_WARNING, T0 + 3);
	case_notice(fixture, "team", a, SEVERITY_WARNING, T0 + 9);
	fixture_commit(fixture, T0);
	assert_string_equal(
		notices(fixture, "team", 0), "team 2 2 3 +2; team 1 2 2 +1; ");
	assert_string_equal(notices(fixture, NULL, a), "chat 1 2 2 +3; team 1 2 2 +1; ");
	*case_said = '\0';
	assert_int_equal(outbox_each_pending(fixture->store, on_pending, NULL), 0);
	assert_string_equal(case_said, "chat 1 +3 -1; team 2 +1 2; ");

	store_begin(fixture->store);
	outbox_drop_notice(fixture->store, "team", b);
	outbox_drop_notices(fixture->store, "chat");
	fixture_commit(fixture, T0);
	assert_string_equal(notices(fixture, "team", 0), "team 1 2 2 +1; ");
	assert_string_equal(notices(fixture, "chat", 0), "");
}

static void outbox_is_undone_with_the_transaction_of_the_incident(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();
	store_begin(fixture->store);
	const int64_t number = incidents_put(fixture->store, &incident);
	case_notice(fixture, "team", number, SEVERITY_WARNING, T0);
	store_rollback(fixture->store);
	assert_string_equal(notices(fixture, "team", 0), "");
	assert_int_equal(case_count(fixture, "incident"), 0);
}

/* --- what a channel knows --- */

static int on_told(void *owner, const struct outbox_told *told)
{
	(void)owner;
	case_say("%s %d +%d %d %d %d %d %d-%d; ", told->channel, (int)told->incident,
		(int)(told->at - T0), (int)told->kind, (int)told->severity,
		(int)told->state, (int)told->recipients, (int)told->first_alert,
		(int)told->last_alert);
	return 0;
}

static void tell(struct fixture *fixture, int64_t incident, int64_t at, int64_t alert)
{
	outbox_tell(fixture->store,
		&(struct outbox_told){
			.channel = "team",
			.incident = incident,
			.at = at,
			.kind = INCIDENT_TRANSIENT_HIJACK,
			.severity = SEVERITY_WARNING,
			.state = INCIDENT_OPEN,
			.recipients = 7,
			.first_alert = alert,
			.last_alert = alert,
		});
}

static const char *stale(struct fixture *fixture, int64_t before, size_t most)
{
	*case_said = '\0';
	assert_int_equal(
		outbox_stale(fixture->store, "team", before, most, on_told, NULL), 0);
	return case_said;
}

static void outbox_knows_the_first_alert_of_a_thread(void **state)
{
	struct fixture *fixture = *state;
	const int64_t a = case_add_incident(fixture, "a.example", T0);
	store_begin(fixture->store);
	tell(fixture, a, T0 + 1, 3);
	tell(fixture, a, T0 + 5, 8);
	fixture_commit(fixture, T0);
	*case_said = '\0';
	assert_int_equal(outbox_each_told(fixture->store, a, on_told, NULL), 0);
	assert_string_equal(case_said, "team 1 +5 2 2 2 7 3-8; ");
}

static void outbox_names_what_may_be_told_again(void **state)
{
	struct fixture *fixture = *state;
	int64_t numbers[6];
	for (size_t i = 0; i < 6; i++)
		numbers[i] = case_add_incident(fixture, "a.example", T0);
	store_begin(fixture->store);
	for (size_t i = 0; i < 5; i++)
		tell(fixture, numbers[i], T0 + (int64_t)i, 1);
	tell(fixture, numbers[5], T0 - 1, 1);
	incidents_ack(fixture->store, numbers[1], T0 + 9);
	case_notice(fixture, "team", numbers[2], SEVERITY_WARNING, T0 + 9);
	fixture_commit(fixture, T0);
	case_close_incident(fixture, numbers[3], T0 + 9);
	fixture_tamper(fixture, "UPDATE incident SET state = 3 WHERE number = 6");
	assert_string_equal(stale(fixture, T0 + 9, 9),
		"team 1 +0 2 2 2 7 1-1; team 5 +4 2 2 2 7 1-1; ");
	assert_string_equal(stale(fixture, T0 + 3, 9), "team 1 +0 2 2 2 7 1-1; ");
	assert_string_equal(stale(fixture, T0 + 9, 1), "team 1 +0 2 2 2 7 1-1; ");
	assert_string_equal(stale(fixture, T0 - 1, 9), "");
}

/* --- alerts and handovers --- */

static int on_alert(void *owner, const struct outbox_alert *alert)
{
	(void)owner;
	case_say("%d %s>%s %d +%d %d '%s' %d", (int)alert->number, alert->channel,
		alert->fallback, alert->event, (int)(alert->at - T0), (int)alert->thread,
		alert->subject, (int)alert->incidents);
	if (alert->body == NULL)
		return 5;
	assert_int_equal(alert->body_len, 6);
	assert_memory_equal(alert->body, "by\0tes", 6);
	return 0;
}

static int on_case(void *owner, int64_t incident, int event)
{
	(void)owner;
	case_say("; %d:%d", (int)incident, event);
	return 0;
}

static int on_handover(void *owner, const struct outbox_handover *handover)
{
	struct outbox_handover *copy = owner;
	case_say("%d/%d %s %s %s %d; ", (int)handover->number, (int)handover->alert,
		handover->recipient, outbox_state_name(handover->state), handover->error,
		handover->code);
	if (copy != NULL)
		*copy = *handover;
	return 0;
}

static const char *due(struct fixture *fixture, const char *channel, int64_t now)
{
	*case_said = '\0';
	assert_int_equal(
		outbox_due(fixture->store, channel, now, 10, on_handover, NULL), 0);
	return case_said;
}

static void outbox_keeps_the_bytes_of_an_alert(void **state)
{
	struct fixture *fixture = *state;
	const int64_t incidents[] = {
		case_add_incident(fixture, "a.example", T0),
		case_add_incident(fixture, "b.example", T0),
	};
	char id[STORE_ID_MAX];
	int64_t number;
	store_begin(fixture->store);
	assert_int_equal(case_make_alert(fixture, "team", T0 + 1, incidents, 2), 1);
	assert_int_equal(case_make_alert(fixture, "team", T0 + 3, incidents, 1), 2);
	fixture_commit(fixture, T0);
	*case_said = '\0';
	assert_int_equal(outbox_get_alert(fixture->store, 1, on_alert, NULL), 0);
	assert_int_equal(outbox_cases(fixture->store, 1, on_case, NULL), 0);
	assert_string_equal(case_said, "1 team>other 2 +1 0 'it moved' 2; 1:2; 2:2");
	assert_int_equal(outbox_get_alert(fixture->store, 9, on_alert, NULL), -ENOENT);
	assert_string_equal(outbox_id_format(fixture->store, 2, id), "lab-a2");
	assert_int_equal(outbox_id_parse(fixture->store, id, &number), 0);
	assert_int_equal(number, 2);
	assert_int_equal(outbox_id_parse(fixture->store, "lab-i2", &number), -EINVAL);
	struct outbox_pace pace;
	assert_int_equal(outbox_pace(fixture->store, "team", 2, &pace), 0);
	assert_int_equal(pace.last_at, T0 + 3);
	assert_int_equal(pace.nth_at, T0 + 1);
	assert_int_equal(outbox_pace(fixture->store, "team", 3, &pace), 0);
	assert_int_equal(pace.nth_at, 0);
	assert_int_equal(outbox_pace(fixture->store, "chat", 1, &pace), 0);
	assert_int_equal(pace.last_at, 0);
}

static int on_number(void *owner, int64_t incident)
{
	(void)owner;
	case_say("%d ", (int)incident);
	return 0;
}

static void outbox_settles_what_an_alert_tells(void **state)
{
	struct fixture *fixture = *state;
	const int64_t a = case_add_incident(fixture, "a.example", T0);
	const int64_t b = case_add_incident(fixture, "b.example", T0);
	store_begin(fixture->store);
	case_notice(fixture, "team", a, SEVERITY_WARNING, T0 + 1);
	case_notice(fixture, "team", b, SEVERITY_WARNING, T0 + 1);
	case_notice(fixture, "chat", b, SEVERITY_WARNING, T0 + 1);
	outbox_settle(fixture->store, "team", b,
		case_make_alert(fixture, "team", T0 + 2, NULL, 0), T0 + 2);
	fixture_commit(fixture, T0);
	assert_string_equal(notices(fixture, "team", 0), "team 1 2 2 +1; ");
	assert_string_equal(notices(fixture, "chat", 0), "chat 2 2 2 +1; ");
	store_begin(fixture->store);
	case_notice(fixture, "team", b, SEVERITY_CRITICAL, T0 + 3);
	outbox_settle(fixture->store, "team", 0,
		case_make_alert(fixture, "team", T0 + 4, NULL, 0), T0 + 4);
	fixture_commit(fixture, T0);
	*case_said = '\0';
	assert_int_equal(outbox_each_told(fixture->store, b, on_told, NULL), 0);
	assert_int_equal(outbox_each_told(fixture->store, a, on_told, NULL), 0);
	assert_int_equal(outbox_cases(fixture->store, 2, on_case, NULL), 0);
	assert_string_equal(
		case_said, "team 2 +4 2 2 2 2 1-2; team 1 +4 2 2 2 2 2-2; ; 1:2; 2:2");
	assert_string_equal(notices(fixture, "team", 0), "");

	case_close_incident(fixture, a, T0 + 9);
	case_close_incident(fixture, case_add_incident(fixture, "c.example", T0), T0 + 9);
	*case_said = '\0';
	assert_int_equal(outbox_each_open(fixture->store, on_number, NULL), 0);
	assert_string_equal(case_said, "1 2 "); /* nobody knows yet that 1 is closed */
}

static void outbox_gives_a_number_once(void **state)
{
	struct fixture *fixture = *state;
	store_begin(fixture->store);
	assert_int_equal(case_make_alert(fixture, "team", T0, NULL, 0), 1);
	fixture_commit(fixture, T0);
	fixture_tamper(fixture, "DELETE FROM alert");
	fixture_close(fixture);
	fixture_open(fixture);
	store_begin(fixture->store);
	assert_int_equal(case_make_alert(fixture, "team", T0, NULL, 0), 2);
	fixture_commit(fixture, T0);
}

static void outbox_hands_over_until_it_is_done(void **state)
{
	struct fixture *fixture = *state;
	struct outbox_handover handover;
	int64_t at = -1;
	assert_int_equal(outbox_next_at(fixture->store, &at), 0);
	assert_int_equal(at, 0);
	store_begin(fixture->store);
	const int64_t alert = case_make_alert(fixture, "team", T0, NULL, 0);
	outbox_put_handover(fixture->store, alert, "team", "a@x.example", T0);
	outbox_put_handover(fixture->store, alert, "team", "b@x.example", T0 + 5);
	outbox_put_handover(fixture->store, alert, "chat", "", T0);
	fixture_commit(fixture, T0);
	assert_string_equal(due(fixture, "team", T0), "1/1 a@x.example waiting  0; ");
	assert_string_equal(due(fixture, "chat", T0), "3/1  waiting  0; ");
	assert_int_equal(outbox_next_at(fixture->store, &at), 0);
	assert_int_equal(at, T0);

	*case_said = '\0';
	assert_int_equal(
		outbox_get_handover(fixture->store, 1, on_handover, &handover), 0);
	handover.attempts = 1;
	handover.next_at = T0 + 30;
	handover.code = 451;
	handover.error = "451 later";
	store_begin(fixture->store);
	outbox_record(fixture->store, &handover);
	fixture_commit(fixture, T0);
	assert_string_equal(
		due(fixture, "team", T0 + 29), "2/1 b@x.example waiting  0; ");
	assert_string_equal(due(fixture, "team", T0 + 30),
		"2/1 b@x.example waiting  0; 1/1 a@x.example waiting 451 later 451; ");

	handover.state = OUTBOX_SENT;
	handover.done_at = T0 + 31;
	handover.error = "";
	store_begin(fixture->store);
	outbox_record(fixture->store, &handover);
	fixture_commit(fixture, T0);
	assert_string_equal(
		due(fixture, "team", T0 + 99), "2/1 b@x.example waiting  0; ");
	assert_int_equal(
		outbox_get_handover(fixture->store, 9, on_handover, NULL), -ENOENT);
}

static void outbox_remembers_marks(void **state)
{
	struct fixture *fixture = *state;
	int64_t value = 5;
	assert_int_equal(outbox_mark(fixture->store, "daily", &value), 0);
	assert_int_equal(value, 0);
	store_begin(fixture->store);
	outbox_put_mark(fixture->store, "daily", T0);
	outbox_put_mark(fixture->store, "daily", T0 + 1);
	fixture_commit(fixture, T0);
	assert_int_equal(outbox_mark(fixture->store, "daily", &value), 0);
	assert_int_equal(value, T0 + 1);
}

static void outbox_comes_to_a_store_of_version_5(void **state)
{
	struct fixture *fixture = *state;
	fixture_load(fixture, "version-5.sql");
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), 5);
	fixture_open(fixture);
	assert_int_equal(fixture_query(fixture, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_true(case_verify(fixture).holds);
	assert_int_equal(case_verify(fixture).transactions, 7);
	store_begin(fixture->store);
	case_notice(fixture, "team", 1, SEVERITY_WARNING, T0);
	const int64_t incident = 2;
	outbox_put_handover(fixture->store,
		case_make_alert(fixture, "team", T0, &incident, 1), "team", "", T0);
	fixture_commit(fixture, T0);
	assert_string_equal(notices(fixture, "team", 0), "team 1 2 2 +0; ");
	assert_string_equal(due(fixture, "team", T0), "1/1  waiting  0; ");
}

static int on_group(void *owner, const struct outbox_group *group)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%d of %s to %.5s; ", (int)group->count,
		incident_kind_name(group->kind), group->to_operators);
	return 0;
}

static int on_named(void *owner, const struct outbox_named *named)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX] = "-";
	if (named->domain)
		name_format(named->domain, name);
	sprintf(listing + strlen(listing), "%d %s %s; ", (int)named->incident, name,
		incident_kind_name(named->kind));
	return 0;
}

static void outbox_sums_up_what_waits(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	char listing[512] = "";
	case_put(fixture, &incident);
	incident.domain = wire("b.example");
	case_put(fixture, &incident);
	incident.domain = NULL;
	incident.kind = INCIDENT_SELF;
	incident.to_operators = "";
	case_put(fixture, &incident);
	store_begin(fixture->store);
	case_notice(fixture, "team", 1, SEVERITY_WARNING, T0);
	case_notice(fixture, "team", 2, SEVERITY_CRITICAL, T0);
	case_notice(fixture, "team", 3, SEVERITY_WARNING, T0);
	case_notice(fixture, "pager", 3, SEVERITY_WARNING, T0);
	fixture_commit(fixture, T0);
	assert_int_equal(outbox_groups(fixture->store, "team", 9, on_group, listing), 0);
	assert_string_equal(listing, "2 of transient-hijack to Apple; 1 of self to ; ");
	listing[0] = '\0';
	assert_int_equal(outbox_groups(fixture->store, "team", 1, on_group, listing), 0);
	assert_string_equal(listing, "2 of transient-hijack to Apple; ");
	listing[0] = '\0';
	assert_int_equal(outbox_each_named(fixture->store, "team", on_named, listing), 0);
	assert_string_equal(listing,
		"2 b.example transient-hijack; 1 a.example transient-hijack; 3 - self; ");
}

static void outbox_has_names_for_all_states(void **state)
{
	static const char *const names[] = {"waiting", "sent", "refused", "expired"};
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(
			outbox_state_name((enum outbox_state)(i + 1)), names[i]);
	assert_string_equal(outbox_state_name((enum outbox_state)9), "unknown");
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(outbox_holds_one_notice_of_an_incident_and_channel),
		WITH_STORE(outbox_is_undone_with_the_transaction_of_the_incident),
		WITH_STORE(outbox_knows_the_first_alert_of_a_thread),
		WITH_STORE(outbox_names_what_may_be_told_again),
		WITH_STORE(outbox_keeps_the_bytes_of_an_alert),
		WITH_STORE(outbox_settles_what_an_alert_tells),
		WITH_STORE(outbox_gives_a_number_once),
		WITH_STORE(outbox_hands_over_until_it_is_done),
		WITH_STORE(outbox_remembers_marks),
		WITH_STORE(outbox_sums_up_what_waits),
		WITH_STORE(outbox_comes_to_a_store_of_version_5),
		cmocka_unit_test(outbox_has_names_for_all_states),
	};
	return cmocka_run_group_tests_name("storage/outbox", tests, NULL, NULL);
}
