/* SPDX-License-Identifier: MIT */
#include "resolvers/servers_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "resolvers/name.h"

#define ROOM_FIRST 64
#define LOOKS 16 /* for an expired entry to be dropped */

int servers_cache_init(struct servers_cache *ret_cache, size_t most)
{
	struct servers_cache cache = {.room = ROOM_FIRST, .most = most};
	if (getrandom(&cache.key, sizeof cache.key, 0) != sizeof cache.key)
		abort(); /* so few bytes come whole or not at all */
	cache.slots = calloc(cache.room, sizeof *cache.slots);
	if (cache.slots == NULL)
		return -ENOMEM;
	*ret_cache = cache;
	return 0;
}

static void free_entry(struct servers_entry *entry)
{
	servers_release(entry->set);
	free(entry);
}

void servers_cache_finish(struct servers_cache *cache)
{
	for (size_t i = 0; i < cache->room; i++)
		if (cache->slots[i] != NULL)
			free_entry(cache->slots[i]);
	free(cache->slots);
	*cache = (struct servers_cache){0};
}

static size_t home_of(const struct servers_cache *cache, const uint8_t *name)
{
	struct digest digest = digest_bytes(&cache->key, name, name_length(name));
	return (size_t)digest.lo & (cache->room - 1);
}

/* The slot of this name, or the free one where it would be. */
static size_t slot_of(const struct servers_cache *cache, const uint8_t *name)
{
	size_t slot = home_of(cache, name);
	while (cache->slots[slot] != NULL && !name_equal(cache->slots[slot]->name, name))
		slot = (slot + 1) & (cache->room - 1);
	return slot;
}

const struct servers_entry *servers_cache_recall(
	const struct servers_cache *cache, const uint8_t *name)
{
	return cache->slots[slot_of(cache, name)];
}

const struct servers_entry *servers_cache_find(
	const struct servers_cache *cache, const uint8_t *name, uint64_t now_mono_ms)
{
	const struct servers_entry *entry = servers_cache_recall(cache, name);
	return entry != NULL && entry->until_mono_ms > now_mono_ms ? entry : NULL;
}

static bool is_over(const struct servers_entry *entry, uint64_t now_mono_ms)
{
	return entry->until_mono_ms + SERVERS_STALE_MS <= now_mono_ms;
}

/* Frees a slot and closes the hole, so that probing never stops short. */
static void vacate(struct servers_cache *cache, size_t hole)
{
	size_t mask = cache->room - 1;
	free_entry(cache->slots[hole]);
	cache->slots[hole] = NULL;
	cache->used--;
	for (size_t at = (hole + 1) & mask; cache->slots[at] != NULL;
		at = (at + 1) & mask) {
		size_t home = home_of(cache, cache->slots[at]->name);
		if (((at - home) & mask) < ((at - hole) & mask))
			continue; /* its home lies behind the hole */
		cache->slots[hole] = cache->slots[at];
		cache->slots[at] = NULL;
		hole = at;
	}
}

static void move_all(struct servers_cache *cache, struct servers_entry **old,
	size_t old_room, uint64_t now_mono_ms)
{
	cache->used = 0;
	for (size_t i = 0; i < old_room; i++) {
		struct servers_entry *entry = old[i];
		if (entry == NULL)
			continue;
		if (is_over(entry, now_mono_ms)) {
			free_entry(entry);
			continue;
		}
		cache->slots[slot_of(cache, entry->name)] = entry;
		cache->used++;
	}
	free(old);
}

static size_t count_alive(const struct servers_cache *cache, uint64_t now_mono_ms)
{
	size_t alive = 0;
	for (size_t i = 0; i < cache->room; i++)
		if (cache->slots[i] != NULL && !is_over(cache->slots[i], now_mono_ms))
			alive++;
	return alive;
}

/* Drops one that has expired, or else the last one looked at. */
static void drop_one(struct servers_cache *cache, uint64_t now_mono_ms)
{
	size_t victim = cache->hand;
	for (unsigned looks = 0; looks < LOOKS;
		cache->hand = (cache->hand + 1) & (cache->room - 1)) {
		const struct servers_entry *entry = cache->slots[cache->hand];
		if (entry == NULL)
			continue;
		looks++;
		victim = cache->hand;
		if (entry->until_mono_ms <= now_mono_ms)
			break;
	}
	vacate(cache, victim);
}

/* Drops the expired where there are many, else doubles. */
static int rebuild(struct servers_cache *cache, uint64_t now_mono_ms)
{
	size_t alive = count_alive(cache, now_mono_ms);
	size_t room = alive < cache->room / 2 ? cache->room : cache->room * 2;
	struct servers_entry **slots = calloc(room, sizeof *slots);
	if (slots == NULL)
		return -ENOMEM;
	struct servers_entry **old = cache->slots;
	size_t old_room = cache->room;
	cache->slots = slots;
	cache->room = room;
	cache->hand = 0;
	move_all(cache, old, old_room, now_mono_ms);
	return 0;
}

void servers_cache_put(struct servers_cache *cache, const uint8_t *name,
	const struct servers_entry *value, uint64_t now_mono_ms)
{
	size_t slot = slot_of(cache, name);
	if (cache->slots[slot] != NULL)
		vacate(cache, slot);
	if (cache->used >= cache->most)
		drop_one(cache, now_mono_ms);
	if (cache->used >= cache->room * 3 / 4 && rebuild(cache, now_mono_ms) < 0)
		return;
	struct servers_entry *entry = malloc(sizeof *entry + name_length(name));
	if (entry == NULL)
		return;
	*entry = *value;
	if (entry->set != NULL)
		servers_hold(entry->set);
	memcpy(entry->name, name, name_length(name));
	cache->slots[slot_of(cache, name)] = entry;
	cache->used++;
}
