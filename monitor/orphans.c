/* SPDX-License-Identifier: MIT */
#include "monitor/orphans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void orphans_finish(struct orphans *orphans)
{
	free(orphans->list);
	*orphans = (struct orphans){.len = 0};
}

int orphans_add(struct orphans *orphans, uint64_t digest)
{
	if (orphans->len == ORPHANS_MOST)
		return 0;
	if (orphans->len == orphans->room) {
		const size_t room = 2 * orphans->room + 64;
		struct orphan *const list =
			reallocarray(orphans->list, room, sizeof *list);
		if (!list)
			return -ENOMEM;
		orphans->list = list;
		orphans->room = room;
	}
	orphans->list[orphans->len++] = (struct orphan){.digest = digest};
	orphans->left++;
	orphans->sorted = false;
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	const struct orphan *const first = a;
	const struct orphan *const second = b;
	return (first->digest > second->digest) - (first->digest < second->digest);
}

/* Those that were found are let go on the way. */
static void sort(struct orphans *orphans)
{
	size_t kept = 0;
	for (size_t i = 0; i < orphans->len; i++)
		if (!orphans->list[i].found)
			orphans->list[kept++] = orphans->list[i];
	orphans->len = kept;
	if (kept > 0)
		qsort(orphans->list, kept, sizeof *orphans->list, by_digest);
	orphans->sorted = true;
}

static size_t place_of(const struct orphans *orphans, uint64_t digest)
{
	size_t low = 0;
	size_t high = orphans->len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (orphans->list[middle].digest < digest)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool orphans_find(struct orphans *orphans, uint64_t digest)
{
	if (orphans->left == 0)
		return false;
	if (!orphans->sorted)
		sort(orphans);
	for (size_t i = place_of(orphans, digest);
		i < orphans->len && orphans->list[i].digest == digest; i++) {
		if (orphans->list[i].found)
			continue;
		orphans->list[i].found = true;
		if (--orphans->left == 0)
			orphans_finish(orphans);
		return true;
	}
	return false;
}

/* FNV-1a. */
uint64_t orphans_digest(uint64_t digest, const void *bytes, size_t len)
{
	const uint8_t *const each = bytes;
	uint64_t sum = digest != 0 ? digest : UINT64_C(14695981039346656037);
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ each[i]) * UINT64_C(1099511628211);
	return sum;
}
