/* SPDX-License-Identifier: MIT */
#include "monitor/deviant.h"

#include <stdlib.h>
#include <string.h>

void deviants_finish(struct deviants *deviants)
{
	free(deviants->list);
	*deviants = (struct deviants){.list = NULL};
}

static int compare(
	const struct deviant *deviant, uint32_t target, const struct endpoint *server)
{
	if (deviant->target != target)
		return deviant->target < target ? -1 : 1;
	return server ? endpoint_compare(&deviant->server, server) : 1;
}

/* The place of the first entry that is not before (target, server); NULL is before all. */
static size_t place(
	const struct deviants *deviants, uint32_t target, const struct endpoint *server)
{
	size_t low = 0;
	size_t high = deviants->len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (compare(&deviants->list[middle], target, server) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct deviant *deviants_find(
	struct deviants *deviants, uint32_t target, const struct endpoint *server)
{
	const size_t at = place(deviants, target, server);
	if (at == deviants->len || compare(&deviants->list[at], target, server) != 0)
		return NULL;
	return &deviants->list[at];
}

struct deviant *deviants_first(struct deviants *deviants, uint32_t target)
{
	const size_t at = place(deviants, target, NULL);
	if (at == deviants->len || deviants->list[at].target != target)
		return NULL;
	return &deviants->list[at];
}

struct deviant *deviants_put(
	struct deviants *deviants, uint32_t target, const struct endpoint *server)
{
	const size_t at = place(deviants, target, server);
	if (at < deviants->len && compare(&deviants->list[at], target, server) == 0)
		return &deviants->list[at];
	if (deviants->len == deviants->capacity) {
		const size_t capacity = deviants->capacity ? deviants->capacity * 2 : 16;
		struct deviant *list = realloc(deviants->list, capacity * sizeof *list);
		if (!list)
			return NULL;
		deviants->list = list;
		deviants->capacity = capacity;
	}
	struct deviant *const deviant = &deviants->list[at];
	memmove(deviant + 1, deviant, (deviants->len - at) * sizeof *deviant);
	deviants->len++;
	*deviant = (struct deviant){.target = target, .server = *server};
	return deviant;
}

void deviants_remove(struct deviants *deviants, struct deviant *deviant)
{
	const size_t at = (size_t)(deviant - deviants->list);
	memmove(deviant, deviant + 1, (deviants->len - at - 1) * sizeof *deviant);
	deviants->len--;
}

void deviant_agree(struct deviant *deviant, int64_t at, uint32_t ttl)
{
	struct pulse *const pulse = &deviant->pulse;
	pulse->last_at = at;
	pulse->confirmed_at = at;
	pulse->polls++;
	if (ttl != UINT32_MAX && ttl < pulse->ttl_min)
		pulse->ttl_min = ttl;
	if (ttl != UINT32_MAX && ttl > pulse->ttl_max)
		pulse->ttl_max = ttl;
	deviant->dirty = true;
}
