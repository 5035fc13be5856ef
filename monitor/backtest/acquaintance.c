/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/acquaintance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/lexicon.h"

#define ROOM_FIRST 4096
#define HOUR_MS INT64_C(3600000)

struct entry {
	uint64_t key; /* of the digest; 0: empty */
	uint32_t deferred_hour;
	bool accepted;
	bool refused;
};

struct refused {
	uint8_t hash[INCIDENT_HASH];
	char address[];
};

struct acquaintances {
	struct entry *entries; /* owned; open addressing */
	size_t room;
	size_t len;
	struct lexicon addresses;
	struct refused **refused; /* owned */
	size_t refused_len;
	size_t refused_room;
};

/* The key is no secret: it lives as long as one run, over data that the user brought, and the
 * same past shall give the same hashes. */
static const struct digest_key key = {UINT64_C(0x6d78766967696c20), 1};

static const void *refused_name(const void *thing, size_t *ret_len)
{
	const struct refused *refused = thing;
	*ret_len = INCIDENT_HASH;
	return refused->hash;
}

int acquaintances_create(struct acquaintances **ret_all)
{
	struct acquaintances *all = calloc(1, sizeof *all);
	if (all == NULL)
		return -ENOMEM;
	lexicon_init(&all->addresses, refused_name);
	*ret_all = all;
	return 0;
}

void acquaintances_destroy(struct acquaintances *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->refused_len; i++)
		free(all->refused[i]);
	free(all->refused);
	free(all->entries);
	lexicon_finish(&all->addresses);
	free(all);
}

static struct entry *find(const struct acquaintances *all, uint64_t wanted)
{
	size_t at = wanted & (all->room - 1);
	while (all->entries[at].key != 0 && all->entries[at].key != wanted)
		at = (at + 1) & (all->room - 1);
	return &all->entries[at];
}

static int grow(struct acquaintances *all)
{
	struct acquaintances larger = *all;
	larger.room = all->room > 0 ? all->room * 2 : ROOM_FIRST;
	larger.entries = calloc(larger.room, sizeof *larger.entries);
	if (larger.entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < all->room; i++)
		if (all->entries[i].key != 0)
			*find(&larger, all->entries[i].key) = all->entries[i];
	free(all->entries);
	*all = larger;
	return 0;
}

static uint64_t key_of(const uint8_t hash[INCIDENT_HASH])
{
	uint64_t first;
	memcpy(&first, hash, sizeof first);
	return first | 1; /* 0 is an empty entry */
}

static struct entry *entry_of(
	const struct acquaintances *all, const uint8_t hash[INCIDENT_HASH])
{
	return find(all, key_of(hash));
}

void acquaintance_hash(const char *recipient, size_t len, uint8_t ret_hash[INCIDENT_HASH])
{
	const struct digest digest = digest_bytes(&key, recipient, len);
	memcpy(ret_hash, &digest.lo, 8);
	memcpy(ret_hash + 8, &digest.hi, 8);
}

void acquaintances_expect(
	const struct acquaintances *all, const uint8_t hash[INCIDENT_HASH])
{
	if (all->room > 0)
		__builtin_prefetch(&all->entries[key_of(hash) & (all->room - 1)]);
}

int acquaintances_meet(struct acquaintances *all, const uint8_t hash[INCIDENT_HASH],
	int64_t at, struct acquaintance *ret_known)
{
	if (all->len + 1 > all->room / 4 * 3 && grow(all) < 0)
		return -ENOMEM;
	struct entry *entry = entry_of(all, hash);
	if (entry->key == 0) {
		*entry = (struct entry){.key = key_of(hash)};
		all->len++;
	}
	memcpy(ret_known->hash, hash, INCIDENT_HASH);
	ret_known->accepted = entry->accepted;
	ret_known->refused = entry->refused;
	ret_known->deferred = entry->deferred_hour == (uint32_t)(at / HOUR_MS);
	return 0;
}

void acquaintances_accepted(struct acquaintances *all, const struct acquaintance *one)
{
	entry_of(all, one->hash)->accepted = true;
}

void acquaintances_deferred(
	struct acquaintances *all, const struct acquaintance *one, int64_t at)
{
	entry_of(all, one->hash)->deferred_hour = (uint32_t)(at / HOUR_MS);
}

int acquaintances_refused(
	struct acquaintances *all, const struct acquaintance *one, const char *recipient)
{
	entry_of(all, one->hash)->refused = true;
	if (lexicon_find(&all->addresses, one->hash, INCIDENT_HASH) != NULL)
		return 0;
	if (all->refused_len == all->refused_room) {
		const size_t room = all->refused_room > 0 ? all->refused_room * 2 : 256;
		struct refused **list = realloc(all->refused, room * sizeof *list);
		if (list == NULL)
			return -ENOMEM;
		all->refused = list;
		all->refused_room = room;
	}
	struct refused *refused = malloc(sizeof *refused + strlen(recipient) + 1);
	if (refused == NULL)
		return -ENOMEM;
	memcpy(refused->hash, one->hash, INCIDENT_HASH);
	strcpy(refused->address, recipient);
	all->refused[all->refused_len++] = refused;
	return lexicon_add(&all->addresses, refused);
}

const char *acquaintances_address(
	const struct acquaintances *all, const uint8_t hash[INCIDENT_HASH])
{
	const struct refused *refused =
		lexicon_find(&all->addresses, hash, INCIDENT_HASH);
	return refused != NULL ? refused->address : NULL;
}
