/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/request.h"
#include "storage/incidents.h"
#include "tests/storage/outbox_case.h"

static void expect(struct fixture *fixture, const char *request_text, const char *wanted)
{
	json_t *request = json_loads(request_text, 0, NULL);
	json_t *answer = NULL;
	char *text;

	assert_non_null(request);
	assert_int_equal(request_apply(fixture->store, request, T0 + 7, &answer), 0);
	text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(answer);
	json_decref(request);
}

static void refused(struct fixture *fixture, const char *request_text, const char *why)
{
	json_t *request = json_loads(request_text, 0, NULL);
	json_t *answer = NULL;
	const char *error;

	assert_non_null(request);
	assert_int_equal(request_apply(fixture->store, request, T0 + 7, &answer), 0);
	assert_false(json_is_true(json_object_get(answer, "ok")));
	error = json_string_value(json_object_get(answer, "error"));
	if (strstr(error, why) == NULL)
		fail_msg("%s: found \"%s\"", request_text, error);
	json_decref(answer);
	json_decref(request);
}

static void request_incident_acks_and_closes(void **state)
{
	struct fixture *fixture = *state;
	const struct incident incident = case_hijack();

	case_put(fixture, &incident);
	expect(fixture, "{\"request\":\"incident-ack\",\"incident\":\"lab-i1\"}",
		"{\"ok\":true}");
	assert_int_equal(fixture_query(fixture, "SELECT acked_at FROM incident"), T0 + 7);
	expect(fixture, "{\"request\":\"incident-close\",\"incident\":\"lab-i1\"}",
		"{\"closed\":1,\"ok\":true}");
	assert_int_equal(
		fixture_query(fixture, "SELECT closed_at FROM incident"), T0 + 7);
	expect(fixture, "{\"request\":\"incident-close\",\"incident\":\"lab-i1\"}",
		"{\"closed\":0,\"ok\":true}");
	refused(fixture, "{\"request\":\"incident-close\",\"incident\":\"lab-i2\"}",
		"no such incident");
	refused(fixture, "{\"request\":\"incident-ack\",\"incident\":\"lab-1\"}",
		"the id of an incident");
	refused(fixture, "{\"request\":\"incident-ack\"}", "the id of an incident");
}

static int on_expectation(void *owner, const struct expectation *expectation)
{
	char *listing = owner;

	sprintf(listing + strlen(listing), "%d '%s' %d %d %s; ", (int)expectation->number,
		expectation->operators, (int)expectation->until_at,
		(int)(expectation->made_at - T0), expectation->note);
	return 0;
}

static void request_incident_expects(void **state)
{
	struct fixture *fixture = *state;
	char listing[256] = "";

	expect(fixture,
		"{\"request\":\"expect-add\",\"domain\":\"A.example\",\"operators\":"
		"[\"ionos\",\"Apple iCloud\"],\"until\":5,\"note\":\"moving\"}",
		"{\"number\":1,\"ok\":true}");
	expect(fixture,
		"{\"request\":\"expect-add\",\"domain\":\"a.example\",\"operators\":[],"
		"\"until\":0,\"note\":\"\"}",
		"{\"number\":2,\"ok\":true}");
	assert_int_equal(incidents_each_expectation(fixture->store, wire("a.example"),
				 on_expectation, listing),
		0);
	assert_string_equal(listing, "1 'ionos\nApple iCloud\n' 5 7 moving; 2 '' 0 7 ; ");
	expect(fixture, "{\"request\":\"expect-remove\",\"number\":1}", "{\"ok\":true}");
	refused(fixture, "{\"request\":\"expect-remove\",\"number\":1}",
		"no such expectation");
	refused(fixture, "{\"request\":\"expect-remove\"}", "the number");
}

#define EXPECT(domain, operators, until, note)                                           \
	"{\"request\":\"expect-add\",\"domain\":" domain ",\"operators\":" operators     \
	",\"until\":" until ",\"note\":" note "}"

static void request_incident_refuses_what_cannot_be_expected(void **state)
{
	struct fixture *fixture = *state;

	refused(fixture, EXPECT("\"a..b\"", "[]", "0", "\"\""), "domain");
	refused(fixture, EXPECT("7", "[]", "0", "\"\""), "domain");
	refused(fixture, EXPECT("\"a.example\"", "7", "0", "\"\""), "operators");
	refused(fixture, EXPECT("\"a.example\"", "[7]", "0", "\"\""), "operators");
	refused(fixture, EXPECT("\"a.example\"", "[\"\"]", "0", "\"\""), "operators");
	refused(fixture, EXPECT("\"a.example\"", "[\"a\\nb\"]", "0", "\"\""),
		"operators");
	refused(fixture, EXPECT("\"a.example\"", "[]", "-1", "\"\""), "until");
	refused(fixture, EXPECT("\"a.example\"", "[]", "\"x\"", "\"\""), "until");
	refused(fixture, EXPECT("\"a.example\"", "[]", "0", "7"), "note");
	assert_int_equal(case_count(fixture, "expectation"), 0);
}

static void request_incident_forgets(void **state)
{
	struct fixture *fixture = *state;
	uint8_t hash[INCIDENT_HASH];
	char text[160];
	size_t len;

	case_write_bounce(fixture, "eve@a.example", T0);
	case_hash_of(fixture, "a.example", hash);
	len = (size_t)sprintf(text,
		"{\"request\":\"forget\",\"recipient\":\"eve@a.example\",\"hash\":\"");
	for (size_t i = 0; i < sizeof hash; i++)
		len += (size_t)sprintf(text + len, "%02x", hash[i]);
	sprintf(text + len, "\"}");
	expect(fixture, text, "{\"lines\":0,\"ok\":true,\"rows\":4}");
	expect(fixture, text, "{\"lines\":0,\"ok\":true,\"rows\":0}");
	case_write_bounce(fixture, "bob@a.example", T0);
	expect(fixture, "{\"request\":\"forget\",\"domain\":\"a.example\"}",
		"{\"lines\":0,\"ok\":true,\"rows\":4}");
	assert_int_equal(case_count(fixture, "refused"), 0);
	refused(fixture, "{\"request\":\"forget\"}", "recipient");
	refused(fixture, "{\"request\":\"forget\",\"recipient\":\"a@b\",\"hash\":\"0g\"}",
		"hash");
	refused(fixture,
		"{\"request\":\"forget\",\"recipient\":\"a@b\","
		"\"hash\":\"0000000000000000000000000000000g\"}",
		"hash");
	refused(fixture, "{\"request\":\"forget\",\"domain\":\"a..b\"}", "domain");
	refused(fixture,
		"{\"request\":\"forget\",\"domain\":\"a.example\",\"hash\":\"\"}",
		"a domain or a recipient");
}

static void request_incident_tells_what_it_did(void **state)
{
	static const struct {
		const char *request;
		const char *answer;
		int closed;
		bool expectations;
	} cases[] = {
		{"incident-close", "{\"ok\":true,\"closed\":3}", 3, false},
		{"incident-close", "{\"ok\":true,\"closed\":0}", 0, false},
		{"incident-close", "{\"ok\":false}", 0, false},
		{"incident-ack", "{\"ok\":true}", 0, false},
		{"expect-add", "{\"ok\":true,\"number\":3}", 0, true},
		{"expect-remove", "{\"ok\":true}", 0, true},
		{"expect-remove", "{\"ok\":false}", 0, false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *request = json_pack("{s:s}", "request", cases[i].request);
		json_t *answer = json_loads(cases[i].answer, 0, NULL);

		assert_int_equal(
			request_closed_incident(request, answer), cases[i].closed);
		assert_int_equal(request_changed_expectations(request, answer),
			cases[i].expectations);
		assert_false(request_changed_watchlist(request, answer));
		json_decref(request);
		json_decref(answer);
	}
}

static void request_incident_has_alerts_tried_anew(void **state)
{
	struct fixture *fixture = *state;

	store_begin(fixture->store);
	for (int64_t i = 0; i < 2; i++)
		outbox_put_handover(fixture->store,
			case_make_alert(fixture, "team", T0, NULL, 0), "team", "", T0);
	fixture_commit(fixture, T0);
	case_end_handover(fixture, 1, OUTBOX_REFUSED, T0 + 1, "550 no");
	expect(fixture, "{\"request\":\"alert-retry\",\"alert\":\"lab-a2\"}",
		"{\"handovers\":1,\"ok\":true}");
	expect(fixture, "{\"request\":\"alert-retry\",\"alert\":null}",
		"{\"handovers\":2,\"ok\":true}");
	assert_int_equal(
		fixture_query(fixture, "SELECT count(*) FROM handover WHERE state = 1"),
		2);
	refused(fixture, "{\"request\":\"alert-retry\",\"alert\":\"lab-i1\"}",
		"the id of an alert");
	refused(fixture, "{\"request\":\"alert-retry\"}", "the id of an alert");
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(request_incident_acks_and_closes),
		WITH_STORE(request_incident_expects),
		WITH_STORE(request_incident_refuses_what_cannot_be_expected),
		WITH_STORE(request_incident_forgets),
		WITH_STORE(request_incident_has_alerts_tried_anew),
		cmocka_unit_test(request_incident_tells_what_it_did),
	};
	return cmocka_run_group_tests_name("monitor/request_incident", tests, NULL, NULL);
}
