/* SPDX-License-Identifier: MIT */
#include "monitor/schedule.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 65536u /* 524 seconds of ticks */
#define FARTHEST INT32_MAX /* ticks ahead that an entry can express */

struct entry {
	uint32_t next; /* in the slot's chain, SCHEDULE_NONE at its end */
	uint32_t tick; /* when it is due, in ticks since epoch_ms, modulo 2^32 */
};

struct schedule {
	uint64_t epoch_ms; /* tick 0 */
	uint64_t tick; /* slots before it are done with */
	size_t capacity;
	size_t len;
	struct entry *entries; /* owned, by entry */
	uint64_t used[SLOTS / 64]; /* a bit for each slot that has a chain */
	uint32_t heads[SLOTS];
};

int schedule_create(uint64_t now_mono_ms, struct schedule **ret_schedule)
{
	struct schedule *schedule = calloc(1, sizeof *schedule);
	if (!schedule)
		return -ENOMEM;
	schedule->epoch_ms = now_mono_ms;
	memset(schedule->heads, 0xff, sizeof schedule->heads);
	*ret_schedule = schedule;
	return 0;
}

void schedule_destroy(struct schedule *schedule)
{
	if (!schedule)
		return;
	free(schedule->entries);
	free(schedule);
}

int schedule_reserve(struct schedule *schedule, size_t capacity)
{
	if (capacity <= schedule->capacity)
		return 0;
	struct entry *grown = realloc(schedule->entries, capacity * sizeof *grown);
	if (!grown)
		return -ENOMEM;
	memset(grown + schedule->capacity, 0,
		(capacity - schedule->capacity) * sizeof *grown);
	schedule->entries = grown;
	schedule->capacity = capacity;
	return 0;
}

static void push(struct schedule *schedule, uint32_t entry, uint64_t tick)
{
	const uint32_t slot = (uint32_t)(tick % SLOTS);
	schedule->entries[entry] = (struct entry){
		.next = schedule->heads[slot],
		.tick = (uint32_t)tick,
	};
	schedule->heads[slot] = entry;
	schedule->used[slot / 64] |= UINT64_C(1) << slot % 64;
}

void schedule_add(struct schedule *schedule, uint32_t entry, uint64_t due_mono_ms)
{
	assert(entry < schedule->capacity);
	uint64_t tick = 0;
	if (due_mono_ms > schedule->epoch_ms)
		tick = (due_mono_ms - schedule->epoch_ms) / SCHEDULE_TICK_MS;
	if (tick < schedule->tick)
		tick = schedule->tick;
	if (tick > schedule->tick + FARTHEST)
		tick = schedule->tick + FARTHEST;
	push(schedule, entry, tick);
	schedule->len++;
}

void schedule_remove(struct schedule *schedule, uint32_t entry)
{
	const uint32_t slot = schedule->entries[entry].tick % SLOTS;
	uint32_t *link = &schedule->heads[slot];
	while (*link != entry) {
		assert(*link != SCHEDULE_NONE);
		link = &schedule->entries[*link].next;
	}
	*link = schedule->entries[entry].next;
	schedule->len--;
	if (schedule->heads[slot] == SCHEDULE_NONE)
		schedule->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

/* How many ticks an entry's own lies ahead; negative once it has been passed. */
static int32_t ticks_ahead(const struct schedule *schedule, uint32_t entry)
{
	return (int32_t)(schedule->entries[entry].tick - (uint32_t)schedule->tick);
}

/* Takes from the current slot an entry that is due in this round. */
static uint32_t take(struct schedule *schedule)
{
	const uint32_t slot = (uint32_t)(schedule->tick % SLOTS);
	uint32_t *link = &schedule->heads[slot];
	while (*link != SCHEDULE_NONE && ticks_ahead(schedule, *link) > 0)
		link = &schedule->entries[*link].next;
	const uint32_t entry = *link;
	if (entry != SCHEDULE_NONE) {
		*link = schedule->entries[entry].next;
		schedule->len--;
	}
	if (schedule->heads[slot] == SCHEDULE_NONE)
		schedule->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	return entry;
}

/* How many ticks from `from` the next slot with a chain lies; SLOTS when there is none. */
static uint32_t ticks_to_used(const struct schedule *schedule, uint64_t from)
{
	for (uint32_t ahead = 0; ahead < SLOTS;) {
		const uint32_t slot = (uint32_t)((from + ahead) % SLOTS);
		const uint64_t word = schedule->used[slot / 64] >> slot % 64;
		if (word)
			return ahead + (uint32_t)__builtin_ctzll(word);
		ahead += 64 - slot % 64;
	}
	return SLOTS;
}

uint32_t schedule_pop(struct schedule *schedule, uint64_t now_mono_ms)
{
	const uint64_t elapsed =
		now_mono_ms > schedule->epoch_ms ? now_mono_ms - schedule->epoch_ms : 0;
	const uint64_t now = elapsed / SCHEDULE_TICK_MS;
	for (;;) {
		const uint32_t ahead = ticks_to_used(schedule, schedule->tick);
		if (schedule->tick + ahead > now || ahead == SLOTS) {
			if (schedule->tick < now)
				schedule->tick = now;
			return SCHEDULE_NONE;
		}
		schedule->tick += ahead;
		const uint32_t entry = take(schedule);
		if (entry != SCHEDULE_NONE)
			return entry;
		schedule->tick++; /* what is left here belongs to later rounds */
	}
}

uint64_t schedule_due(const struct schedule *schedule, uint32_t entry)
{
	assert(entry < schedule->capacity);
	const int64_t tick = (int64_t)schedule->tick + ticks_ahead(schedule, entry);
	return schedule->epoch_ms + (uint64_t)tick * SCHEDULE_TICK_MS;
}

uint64_t schedule_next(const struct schedule *schedule)
{
	if (schedule->len == 0)
		return UINT64_MAX;
	const uint64_t tick = schedule->tick + ticks_to_used(schedule, schedule->tick);
	return schedule->epoch_ms + tick * SCHEDULE_TICK_MS;
}
