/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/protect/socketmap.h"

static struct socketmap_request request;

static enum socketmap_state take(const char *text)
{
	return socketmap_take(text, strlen(text), &request);
}

static void socketmap_takes_a_request(void **state)
{
	(void)state;
	assert_int_equal(take("13:mxvigil a b c,rest"), SOCKETMAP_WHOLE);
	assert_int_equal(request.map_len, 7);
	assert_memory_equal(request.map, "mxvigil", 7);
	assert_int_equal(request.key_len, 5);
	assert_memory_equal(request.key, "a b c", 5);
	assert_int_equal(request.taken, 17);
	assert_int_equal(take("2:a ,"), SOCKETMAP_WHOLE);
	assert_int_equal(request.key_len, 0);
}

static void socketmap_takes_requests_one_after_the_other(void **state)
{
	static const char text[] = "3:a b,5:cd ef,";
	(void)state;
	assert_int_equal(take(text), SOCKETMAP_WHOLE);
	assert_int_equal(take(text + request.taken), SOCKETMAP_WHOLE);
	assert_memory_equal(request.key, "ef", 2);
	assert_int_equal(request.taken, 8);
}

static void socketmap_waits_for_the_rest(void **state)
{
	static const char text[] = "13:mxvigil a b c,";
	(void)state;
	for (size_t len = 0; len < sizeof text - 1; len++)
		assert_int_equal(socketmap_take(text, len, &request), SOCKETMAP_PART);
}

static void socketmap_refuses_what_is_no_request(void **state)
{
	static const char *const broken[] = {
		":a b,",
		"x",
		"3;a b,",
		"-3:a b,",
		"03:a b,",
		"3:a b;",
		"3:abc,",
		"2: b,",
		"0:,",
		"16385:a",
		"99999",
		"123456",
		"18446744073709551619:a b,",
		"GET / HTTP/1.1\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		if (take(broken[i]) != SOCKETMAP_BROKEN)
			fail_msg("taken: %s", broken[i]);
}

static void socketmap_takes_bytes_of_any_kind(void **state)
{
	(void)state;
	assert_int_equal(socketmap_take("6:m \0,\xff:,", 9, &request), SOCKETMAP_WHOLE);
	assert_int_equal(request.key_len, 4);
	assert_memory_equal(request.key, "\0,\xff:", 4);
}

static void socketmap_takes_the_longest_request(void **state)
{
	static char text[SOCKETMAP_REQUEST_MAX + 16];
	(void)state;
	const int head = sprintf(text, "%d:m ", SOCKETMAP_REQUEST_MAX);
	memset(text + head, 'x', SOCKETMAP_REQUEST_MAX - 2);
	text[head + SOCKETMAP_REQUEST_MAX - 2] = ',';
	assert_int_equal(socketmap_take(text, sizeof text, &request), SOCKETMAP_WHOLE);
	assert_int_equal(request.key_len, SOCKETMAP_REQUEST_MAX - 2);
}

static void socketmap_writes_answers(void **state)
{
	char bytes[SOCKETMAP_ANSWER_MAX];
	(void)state;
	assert_int_equal(socketmap_answer("OK", "4.1.1", bytes), 11);
	assert_string_equal(bytes, "8:OK 4.1.1,");
	assert_int_equal(socketmap_answer("NOTFOUND", "", bytes), 12);
	assert_string_equal(bytes, "9:NOTFOUND ,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socketmap_takes_a_request),
		cmocka_unit_test(socketmap_takes_requests_one_after_the_other),
		cmocka_unit_test(socketmap_waits_for_the_rest),
		cmocka_unit_test(socketmap_refuses_what_is_no_request),
		cmocka_unit_test(socketmap_takes_bytes_of_any_kind),
		cmocka_unit_test(socketmap_takes_the_longest_request),
		cmocka_unit_test(socketmap_writes_answers),
	};
	return cmocka_run_group_tests_name("socketmap", tests, NULL, NULL);
}
