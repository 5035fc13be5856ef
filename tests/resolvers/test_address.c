/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/address.h"
#include "resolvers/name.h"

static void address_is_a_name_and_back(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *name;
	} cases[] = {
		{"192.0.2.255", 4, "\10c00002ff"},
		{"0.0.0.0", 4,
			"\10"
			"00000000"},
		{"2001:db8::1", 16, "\04020010db8000000000000000000000001"},
		{"::ffff:192.0.2.1", 16, "\04000000000000000000000ffffc0000201"},
	};
	uint8_t name[ADDRESS_NAME_MAX];
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint address;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(address_parse(cases[i].text, cases[i].len, name), 0);
		assert_memory_equal(name, cases[i].name, strlen(cases[i].name) + 1);
		assert_int_equal(name_length(name), 2 * cases[i].len + 2);
		assert_string_equal(address_format(name, text), cases[i].text);
		assert_int_equal(address_from_name(name, &address), 0);
		assert_int_equal(address.family, cases[i].len == 4 ? AF_INET : AF_INET6);
		assert_int_equal(address.port, 0);
	}
}

static void address_has_one_order(void **state)
{
	uint8_t low[ADDRESS_NAME_MAX];
	uint8_t high[ADDRESS_NAME_MAX];

	(void)state;
	assert_int_equal(address_parse("9.255.255.255", 4, low), 0);
	assert_int_equal(address_parse("10.0.0.0", 4, high), 0);
	assert_true(name_compare(low, high) < 0);
}

static void address_refuses_other_texts(void **state)
{
	uint8_t name[ADDRESS_NAME_MAX];

	(void)state;
	assert_int_equal(address_parse("2001:db8::1", 4, name), -EINVAL);
	assert_int_equal(address_parse("192.0.2.1", 16, name), -EINVAL);
	assert_int_equal(address_parse("192.0.2.1:53", 4, name), -EINVAL);
	assert_int_equal(address_parse("", 4, name), -EINVAL);
}

static void address_refuses_other_names(void **state)
{
	static const char *const names[] = {"", "\2mx\7example", "\10c00002f",
		"\10c00002fg", "\10C00002FF", "\10c00002ff\3com",
		"\0402001:db8:0000000000000000000000"};
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint address;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		uint8_t name[NAME_WIRE_MAX] = {0};

		memcpy(name, names[i], strlen(names[i]));
		assert_int_equal(address_from_name(name, &address), -EINVAL);
		assert_string_equal(address_format(name, text), "?");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_a_name_and_back),
		cmocka_unit_test(address_has_one_order),
		cmocka_unit_test(address_refuses_other_texts),
		cmocka_unit_test(address_refuses_other_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
