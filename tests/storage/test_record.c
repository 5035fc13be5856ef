/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "storage/record.h"
#include "tests/storage/fixture.h"

static void record_names_every_gap_reason(void **state)
{
	(void)state;
	static const unsigned reasons[] = {GAP_STOPPED, GAP_CRASHED, GAP_SUSPENDED,
		GAP_CLOCK, GAP_OVERLOAD, GAP_UNWATCHED, ANSWER_SERVFAIL, ANSWER_REFUSED,
		ANSWER_TIMEOUT, ANSWER_NETWORK, ANSWER_MALFORMED, ANSWER_BOGUS};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		unsigned reason = 0;
		assert_int_equal(
			gap_reason_from_name(gap_reason_name(reasons[i]), &reason), 0);
		assert_int_equal(reason, reasons[i]);
	}
	assert_string_equal(gap_reason_name(GAP_SUSPENDED), "suspended");
	assert_string_equal(gap_reason_name(ANSWER_TIMEOUT), "timeout");
	assert_string_equal(gap_reason_name(7), "unknown");
	assert_string_equal(gap_reason_name(ANSWER_BOGUS + 1), "unknown");
}

static void record_refuses_other_gap_reasons(void **state)
{
	(void)state;
	unsigned reason = 99;
	assert_int_equal(gap_reason_from_name("mx", &reason), -EINVAL);
	assert_int_equal(gap_reason_from_name("lunch", &reason), -EINVAL);
	assert_int_equal(reason, 99);
}

static void record_names_what_changed(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
		const char *kind;
	} cases[] = {
		{"10 a.x", "10 a.x 20 b.x", "added"},
		{"10 a.x 20 b.x", "10 a.x", "removed"},
		{"10 a.x 20 b.x", "10 c.x", "replaced"},
		{"10 a.x 20 b.x", "10 a.x 20 c.x", "partly-replaced"},
		{"10 a.x 20 b.x", "20 a.x 10 b.x", "preference"},
		{"10 a.x", "10 a.x 20 a.x", "preference"},
		{"10 a.x", "20 a.x 30 b.x", "added"},
		{"10 a.x", "nxdomain", "answer"},
		{"nodata", "10 a.x", "answer"},
		{"nodata", "nxdomain", "answer"},
		{"10 a.x", "null-mx", "answer"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer_value from = answer_of(cases[i].from);
		struct answer_value to = answer_of(cases[i].to);
		enum change_kind kind =
			change_kind_of(from.state, from.set, to.state, to.set);
		assert_string_equal(change_kind_name(kind), cases[i].kind);
	}
	assert_string_equal(change_kind_name((enum change_kind)0), "unknown");
	for (size_t i = 0; i < 32; i++)
		answer_of("nodata");
}

static void record_names_confirmations(void **state)
{
	(void)state;
	assert_string_equal(confirmation_name(CONFIRMED_NOT), "none");
	assert_string_equal(confirmation_name(CONFIRMED_TCP), "tcp");
	assert_string_equal(confirmation_name(CONFIRMED_UDP), "udp");
	assert_string_equal(confirmation_name(CONFIRMED_SERVER), "server");
	assert_string_equal(confirmation_name((enum confirmation)9), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_names_every_gap_reason),
		cmocka_unit_test(record_refuses_other_gap_reasons),
		cmocka_unit_test(record_names_what_changed),
		cmocka_unit_test(record_names_confirmations),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
