/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"
#include "tests/monitor/decide/directory.h"

#define NOON INT64_C(1780315200000)
#define VIEWS 4

static struct decide *decide;
static uint8_t domain[NAME_WIRE_MAX];
static int64_t now;

enum {
	OWN,
	MTA,
	PUBLIC,
	ABROAD
}; /* the views; the first is authoritative */

static int make_views(void **state)
{
	static const char *const names[VIEWS] = {"own", "mta", "public", "abroad"};
	const struct decide_options options = {.operators = operators};
	(void)state;
	now = NOON;
	if (decide_create(&options, &decide) < 0 || name_parse("look.test.", domain) < 0)
		return -1;
	for (int i = 0; i < VIEWS; i++)
		if (decide_view(decide, names[i], i == OWN, MINUTE_MS) != i)
			return -1;
	return 0;
}

static int drop_views(void **state)
{
	(void)state;
	decide_destroy(decide);
	return 0;
}

static void answer(int view, const char *exchange)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer told = {
		.domain = domain,
		.view = view,
		.at = now++,
		.state = name[0] == 0 ? ANSWER_NULL_MX : ANSWER_MX,
		.set = &set,
	};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
}

static void answer_nothing(int view, enum answer_state state)
{
	const struct mxset set = {0};
	const struct decide_answer told = {
		.domain = domain, .view = view, .at = now++, .state = state, .set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
}

static void lose(int view, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(decide_failure(decide, domain, view, now++), 0);
}

static struct subject *subject(void)
{
	return decide_subject(decide, domain, now);
}

static enum position deciding(void)
{
	const struct look *look = look_deciding(decide, subject());
	return look != NULL ? look->position : POSITION_UNSEEN;
}

static void at_home(void)
{
	for (int view = 0; view < VIEWS; view++)
		answer(view, "mx.home.test.");
}

static void look_nobody_heard_decides_nothing(void **state)
{
	(void)state;
	assert_null(look_deciding(decide, subject()));
	assert_false(look_is_elsewhere(NULL));
	lose(OWN, 3);
	assert_null(look_deciding(decide, subject()));
}

static void look_positions_are_told_apart(void **state)
{
	(void)state;
	at_home();
	assert_int_equal(deciding(), POSITION_HOME);
	answer(OWN, "mx9.home.test.");
	assert_int_equal(deciding(), POSITION_HOME);
	answer(OWN, "mx.stranger.test.");
	assert_int_equal(deciding(), POSITION_AWAY);
	answer(OWN, ".");
	assert_int_equal(deciding(), POSITION_NULL);
	answer_nothing(OWN, ANSWER_NXDOMAIN);
	assert_int_equal(deciding(), POSITION_GONE);
	/* Without MX mail goes to the domain's own address, which is not where it
   * went. */
	answer_nothing(OWN, ANSWER_NODATA);
	assert_int_equal(deciding(), POSITION_AWAY);
}

static void look_partly_elsewhere_is_elsewhere(void **state)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	(void)state;
	at_home();
	assert_int_equal(name_parse("mx.home.test.", name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	assert_int_equal(name_parse("mx.stranger.test.", name), 0);
	assert_int_equal(mxset_add(&set, 20, name), 0);
	const struct decide_answer told = {.domain = domain,
		.view = OWN,
		.at = now++,
		.state = ANSWER_MX,
		.set = &set};
	assert_int_equal(decide_answer(decide, &told), 0);
	mxset_finish(&set);
	assert_int_equal(deciding(), POSITION_PARTLY);
	assert_true(look_is_elsewhere(look_deciding(decide, subject())));
}

static void look_domains_own_servers_decide(void **state)
{
	(void)state;
	at_home();
	answer(MTA, "mx.stranger.test.");
	answer(PUBLIC, "mx.stranger.test.");
	answer(ABROAD, "mx.stranger.test.");
	assert_int_equal(deciding(), POSITION_HOME);
	answer(OWN, "mx.stranger.test.");
	answer(MTA, "mx.home.test.");
	assert_int_equal(deciding(), POSITION_AWAY);
}

static void look_most_decide_where_they_are_not_heard(void **state)
{
	(void)state;
	at_home();
	answer(MTA, "mx.stranger.test.");
	answer(PUBLIC, "mx.stranger.test.");
	lose(OWN, 1);
	assert_int_equal(deciding(), POSITION_HOME); /* one poll is lost now and then */
	lose(OWN, 1);
	assert_int_equal(deciding(), POSITION_AWAY);
	answer(PUBLIC, "mx.home.test.");
	assert_int_equal(deciding(), POSITION_HOME);
	answer(OWN, "mx.stranger.test.");
	assert_int_equal(deciding(), POSITION_AWAY);
}

static void look_tie_keeps_home(void **state)
{
	(void)state;
	at_home();
	lose(OWN, 2);
	lose(ABROAD, 2);
	answer(MTA, "mx.stranger.test.");
	assert_int_equal(deciding(), POSITION_HOME);
}

static void look_few_who_are_left_decide_nothing(void **state)
{
	(void)state;
	at_home();
	lose(OWN, 2);
	lose(MTA, 2);
	answer(PUBLIC, "mx.stranger.test.");
	lose(ABROAD, 2);
	assert_null(look_deciding(decide, subject()));
}

static void look_misled_is_who_differs_from_the_domain(void **state)
{
	(void)state;
	at_home();
	assert_int_equal(look_misled(decide, subject(), NULL), -1);
	answer(PUBLIC, "mx.stranger.test.");
	assert_int_equal(look_misled(decide, subject(), NULL), PUBLIC);
	assert_int_equal(look_misled(decide, subject(),
				 operators_of_host(operators, "mx.stranger.test")),
		PUBLIC);
	assert_int_equal(look_misled(decide, subject(),
				 operators_of_host(operators, "mx.other.test")),
		-1);
	/* The domain says so itself: then nobody is misled. */
	answer(OWN, "mx.stranger.test.");
	assert_int_equal(look_misled(decide, subject(), NULL), -1);
}

static void look_dead_resolver_is_not_misled(void **state)
{
	(void)state;
	at_home();
	answer(PUBLIC, "mx.stranger.test.");
	lose(PUBLIC, 2);
	assert_int_equal(look_misled(decide, subject(), NULL), -1);
	answer(PUBLIC, "mx.stranger.test.");
	assert_int_equal(look_misled(decide, subject(), NULL), PUBLIC);
}

static void look_same_answer_again_keeps_its_beginning(void **state)
{
	(void)state;
	at_home();
	const int64_t since = subject()->looks[MTA].since;
	lose(MTA, 3);
	assert_int_not_equal(subject()->looks[MTA].failing_since, 0);
	answer(MTA, "mx.home.test.");
	assert_int_equal(subject()->looks[MTA].since, since);
	assert_int_equal(subject()->looks[MTA].failing_since, 0);
	assert_int_equal(subject()->looks[MTA].failures, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_views, drop_views)
	const struct CMUnitTest tests[] = {
		TEST(look_nobody_heard_decides_nothing),
		TEST(look_positions_are_told_apart),
		TEST(look_partly_elsewhere_is_elsewhere),
		TEST(look_domains_own_servers_decide),
		TEST(look_most_decide_where_they_are_not_heard),
		TEST(look_tie_keeps_home),
		TEST(look_few_who_are_left_decide_nothing),
		TEST(look_misled_is_who_differs_from_the_domain),
		TEST(look_dead_resolver_is_not_misled),
		TEST(look_same_answer_again_keeps_its_beginning),
	};
	return cmocka_run_group_tests(tests, make_operators, drop_operators);
}
