/* SPDX-License-Identifier: MIT */
/* Writers that are killed at random moments: what was acknowledged is there, once. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/ledger.h"
#include "storage/retention.h"
#include "tests/storage/fixture.h"

#define ROUNDS 60
#define POINTS 3

/* Shared with the writer. */
struct shared {
	volatile int64_t acknowledged; /* batches */
	volatile int64_t latest_at; /* of the last pulse that was acknowledged */
	volatile int64_t pruned; /* spans were pruned */
};

static const char *answer_number(int64_t number)
{
	static const char *const answers[] = {
		"10 a.example", "10 b.example 20 c.example", "nodata", "nxdomain"};
	return answers[number % 4];
}

/* Batch n moves every point to answer n; the pulses follow in a transaction of their own, as a
 * flush does. */
static void write_batch(struct fixture *fixture, int64_t batch, struct shared *shared)
{
	struct pulse pulses[POINTS];
	int64_t at = T0 + batch * 60 * SECOND;
	store_begin(fixture->store);
	for (int64_t point = 1; point <= POINTS; point++) {
		if (batch > 0)
			fixture_close_span(fixture, point, NULL, at - 10 * SECOND, 6);
		fixture_open_span(fixture, point, NULL, answer_number(batch), at,
			batch > 0 ? at - 10 * SECOND : 0);
		if (batch > 0)
			fixture_change(fixture, point, NULL, answer_number(batch - 1),
				answer_number(batch), at, at - 10 * SECOND);
	}
	fixture_commit(fixture, at);
	shared->acknowledged = batch + 1;
	for (int64_t point = 1; point <= POINTS; point++)
		pulses[point - 1] = (struct pulse){.last_at = at + 30 * SECOND,
			.confirmed_at = at + 30 * SECOND,
			.polls = 4,
			.bucket_at = at};
	store_begin(fixture->store);
	history_put_pulses(fixture->store, 0, pulses, POINTS);
	fixture_commit(fixture, at);
	shared->latest_at = at + 30 * SECOND;
}

static void write_until_killed(
	struct fixture *fixture, struct shared *shared, unsigned after_us)
{
	const struct itimerval timer = {.it_value.tv_usec = after_us};
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &timer, NULL);
	fixture_open(fixture);
	for (int64_t point = 1; shared->acknowledged == 0 && point <= POINTS; point++) {
		char domain[16];
		snprintf(domain, sizeof domain, "d%d.example", (int)point);
		fixture_point(fixture, domain, "mta");
	}
	for (int64_t batch = shared->acknowledged;; batch++)
		write_batch(fixture, batch, shared);
}

struct seen {
	int64_t spans;
	int64_t last_at;
	int64_t acknowledged;
	const struct shared *shared;
};

/* Spans in order, without overlap, each with its own polls. */
static int on_span(void *owner, const struct span *span)
{
	struct seen *seen = owner;
	assert_true(span->first_at > seen->last_at || seen->spans == 0);
	assert_int_equal(span->first_at, T0 + seen->spans * 60 * SECOND);
	if (!span->open)
		assert_int_equal(span->last_at, span->first_at + 50 * SECOND);
	else
		assert_true(span->last_at == span->first_at ||
			span->last_at == span->first_at + 30 * SECOND);
	assert_int_equal(span->polls,
		span->last_at == span->first_at ? 1
			: span->open            ? 4
						: 6);
	assert_true(!span->open || span->last_at >= seen->shared->latest_at);
	seen->last_at = span->last_at;
	seen->spans++;
	return 0;
}

static int on_change(void *owner, const struct change *change)
{
	(*(int64_t *)owner)++;
	assert_int_equal(change->confirmed_by, CONFIRMED_TCP);
	return 0;
}

/* Returns how many batches there are; one may have been durable before it was acknowledged. */
static int64_t check(struct fixture *fixture, const struct shared *shared)
{
	int64_t batches = 0;
	assert_int_equal(fixture_query(fixture,
				 "SELECT count(*) FROM pragma_integrity_check"
				 " WHERE integrity_check <> 'ok'"),
		0);
	struct ledger_verdict verdict;
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	if (!verdict.holds)
		fail_msg("transaction %d: %s", (int)verdict.broken, verdict.why);
	for (int64_t point = 1; point <= POINTS; point++) {
		char domain[16];
		snprintf(domain, sizeof domain, "d%d.example", (int)point);
		struct seen seen = {.shared = shared};
		int64_t changes = 0;
		const struct lookup_window window = {.domain = wire(domain)};
		int error = lookup_spans(fixture->store, &window, on_span, &seen);
		if (error == -ENOENT) {
			assert_int_equal(shared->acknowledged, 0);
			return 0;
		}
		assert_int_equal(error, 0);
		error = lookup_changes(fixture->store, &window, on_change, &changes);
		assert_int_equal(error, 0);
		assert_int_equal(changes, seen.spans > 0 ? seen.spans - 1 : 0);
		assert_true(point == 1 || seen.spans == batches);
		batches = seen.spans;
	}
	assert_in_range(batches, shared->acknowledged, shared->acknowledged + 1);
	return batches;
}

static void store_keeps_what_it_acknowledged(void **state)
{
	struct fixture *fixture = *state;
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	unsigned seed = 5;
	fixture_close(fixture);
	unlink(fixture->path);
	/* on a busy machine a round may end before its first commit: then there are more, and
	 * longer ones */
	for (int round = 0; round < ROUNDS || shared->acknowledged <= ROUNDS; round++) {
		const unsigned longest_us = 25000 + 1000 * (unsigned)round;
		pid_t child = fork();
		if (child == 0) {
			write_until_killed(fixture, shared,
				500 + (unsigned)rand_r(&seed) % longest_us);
			_exit(0);
		}
		(void)rand_r(&seed);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
		fixture_open(fixture);
		shared->acknowledged = check(fixture, shared);
		fixture_close(fixture);
	}
	munmap(shared, sizeof *shared);
}

/* Prunes until killed, again and again. */
static void pruning_is_whole_or_not_at_all(void **state)
{
	struct fixture *fixture = *state;
	struct shared shared = {0};
	struct ledger_verdict verdict;
	for (int64_t point = 1; point <= POINTS; point++) {
		char domain[16];
		snprintf(domain, sizeof domain, "d%d.example", (int)point);
		fixture_point(fixture, domain, "mta");
	}
	for (int64_t batch = 0; batch < 300; batch++)
		write_batch(fixture, batch, &shared);
	fixture_close(fixture);
	unsigned seed = 9;
	bool pruned = false;
	for (int round = 0; round < 15 || !pruned; round++) {
		(void)rand_r(&seed);
		pid_t child = fork();
		if (child == 0) {
			const struct itimerval timer = {.it_value.tv_usec = 500 +
					rand_r(&seed) % (8000 + 1000 * round)};
			signal(SIGALRM, SIG_DFL);
			setitimer(ITIMER_REAL, &timer, NULL);
			fixture_open(fixture);
			int more = 1;
			struct store_error error;
			while (retention_prune(fixture->store, T0 + 1000 * HOUR, 5,
				       T0 + 1000 * HOUR, &more, &error) == 0 &&
				more)
				;
			pause();
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		fixture_open(fixture);
		assert_int_equal(
			ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
		if (!verdict.holds)
			fail_msg("transaction %d: %s", (int)verdict.broken, verdict.why);
		pruned = fixture_query(fixture, "SELECT count(*) FROM span") < 3 * 300;
		fixture_close(fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(store_keeps_what_it_acknowledged,
			fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
			pruning_is_whole_or_not_at_all, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
