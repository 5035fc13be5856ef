/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/signature.h"

/* The example of the specification; deliver_http.py has signatures checked by Python. */
static void signature_is_that_of_the_specification(void **state)
{
	static const char body[] = "{\"test\": 2432232314}";
	uint8_t *key;
	size_t len;
	char text[SIGNATURE_MAX];

	(void)state;
	assert_int_equal(
		signature_read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key, &len),
		0);
	assert_int_equal(len, 24);
	assert_int_equal(signature_make(key, len, "msg_p5jXN8AQM9LWM0D4loKWxJek",
				 1614265330, body, strlen(body), text),
		0);
	assert_string_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	free(key);
}

static void signature_takes_keys_as_they_are(void **state)
{
	uint8_t *key;
	size_t len;

	(void)state;
	assert_int_equal(signature_read_key("0123456789abcdef", &key, &len), 0);
	assert_int_equal(len, 16);
	assert_memory_equal(key, "0123456789abcdef", 16);
	free(key);
	assert_int_equal(
		signature_read_key("whsec_MDEyMzQ1Njc4OWFiY2RlZg==", &key, &len), 0);
	assert_int_equal(len, 16);
	assert_memory_equal(key, "0123456789abcdef", 16);
	free(key);
}

static void signature_refuses_broken_keys(void **state)
{
	static const char *const broken[] = {
		"",
		"short",
		"0123456789abcde",
		"whsec_",
		"whsec_MDEyMzQ1Njc4OWFiY2Rl",
		"whsec_MDEyMzQ1Njc4OWFiY2RlZg=",
		"whsec_MDEyMzQ1Njc4OWFiY2RlZg===",
		"whsec_MDEyMzQ1 jc4OWFiY2RlZg==",
		"whsec_MDEyMzQ1=jc4OWFiY2RlZg==",
		"whsec_MDEyMzQ1Njc4OWFiY2RlZg==\n",
		"whsec_MDEyMzQ1Njc4OWFiY2Rl-_==",
	};
	uint8_t *key;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_int_equal(signature_read_key(broken[i], &key, &len), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_is_that_of_the_specification),
		cmocka_unit_test(signature_takes_keys_as_they_are),
		cmocka_unit_test(signature_refuses_broken_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
