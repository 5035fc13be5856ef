/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/detect.h"

#define SAYS_MAX 16

/* A say from a letter: a to z are sets, N nodata, X nxdomain, T a time-out, S servfail,
 * - nothing yet. */
static struct detect_say say(char letter)
{
	struct detect_say made = {.state = ANSWER_MX, .digest = {.lo = 9, .hi = 0}};

	switch (letter) {
	case 'N':
		made.state = ANSWER_NODATA;
		break;
	case 'X':
		made.state = ANSWER_NXDOMAIN;
		break;
	case 'T':
		made.state = ANSWER_TIMEOUT;
		break;
	case 'S':
		made.state = ANSWER_SERVFAIL;
		break;
	case '-':
		made.state = ANSWER_NONE;
		break;
	default:
		made.digest.hi = (uint64_t)letter;
	}
	return made;
}

static size_t says_of(const char *letters, struct detect_say says[SAYS_MAX])
{
	size_t len = strlen(letters);

	for (size_t i = 0; i < len; i++)
		says[i] = say(letters[i]);
	return len;
}

/* The suspect is the first letter. */
static enum detect_verdict judge(const char *letters, enum confirmation by)
{
	struct detect_say says[SAYS_MAX];
	unsigned usable;
	unsigned same;

	return detect_judge(says, says_of(letters, says), 0, by, &usable, &same);
}

static void detect_tells_same_answers(void **state)
{
	struct detect_say a = say('a');
	struct detect_say low = a;
	struct detect_say b = say('b');
	struct detect_say timeout = say('T');
	struct detect_say nothing = say('-');
	struct detect_say nodata = say('N');
	struct detect_say nxdomain = say('X');

	(void)state;
	low.digest.lo++;
	assert_true(detect_same(&a, &a));
	assert_false(detect_same(&a, &b));
	assert_false(detect_same(&a, &low));
	assert_false(detect_same(&nodata, &nxdomain)); /* equal digests, other states */
	assert_true(detect_same(&nxdomain, &nxdomain));
	assert_false(detect_same(&timeout, &timeout)); /* not saying is no answer */
	assert_false(detect_same(&nothing, &nothing));
	assert_false(detect_same(&a, &timeout));
}

static void detect_believes_nothing_unconfirmed(void **state)
{
	(void)state;
	assert_int_equal(judge("b", CONFIRMED_NOT), DETECT_SUSPICION);
	assert_int_equal(judge("bbbb", CONFIRMED_NOT), DETECT_SUSPICION);
	assert_int_equal(judge("T", CONFIRMED_NOT), DETECT_SUSPICION);
	assert_int_equal(judge("aaaa", CONFIRMED_NOT), DETECT_SUSPICION);
}

static void detect_moves_a_view_by_majority(void **state)
{
	(void)state;
	assert_int_equal(judge("b", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("b", CONFIRMED_UDP), DETECT_VIEW);
	assert_int_equal(judge("bb", CONFIRMED_SERVER), DETECT_VIEW);
	assert_int_equal(judge("bba", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("bbbaa", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("baa", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbaaa", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("XXX", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("XNN", CONFIRMED_TCP), DETECT_SERVER);
}

static void detect_keeps_the_old_answer_in_a_tie(void **state)
{
	(void)state;
	assert_int_equal(judge("ba", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbaa", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbbaaa", CONFIRMED_TCP), DETECT_SERVER);
}

/* More than half is asked for, not more than the others. */
static void detect_asks_for_more_than_half(void **state)
{
	(void)state;
	assert_int_equal(judge("bbac", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbacd", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbbac", CONFIRMED_TCP), DETECT_VIEW);
}

static void detect_counts_usable_servers_alone(void **state)
{
	(void)state;
	assert_int_equal(judge("bTTT", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("bT-a", CONFIRMED_TCP), DETECT_SERVER);
	assert_int_equal(judge("bbTSa-", CONFIRMED_TCP), DETECT_VIEW);
	assert_int_equal(judge("bSSSSSSSa", CONFIRMED_TCP), DETECT_SERVER);
}

static void detect_counts_what_it_judged(void **state)
{
	struct detect_say says[SAYS_MAX];
	size_t len = says_of("aTbb-Nb", says);
	unsigned usable;
	unsigned same;

	(void)state;
	assert_int_equal(
		detect_judge(says, len, 3, CONFIRMED_TCP, &usable, &same), DETECT_VIEW);
	assert_int_equal(usable, 5);
	assert_int_equal(same, 3);
	assert_int_equal(detect_judge(says, len, 0, CONFIRMED_NOT, &usable, &same),
		DETECT_SUSPICION);
	assert_int_equal(usable, 5);
	assert_int_equal(same, 1);
}

static void expect_plurality(const char *letters, size_t expected)
{
	struct detect_say says[SAYS_MAX];
	size_t len = says_of(letters, says);

	assert_int_equal(detect_plurality(says, len), expected);
}

static void detect_takes_what_most_say_at_first(void **state)
{
	(void)state;
	expect_plurality("a", 0);
	expect_plurality("abb", 1);
	expect_plurality("TTTTab-", 4);
	expect_plurality("abcbc", 1); /* the first of the list where several share it */
	expect_plurality("ab", 0);
	expect_plurality("TTTaTbb", 5);
	expect_plurality("XNXNX", 0);
}

static void detect_takes_nothing_where_none_is_usable(void **state)
{
	(void)state;
	expect_plurality("", 0);
	expect_plurality("T", 1);
	expect_plurality("TTS-", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detect_tells_same_answers),
		cmocka_unit_test(detect_believes_nothing_unconfirmed),
		cmocka_unit_test(detect_moves_a_view_by_majority),
		cmocka_unit_test(detect_keeps_the_old_answer_in_a_tie),
		cmocka_unit_test(detect_asks_for_more_than_half),
		cmocka_unit_test(detect_counts_usable_servers_alone),
		cmocka_unit_test(detect_counts_what_it_judged),
		cmocka_unit_test(detect_takes_what_most_say_at_first),
		cmocka_unit_test(detect_takes_nothing_where_none_is_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
