/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "storage/incident.h"

static void incident_has_words_for_kinds(void **state)
{
	static const char *const words[INCIDENT_KINDS] = {"", "transient-move",
		"transient-hijack", "migration", "migration-fallout", "rotation",
		"resolver-poisoning", "dns-outage", "receiver-fault", "receiver-outage",
		"list-quality", "expiry", "null-mx", "self"};
	(void)state;
	for (int i = 1; i < INCIDENT_KINDS; i++) {
		enum incident_kind kind;
		assert_string_equal(incident_kind_name((enum incident_kind)i), words[i]);
		assert_int_equal(incident_kind_from_name(words[i], &kind), 0);
		assert_int_equal(kind, i);
	}
}

static void incident_has_words_for_the_rest(void **state)
{
	enum incident_severity severity;
	enum incident_state of;
	(void)state;
	assert_string_equal(incident_severity_name(SEVERITY_INFO), "info");
	assert_string_equal(incident_severity_name(SEVERITY_CRITICAL), "critical");
	assert_int_equal(incident_severity_from_name("warning", &severity), 0);
	assert_int_equal(severity, SEVERITY_WARNING);
	assert_string_equal(incident_state_name(INCIDENT_SUSPECTED), "suspected");
	assert_string_equal(incident_state_name(INCIDENT_OPEN), "open");
	assert_string_equal(incident_state_name(INCIDENT_CLOSED), "closed");
	assert_int_equal(incident_state_from_name("reverted", &of), 0);
	assert_int_equal(of, INCIDENT_REVERTED);
	assert_string_equal(incident_advice_name(ADVICE_REACTIVATE), "re-activate");
	assert_string_equal(incident_advice_name(ADVICE_LEAVE), "leave");
}

static void incident_refuses_other_words(void **state)
{
	enum incident_kind kind = INCIDENT_SELF;
	enum incident_severity severity = SEVERITY_INFO;
	enum incident_state of = INCIDENT_OPEN;
	(void)state;
	assert_int_equal(incident_kind_from_name("hijack", &kind), -EINVAL);
	assert_int_equal(incident_kind_from_name("", &kind), -EINVAL);
	assert_int_equal(incident_severity_from_name("fatal", &severity), -EINVAL);
	assert_int_equal(incident_state_from_name("Open", &of), -EINVAL);
	assert_int_equal(kind, INCIDENT_SELF);
	assert_int_equal(severity, SEVERITY_INFO);
	assert_int_equal(of, INCIDENT_OPEN);
}

static void incident_copies_what_it_points_to(void **state)
{
	uint8_t domain[] = "\1a\7example";
	char operators[] = "IONOS\n";
	char summary[] = "It moved.";
	char text[] = "It went elsewhere.";
	const struct incident_evidence evidence[2] = {
		{.name = "foreign-relay", .weight = 6.9, .at = 1, .text = text},
		{.name = "known-bounce", .weight = 4.25, .at = 2, .text = ""},
	};
	const struct incident incident = {
		.number = 7,
		.domain = domain,
		.from_operators = operators,
		.to_operators = "",
		.view = "mta",
		.summary = summary,
		.evidence = evidence,
		.evidence_len = 2,
	};
	(void)state;
	struct incident *const copy = incident_copy(&incident);
	assert_non_null(copy);
	memset(domain, 'x', sizeof domain);
	memset(operators, 'x', sizeof operators - 1);
	memset(summary, 'x', sizeof summary - 1);
	memset(text, 'x', sizeof text - 1);
	assert_int_equal(copy->number, 7);
	assert_memory_equal(copy->domain, "\1a\7example", 11);
	assert_string_equal(copy->from_operators, "IONOS\n");
	assert_string_equal(copy->to_operators, "");
	assert_string_equal(copy->view, "mta");
	assert_string_equal(copy->summary, "It moved.");
	assert_int_equal(copy->evidence_len, 2);
	assert_string_equal(copy->evidence[0].name, "foreign-relay");
	assert_string_equal(copy->evidence[0].text, "It went elsewhere.");
	assert_string_equal(copy->evidence[1].name, "known-bounce");
	assert_int_equal(copy->evidence[1].at, 2);
	free(copy);
}

static void incident_copies_one_of_no_domain(void **state)
{
	const struct incident incident = {.kind = INCIDENT_SELF, .summary = "Blind."};
	(void)state;
	struct incident *const copy = incident_copy(&incident);
	assert_non_null(copy);
	assert_null(copy->domain);
	assert_null(copy->view);
	assert_null(copy->evidence);
	assert_string_equal(copy->summary, "Blind.");
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident_has_words_for_kinds),
		cmocka_unit_test(incident_has_words_for_the_rest),
		cmocka_unit_test(incident_refuses_other_words),
		cmocka_unit_test(incident_copies_what_it_points_to),
		cmocka_unit_test(incident_copies_one_of_no_domain),
	};
	return cmocka_run_group_tests_name("storage/incident", tests, NULL, NULL);
}
