/* SPDX-License-Identifier: MIT */
#include "monitor/decide/lexicon.h"

#include <errno.h>
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

/* The slot of the name: where it is, or where it would go. */
static size_t find_slot(const struct lexicon *lexicon, const void *name, size_t len)
{
	size_t at = digest_bytes(&lexicon->key, name, len).lo & (lexicon->room - 1);
	while (lexicon->slots[at] != NULL) {
		size_t other_len;
		const void *other = lexicon->name(lexicon->slots[at], &other_len);
		if (other_len == len && memcmp(other, name, len) == 0)
			return at;
		at = (at + 1) & (lexicon->room - 1);
	}
	return at;
}

void *lexicon_find(const struct lexicon *lexicon, const void *name, size_t len)
{
	return lexicon->room > 0 ? lexicon->slots[find_slot(lexicon, name, len)] : NULL;
}

static int grow(struct lexicon *lexicon)
{
	struct lexicon larger = *lexicon;
	larger.room = lexicon->room > 0 ? lexicon->room * 2 : ROOM_FIRST;
	larger.slots = calloc(larger.room, sizeof *larger.slots);
	if (larger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < lexicon->room; i++) {
		size_t len;
		if (lexicon->slots[i] == NULL)
			continue;
		const void *name = lexicon->name(lexicon->slots[i], &len);
		larger.slots[find_slot(&larger, name, len)] = lexicon->slots[i];
	}
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
	lexicon->slots[find_slot(lexicon, name, len)] = thing;
	lexicon->len++;
	return 0;
}
