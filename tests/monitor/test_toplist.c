/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/toplist.h"

#define T0 INT64_C(1700000000000)
#define MINUTE INT64_C(60000)
#define MOST 16 /* domains of a test */

/* "abc": in this order; capital letters have no rank. Members keep what they are from one
 * ranking to the next. */
struct list {
	struct toplist_domain domains[MOST]; /* by letter */
};

/* Returns what changed: "+a-b". */
static const char *rank(struct list *list, const char *order, size_t most, int64_t now)
{
	static char changes[64];
	struct toplist_domain ranked[MOST];
	const size_t len = strlen(order);
	size_t at = 0;
	for (size_t i = 0; i < len; i++) {
		const bool capital = order[i] < 'a';
		ranked[i] = list->domains[order[i] - (capital ? 'A' : 'a')];
		ranked[i].rank = capital ? SIZE_MAX : i + 1;
	}
	toplist_decide(ranked, len, most, now);
	for (size_t i = 0; i < len; i++) {
		const char letter = (char)(order[i] | 0x20);
		struct toplist_domain *domain = &list->domains[letter - 'a'];
		*domain = ranked[i];
		if (domain->verdict == TOPLIST_LEAVES)
			*domain = (struct toplist_domain){.verdict = TOPLIST_LEAVES};
		if (ranked[i].verdict == TOPLIST_ENTERS ||
			ranked[i].verdict == TOPLIST_LEAVES) {
			changes[at++] = ranked[i].verdict == TOPLIST_ENTERS ? '+' : '-';
			changes[at++] = letter;
		}
	}
	changes[at] = '\0';
	return changes;
}

static void toplist_takes_the_first_ones(void **state)
{
	struct list list = {0};
	(void)state;
	assert_string_equal(rank(&list, "", 4, T0), "");
	assert_string_equal(rank(&list, "abcdefg", 4, T0), "+a+b+c+d");
	assert_string_equal(rank(&list, "abcdefg", 4, T0), "");
	assert_int_equal(list.domains[0].since_at, T0);
	assert_int_equal(list.domains[0].below_at, 0);
	assert_int_equal(list.domains[4].since_at, 0);
	assert_int_equal(toplist_floor(4), 5);
	assert_int_equal(toplist_floor(1), 2);
	assert_int_equal(toplist_floor(5000), 6250);
}

/* Two domains that take turns at the edge are both members, for good. */
static void toplist_does_not_flutter(void **state)
{
	struct list list = {0};
	int64_t now = T0;
	(void)state;
	assert_string_equal(rank(&list, "abcd", 4, now), "+a+b+c+d");
	assert_string_equal(rank(&list, "abced", 4, now += MINUTE), "+e");
	for (int i = 0; i < 1000; i++)
		assert_string_equal(rank(&list, i % 2 != 0 ? "abced" : "abcde", 4,
					    now += 30 * MINUTE),
			"");
}

static void toplist_lets_go_after_hours_below_and_a_day_within(void **state)
{
	struct list list = {0};
	int64_t now = T0;
	(void)state;
	assert_string_equal(rank(&list, "abcd", 4, now), "+a+b+c+d");
	now += MINUTE;
	assert_string_equal(rank(&list, "abcefd", 4, now), "+e");
	assert_int_equal(list.domains[3].below_at, now);
	now = T0 + TOPLIST_STAY_MS - 1;
	assert_string_equal(rank(&list, "abcefd", 4, now), "");
	assert_string_equal(rank(&list, "abcefd", 4, now + 1), "-d");
	assert_string_equal(rank(&list, "abcefd", 4, now + 1), "");
	/* An old member has its hours, and a good moment begins them anew. */
	now += 10 * TOPLIST_STAY_MS;
	assert_string_equal(rank(&list, "abefgc", 4, now), "+f");
	now += TOPLIST_LEAVE_MS - 1;
	assert_string_equal(rank(&list, "abefgc", 4, now), "");
	assert_string_equal(rank(&list, "abefc", 4, now), "");
	assert_string_equal(rank(&list, "abefgc", 4, now), "");
	now += TOPLIST_LEAVE_MS - 1;
	assert_string_equal(rank(&list, "abefgc", 4, now), "");
	assert_string_equal(rank(&list, "abefgc", 4, now + 1), "-c");
}

static void toplist_keeps_a_bound(void **state)
{
	struct list list = {0};
	(void)state;
	assert_string_equal(rank(&list, "abcd", 4, T0), "+a+b+c+d");
	assert_string_equal(rank(&list, "efabcd", 4, T0 + 1), "+e+f");
	/* Six of four: the last ones make room at once. */
	assert_string_equal(rank(&list, "ghefabcd", 4, T0 + 2), "+g+h-c-d");
	/* A smaller list leaves no more than it may have. */
	assert_string_equal(rank(&list, "ghefAB", 2, T0 + 3), "-f-a-b");
	assert_string_equal(rank(&list, "gheF", 1, T0 + 4), "-e");
}

static void toplist_lets_the_forgotten_go(void **state)
{
	struct list list = {0};
	(void)state;
	assert_string_equal(rank(&list, "ab", 4, T0), "+a+b");
	assert_string_equal(rank(&list, "AB", 4, T0 + TOPLIST_STAY_MS), "");
	assert_string_equal(
		rank(&list, "AB", 4, T0 + TOPLIST_STAY_MS + TOPLIST_LEAVE_MS), "-a-b");
}

static void toplist_bears_a_clock_set_back(void **state)
{
	struct list list = {0};
	const int64_t year = 365 * TOPLIST_STAY_MS;
	(void)state;
	assert_string_equal(rank(&list, "abc", 1, T0 + year), "+a");
	assert_string_equal(rank(&list, "bca", 1, T0 + year), "+b");
	/* Not for a year: as long as the clock now counts. */
	assert_string_equal(rank(&list, "bca", 1, T0), "");
	assert_string_equal(rank(&list, "bca", 1, T0 + TOPLIST_STAY_MS), "-a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toplist_takes_the_first_ones),
		cmocka_unit_test(toplist_does_not_flutter),
		cmocka_unit_test(toplist_lets_go_after_hours_below_and_a_day_within),
		cmocka_unit_test(toplist_keeps_a_bound),
		cmocka_unit_test(toplist_lets_the_forgotten_go),
		cmocka_unit_test(toplist_bears_a_clock_set_back),
	};
	return cmocka_run_group_tests_name("toplist", tests, NULL, NULL);
}
