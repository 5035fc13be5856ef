/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/news.h"
#include "resolvers/name.h"
#include "tests/fake/memory.h"

static void on_wake(void *owner)
{
	unsigned *wakes = owner;

	++*wakes;
}

static struct news *make(int64_t point)
{
	struct news *news = calloc(1, sizeof *news);

	assert_non_null(news);
	news->kind = NEWS_GAP_OPEN;
	news->point = point;
	return news;
}

/* Takes all, expects the points from..to, and frees them. */
static void expect_taken(struct news_queue *queue, int64_t from, int64_t to)
{
	struct news *news = news_queue_take(queue);

	for (int64_t point = from; point <= to; point++) {
		struct news *next;

		assert_non_null(news);
		assert_int_equal(news->point, point);
		next = news->next;
		news_destroy(news);
		news = next;
	}
	assert_null(news);
}

static void news_come_in_order(void **state)
{
	unsigned wakes = 0;
	struct news_queue *queue;

	(void)state;
	assert_int_equal(news_queue_create(10, on_wake, &wakes, &queue), 0);
	assert_null(news_queue_take(queue));
	for (int64_t i = 1; i <= 5; i++)
		news_queue_push(queue, make(i));
	expect_taken(queue, 1, 5);
	assert_null(news_queue_take(queue));
	news_queue_push(queue, make(6));
	expect_taken(queue, 6, 6);
	news_queue_destroy(queue);
	news_queue_destroy(NULL);
}

static void news_wake_the_reader_of_an_empty_queue(void **state)
{
	unsigned wakes = 0;
	struct news_queue *queue;

	(void)state;
	assert_int_equal(news_queue_create(10, on_wake, &wakes, &queue), 0);
	news_queue_push(queue, make(1));
	assert_int_equal(wakes, 1);
	news_queue_push(queue, make(2));
	assert_int_equal(wakes, 1);
	expect_taken(queue, 1, 2);
	/* not settled yet, but nobody would come for it otherwise */
	news_queue_push(queue, make(3));
	assert_int_equal(wakes, 2);
	news_queue_destroy(queue);
}

static void news_fill_the_queue_until_they_are_settled(void **state)
{
	unsigned wakes = 0;
	struct news_queue *queue;

	(void)state;
	assert_int_equal(news_queue_create(3, on_wake, &wakes, &queue), 0);
	assert_false(news_queue_is_full(queue));
	for (int64_t i = 1; i <= 3; i++) {
		assert_false(news_queue_is_full(queue));
		news_queue_push(queue, make(i));
	}
	assert_true(news_queue_is_full(queue));
	news_queue_push(queue, make(4)); /* what was asked already still comes */
	expect_taken(queue, 1, 4);
	assert_true(news_queue_is_full(queue));
	news_queue_settle(queue, 1);
	assert_true(news_queue_is_full(queue));
	news_queue_settle(queue, 1);
	assert_false(news_queue_is_full(queue));
	news_queue_push(queue, make(5));
	assert_true(news_queue_is_full(queue));
	news_queue_settle(queue, 2);
	expect_taken(queue, 5, 5);
	news_queue_settle(queue, 1);
	assert_false(news_queue_is_full(queue));
	news_queue_destroy(queue);
}

static void news_that_are_chained_arrive_together(void **state)
{
	unsigned wakes = 0;
	struct news_queue *queue;
	struct news *chain = make(1);

	(void)state;
	assert_int_equal(news_queue_create(3, on_wake, &wakes, &queue), 0);
	chain->next = make(2);
	chain->next->next = make(3);
	news_queue_push(queue, chain);
	assert_int_equal(wakes, 1);
	assert_true(news_queue_is_full(queue));
	expect_taken(queue, 1, 3);
	news_queue_settle(queue, 3);
	assert_false(news_queue_is_full(queue));
	news_queue_destroy(queue);
}

/* The sanitizers see what is leaked or freed twice. */
static void news_free_all_they_own(void **state)
{
	struct news *news = make(1);
	uint8_t exchange[NAME_WIRE_MAX];

	(void)state;
	news_destroy(NULL);
	assert_int_equal(name_parse("mx.example", exchange), 0);
	news->domain = malloc(10);
	news->alias = malloc(10);
	news->pulses = calloc(4, sizeof *news->pulses);
	news->pulses_len = 4;
	assert_int_equal(mxset_add(&news->set, 10, exchange), 0);
	assert_int_equal(mxset_add(&news->from_set, 20, exchange), 0);
	for (size_t i = 0; i < 2; i++)
		news->evidence[i].message = malloc(100);
	news->evidence_len = 2;
	news_destroy(news);
}

static void news_left_in_a_queue_are_freed_with_it(void **state)
{
	unsigned wakes = 0;
	struct news_queue *queue;

	(void)state;
	assert_int_equal(news_queue_create(3, on_wake, &wakes, &queue), 0);
	for (int64_t i = 1; i <= 3; i++)
		news_queue_push(queue, make(i));
	news_queue_destroy(queue);
}

#define THREADS 4
#define EACH 20000

struct crowd {
	struct news_queue *queue;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	unsigned wakes;
	atomic_uint next;
};

static void on_crowd_wake(void *owner)
{
	struct crowd *crowd = owner;

	pthread_mutex_lock(&crowd->lock);
	crowd->wakes++;
	pthread_cond_signal(&crowd->woken);
	pthread_mutex_unlock(&crowd->lock);
}

static void *push_many(void *owner)
{
	struct crowd *crowd = owner;
	const unsigned number = atomic_fetch_add(&crowd->next, 1);

	for (unsigned i = 0; i < EACH; i++) {
		struct news *news = calloc(1, sizeof *news);

		if (news == NULL)
			abort();
		news->point = number;
		news->at = i;
		news_queue_push(crowd->queue, news);
	}
	return NULL;
}

/* Frees a taken chain, holding each thread's news to their order. */
static unsigned count_taken(struct news *news, int64_t next_at[THREADS])
{
	unsigned taken = 0;

	while (news != NULL) {
		struct news *next = news->next;

		assert_in_range(news->point, 0, THREADS - 1);
		assert_int_equal(news->at, next_at[news->point]++);
		news_destroy(news);
		news = next;
		taken++;
	}
	return taken;
}

/* Several threads push, one waits to be woken and takes: nothing is lost, nothing overtaken, and
 * no wake-up is missed, or this would wait for ever. */
static void news_cross_threads(void **state)
{
	struct crowd crowd = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
	pthread_t threads[THREADS];
	int64_t next_at[THREADS] = {0};
	unsigned taken = 0;

	(void)state;
	assert_int_equal(news_queue_create(1, on_crowd_wake, &crowd, &crowd.queue), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push_many, &crowd), 0);
	while (taken < THREADS * EACH) {
		unsigned got;

		pthread_mutex_lock(&crowd.lock);
		while (crowd.wakes == 0)
			pthread_cond_wait(&crowd.woken, &crowd.lock);
		crowd.wakes = 0;
		pthread_mutex_unlock(&crowd.lock);
		got = count_taken(news_queue_take(crowd.queue), next_at);
		assert_true(got == 0 || news_queue_is_full(crowd.queue));
		news_queue_settle(crowd.queue, got);
		taken += got;
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken, THREADS * EACH);
	assert_false(news_queue_is_full(crowd.queue));
	news_queue_destroy(crowd.queue);
}

static void news_say_when_memory_is_short(void **state)
{
	struct news_queue *queue;

	(void)state;
	memory_fail_after(0);
	assert_int_equal(news_queue_create(1, on_wake, NULL, &queue), -ENOMEM);
	assert_true(memory_stop_failing());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(news_come_in_order),
		cmocka_unit_test(news_wake_the_reader_of_an_empty_queue),
		cmocka_unit_test(news_fill_the_queue_until_they_are_settled),
		cmocka_unit_test(news_that_are_chained_arrive_together),
		cmocka_unit_test(news_free_all_they_own),
		cmocka_unit_test(news_left_in_a_queue_are_freed_with_it),
		cmocka_unit_test(news_cross_threads),
		cmocka_unit_test(news_say_when_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
