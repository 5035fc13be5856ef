/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/schedule.h"
#include "tests/fake/memory.h"

#define EPOCH UINT64_C(123456789)
#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* splitmix64: the same numbers in each run */
static uint64_t draw(uint64_t *random)
{
	uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t tick_of(uint64_t instant)
{
	return (instant - EPOCH) / SCHEDULE_TICK_MS;
}

static struct schedule *create(uint64_t now, size_t capacity)
{
	struct schedule *schedule;

	assert_int_equal(schedule_create(now, &schedule), 0);
	assert_int_equal(schedule_reserve(schedule, capacity), 0);
	return schedule;
}

static void schedule_is_empty_at_first(void **state)
{
	struct schedule *schedule = create(EPOCH, 4);

	(void)state;
	assert_int_equal(schedule_pop(schedule, EPOCH), SCHEDULE_NONE);
	assert_int_equal(schedule_pop(schedule, EPOCH + DAY), SCHEDULE_NONE);
	assert_true(schedule_next(schedule) == UINT64_MAX);
	schedule_destroy(schedule);
	schedule_destroy(NULL);
}

static void schedule_holds_entries_until_they_are_due(void **state)
{
	struct schedule *schedule = create(EPOCH, 4);
	uint64_t due = EPOCH + 10 * SECOND;

	(void)state;
	schedule_add(schedule, 3, due);
	assert_true(schedule_due(schedule, 3) <= due);
	assert_true(schedule_due(schedule, 3) > due - SCHEDULE_TICK_MS);
	assert_true(schedule_next(schedule) == schedule_due(schedule, 3));
	assert_int_equal(schedule_pop(schedule, due - SCHEDULE_TICK_MS), SCHEDULE_NONE);
	assert_int_equal(schedule_pop(schedule, due), 3);
	assert_int_equal(schedule_pop(schedule, due), SCHEDULE_NONE);
	assert_true(schedule_next(schedule) == UINT64_MAX);
	schedule_destroy(schedule);
}

static void schedule_takes_what_has_passed_at_once(void **state)
{
	struct schedule *schedule = create(EPOCH, 4);
	uint64_t now = EPOCH + 10 * HOUR;

	(void)state;
	assert_int_equal(schedule_pop(schedule, now), SCHEDULE_NONE);
	schedule_add(schedule, 0, now - HOUR);
	schedule_add(schedule, 1, now);
	schedule_add(schedule, 2, 0); /* before the schedule was made */
	assert_true(schedule_next(schedule) <= now);
	for (unsigned seen = 0; seen != 7;) {
		uint32_t entry = schedule_pop(schedule, now);

		assert_in_range(entry, 0, 2);
		assert_int_equal(seen & 1U << entry, 0);
		seen |= 1U << entry;
	}
	schedule_destroy(schedule);
}

/* The slot of `now` may hold entries of later rounds, and has been looked through then. */
static void schedule_takes_what_is_due_now_beside_later_rounds(void **state)
{
	struct schedule *schedule = create(EPOCH, 4);
	uint64_t now = EPOCH + 80 * SECOND;

	(void)state;
	schedule_add(schedule, 0, now + 65536 * SCHEDULE_TICK_MS);
	assert_int_equal(schedule_pop(schedule, now), SCHEDULE_NONE);
	assert_true(schedule_next(schedule) > now);
	schedule_add(schedule, 1, now);
	assert_int_equal(schedule_pop(schedule, now + SCHEDULE_TICK_MS), 1);
	assert_int_equal(
		schedule_pop(schedule, now + 65535 * SCHEDULE_TICK_MS), SCHEDULE_NONE);
	assert_int_equal(schedule_pop(schedule, now + 65536 * SCHEDULE_TICK_MS), 0);
	schedule_destroy(schedule);
}

static void schedule_lets_entries_leave(void **state)
{
	struct schedule *schedule = create(EPOCH, 4);
	uint64_t due = EPOCH + SECOND;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		schedule_add(schedule, i, due);
	schedule_add(schedule, 3, due + 65536 * SCHEDULE_TICK_MS); /* the same slot */
	schedule_remove(schedule, 1);
	schedule_remove(schedule, 3);
	assert_int_equal(schedule_pop(schedule, due) + schedule_pop(schedule, due), 2);
	assert_int_equal(schedule_pop(schedule, due + HOUR), SCHEDULE_NONE);
	assert_true(schedule_next(schedule) == UINT64_MAX);
	schedule_add(schedule, 1, due + 2 * HOUR);
	schedule_remove(schedule, 1);
	assert_true(schedule_next(schedule) == UINT64_MAX);
	schedule_add(schedule, 1, due + 2 * HOUR);
	assert_int_equal(schedule_pop(schedule, due + 2 * HOUR), 1);
	schedule_destroy(schedule);
}

/* A million entries, from at once to days away, come out once, in order, each in the first look
 * at or after its instant. */
static void schedule_orders_a_million(void **state)
{
	enum {
		MANY = 1000000
	};
	struct schedule *schedule = create(EPOCH, MANY);
	uint64_t *dues = calloc(MANY, sizeof *dues);
	uint64_t random = 1;
	uint64_t now = EPOCH;
	uint64_t before = EPOCH;
	uint64_t last_tick = 0;
	size_t popped = 0;

	(void)state;
	assert_non_null(dues);
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t span = i % 100 == 0 ? 3 * DAY : i % 3 ? 600 * SECOND : 2 * HOUR;

		dues[i] = EPOCH + SCHEDULE_TICK_MS + draw(&random) % span;
		schedule_add(schedule, i, dues[i]);
	}
	assert_int_equal(schedule_pop(schedule, now), SCHEDULE_NONE);
	while (popped < MANY) {
		uint32_t entry;

		assert_true(schedule_next(schedule) > before);
		now += draw(&random) % (20 * SECOND);
		while ((entry = schedule_pop(schedule, now)) != SCHEDULE_NONE) {
			uint64_t tick = tick_of(dues[entry]);

			assert_true(tick <= tick_of(now));
			assert_true(tick > tick_of(before));
			assert_true(tick >= last_tick);
			last_tick = tick;
			dues[entry] = 0; /* tick_of would be huge: none comes twice */
			popped++;
		}
		before = now;
		assert_true(now < EPOCH + 4 * DAY);
	}
	assert_true(schedule_next(schedule) == UINT64_MAX);
	free(dues);
	schedule_destroy(schedule);
}

#define FEW 300

/* The reference: when each entry is due; UINT64_MAX when it is in no slot. */
struct model {
	struct schedule *schedule;
	uint64_t dues[FEW];
	uint64_t now;
	uint64_t random;
};

static uint64_t model_earliest(const struct model *model)
{
	uint64_t earliest = UINT64_MAX;

	for (size_t i = 0; i < FEW; i++)
		if (model->dues[i] < earliest)
			earliest = model->dues[i];
	return earliest;
}

static void model_add(struct model *model)
{
	uint32_t entry = (uint32_t)(draw(&model->random) % FEW);
	static const uint64_t reaches[] = {1, 8, 100, 10 * SECOND, 524288, HOUR, 9 * DAY};
	uint64_t due =
		model->now + draw(&model->random) % reaches[draw(&model->random) % 7];

	uint64_t at;

	if (model->dues[entry] != UINT64_MAX) {
		if (draw(&model->random) % 16 == 0) {
			schedule_remove(model->schedule, entry);
			model->dues[entry] = UINT64_MAX;
		}
		return;
	}
	if (draw(&model->random) % 8 == 0)
		due = model->now - draw(&model->random) % SECOND;
	schedule_add(model->schedule, entry, due);
	at = tick_of(schedule_due(model->schedule, entry));
	if (tick_of(due) > tick_of(model->now)) {
		assert_int_equal(at, tick_of(due));
	} else { /* where this tick has been looked through, the next is its first chance */
		assert_in_range(at, 0, tick_of(model->now) + 1);
		due = model->now + SCHEDULE_TICK_MS;
	}
	model->dues[entry] = due;
}

/* Pops all that is due, now and then putting one back. */
static void model_drain(struct model *model)
{
	uint32_t entry;

	while ((entry = schedule_pop(model->schedule, model->now)) != SCHEDULE_NONE) {
		assert_in_range(entry, 0, FEW - 1);
		assert_true(model->dues[entry] != UINT64_MAX);
		assert_true(schedule_due(model->schedule, entry) <= model->now);
		model->dues[entry] = UINT64_MAX;
		if (draw(&model->random) % 2 == 0)
			model_add(model);
	}
	for (size_t i = 0; i < FEW; i++)
		assert_true(model->dues[i] == UINT64_MAX ||
			tick_of(model->dues[i]) >= tick_of(model->now));
}

static void schedule_agrees_with_a_plain_list(void **state)
{
	struct model model = {
		.schedule = create(EPOCH, FEW), .now = EPOCH + HOUR, .random = 42};

	(void)state;
	for (size_t i = 0; i < FEW; i++)
		model.dues[i] = UINT64_MAX;
	for (int step = 0; step < 60000; step++) {
		uint64_t next;

		model_add(&model);
		model_add(&model);
		next = schedule_next(model.schedule);
		assert_true(next <= model_earliest(&model));
		switch (draw(&model.random) % 4) {
		case 0: /* as a loop does: sleeps until something may be due */
			if (next != UINT64_MAX && next > model.now)
				model.now = next;
			break;
		case 1:
			model.now += draw(&model.random) % 50;
			break;
		case 2:
			model.now += draw(&model.random) % (30 * SECOND);
			break;
		case 3:
			if (step % 64 == 0) /* the machine slept */
				model.now += draw(&model.random) % (2 * HOUR);
			break;
		}
		model_drain(&model);
		/* no busy loop: with nothing due, there is something to sleep for */
		if (model_earliest(&model) > model.now + SCHEDULE_TICK_MS)
			assert_true(schedule_next(model.schedule) > model.now);
	}
	schedule_destroy(model.schedule);
}

/* An entry a day away costs a wake-up for each round of the ring, not one for each tick. */
static void schedule_sleeps_while_all_is_far_away(void **state)
{
	struct schedule *schedule = create(EPOCH, 1);
	uint64_t now = EPOCH;
	unsigned wakes = 0;

	(void)state;
	schedule_add(schedule, 0, EPOCH + DAY);
	while (schedule_pop(schedule, now) == SCHEDULE_NONE) {
		assert_true(schedule_next(schedule) > now);
		now = schedule_next(schedule);
		assert_in_range(++wakes, 1, 400);
	}
	assert_true(now == EPOCH + DAY);
	schedule_destroy(schedule);
}

/* Ticks since the start pass 2^32 after 397 days. */
static void schedule_goes_on_for_years(void **state)
{
	struct schedule *schedule = create(EPOCH, 2);
	unsigned pops = 0;

	(void)state;
	schedule_add(schedule, 0, EPOCH);
	schedule_add(schedule, 1, EPOCH + 100 * DAY);
	for (uint64_t now = EPOCH; now < EPOCH + 900 * DAY; now += HOUR) {
		uint64_t due[2] = {now + 6 * HOUR, now + 100 * DAY};
		uint32_t entry;

		while ((entry = schedule_pop(schedule, now)) != SCHEDULE_NONE) {
			assert_true(
				now - schedule_due(schedule, entry) < SCHEDULE_TICK_MS);
			schedule_add(schedule, entry, due[entry]);
			assert_true(due[entry] - schedule_due(schedule, entry) <
				SCHEDULE_TICK_MS);
			pops++;
		}
		assert_true(schedule_next(schedule) > now);
		assert_true(schedule_next(schedule) <= due[0]);
	}
	assert_int_equal(pops, 900 * 4 + 8);
	schedule_destroy(schedule);
}

/* What is due beyond all time is held, and does not come early. */
static void schedule_keeps_the_far_future_far(void **state)
{
	struct schedule *schedule = create(EPOCH, 3);

	(void)state;
	schedule_add(schedule, 0, UINT64_MAX);
	schedule_add(schedule, 1, EPOCH + 400 * DAY);
	schedule_add(schedule, 2, EPOCH + (UINT64_C(1) << 32) * SCHEDULE_TICK_MS);
	assert_int_equal(schedule_pop(schedule, EPOCH + SECOND), SCHEDULE_NONE);
	assert_int_equal(schedule_pop(schedule, EPOCH + 90 * DAY), SCHEDULE_NONE);
	schedule_destroy(schedule);
}

static void schedule_says_when_memory_is_short(void **state)
{
	struct schedule *schedule;

	(void)state;
	memory_fail_after(0);
	assert_int_equal(schedule_create(EPOCH, &schedule), -12);
	assert_true(memory_stop_failing());
	schedule = create(EPOCH, 1);
	schedule_add(schedule, 0, EPOCH);
	memory_fail_after(0);
	assert_int_equal(schedule_reserve(schedule, 1000), -12);
	assert_true(memory_stop_failing());
	assert_int_equal(schedule_reserve(schedule, 1), 0);
	assert_int_equal(schedule_pop(schedule, EPOCH), 0);
	schedule_destroy(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedule_is_empty_at_first),
		cmocka_unit_test(schedule_holds_entries_until_they_are_due),
		cmocka_unit_test(schedule_takes_what_has_passed_at_once),
		cmocka_unit_test(schedule_takes_what_is_due_now_beside_later_rounds),
		cmocka_unit_test(schedule_lets_entries_leave),
		cmocka_unit_test(schedule_orders_a_million),
		cmocka_unit_test(schedule_agrees_with_a_plain_list),
		cmocka_unit_test(schedule_sleeps_while_all_is_far_away),
		cmocka_unit_test(schedule_goes_on_for_years),
		cmocka_unit_test(schedule_keeps_the_far_future_far),
		cmocka_unit_test(schedule_says_when_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
