/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/delivery.h"

static void delivery_names_lead_back(void **state)
{
	(void)state;
	for (int i = DELIVERY_DELIVERED; i <= DELIVERY_EXPIRED; i++) {
		enum delivery_outcome outcome;
		const char *name = delivery_outcome_name((enum delivery_outcome)i);
		assert_int_equal(delivery_outcome_from_name(name, &outcome), 0);
		assert_int_equal(outcome, i);
	}
	for (int i = REASON_USER_UNKNOWN; i < DELIVERY_REASONS; i++) {
		enum delivery_reason reason;
		const char *name = delivery_reason_name((enum delivery_reason)i);
		assert_int_equal(delivery_reason_from_name(name, &reason), 0);
		assert_int_equal(reason, i);
	}
}

static void delivery_refuses_other_names(void **state)
{
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	(void)state;
	assert_int_equal(delivery_outcome_from_name("sent", &outcome), -EINVAL);
	assert_int_equal(delivery_reason_from_name("", &reason), -EINVAL);
	assert_int_equal(delivery_reason_from_name("userunknown", &reason), -EINVAL);
	assert_string_equal(delivery_reason_name(REASON_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivery_names_lead_back),
		cmocka_unit_test(delivery_refuses_other_names),
	};
	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
