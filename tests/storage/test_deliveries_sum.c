/* SPDX-License-Identifier: MIT */
#include "storage/deliveries.h"
#include "storage/deliveries_lookup.h"
#include "tests/storage/fixture.h"

#define H0 (T0 / HOUR * HOUR) /* begin of an hour */
#define MINUTE INT64_C(60000)

struct delivery_line {
	const char *domain;
	const char *recipient;
	int64_t at;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
};

static const struct delivery_line lines[] = {
	{"a.example", "a@a.example", H0, DELIVERY_DELIVERED, REASON_NONE},
	{"b.example", "a@b.example", H0 + MINUTE, DELIVERY_DELIVERED, REASON_NONE},
	{"a.example", "c@a.example", H0, DELIVERY_BOUNCED, REASON_USER_UNKNOWN},
	{"a.example", "d@a.example", H0, DELIVERY_DEFERRED, REASON_GREYLISTED},
	{"a.example", "f@a.example", H0, DELIVERY_DEFERRED, REASON_RATE_LIMITED},
	{"a.example", "e@a.example", H0, DELIVERY_DEFERRED, REASON_SYSTEM},
	{"a.example", "e@a.example", H0 + MINUTE, DELIVERY_DEFERRED, REASON_SYSTEM},
	{"a.example", "g@a.example", H0 + HOUR, DELIVERY_BOUNCED, REASON_SPAM},
};

static void write_lines(struct fixture *fixture)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	struct deliveries *batch;
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_HASH, &batch), 0);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const struct delivery_fact fact = {
			.domain = wire(lines[i].domain),
			.recipient = lines[i].recipient,
			.at = lines[i].at,
			.outcome = lines[i].outcome,
			.reason = lines[i].reason,
			.count = 1,
			.remote = true,
			.relay_host = "mx.example",
			.relay_ip = "",
			.id = "",
		};
		assert_int_equal(deliveries_add(batch, &fact), 0);
	}
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "x");
	fixture_commit(fixture, T0);
	deliveries_destroy(batch);
}

static void deliveries_are_summed_for_one_domain_and_for_all(void **state)
{
	struct fixture *fixture = *state;
	struct deliveries_sums sums;
	write_lines(fixture);
	assert_int_equal(
		deliveries_sum(fixture->store, wire("a.example"), H0, H0 + HOUR, &sums),
		0);
	assert_int_equal(sums.accepted, 1);
	assert_int_equal(sums.bounced, 1);
	assert_int_equal(sums.deferred, 1); /* once a recipient and hour */
	assert_int_equal(sums.greylisted, 1);
	assert_int_equal(sums.rate_limited, 1);
	assert_int_equal(
		deliveries_sum(fixture->store, NULL, H0, H0 + 2 * HOUR, &sums), 0);
	assert_int_equal(sums.accepted, 2);
	assert_int_equal(sums.bounced, 2);
}

static void deliveries_of_nobody_sum_up_to_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct deliveries_sums sums = {.accepted = 9};
	write_lines(fixture);
	assert_int_equal(
		deliveries_sum(fixture->store, wire("c.example"), H0, H0 + HOUR, &sums),
		0);
	assert_int_equal(sums.accepted + sums.bounced + sums.deferred, 0);
	assert_int_equal(deliveries_sum(fixture->store, NULL, H0 - HOUR, H0, &sums), 0);
	assert_int_equal(sums.accepted + sums.bounced + sums.deferred, 0);
}

int main(void)
{
#define WITH_STORE(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_STORE(deliveries_are_summed_for_one_domain_and_for_all),
		WITH_STORE(deliveries_of_nobody_sum_up_to_nothing),
	};
	return cmocka_run_group_tests_name("storage/deliveries_sum", tests, NULL, NULL);
}
