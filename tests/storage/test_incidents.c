/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "resolvers/name.h"
#include "storage/deliveries.h"
#include "tests/storage/incident_case.h"

#define DAY (24 * HOUR)

static int on_line(void *owner, const struct incident *incident)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX] = "-";
	if (incident->domain != NULL)
		name_format(incident->domain, name);
	sprintf(listing + strlen(listing), "%d %s %s %s; ", (int)incident->number, name,
		incident_kind_name(incident->kind), incident_state_name(incident->state));
	return 0;
}

static const char *list(struct fixture *fixture, struct incidents_filter filter)
{
	static char listing[1024];
	*listing = '\0';
	assert_int_equal(incidents_each(fixture->store, &filter, on_line, listing), 0);
	return listing;
}

static int on_whole(void *owner, const struct incident *got)
{
	const struct incident *put = owner;
	assert_true(name_equal(got->domain, put->domain));
	assert_int_equal(got->kind, put->kind);
	assert_int_equal(got->kind_at_open, put->kind_at_open);
	assert_int_equal(got->severity, put->severity);
	assert_int_equal(got->severity_now, put->severity_now);
	assert_int_equal(got->state, put->state);
	assert_int_equal(got->suspected_at, put->suspected_at);
	assert_int_equal(got->opened_at, put->opened_at);
	assert_int_equal(got->change_at, put->change_at);
	assert_int_equal(got->change_not_before, put->change_not_before);
	assert_int_equal(got->first_bounce_at, put->first_bounce_at);
	assert_int_equal(got->last_bounce_at, put->last_bounce_at);
	assert_int_equal(got->reverted_at, put->reverted_at);
	assert_int_equal(got->closed_at, put->closed_at);
	assert_int_equal(got->updated_at, put->updated_at);
	assert_int_equal(got->acked_at, put->acked_at);
	assert_string_equal(got->from_operators, put->from_operators);
	assert_string_equal(got->to_operators, put->to_operators);
	assert_string_equal(got->view, put->view);
	assert_int_equal(got->recipients, put->recipients);
	assert_int_equal(got->bounces, put->bounces);
	assert_int_equal(got->deferrals, put->deferrals);
	assert_int_equal(got->deliveries, put->deliveries);
	assert_string_equal(got->summary, put->summary);
	assert_int_equal(got->evidence_len, put->evidence_len);
	for (size_t i = 0; i < got->evidence_len; i++) {
		assert_string_equal(got->evidence[i].name, put->evidence[i].name);
		assert_true(got->evidence[i].weight == put->evidence[i].weight);
		assert_int_equal(got->evidence[i].at, put->evidence[i].at);
		assert_string_equal(got->evidence[i].text, put->evidence[i].text);
	}
	return 7;
}

static void incidents_give_back_what_was_put(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	incident.number = case_put(fixture, &incident);
	assert_int_equal(incident.number, 1);
	assert_int_equal(incidents_get(fixture->store, 1, on_whole, &incident), 7);
	incident.state = INCIDENT_REVERTED;
	incident.kind = INCIDENT_RESOLVER_POISONING;
	incident.kind_at_open = INCIDENT_TRANSIENT_HIJACK;
	incident.severity = SEVERITY_CRITICAL;
	incident.reverted_at = T0 + 50;
	incident.closed_at = T0 + 60;
	incident.opened_at = T0 + 3;
	incident.updated_at = T0 + 61;
	incident.view = "mta";
	incident.from_operators = "";
	incident.evidence = &case_reasons[1];
	incident.evidence_len = 1;
	assert_int_equal(case_put(fixture, &incident), 1);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(incidents_get(fixture->store, 1, on_whole, &incident), 7);
	assert_int_equal(incidents_get(fixture->store, 2, on_whole, &incident), -ENOENT);
	/* Another one gets another number. */
	incident.number = 0;
	assert_int_equal(case_put(fixture, &incident), 2);
}

static void incidents_have_ids_of_their_own(void **state)
{
	struct fixture *fixture = *state;
	char text[STORE_ID_MAX];
	int64_t number = 0;
	assert_string_equal(incidents_id_format(fixture->store, 7, text), "lab-i7");
	assert_int_equal(incidents_id_parse(fixture->store, "lab-i7", &number), 0);
	assert_int_equal(number, 7);
	static const char *const wrong[] = {"lab-7", "lab-i", "lab-i07", "lab-i7x", "i7",
		"lob-i7", "lab-i1234567890123456789", "", "lab"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(
			incidents_id_parse(fixture->store, wrong[i], &number), -EINVAL);
	assert_int_equal(store_id_parse(fixture->store, "lab-i7", &number), -EINVAL);
	assert_int_equal(number, 7);
}

static void incidents_are_listed_by_window_domain_and_state(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	incident.state = INCIDENT_CLOSED;
	incident.opened_at = T0 + HOUR;
	incident.closed_at = T0 + 2 * HOUR;
	case_put(fixture, &incident);
	incident.state = INCIDENT_OPEN;
	incident.closed_at = 0;
	incident.opened_at = T0;
	incident.domain = wire("b.example");
	case_put(fixture, &incident);
	incident.kind = INCIDENT_SELF;
	incident.domain = NULL;
	incident.opened_at = T0 + 5 * HOUR;
	case_put(fixture, &incident);
#define SECOND_ONE "2 b.example transient-hijack open; "
#define FIRST_ONE "1 a.example transient-hijack closed; "
#define THIRD_ONE "3 - self open; "
	assert_string_equal(list(fixture, (struct incidents_filter){0}),
		SECOND_ONE FIRST_ONE THIRD_ONE);
	assert_string_equal(list(fixture, (struct incidents_filter){.open_only = true}),
		SECOND_ONE THIRD_ONE);
	assert_string_equal(
		list(fixture, (struct incidents_filter){.from = T0 + 3 * HOUR}),
		SECOND_ONE THIRD_ONE);
	assert_string_equal(list(fixture,
				    (struct incidents_filter){.from = T0 + 2 * HOUR - 1,
					    .to = T0 + 2 * HOUR}),
		SECOND_ONE FIRST_ONE);
	assert_string_equal(
		list(fixture, (struct incidents_filter){.to = T0 + 1}), SECOND_ONE);
	assert_string_equal(
		list(fixture, (struct incidents_filter){.domain = wire("a.example")}),
		FIRST_ONE);
	assert_string_equal(
		list(fixture, (struct incidents_filter){.after = 1, .most = 1}),
		SECOND_ONE);
}

static void incidents_stop_at_damage(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	char listing[64] = "";
	case_put(fixture, &incident);
	store_begin(fixture->store);
	incidents_put_recipient(fixture->store, 1,
		&(struct incident_recipient){.relay_host = "x", .advice = ADVICE_LEAVE});
	incidents_put_memory(fixture->store, wire("a.example"), "x", 1);
	incidents_expect(fixture->store,
		&(struct expectation){
			.domain = wire("a.example"), .operators = "", .note = ""});
	fixture_commit(fixture, T0);
	const struct incidents_filter all = {0};
	static const char *const columns[] = {
		"kind", "kind_at_open", "severity", "severity_now", "state"};
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		char sql[160];
		snprintf(sql, sizeof sql, "UPDATE incident SET %s = 99", columns[i]);
		fixture_tamper(fixture, sql);
		assert_int_equal(
			incidents_each(fixture->store, &all, on_line, listing), -EUCLEAN);
		snprintf(sql, sizeof sql, "UPDATE incident SET %s = 1", columns[i]);
		fixture_tamper(fixture, sql);
	}
	assert_int_equal(incidents_get(fixture->store, 1, on_line, listing), 0);
	fixture_tamper(fixture, "UPDATE incident_recipient SET advice = 0");
	assert_int_equal(
		incidents_recipients(fixture->store, 1, 0, NULL, NULL), -EUCLEAN);
	fixture_tamper(fixture,
		"UPDATE name SET wire = x'05' WHERE id IN (SELECT name FROM incident)");
	assert_int_equal(
		incidents_each(fixture->store, &all, on_line, listing), -EUCLEAN);
	assert_int_equal(incidents_each_memory(fixture->store, NULL, NULL), -EUCLEAN);
	assert_int_equal(
		incidents_each_expectation(fixture->store, NULL, NULL, NULL), -EUCLEAN);
}

static void incidents_are_marked_as_seen_once(void **state)
{
	struct fixture *fixture = *state;
	struct incident incident = case_hijack();
	struct store_error error;
	incident.number = case_put(fixture, &incident);
	store_begin(fixture->store);
	incidents_ack(fixture->store, 1, T0 + 5);
	incidents_ack(fixture->store, 1, T0 + 6);
	fixture_commit(fixture, T0);
	/* What is put later leaves it alone. */
	case_put(fixture, &incident);
	incident.acked_at = T0 + 5;
	assert_int_equal(incidents_get(fixture->store, 1, on_whole, &incident), 7);
	store_begin(fixture->store);
	incidents_ack(fixture->store, 2, T0 + 5);
	assert_int_equal(store_commit(fixture->store, T0, &error), -ENOENT);
}

static int on_closed(void *owner, const struct incident *incident)
{
	(void)owner;
	assert_int_equal(incident->state, INCIDENT_CLOSED);
	assert_int_equal(incident->severity, SEVERITY_WARNING);
	assert_int_equal(incident->severity_now, SEVERITY_INFO);
	assert_int_equal(incident->closed_at, T0 + 9);
	assert_int_equal(incident->updated_at, T0 + 9);
	const struct incident_evidence *last =
		&incident->evidence[incident->evidence_len - 1];
	assert_string_equal(last->name, "closed-by-hand");
	assert_int_equal(last->at, T0 + 9);
	return (int)incident->evidence_len;
}

static void incidents_can_be_closed_by_hand(void **state)
{
	struct fixture *fixture = *state;
	struct incident_evidence many[INCIDENT_EVIDENCE_MOST];
	struct incident incident = case_hijack();
	struct store_error error;
	case_put(fixture, &incident);
	for (size_t i = 0; i < INCIDENT_EVIDENCE_MOST; i++)
		many[i] = case_reasons[0];
	incident.evidence = many;
	incident.evidence_len = INCIDENT_EVIDENCE_MOST;
	case_put(fixture, &incident);
	store_begin(fixture->store);
	assert_true(incidents_close(fixture->store, 1, T0 + 9));
	assert_false(incidents_close(fixture->store, 1, T0 + 10));
	assert_true(incidents_close(fixture->store, 2, T0 + 9));
	fixture_commit(fixture, T0 + 9);
	assert_int_equal(incidents_get(fixture->store, 1, on_closed, NULL), 3);
	assert_int_equal(incidents_get(fixture->store, 2, on_closed, NULL),
		INCIDENT_EVIDENCE_MOST);
	assert_int_equal(
		fixture_query(fixture, "SELECT count(*) FROM incident_event"), 2);
	store_begin(fixture->store);
	assert_false(incidents_close(fixture->store, 3, T0 + 9));
	assert_int_equal(store_commit(fixture->store, T0, &error), -ENOENT);
}

static void incidents_keep_addresses_that_are_held(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();
	struct incident_recipient row = {
		.relay_host = "mx.other.example",
		.first_bounce_at = T0,
		.last_bounce_at = T0,
		.bounces = 1,
		.accepted_before = true,
		.advice = ADVICE_REACTIVATE,
	};
	case_put(fixture, &incident);
	case_write_bounce(fixture, "eve@a.example", T0);
	case_hash_of(fixture, "a.example", row.hash);
	case_put_recipient(fixture, &row);
	/* They outlast the time for which they were held. */
	bool more;
	struct store_error error;
	const struct deliveries_limits limits = {.hold_ms = DAY, .rows = 100};
	assert_int_equal(
		deliveries_prune(fixture->store, &limits, T0 + 4 * DAY, &more, &error),
		0);
	assert_int_equal(fixture_query(fixture,
				 "SELECT count(*) FROM refused WHERE address IS NULL"),
		1);
	row.last_bounce_at = T0 + 5;
	row.bounces = 2;
	case_put_recipient(fixture, &row);
	memset(row.hash, 7, sizeof row.hash);
	row.first_bounce_at = T0 - 1;
	row.advice = ADVICE_LEAVE;
	row.accepted_before = false;
	case_put_recipient(fixture, &row);
	memset(row.hash, 8, sizeof row.hash);
	row.address = "told@a.example";
	case_put_recipient(fixture, &row);
	assert_string_equal(case_recipients(fixture, 1, 0),
		"? mx.other.example -1..5 2 leave new; "
		"told@a.example mx.other.example -1..5 2 leave new; "
		"eve@a.example mx.other.example 0..5 2 re-activate; ");
	assert_string_equal(case_recipients(fixture, 1, ADVICE_REACTIVATE),
		"eve@a.example mx.other.example 0..5 2 re-activate; ");
	assert_string_equal(case_recipients(fixture, 2, 0), "");
}

static int on_memory(void *owner, const uint8_t *domain, const void *bytes, size_t len)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX] = "all";
	if (domain != NULL)
		name_format(domain, name);
	sprintf(listing + strlen(listing), "%s=%.*s; ", name, (int)len,
		(const char *)bytes);
	return 0;
}

static void incidents_keep_the_memory_of_the_detector(void **state)
{
	struct fixture *fixture = *state;
	char listing[256] = "";
	store_begin(fixture->store);
	incidents_put_memory(fixture->store, wire("b.example"), "one", 3);
	incidents_put_memory(fixture->store, wire("a.example"), "two", 3);
	incidents_put_memory(fixture->store, NULL, "every", 5);
	incidents_put_memory(fixture->store, wire("b.example"), "three", 5);
	fixture_commit(fixture, T0);
	assert_int_equal(incidents_each_memory(fixture->store, on_memory, listing), 0);
	assert_string_equal(listing, "all=every; b.example=three; a.example=two; ");
	store_begin(fixture->store);
	incidents_put_memory(fixture->store, NULL, NULL, 0);
	fixture_commit(fixture, T0);
	*listing = '\0';
	assert_int_equal(incidents_each_memory(fixture->store, on_memory, listing), 0);
	assert_string_equal(listing, "b.example=three; a.example=two; ");
}

static int on_expectation(void *owner, const struct expectation *expectation)
{
	char *listing = owner;
	char name[NAME_TEXT_MAX];
	name_format(expectation->domain, name);
	sprintf(listing + strlen(listing), "%d %s '%s' %d %d %s; ",
		(int)expectation->number, name, expectation->operators,
		(int)(expectation->until_at - T0), (int)(expectation->made_at - T0),
		expectation->note);
	return 0;
}

static const char *expectations(struct fixture *fixture, const uint8_t *domain)
{
	static char listing[512];
	*listing = '\0';
	assert_int_equal(incidents_each_expectation(
				 fixture->store, domain, on_expectation, listing),
		0);
	return listing;
}

static void incidents_know_what_is_expected(void **state)
{
	struct fixture *fixture = *state;
	struct store_error error;
	struct expectation expectation = {
		.domain = wire("b.example"),
		.operators = "x\ny\n",
		.until_at = T0 + 1,
		.made_at = T0,
		.note = "moving",
	};
	store_begin(fixture->store);
	assert_int_equal(incidents_expect(fixture->store, &expectation), 1);
	expectation.domain = wire("a.example");
	expectation.operators = "";
	assert_int_equal(incidents_expect(fixture->store, &expectation), 2);
	fixture_commit(fixture, T0);
	assert_string_equal(expectations(fixture, NULL),
		"2 a.example '' 1 0 moving; 1 b.example 'x\ny\n' 1 0 moving; ");
	expectation.number = 2;
	expectation.note = "moved";
	store_begin(fixture->store);
	assert_int_equal(incidents_expect(fixture->store, &expectation), 2);
	incidents_expect_no_more(fixture->store, 1);
	fixture_commit(fixture, T0);
	assert_string_equal(expectations(fixture, NULL), "2 a.example '' 1 0 moved; ");
	assert_string_equal(expectations(fixture, wire("b.example")), "");
	store_begin(fixture->store);
	incidents_expect_no_more(fixture->store, 1);
	assert_int_equal(store_commit(fixture->store, T0, &error), -ENOENT);
	/* Numbers are not given out again. */
	expectation.number = 0;
	store_begin(fixture->store);
	assert_int_equal(incidents_expect(fixture->store, &expectation), 3);
	fixture_commit(fixture, T0);
}

static void incidents_are_written_in_writing_stores_only(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();
	struct store_error error;
	const uint8_t nobody[INCIDENT_HASH] = {0};
	uint64_t rows;
	struct store *reader = fixture_reader(fixture);
	store_begin(reader);
	incidents_put(reader, &incident);
	incidents_forget_recipient(reader, nobody, &rows);
	incidents_forget_domain(reader, wire("a.example"), &rows);
	incidents_expect_no_more(reader, 1);
	incidents_ack(reader, 1, T0);
	assert_int_equal(store_commit(reader, T0, &error), -EROFS);
	store_close(reader);
	assert_int_equal(case_count(fixture, "incident"), 0);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(incidents_give_back_what_was_put),
		WITH_STORE(incidents_have_ids_of_their_own),
		WITH_STORE(incidents_are_listed_by_window_domain_and_state),
		WITH_STORE(incidents_stop_at_damage),
		WITH_STORE(incidents_are_marked_as_seen_once),
		WITH_STORE(incidents_can_be_closed_by_hand),
		WITH_STORE(incidents_keep_addresses_that_are_held),
		WITH_STORE(incidents_keep_the_memory_of_the_detector),
		WITH_STORE(incidents_know_what_is_expected),
		WITH_STORE(incidents_are_written_in_writing_stores_only),
	};
	return cmocka_run_group_tests_name("storage/incidents", tests, NULL, NULL);
}
