/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incident_has_words_for_kinds),
		cmocka_unit_test(incident_has_words_for_the_rest),
		cmocka_unit_test(incident_refuses_other_words),
	};
	return cmocka_run_group_tests_name("storage/incident", tests, NULL, NULL);
}
