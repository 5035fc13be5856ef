/* SPDX-License-Identifier: MIT */
#include "monitor/wordmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *word)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *word != '\0'; word++)
		hash = (hash ^ (unsigned char)*word) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* The slot of a word, or the free one where it belongs. */
static struct wordmap_slot *find_slot(
	const struct wordmap *map, const char *word, uint64_t hash)
{
	size_t at = hash & (map->capacity - 1);

	while (map->slots[at].word != NULL &&
		(map->slots[at].hash != hash || strcmp(map->slots[at].word, word) != 0))
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

void *wordmap_find(const struct wordmap *map, const char *word)
{
	return map->len > 0 ? find_slot(map, word, hash_of(word))->value : NULL;
}

/* Keeps a third of the slots free. */
static int make_room(struct wordmap *map)
{
	struct wordmap more = {.len = map->len};

	if ((map->len + 1) * 3 <= map->capacity * 2)
		return 0;
	more.capacity = map->capacity > 0 ? map->capacity * 2 : CAPACITY_FIRST;
	more.slots = calloc(more.capacity, sizeof *more.slots);
	if (more.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].word != NULL)
			*find_slot(&more, map->slots[i].word, map->slots[i].hash) =
				map->slots[i];
	free(map->slots);
	*map = more;
	return 0;
}

int wordmap_add(struct wordmap *map, const char *word, void *value)
{
	uint64_t hash = hash_of(word);
	struct wordmap_slot *slot;
	char *copy;

	assert(value != NULL);
	if (make_room(map) < 0 || (copy = strdup(word)) == NULL)
		return -ENOMEM;
	slot = find_slot(map, word, hash);
	assert(slot->word == NULL);
	*slot = (struct wordmap_slot){.word = copy, .value = value, .hash = hash};
	map->len++;
	return 0;
}

void wordmap_finish(struct wordmap *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		free(map->slots[i].word);
	free(map->slots);
	*map = (struct wordmap){0};
}
