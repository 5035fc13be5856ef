/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/decide/spike.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define START (INT64_C(20000) * DAY_MS)

/* splitmix64, of Steele, Lea and Flood: the same numbers on every machine. */
static uint64_t chance;

static double draw(void)
{
	uint64_t z = chance += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* A stream of mail: so many a day, of which a share is to strangers, who are
 * unknown. */
struct stream {
	double mails; /* a day */
	double strangers;
	double unknown; /* of the mail to strangers */
	double gone; /* of the mail to recipients who had accepted some */
};

static struct spike_attempt next(const struct stream *stream, int64_t *at)
{
	*at += (int64_t)(-log(1 - draw()) * (double)DAY_MS / stream->mails);
	const bool known = draw() >= stream->strangers;
	return (struct spike_attempt){
		.at = *at,
		.known = known,
		.bounced = draw() < (known ? stream->gone : stream->unknown),
		.teaches = true,
	};
}

static int64_t live(
	struct spike *spike, const struct stream *stream, int64_t at, int days)
{
	const int64_t end = at + days * DAY_MS;
	while (at < end) {
		const struct spike_attempt attempt = next(stream, &at);
		spike_attempt(spike, &attempt);
	}
	return at;
}

static bool strikes(
	const struct spike *spike, enum spike_statistic statistic, double alpha)
{
	return spike->bounces[statistic] >= 3 &&
		spike_score(spike, statistic) >= spike_threshold(spike, alpha);
}

static const struct stream ordinary = {150, 0.2, 0.05, 0.002};

/* --- streams in which nothing happens --- */

static unsigned count_alarms(struct spike *spike, const struct stream *stream, int64_t at,
	enum spike_statistic statistic, int days, double alpha)
{
	const int64_t end = at + days * DAY_MS;
	unsigned alarms = 0;
	while (at < end) {
		const struct spike_attempt attempt = next(stream, &at);
		spike_attempt(spike, &attempt);
		if (!attempt.bounced || !strikes(spike, statistic, alpha))
			continue;
		alarms++;
		spike_restart(spike, statistic);
	}
	return alarms;
}

static void spike_stays_within_its_budget(void **state)
{
	static const struct stream streams[] = {
		{10, 0.5, 0.05, 0.001},
		{60, 0.2, 0.05, 0.003},
		{150, 0.2, 0.30, 0.002},
		{150, 0.8, 0.15, 0.010},
		{900, 0.1, 0.02, 0.002},
		{900, 0.3, 0.50, 0.005},
	};
	const double alpha = 1e-3;
	const int days = 500;
	unsigned known = 0, all = 0;
	(void)state;
	chance = 1;
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		struct spike spike = {0};
		const int64_t at = live(&spike, &streams[i], START, 4);
		struct spike other = spike;
		known += count_alarms(&spike, &streams[i], at, SPIKE_KNOWN, days, alpha);
		all += count_alarms(&other, &streams[i], at, SPIKE_ALL, days, alpha);
	}
	/* Three are expected in 3,000 domain-days at the very most; eight would be by
   * chance one time in eighty. */
	assert_true(known < 8);
	assert_true(all < 8);
}

/* At the edge of what is no spike yet: three times what is usual, and a little.
 */
static void spike_stays_within_its_budget_at_the_edge(void **state)
{
	const struct stream usual = {200, 0.1, 0.05, 0.003};
	struct stream edge = usual;
	struct spike spike = {0};
	(void)state;
	chance = 12;
	const int64_t at = live(&spike, &usual, START, 10);
	edge.gone = 3 * spike_usual(&spike, true) + 0.010;
	unsigned alarms = 0, beyond = 0;
	for (int turn = 0; turn < 100; turn++) {
		/* Copies, so that the edge does not become what is usual. */
		struct spike one = spike, other = spike;
		alarms += count_alarms(&one, &edge, at, SPIKE_KNOWN, 3, 0.1);
		struct stream much = edge;
		much.gone *= 10;
		beyond += count_alarms(&other, &much, at, SPIKE_KNOWN, 3, 0.1);
	}
	assert_true(alarms <= 30); /* of 300 days, at one in ten */
	assert_true(beyond > 300);
}

static void spike_success_never_speaks_for_a_spike(void **state)
{
	const struct stream junk = {300, 1, 0.5, 0.3};
	struct spike spike = {0};
	(void)state;
	chance = 2;
	int64_t at = live(&spike, &junk, START, 6);
	for (int i = 0; i < 50; i++) {
		double before[SPIKE_CROWD];
		for (int each = 0; each < SPIKE_CROWD; each++)
			before[each] = spike_score(&spike, (enum spike_statistic)each);
		const struct spike_attempt good = {.at = at,
			.known = i % 2 == 0,
			.foreign = i % 3 == 0,
			.teaches = true};
		spike_attempt(&spike, &good);
		for (int each = 0; each < SPIKE_CROWD; each++)
			assert_true(spike_score(&spike, (enum spike_statistic)each) <=
				before[each]);
	}
}

/* --- streams in which something does --- */

/* Bounces until the statistic strikes, of mail that always bounces. */
static unsigned until(struct spike spike, enum spike_statistic statistic, bool known,
	bool foreign, double alpha, int64_t at)
{
	for (unsigned count = 1; count < 1000; count++) {
		const struct spike_attempt attempt = {
			.at = at + count * 60000,
			.bounced = true,
			.known = known,
			.foreign = foreign,
		};
		spike_attempt(&spike, &attempt);
		if (strikes(&spike, statistic, alpha))
			return count;
	}
	return 1000;
}

static void spike_few_known_recipients_are_enough(void **state)
{
	(void)state;
	for (double mails = 20; mails < 20000; mails *= 4) {
		const struct stream stream = {mails, 0.2, 0.05, 0.002};
		struct spike spike = {0};
		chance = 3;
		const int64_t at = live(&spike, &stream, START, 6);
		for (int i = 0; i < SPIKE_STATISTICS; i++)
			spike_restart(&spike, (enum spike_statistic)i);
		const unsigned known = until(spike, SPIKE_KNOWN, true, false, 1e-4, at);
		const unsigned all = until(spike, SPIKE_ALL, true, false, 1e-4, at);
		assert_in_range(known, 3, 7);
		assert_true(known <= all);
		/* Strangers who are unknown say nothing of those who are known. */
		assert_int_equal(until(spike, SPIKE_KNOWN, false, false, 1e-4, at), 1000);
	}
}

static void spike_more_mail_asks_for_more(void **state)
{
	struct spike small = {0}, large = {0};
	const struct stream much = {15000, 0.2, 0.05, 0.002};
	(void)state;
	chance = 4;
	live(&small, &ordinary, START, 5);
	live(&large, &much, START, 5);
	assert_true(spike_threshold(&large, 1e-3) > spike_threshold(&small, 1e-3));
	assert_true(spike_threshold(&small, 1e-5) > spike_threshold(&small, 1e-3));
	const struct spike none = {0};
	assert_float_equal(
		spike_threshold(&none, 1e-3), (float)(log(10) - log(1e-3)), 1e-5F);
}

static void spike_purge_of_a_few_is_none(void **state)
{
	struct spike spike = {0};
	const struct stream purged = {150, 0.2, 0.05, 0.04};
	unsigned alarms = 0;
	(void)state;
	chance = 5;
	int64_t at = live(&spike, &ordinary, START, 6);
	for (int i = 0; i < 300; i++) {
		const struct spike_attempt attempt = next(&purged, &at);
		spike_attempt(&spike, &attempt);
		alarms += strikes(&spike, SPIKE_KNOWN, 1e-5);
	}
	assert_int_equal(alarms, 0);
}

/* --- strangers --- */

static double after(struct spike spike, struct spike_attempt attempt, int count)
{
	for (int i = 0; i < count; i++) {
		attempt.at += 60000;
		spike_attempt(&spike, &attempt);
	}
	return spike_score(&spike, SPIKE_CROWD);
}

static void spike_crowd_is_of_strangers_who_get_their_mail(void **state)
{
	struct spike spike = {0};
	(void)state;
	chance = 13;
	const int64_t at = live(&spike, &ordinary, START, 6);
	spike_restart(&spike, SPIKE_CROWD);
	const struct spike_attempt stranger = {.at = at};
	struct spike_attempt other = stranger;
	assert_true(after(spike, stranger, 3) < after(spike, stranger, 12));
	assert_true(after(spike, stranger, 12) > 5);
	/* It says that a list is mailed, and goes on saying no more than that. */
	assert_true(after(spike, stranger, 1000) <= 6.91);
	other.bounced = true;
	assert_float_equal(after(spike, other, 50), 0, 0);
	other = (struct spike_attempt){.at = at, .foreign = true};
	assert_float_equal(after(spike, other, 50), 0, 0);
	other = (struct spike_attempt){.at = at, .known = true};
	for (int i = 0; i < 1000; i++)
		spike_attempt(&spike, &stranger);
	assert_true(after(spike, other, 60) < 1);
}

static void spike_strangers_are_no_crowd_where_they_are_usual(void **state)
{
	const struct stream mostly = {150, 0.6, 0.02, 0.002};
	const struct stream few = {150, 0.02, 0.02, 0.002};
	struct spike spike = {0};
	(void)state;
	chance = 14;
	int64_t at = live(&spike, &mostly, START, 6);
	const struct spike_attempt stranger = {.at = at};
	spike_restart(&spike, SPIKE_CROWD);
	assert_true(after(spike, stranger, 6) < 2);
	/* It is learnt in days, not weeks: a new domain meets fewer strangers by and by. */
	at = live(&spike, &few, at, 4);
	spike_restart(&spike, SPIKE_CROWD);
	assert_true(after(spike, (struct spike_attempt){.at = at}, 6) > 4);
}

/* Of a domain where many always bounced, its first day is all that is known. */
static void spike_first_day_of_a_bad_domain_is_no_fault(void **state)
{
	const struct stream bad = {3000, 0.5, 0.15, 0.08};
	(void)state;
	unsigned alarms = 0;
	for (chance = 16; chance < 36; chance++) {
		const uint64_t seed = chance;
		struct spike spike = {0};
		alarms += count_alarms(&spike, &bad, START, SPIKE_KNOWN, 1, 1e-4);
		chance = seed;
	}
	assert_int_equal(alarms, 0);
}

/* --- foreign hosts --- */

static double first_bounce(bool known, double surprise)
{
	struct spike spike = {0};
	chance = 6;
	const int64_t at = live(&spike, &ordinary, START, 6);
	const struct spike_attempt attempt = {.at = at,
		.bounced = true,
		.known = known,
		.foreign = true,
		.surprise = surprise};
	spike_attempt(&spike, &attempt);
	return spike_score(&spike, SPIKE_FOREIGN);
}

static void spike_foreign_bounces_weigh_by_who_bounces(void **state)
{
	(void)state;
	const double known = first_bounce(true, 0);
	const double stranger = first_bounce(false, 0);
	assert_true(known > 2.5 && known < 4.5);
	assert_true(stranger > 0.5 && stranger < 1.5);
	/* "I do not serve that domain" is as good, whoever was written to. */
	assert_true(first_bounce(false, 0.02) > 2.5);
	assert_float_equal(first_bounce(false, 0.25), stranger, 0.2);
}

static void spike_foreign_evidence_is_not_kept_for_a_day(void **state)
{
	struct spike spike = {0};
	const struct spike_attempt first = {
		.at = START, .bounced = true, .known = true, .foreign = true};
	struct spike_attempt second = first;
	(void)state;
	spike_attempt(&spike, &first);
	second.at += 3 * HOUR_MS;
	spike_attempt(&spike, &second);
	assert_int_equal(spike.bounces[SPIKE_FOREIGN], 2);
	assert_int_equal(spike.since[SPIKE_FOREIGN], START);
	second.at += DAY_MS + HOUR_MS;
	spike_attempt(&spike, &second);
	assert_int_equal(spike.bounces[SPIKE_FOREIGN], 1);
	assert_int_equal(spike.since[SPIKE_FOREIGN], second.at);
}

static void spike_surprise_is_no_bounce_at_home(void **state)
{
	struct spike spike = {0};
	const struct spike_attempt refused = {.at = START,
		.bounced = true,
		.known = true,
		.foreign = true,
		.teaches = true,
		.surprise = 0.02};
	(void)state;
	spike_attempt(&spike, &refused);
	assert_int_equal(spike.bounces[SPIKE_FOREIGN], 1);
	assert_int_equal(spike.bounces[SPIKE_ALL], 0);
	assert_int_equal(spike.bounces[SPIKE_KNOWN], 0);
	assert_float_equal(spike_score(&spike, SPIKE_ALL), 0, 0);
}

/* --- what is usual --- */

static void bounce_all(struct spike *spike, int64_t from, int hours)
{
	for (int64_t at = from; at < from + hours * HOUR_MS; at += 300000) {
		const struct spike_attempt attempt = {
			.at = at, .bounced = true, .known = true, .teaches = true};
		spike_attempt(spike, &attempt);
	}
}

static void spike_does_not_explain_itself(void **state)
{
	struct spike spike = {0};
	(void)state;
	chance = 7;
	const int64_t at = (live(&spike, &ordinary, START, 6) / HOUR_MS + 1) * HOUR_MS;
	const double before = spike_usual(&spike, true);
	bounce_all(&spike, at, 6);
	assert_true(spike_usual(&spike, true) <= before + 0.001);
	bounce_all(&spike, at + 6 * HOUR_MS, 6);
	assert_true(spike_usual(&spike, true) > 2 * before);
}

static void spike_dropped_counts_teach_nothing(void **state)
{
	struct spike spike = {0};
	(void)state;
	chance = 8;
	const int64_t at = (live(&spike, &ordinary, START, 6) / HOUR_MS + 1) * HOUR_MS;
	const double before = spike_usual(&spike, true);
	bounce_all(&spike, at, 6);
	spike_drop(&spike, at);
	for (int i = 0; i < SPIKE_STATISTICS; i++)
		assert_float_equal(spike_score(&spike, (enum spike_statistic)i), 0, 0);
	const int64_t later = at + 14 * HOUR_MS;
	const struct spike_attempt good = {.at = later, .known = true, .teaches = true};
	spike_attempt(&spike, &good);
	assert_true(spike_usual(&spike, true) <= before + 0.001);
}

static void spike_usual_is_forgotten_by_and_by(void **state)
{
	const struct stream bad = {300, 0.5, 0.4, 0.05};
	const struct stream good = {300, 0.5, 0.01, 0.001};
	struct spike spike = {0};
	(void)state;
	chance = 9;
	int64_t at = live(&spike, &bad, START, 10);
	const double then = spike_usual(&spike, false);
	assert_true(then > 0.15 && then < 0.30);
	at = live(&spike, &good, at, 7);
	const double half = spike_usual(&spike, false);
	assert_true(half < then * 0.7 && half > then * 0.3);
	live(&spike, &good, at, 40);
	assert_true(spike_usual(&spike, false) < 0.02);
}

static void spike_is_settled_after_enough(void **state)
{
	struct spike spike = {0};
	struct spike_attempt attempt = {.at = START, .teaches = true};
	(void)state;
	for (int i = 0; i < 199; i++)
		spike_attempt(&spike, &attempt);
	assert_false(spike_is_settled(&spike, START + 3 * DAY_MS));
	spike_attempt(&spike, &attempt);
	assert_true(spike_is_settled(&spike, START + 3 * DAY_MS));
	assert_false(spike_is_settled(&spike, START + 2 * DAY_MS - 1));
}

static void spike_volume_is_that_of_a_day(void **state)
{
	(void)state;
	chance = 10;
	for (double mails = 30; mails < 5000; mails *= 5) {
		const struct stream stream = {mails, 0.2, 0.05, 0.002};
		struct spike spike = {0};
		live(&spike, &stream, START, 12);
		assert_true(spike_volume(&spike) > mails * 0.8);
		assert_true(spike_volume(&spike) < mails * 1.2);
	}
}

/* Lines of several files may be out of order by a little: nothing is counted
 * for the future. */
static void spike_takes_what_is_late(void **state)
{
	struct spike spike = {0};
	(void)state;
	chance = 11;
	const int64_t at = live(&spike, &ordinary, START, 6);
	const int64_t hour = spike.hour;
	const double volume = spike_volume(&spike);
	const struct spike_attempt late = {
		.at = at - 5 * DAY_MS, .bounced = true, .known = true, .teaches = true};
	spike_attempt(&spike, &late);
	assert_int_equal(spike.hour, hour);
	assert_float_equal(spike_volume(&spike), volume, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spike_stays_within_its_budget),
		cmocka_unit_test(spike_stays_within_its_budget_at_the_edge),
		cmocka_unit_test(spike_success_never_speaks_for_a_spike),
		cmocka_unit_test(spike_few_known_recipients_are_enough),
		cmocka_unit_test(spike_more_mail_asks_for_more),
		cmocka_unit_test(spike_purge_of_a_few_is_none),
		cmocka_unit_test(spike_crowd_is_of_strangers_who_get_their_mail),
		cmocka_unit_test(spike_strangers_are_no_crowd_where_they_are_usual),
		cmocka_unit_test(spike_first_day_of_a_bad_domain_is_no_fault),
		cmocka_unit_test(spike_foreign_bounces_weigh_by_who_bounces),
		cmocka_unit_test(spike_foreign_evidence_is_not_kept_for_a_day),
		cmocka_unit_test(spike_surprise_is_no_bounce_at_home),
		cmocka_unit_test(spike_does_not_explain_itself),
		cmocka_unit_test(spike_dropped_counts_teach_nothing),
		cmocka_unit_test(spike_usual_is_forgotten_by_and_by),
		cmocka_unit_test(spike_is_settled_after_enough),
		cmocka_unit_test(spike_volume_is_that_of_a_day),
		cmocka_unit_test(spike_takes_what_is_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
