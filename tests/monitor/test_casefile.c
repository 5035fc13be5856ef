/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "monitor/casefile.h"
#include "monitor/operators.h"
#include "tests/storage/incident_case.h"

struct records {
	struct fixture *fixture;
	struct operators *operators;
};

static int set_up(void **state)
{
	static struct records records;
	struct operators_error error;
	if (fixture_setup((void **)&records.fixture) != 0)
		return -1;
	assert_int_equal(operators_create(NULL, NULL, &records.operators, &error), 0);
	*state = &records;
	return 0;
}

static int tear_down(void **state)
{
	struct records *const records = *state;
	operators_destroy(records->operators);
	return fixture_teardown((void **)&records->fixture);
}

static int open_file(const struct records *records, int64_t number, size_t most,
	struct casefile **ret_casefile)
{
	const struct casefile_options options = {
		.store = records->fixture->store,
		.operators = records->operators,
		.now = T0 + HOUR,
		.utf8 = true,
		.addresses_most = most,
	};
	return casefile_open(&options, number, ret_casefile);
}

/* a.example in view `mta`: one set until T0 - 1 s, then another. */
static void put_change(struct fixture *fixture)
{
	const int64_t point = fixture_point(fixture, "a.example", "mta");
	store_begin(fixture->store);
	fixture_open_span(fixture, point, NULL, "10 mx00.ionos.de.", T0 - HOUR, 0);
	fixture_close_span(fixture, point, NULL, T0 - 10 * SECOND, 360);
	fixture_open_span(fixture, point, NULL, "10 mx01.mail.icloud.com.", T0 - SECOND,
		T0 - 10 * SECOND);
	fixture_commit(fixture, T0);
}

static struct incident_recipient recipient(
	const char *address, uint8_t first, uint64_t bounces, enum incident_advice advice)
{
	return (struct incident_recipient){
		.hash = {first},
		.address = address,
		.relay_host = "mx01.mail.icloud.com",
		.first_bounce_at = T0 + first,
		.last_bounce_at = T0 + first,
		.bounces = bounces,
		.accepted_before = true,
		.advice = advice,
	};
}

static void put_recipients(struct fixture *fixture)
{
	const struct incident_recipient rows[] = {
		recipient("b@a.example", 2, 1, ADVICE_REACTIVATE),
		recipient("a@a.example", 1, 3, ADVICE_REACTIVATE),
		recipient(NULL, 3, 1, ADVICE_REACTIVATE),
		recipient("gone@a.example", 4, 1, ADVICE_LEAVE),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		case_put_recipient(fixture, &rows[i]);
}

static void casefile_tells_what_views_said(void **state)
{
	const struct records *const records = *state;
	const struct incident incident = case_hijack();
	struct casefile *casefile;
	put_change(records->fixture);
	const int64_t number = case_put(records->fixture, &incident);
	assert_int_equal(open_file(records, number, 0, &casefile), 0);
	const struct story *const story = &casefile->story;
	assert_string_equal(story->id, "lab-i1");
	assert_string_equal(story->domain, "a.example");
	assert_null(story->spoken);
	assert_string_equal(story->incident->summary, incident.summary);
	assert_int_equal(story->views_len, 1);
	assert_string_equal(story->views[0].view, "mta");
	assert_non_null(strstr(story->views[0].before, "mx00.ionos.de"));
	assert_non_null(strstr(story->views[0].since, "mx01.mail.icloud.com"));
	assert_string_equal(story->views[0].now, story->views[0].since);
	assert_non_null(strstr(story->coverage, "The view mta gave "));
	casefile_close(casefile);
}

/* The incident began with another view, whose first sight was noted a moment later. */
static void casefile_has_a_view_see_the_change_first(void **state)
{
	const struct records *const records = *state;
	struct incident incident = case_hijack();
	struct casefile *casefile;
	incident.change_at = T0 - SECOND / 2;
	incident.change_not_before = T0 - 2 * SECOND;
	put_change(records->fixture);
	const int64_t number = case_put(records->fixture, &incident);
	assert_int_equal(open_file(records, number, 0, &casefile), 0);
	const struct story_view *const view = &casefile->story.views[0];
	assert_non_null(strstr(view->before, "mx00.ionos.de"));
	assert_non_null(view->since);
	assert_non_null(strstr(view->since, "mx01.mail.icloud.com"));
	casefile_close(casefile);
}

static void casefile_lists_whom_to_reactivate(void **state)
{
	const struct records *const records = *state;
	const struct incident incident = case_hijack();
	struct casefile *casefile;
	const int64_t number = case_put(records->fixture, &incident);
	put_recipients(records->fixture);
	assert_int_equal(open_file(records, number, 10, &casefile), 0);
	assert_string_equal(casefile->addresses, "a@a.example\nb@a.example\n");
	assert_int_equal(casefile->addresses_len, 2);
	assert_int_equal(casefile->story.leave, 1);
	assert_int_equal(casefile->story.repeated, 1);
	assert_int_equal(casefile->story.nameless, 1);
	casefile_close(casefile);
	assert_int_equal(open_file(records, number, 1, &casefile), 0);
	assert_string_equal(casefile->addresses, "a@a.example\n");
	assert_int_equal(casefile->story.repeated, 1); /* counted all the same */
	casefile_close(casefile);
}

static void casefile_knows_of_a_domain_never_polled(void **state)
{
	const struct records *const records = *state;
	struct incident incident = case_hijack();
	struct casefile *casefile;
	incident.domain = wire("xn--bcher-kva.example");
	const int64_t number = case_put(records->fixture, &incident);
	assert_int_equal(open_file(records, number, 0, &casefile), 0);
	assert_string_equal(casefile->story.domain, "xn--bcher-kva.example");
	assert_string_equal(casefile->story.spoken,
		"b\xc3\xbc"
		"cher.example");
	assert_int_equal(casefile->story.views_len, 0);
	assert_string_equal(casefile->story.coverage, "");
	casefile_close(casefile);
}

static void casefile_tells_of_our_own_fault(void **state)
{
	const struct records *const records = *state;
	struct incident incident = case_hijack();
	struct casefile *casefile;
	incident.domain = NULL;
	incident.kind = INCIDENT_SELF;
	const int64_t number = case_put(records->fixture, &incident);
	assert_int_equal(open_file(records, number, 0, &casefile), 0);
	assert_string_equal(casefile->story.domain, "");
	assert_int_equal(casefile->story.views_len, 0);
	casefile_close(casefile);
}

static void casefile_says_that_there_is_none(void **state)
{
	struct casefile *casefile = NULL;
	assert_int_equal(open_file(*state, 3, 0, &casefile), -ENOENT);
	assert_null(casefile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			casefile_tells_what_views_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			casefile_has_a_view_see_the_change_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			casefile_lists_whom_to_reactivate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			casefile_knows_of_a_domain_never_polled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			casefile_tells_of_our_own_fault, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			casefile_says_that_there_is_none, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("monitor/casefile", tests, NULL, NULL);
}
