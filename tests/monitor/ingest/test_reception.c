/* SPDX-License-Identifier: MIT */
/* Foreign words; test_errand has the way that they should go. */
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/reception.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/settings.h"
#include "monitor/operators.h"
#include "storage/feed.h"
#include "tests/storage/fixture.h"

struct lab {
	struct fixture *fixture;
	struct settings settings;
};

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof *lab);
	void *fixture = NULL;
	struct reply_rules_error error;
	struct operators_error why;
	if (lab == NULL || fixture_setup(&fixture) != 0 ||
		reply_rules_create(NULL, &lab->settings.rules, &error) != 0 ||
		operators_create(NULL, NULL, &lab->settings.operators, &why) != 0)
		return -1;
	lab->fixture = fixture;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	void *fixture = lab->fixture;
	settings_finish(&lab->settings);
	int result = fixture_teardown(&fixture);
	free(lab);
	return result;
}

/* The answer as text, to be freed; takes request. */
static char *ask(struct lab *lab, json_t *request, struct reception_moved *ret_moved)
{
	json_t *answer = NULL;
	assert_non_null(request);
	assert_int_equal(reception_apply(&lab->settings, lab->fixture->store, request, T0,
				 ret_moved, &answer),
		0);
	char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(answer);
	json_decref(request);
	return text;
}

static void expect(struct lab *lab, json_t *request, const char *wanted)
{
	struct reception_moved moved;
	char *text = ask(lab, request, &moved);
	assert_non_null(strstr(text, wanted));
	free(text);
}

static json_t *good(void)
{
	static const char text[] =
		"{\"request\":\"ingest\",\"source\":\"s\",\"mail\":false,\"reports\":["
		"{\"at\":1700000000000,\"outcome\":\"delivered\",\"remote\":true,"
		"\"code\":250,\"recipient\":\"a@a.example\"},"
		"{\"recipient\":\"b@a.example\"}],"
		"\"rejected\":[{\"reason\":\"r\",\"count\":2,\"first_at\":1,\"last_at\":"
		"2,"
		"\"shown\":\"x\"}],"
		"\"place\":{\"number\":0,\"format\":\"postfix\",\"path\":\"p\","
		"\"device\":1,\"inode\":2,\"head_len\":0,\"tail_len\":0,\"offset\":10,"
		"\"head\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b"
		"855\",\"tail\":"
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\",\"state\":\"\"},\"from\":0,\"latest\":0}";
	return json_loads(text, 0, NULL);
}

static json_t *with(json_t *request, const char *key, const char *value)
{
	assert_int_equal(json_object_set_new(
				 request, key, json_loads(value, JSON_DECODE_ANY, NULL)),
		0);
	return request;
}

static void reception_takes_reports_lines_and_place_together(void **state)
{
	struct lab *lab = *state;
	struct fixture *fixture = lab->fixture;
	struct reception_moved moved;
	char *text = ask(lab, good(), &moved);
	assert_string_equal(text, "{\"number\":1,\"ok\":true,\"refused\":0}");
	free(text);
	assert_true(moved.any);
	assert_int_equal(moved.number, 1);
	assert_int_equal(moved.device, 1);
	assert_int_equal(moved.inode, 2);
	assert_int_equal(fixture_query(fixture, "SELECT sum(count) FROM tally"), 2);
	assert_int_equal(fixture_query(fixture, "SELECT count FROM rejected"), 2);
	assert_int_equal(feed_offset(fixture->store, 1), 10);
}

static void reception_refuses_wrong_words_and_does_nothing(void **state)
{
	static const char *const wrong[][2] = {
		{"source", "7"},
		{"source", "\"\""},
		{"source", "\"a\\u001bb\""},
		{"mail", "0"},
		{"reports", "{}"},
		{"reports", "[7]"},
		{"reports", "[{\"recipient\":\"a@a.example\"},{\"stage\":9}]"},
		{"rejected", "null"},
		{"rejected", "[{}]"},
		{"place", "7"},
		{"place", "{\"number\":0}"},
		{"from", "null"},
		{"latest", "\"0\""},
		{"more", "1"},
	};
	struct lab *lab = *state;
	struct reception_moved moved;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char *text = ask(lab, with(good(), wrong[i][0], wrong[i][1]), &moved);
		assert_non_null(strstr(text, "\"code\":\"EINVAL\""));
		assert_non_null(strstr(text, "\"ok\":false"));
		assert_false(moved.any);
		free(text);
	}
	json_t *less = good();
	json_object_del(less, "latest");
	expect(lab, less, "\"code\":\"EINVAL\"");
	assert_int_equal(fixture_query(lab->fixture, "SELECT count(*) FROM feed"), 0);
	assert_int_equal(fixture_query(lab->fixture, "SELECT count(*) FROM tally"), 0);
	assert_int_equal(fixture_query(lab->fixture, "SELECT count(*) FROM rejected"), 0);
}

static void reception_refuses_what_is_stale(void **state)
{
	struct lab *lab = *state;
	json_t *first = good();
	json_t *place = json_deep_copy(json_object_get(first, "place"));
	json_decref(first);
	expect(lab, good(), "\"number\":1");
	expect(lab, good(), "\"code\":\"ESTALE\""); /* the same file, as if it were new */
	json_object_set_new(place, "number", json_integer(1));
	json_object_set_new(place, "offset", json_integer(30));
	for (int from = 0; from < 20; from += 10) {
		json_t *request = good();
		json_object_set(request, "place", place);
		json_object_set_new(request, "from", json_integer(from));
		expect(lab, request, from == 10 ? "\"number\":1" : "\"code\":\"ESTALE\"");
	}
	json_decref(place);
	assert_int_equal(fixture_query(lab->fixture, "SELECT sum(count) FROM tally"), 4);
	assert_int_equal(feed_offset(lab->fixture->store, 1), 30);
}

static void reception_tells_what_is_known(void **state)
{
	struct lab *lab = *state;
	expect(lab, good(), "\"number\":1");
	expect(lab,
		json_pack("{ss ss ss}", "request", "ingest-places", "format", "postfix",
			"head", "616263"),
		"\"latest\":1,\"ok\":true,\"places\":[{");
	expect(lab,
		json_pack("{ss ss ss}", "request", "ingest-places", "format", "exim",
			"head", ""),
		"\"places\":[]");
	expect(lab, json_pack("{ss si}", "request", "ingest-place", "number", 1),
		"\"offset\":10");
	expect(lab, json_pack("{ss si}", "request", "ingest-place", "number", 2),
		"\"place\":null");
	expect(lab,
		json_pack("{ss ss ss}", "request", "ingest-known", "format", "postfix",
			"path", "p"),
		"\"known\":true");
	expect(lab,
		json_pack("{ss ss ss}", "request", "ingest-known", "format", "dsn",
			"path", "p"),
		"\"known\":false");
}

static void reception_refuses_wrong_questions(void **state)
{
	static const char *const requests[] = {
		"{\"request\":\"ingest-places\",\"format\":\"postfix\",\"head\":\"6\"}",
		"{\"request\":\"ingest-places\",\"format\":\"postfix\",\"head\":\"zz\"}",
		"{\"request\":\"ingest-places\",\"format\":\"postfix\",\"head\":7}",
		"{\"request\":\"ingest-places\",\"format\":7,\"head\":\"\"}",
		"{\"request\":\"ingest-place\",\"number\":\"1\"}",
		"{\"request\":\"ingest-place\"}",
		"{\"request\":\"ingest-known\",\"format\":\"dsn\",\"path\":null}",
		"{\"request\":\"ingest-known\",\"format\":\"0123456789abcdef\",\"path\":"
		"\"\"}",
		"{\"request\":\"ingest-else\"}",
		"{\"request\":7}",
		"[]",
	};
	struct lab *lab = *state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		expect(lab, json_loads(requests[i], 0, NULL), "\"code\":\"EINVAL\"");
}

static void reception_knows_its_requests(void **state)
{
	json_t *ping = json_pack("{ss}", "request", "ping");
	json_t *ours = json_pack("{ss}", "request", "ingest-place");
	(void)state;
	assert_false(reception_is_asked(ping));
	assert_true(reception_is_asked(ours));
	assert_false(reception_is_asked(NULL));
	json_decref(ping);
	json_decref(ours);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(reception_takes_reports_lines_and_place_together),
		LAB_TEST(reception_refuses_wrong_words_and_does_nothing),
		LAB_TEST(reception_refuses_what_is_stale),
		LAB_TEST(reception_tells_what_is_known),
		LAB_TEST(reception_refuses_wrong_questions),
		cmocka_unit_test(reception_knows_its_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
