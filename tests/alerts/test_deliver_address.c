/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "alerts/deliver_inside.h"

static bool is_allowed(const char *text, bool loopback_too, bool private_only)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return deliver_address_allowed(
			(struct sockaddr *)&four, loopback_too, private_only);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return deliver_address_allowed(
		(struct sockaddr *)&six, loopback_too, private_only);
}

static void deliver_address_never_leads_to_the_machine_s_own_secrets(void **state)
{
	static const char *const never[] = {"0.0.0.0", "0.1.2.3", "169.254.169.254",
		"169.254.0.1", "100.100.100.200", "168.63.129.16", "224.0.0.1",
		"239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "fe80::1",
		"febf::1", "ff02::1", "fd00:ec2::254", "::ffff:169.254.169.254",
		"::ffff:0.0.0.0", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1"};

	(void)state;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (is_allowed(never[i], true, false))
			fail_msg("allowed: %s", never[i]);
}

static void deliver_address_tells_loopback_private_and_public(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
		bool private;
	} cases[] = {
		{"127.0.0.1", true, false},
		{"127.255.255.255", true, false},
		{"::1", true, false},
		{"::ffff:127.0.0.1", true, false},
		{"10.0.0.1", false, true},
		{"172.16.0.1", false, true},
		{"172.31.255.255", false, true},
		{"192.168.0.1", false, true},
		{"100.64.0.1", false, true},
		{"fd12::1", false, true},
		{"64:ff9b::10.0.0.1", false, true},
		{"172.32.0.1", false, false},
		{"172.15.0.1", false, false},
		{"128.0.0.1", false, false},
		{"100.128.0.1", false, false},
		{"192.0.2.1", false, false},
		{"1.1.1.1", false, false},
		{"2001:db8::1", false, false},
		{"2002:c000:0201::1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool loopback = cases[i].loopback;
		bool near = loopback || cases[i].private;

		assert_int_equal(is_allowed(cases[i].text, false, false), !loopback);
		assert_true(is_allowed(cases[i].text, true, false));
		assert_int_equal(is_allowed(cases[i].text, true, true), near);
		assert_int_equal(
			is_allowed(cases[i].text, false, true), cases[i].private);
	}
}

static void deliver_address_is_of_the_internet(void **state)
{
	const struct sockaddr_un local = {.sun_family = AF_UNIX};

	(void)state;
	assert_false(
		deliver_address_allowed((const struct sockaddr *)&local, true, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			deliver_address_never_leads_to_the_machine_s_own_secrets),
		cmocka_unit_test(deliver_address_tells_loopback_private_and_public),
		cmocka_unit_test(deliver_address_is_of_the_internet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
