/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "monitor/request.h"
#include "resolvers/name.h"
#include "storage/watchlist.h"
#include "tests/storage/fixture.h"

/* Applies a request given as JSON; answers with text that is to be freed. */
static char *ask(struct fixture *fixture, const char *request_text)
{
	json_t *request = json_loads(request_text, JSON_DECODE_ANY, NULL);
	json_t *answer = NULL;
	char *text;

	assert_non_null(request);
	assert_int_equal(request_apply(fixture->store, request, T0, &answer), 0);
	text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(answer);
	json_decref(request);
	return text;
}

static void expect(struct fixture *fixture, const char *request, const char *answer)
{
	char *text = ask(fixture, request);

	assert_string_equal(text, answer);
	free(text);
}

static int count_watched(void *owner, const struct watched *watched)
{
	size_t *count = owner;

	assert_int_equal(watched->added_at, T0);
	++*count;
	return 0;
}

static size_t watched(struct fixture *fixture)
{
	size_t count = 0;

	assert_int_equal(watchlist_each(fixture->store, count_watched, &count), 0);
	return count;
}

static void request_keeps_the_watchlist(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture,
		"{\"request\":\"watch-add\",\"domains\":["
		"{\"domain\":\"a.example\",\"tags\":\"\"},"
		"{\"domain\":\"b.example\",\"tags\":\"x,y\"}]}",
		"{\"added\":2,\"known\":0,\"ok\":true}");
	expect(fixture,
		"{\"request\":\"watch-add\",\"domains\":["
		"{\"domain\":\"A.example\",\"tags\":\"z\"}]}",
		"{\"added\":0,\"known\":1,\"ok\":true}");
	assert_int_equal(watched(fixture), 2);
	expect(fixture,
		"{\"request\":\"watch-remove\",\"domains\":[\"a.example\",\"c.example\"]"
		"}",
		"{\"ok\":true,\"removed\":1,\"unknown\":[\"c.example\"]}");
	assert_int_equal(watched(fixture), 1);
}

static void request_refuses_wrong_words_and_does_nothing(void **state)
{
	static const char *const requests[] = {
		"[]",
		"\"watch-add\"",
		"{}",
		"{\"request\":7}",
		"{\"request\":\"frobnicate\"}",
		"{\"request\":\"ping\",\"more\":1}",
		"{\"request\":\"watch-add\"}",
		"{\"request\":\"watch-add\",\"domains\":\"a.example\"}",
		"{\"request\":\"watch-add\",\"domains\":[\"a.example\"]}",
		"{\"request\":\"watch-add\",\"domains\":[{\"domain\":\"a.example\"}]}",
		"{\"request\":\"watch-add\",\"domains\":["
		"{\"domain\":\"a.example\",\"tags\":\"\"},"
		"{\"domain\":\"a..b\",\"tags\":\"\"}]}",
		"{\"request\":\"watch-add\",\"domains\":["
		"{\"domain\":\"a.example\",\"tags\":\"a b\"}]}",
		"{\"request\":\"watch-remove\",\"domains\":[7]}",
		"{\"request\":\"watch-remove\",\"domains\":[\"\\u001b[31m\"]}",
		"{\"request\":\"import\",\"view\":null,\"rows\":[]}",
		"{\"request\":\"import\",\"source\":\"x\",\"view\":null,\"rows\":{}}",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		char *text = ask(fixture, requests[i]);

		assert_non_null(strstr(text, "\"code\":\"EINVAL\""));
		assert_non_null(strstr(text, "\"ok\":false"));
		free(text);
	}
	assert_int_equal(watched(fixture), 0);
}

static void request_bounds_its_lists(void **state)
{
	struct fixture *fixture = *state;
	json_t *domains = json_array();
	json_t *request;
	json_t *answer;

	for (int i = 0; i <= REQUEST_ROWS_MAX; i++)
		json_array_append_new(domains, json_string("a.example"));
	request = json_pack("{s:s, s:o}", "request", "watch-remove", "domains", domains);
	assert_int_equal(request_apply(fixture->store, request, T0, &answer), 0);
	assert_true(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	json_decref(request);
}

static void request_imports_rows_and_names_bad_ones(void **state)
{
	struct fixture *fixture = *state;
	static const char rows[] =
		"{\"request\":\"import\",\"source\":\"f\",\"view\":\"pdns\",\"rows\":["
		"{\"line\":4,\"row\":{\"rrname\":\"a.example\",\"rrtype\":\"MX\","
		"\"rdata\":\"10 mx.example.\",\"time_first\":1600000000,"
		"\"time_last\":1600000001}},"
		"{\"line\":6,\"row\":{\"rrname\":\"a.example\",\"rrtype\":\"NS\"}},"
		"{\"line\":7,\"row\":7},{\"line\":9}]}";

	expect(fixture, rows,
		"{\"added\":1,\"known\":0,\"ok\":true,\"passed_over\":1,\"refused\":["
		"{\"line\":7,\"why\":\"no JSON object\"},"
		"{\"line\":9,\"why\":\"no JSON object\"}]}");
	expect(fixture, rows,
		"{\"added\":0,\"known\":1,\"ok\":true,\"passed_over\":1,\"refused\":["
		"{\"line\":7,\"why\":\"no JSON object\"},"
		"{\"line\":9,\"why\":\"no JSON object\"}]}");
}

static void request_answers_a_ping(void **state)
{
	struct fixture *fixture = *state;
	char *text = ask(fixture, "{\"request\":\"ping\"}");

	assert_non_null(strstr(text, "\"ok\":true,\"pid\":"));
	assert_non_null(strstr(text, "\"version\":\"" MXVIGIL_VERSION "\""));
	free(text);
}

static void request_says_what_changes_the_watchlist(void **state)
{
	json_t *add = json_pack("{s:s}", "request", "watch-add");
	json_t *ping = json_pack("{s:s}", "request", "ping");
	json_t *yes = json_pack("{s:b}", "ok", 1);
	json_t *no = json_pack("{s:b}", "ok", 0);

	(void)state;
	assert_true(request_changed_watchlist(add, yes));
	assert_false(request_changed_watchlist(add, no));
	assert_false(request_changed_watchlist(ping, yes));
	json_decref(add);
	json_decref(ping);
	json_decref(yes);
	json_decref(no);
}

#define GROUP_TEST(name)                                                                 \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUP_TEST(request_keeps_the_watchlist),
		GROUP_TEST(request_refuses_wrong_words_and_does_nothing),
		GROUP_TEST(request_bounds_its_lists),
		GROUP_TEST(request_imports_rows_and_names_bad_ones),
		GROUP_TEST(request_answers_a_ping),
		cmocka_unit_test(request_says_what_changes_the_watchlist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
