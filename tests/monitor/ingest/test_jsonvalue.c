/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/jsonvalue.h"

static void jsonvalue_finds_paths(void **state)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	json_t *json = jsonvalue_parse(SPAN(
		"{\"a\":{\"b\":[1,{\"c\":2.5}],\"d\":true},\"a.x\":\"y\",\"n\":null}"));
	(void)state;
	assert_non_null(json);
	assert_true(
		span_is(jsonvalue_text(jsonvalue_at(json, "a.b.0"), buffer), SPAN("1")));
	assert_true(span_is(
		jsonvalue_text(jsonvalue_at(json, "a.b.1.c"), buffer), SPAN("2.500")));
	assert_true(
		span_is(jsonvalue_text(jsonvalue_at(json, "a.d"), buffer), SPAN("true")));
	assert_true(
		span_is(jsonvalue_text(jsonvalue_at(json, "a.x"), buffer), SPAN("y")));
	assert_int_equal(jsonvalue_text(jsonvalue_at(json, "a"), buffer).len, 0);
	assert_int_equal(jsonvalue_text(jsonvalue_at(json, "n"), buffer).len, 0);
	assert_null(jsonvalue_at(json, "a.b.2"));
	assert_null(jsonvalue_at(json, "a.b.x"));
	assert_null(jsonvalue_at(json, "z"));
	assert_null(jsonvalue_at(json, "z.z"));
	assert_null(jsonvalue_at(json, ""));
	json_decref(json);
	assert_null(jsonvalue_parse(SPAN("[1]")));
	assert_null(jsonvalue_parse(SPAN("{\"a\":1} x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsonvalue_finds_paths),
	};
	return cmocka_run_group_tests_name("jsonvalue", tests, NULL, NULL);
}
