/* SPDX-License-Identifier: MIT */
#include "monitor/decide/lexicon.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROOM_FIRST 64
#define RECENT 2048 /* a power of two */

void lexicon_init(struct lexicon *lexicon, lexicon_name_fn name)
{
	*lexicon = (struct lexicon){.name = name};
	/* Without entropy the order of slots could be guessed; nothing else would be wrong. */
	if (getrandom(&lexicon->key, sizeof lexicon->key, GRND_NONBLOCK) < 0)
		lexicon->key = (struct digest_key){.k0 = (uintptr_t)lexicon, .k1 = 1};
}

void lexicon_finish(struct lexicon *lexicon)
{
	free(lexicon->slots);
	free(lexicon->recent);
	*lexicon = (struct lexicon){.name = lexicon->name};
}

static uint64_t hash_of(const struct lexicon *lexicon, const void *name, size_t len)
{
	return digest_bytes(&lexicon->key, name, len).lo;
}

static bool is_named(
	const struct lexicon *lexicon, const void *thing, const void *name, size_t len)
{
	size_t other_len;
	const void *other = lexicon->name(thing, &other_len);
	return other_len == len && memcmp(other, name, len) == 0;
}

static size_t empty_slot(const struct lexicon *lexicon, uint64_t hash)
{
	size_t at = hash & (lexicon->room - 1);
	while (lexicon->slots[at].thing != NULL)
		at = (at + 1) & (lexicon->room - 1);
	return at;
}

/* Of the first and the last bytes. */
static uint64_t mark_of(const uint8_t *name, size_t len)
{
	uint64_t first = 0, last = 0;
	if (len >= sizeof first) {
		memcpy(&first, name, sizeof first);
		memcpy(&last, name + len - sizeof last, sizeof last);
	} else {
		memcpy(&first, name, len);
	}
	return ((first * 0x9e3779b97f4a7c15 ^ last) + len) * 0x9e3779b97f4a7c15;
}

static void *find_hashed(const struct lexicon *lexicon, const void *name, size_t len)
{
	const uint64_t hash = hash_of(lexicon, name, len);
	for (size_t at = hash & (lexicon->room - 1); lexicon->slots[at].thing != NULL;
		at = (at + 1) & (lexicon->room - 1)) {
		const struct lexicon_slot *slot = &lexicon->slots[at];
		if (slot->hash == hash && is_named(lexicon, slot->thing, name, len))
			return slot->thing;
	}
	return NULL;
}

void *lexicon_find(const struct lexicon *lexicon, const void *name, size_t len)
{
	if (lexicon->room == 0)
		return NULL;
	const uint64_t mark = mark_of(name, len);
	struct lexicon_recent *recent = &lexicon->recent[mark >> 32 & (RECENT - 1)];
	if (recent->thing != NULL && recent->mark == mark &&
		is_named(lexicon, recent->thing, name, len))
		return recent->thing;
	void *thing = find_hashed(lexicon, name, len);
	if (thing != NULL)
		*recent = (struct lexicon_recent){thing, mark};
	return thing;
}

static int grow(struct lexicon *lexicon)
{
	struct lexicon larger = *lexicon;
	larger.room = lexicon->room > 0 ? lexicon->room * 2 : ROOM_FIRST;
	if (lexicon->recent == NULL)
		lexicon->recent = calloc(RECENT, sizeof *lexicon->recent);
	larger.recent = lexicon->recent;
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (larger.slots == NULL || larger.recent == NULL) {
		free(larger.slots);
		return -ENOMEM;
	}
	for (size_t i = 0; i < lexicon->room; i++)
		if (lexicon->slots[i].thing != NULL)
			larger.slots[empty_slot(&larger, lexicon->slots[i].hash)] =
				lexicon->slots[i];
	free(lexicon->slots);
	*lexicon = larger;
	return 0;
}

int lexicon_add(struct lexicon *lexicon, void *thing)
{
	size_t len;
	if (lexicon->len + 1 > lexicon->room / 4 * 3 && grow(lexicon) < 0)
		return -ENOMEM;
	const void *name = lexicon->name(thing, &len);
	const uint64_t hash = hash_of(lexicon, name, len);
	lexicon->slots[empty_slot(lexicon, hash)] = (struct lexicon_slot){thing, hash};
	lexicon->len++;
	return 0;
}
