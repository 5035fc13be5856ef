/* SPDX-License-Identifier: MIT */
#include "monitor/decide/lexicon.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROOM_FIRST 64

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
	*lexicon = (struct lexicon){.name = lexicon->name};
}

static uint64_t hash_of(const struct lexicon *lexicon, const void *name, size_t len)
{
	return digest_bytes(&lexicon->key, name, len).lo;
}

static bool is_named(const struct lexicon *lexicon, const struct lexicon_slot *slot,
	const void *name, size_t len)
{
	size_t other_len;
	const void *other = lexicon->name(slot->thing, &other_len);
	return other_len == len && memcmp(other, name, len) == 0;
}

static size_t empty_slot(const struct lexicon *lexicon, uint64_t hash)
{
	size_t at = hash & (lexicon->room - 1);
	while (lexicon->slots[at].thing != NULL)
		at = (at + 1) & (lexicon->room - 1);
	return at;
}

void *lexicon_find(const struct lexicon *lexicon, const void *name, size_t len)
{
	if (lexicon->room == 0)
		return NULL;
	const uint64_t hash = hash_of(lexicon, name, len);
	for (size_t at = hash & (lexicon->room - 1); lexicon->slots[at].thing != NULL;
		at = (at + 1) & (lexicon->room - 1)) {
		const struct lexicon_slot *slot = &lexicon->slots[at];
		if (slot->hash == hash && is_named(lexicon, slot, name, len))
			return slot->thing;
	}
	return NULL;
}

static int grow(struct lexicon *lexicon)
{
	struct lexicon larger = *lexicon;
	larger.room = lexicon->room > 0 ? lexicon->room * 2 : ROOM_FIRST;
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (larger.slots == NULL)
		return -ENOMEM;
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
