/* SPDX-License-Identifier: MIT */
/* Recipients who bounced, each once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/inside.h"

static size_t find(const struct tolls *tolls, const uint8_t *hash)
{
	uint64_t key;
	memcpy(&key, hash, sizeof key); /* it is a keyed hash already */
	size_t at = key & (tolls->index_room - 1);
	while (tolls->index[at] != 0 &&
		memcmp(tolls->list[tolls->index[at] - 1].hash, hash, INCIDENT_HASH) != 0)
		at = (at + 1) & (tolls->index_room - 1);
	return at;
}

static void reindex(struct tolls *tolls)
{
	memset(tolls->index, 0, tolls->index_room * sizeof *tolls->index);
	for (size_t i = 0; i < tolls->len; i++)
		tolls->index[find(tolls, tolls->list[i].hash)] = (uint32_t)i + 1;
}

static int grow(struct tolls *tolls)
{
	const size_t room = tolls->room > 0 ? tolls->room * 2 : 8;
	struct toll *list = realloc(tolls->list, room * sizeof *list);
	if (list == NULL)
		return -ENOMEM;
	tolls->list = list;
	uint32_t *index = calloc(room * 2, sizeof *index);
	if (index == NULL)
		return -ENOMEM;
	free(tolls->index);
	tolls->index = index;
	tolls->index_room = room * 2;
	tolls->room = room;
	reindex(tolls);
	return 0;
}

const struct toll *tolls_find(const struct tolls *tolls, const uint8_t *hash)
{
	if (tolls->len == 0)
		return NULL;
	const uint32_t place = tolls->index[find(tolls, hash)];
	return place != 0 ? &tolls->list[place - 1] : NULL;
}

/* Once unknown at home, and once elsewhere, where nobody is known: the two are told apart. */
static void join_places(struct toll *known, const struct toll *toll)
{
	const bool accepted = known->accepted_before || toll->accepted_before;
	if (toll->foreign)
		*known = *toll;
	known->accepted_before = accepted;
	known->refused_before = true;
}

static void join(struct toll *known, const struct toll *toll)
{
	known->bounces += toll->bounces;
	if (toll->first_at < known->first_at) {
		known->first_at = toll->first_at;
		known->refused_before = toll->refused_before;
	}
	if (toll->last_at >= known->last_at) {
		known->last_at = toll->last_at;
		known->host = toll->host;
	}
	known->accepted_before |= toll->accepted_before;
}

int tolls_add(struct tolls *tolls, const struct toll *toll)
{
	if (tolls->len == tolls->room && grow(tolls) < 0)
		return -ENOMEM;
	uint32_t *place = &tolls->index[find(tolls, toll->hash)];
	if (*place == 0) {
		tolls->list[tolls->len++] = *toll;
		*place = (uint32_t)tolls->len;
		tolls->list[tolls->len - 1].changed = true;
		return 0;
	}
	struct toll *known = &tolls->list[*place - 1];
	if (known->foreign != toll->foreign)
		join_places(known, toll);
	else
		join(known, toll);
	known->changed = true;
	return 0;
}

void tolls_trim(struct tolls *tolls, int64_t before, size_t most)
{
	size_t kept = 0;
	const size_t surplus = tolls->len > most ? tolls->len - most : 0;
	for (size_t i = 0; i < tolls->len; i++)
		if (i >= surplus && tolls->list[i].last_at >= before)
			tolls->list[kept++] = tolls->list[i];
	if (kept == tolls->len)
		return;
	tolls->len = kept;
	reindex(tolls);
}

bool tolls_drop(struct tolls *tolls, const uint8_t *hash)
{
	const struct toll *found = tolls_find(tolls, hash);
	if (found == NULL)
		return false;
	const size_t at = (size_t)(found - tolls->list);
	memmove(&tolls->list[at], &tolls->list[at + 1],
		(--tolls->len - at) * sizeof tolls->list[0]);
	reindex(tolls);
	return true;
}

void tolls_finish(struct tolls *tolls)
{
	free(tolls->list);
	free(tolls->index);
	*tolls = (struct tolls){0};
}
