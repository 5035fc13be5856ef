/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/endpoint.h"

static struct endpoint parse(const char *text)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse(text, 53, &endpoint), 0);
	return endpoint;
}

static void endpoint_survives_the_round_trip_to_text(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:53", "192.0.2.1"},
		{"192.0.2.1:5353", "192.0.2.1:5353"},
		{"192.0.2.1:65535", "192.0.2.1:65535"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"[2001:db8::1]:53", "2001:db8::1"},
		{"[2001:db8::1]:5353", "[2001:db8::1]:5353"},
		{"::", "::"},
		{"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"},
	};
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint endpoint = parse(cases[i].text);
		struct endpoint again;

		assert_string_equal(endpoint_format(&endpoint, text), cases[i].canonical);
		assert_int_equal(endpoint_parse(text, 53, &again), 0);
		assert_true(endpoint_equal(&endpoint, &again));
	}
}

static void endpoint_takes_the_default_port(void **state)
{
	struct endpoint endpoint;

	(void)state;
	assert_int_equal(endpoint_parse("192.0.2.1", 5300, &endpoint), 0);
	assert_int_equal(endpoint.port, 5300);
	assert_int_equal(endpoint.family, AF_INET);
	assert_int_equal(endpoint_parse("[2001:db8::1]", 5300, &endpoint), 0);
	assert_int_equal(endpoint.port, 5300);
	assert_int_equal(endpoint.family, AF_INET6);
}

static void endpoint_refuses_what_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		":53",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:99999999999999999999",
		"192.0.2.1: 53",
		"192.0.2.1:+53",
		"192.0.2.1:53x",
		" 192.0.2.1",
		"mx.example",
		"[192.0.2.1]:53",
		"[2001:db8::1",
		"[2001:db8::1]53",
		"[2001:db8::1]:",
		"[]",
		"fe80::1%eth0",
		"2001:db8::1::",
		"11111111111111111111111111111111111111111111111111111111111111111111111",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint endpoint = {.port = 7};

		assert_int_equal(endpoint_parse(cases[i], 53, &endpoint), -EINVAL);
		assert_int_equal(endpoint.port, 7);
	}
}

static void endpoint_orders_by_family_address_and_port(void **state)
{
	static const char *const ascending[] = {
		"192.0.2.1",
		"192.0.2.1:256",
		"192.0.2.1:511",
		"192.0.2.2",
		"198.51.100.1",
		"2001:db8::1",
		"[2001:db8::1]:54",
		"2001:db8::2",
	};
	enum {
		COUNT = sizeof ascending / sizeof *ascending
	};

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		for (int j = 0; j < COUNT; j++) {
			struct endpoint a = parse(ascending[i]);
			struct endpoint b = parse(ascending[j]);
			int order = endpoint_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			assert_int_equal(endpoint_equal(&a, &b), i == j);
		}
	}
}

static void endpoint_knows_loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
		{"127.0.0.1", true},
		{"127.255.0.9:5353", true},
		{"126.0.0.1", false},
		{"192.0.2.1", false},
		{"::1", true},
		{"::2", false},
		{"::", false},
		{"::ffff:127.0.0.1", true},
		{"::ffff:192.0.2.1", false},
		{"2001:db8::1", false},
	};
	const struct endpoint none = {.address = {127}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct endpoint endpoint = parse(cases[i].text);

		assert_int_equal(endpoint_is_loopback(&endpoint), cases[i].loopback);
	}
	assert_false(endpoint_is_loopback(&none));
}

static void endpoint_survives_the_round_trip_to_a_socket_address(void **state)
{
	struct endpoint v4 = parse("192.0.2.1:5353");
	struct endpoint v6 = parse("[2001:db8::1]:5353");
	struct endpoint back;
	struct sockaddr_storage sa;
	struct sockaddr_in in;

	(void)state;
	assert_int_equal(endpoint_to_sockaddr(&v4, &sa), sizeof(struct sockaddr_in));
	memcpy(&in, &sa, sizeof in);
	assert_int_equal(in.sin_port, htons(5353));
	assert_int_equal(in.sin_addr.s_addr, htonl(0xc0000201));
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &back), 0);
	assert_true(endpoint_equal(&v4, &back));

	assert_int_equal(endpoint_to_sockaddr(&v6, &sa), sizeof(struct sockaddr_in6));
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &back), 0);
	assert_true(endpoint_equal(&v6, &back));
}

static void endpoint_knows_no_other_family(void **state)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNIX};
	struct endpoint endpoint = {.port = 7};
	const struct endpoint none = {0};
	char text[ENDPOINT_TEXT_MAX] = "?";

	(void)state;
	assert_int_equal(
		endpoint_from_sockaddr((struct sockaddr *)&sa, &endpoint), -EAFNOSUPPORT);
	assert_int_equal(endpoint.port, 7);
	assert_int_equal(endpoint_to_sockaddr(&none, &sa), 0);
	assert_int_equal(sa.ss_family, AF_UNSPEC);
	assert_string_equal(endpoint_format(&none, text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoint_survives_the_round_trip_to_text),
		cmocka_unit_test(endpoint_takes_the_default_port),
		cmocka_unit_test(endpoint_refuses_what_is_none),
		cmocka_unit_test(endpoint_orders_by_family_address_and_port),
		cmocka_unit_test(endpoint_knows_loopback),
		cmocka_unit_test(endpoint_survives_the_round_trip_to_a_socket_address),
		cmocka_unit_test(endpoint_knows_no_other_family),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
