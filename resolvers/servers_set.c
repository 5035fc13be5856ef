/* SPDX-License-Identifier: MIT */
#include "resolvers/servers_set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "resolvers/digest.h"

#define BUCKETS 4096

/* Stands in memory before the set that it keeps. */
struct interned {
	LIST_ENTRY(interned) link;
	struct servers_sets *sets; /* NULL once that is destroyed */
};

LIST_HEAD(bucket, interned);

struct servers_sets {
	struct digest_key key;
	uint64_t sequence;
	size_t count;
	struct bucket buckets[BUCKETS];
};

int servers_sets_create(struct servers_sets **ret_sets)
{
	struct servers_sets *sets = calloc(1, sizeof *sets);
	if (sets == NULL)
		return -ENOMEM;
	if (getrandom(&sets->key, sizeof sets->key, 0) != sizeof sets->key)
		abort(); /* so few bytes come whole or not at all */
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&sets->buckets[i]);
	*ret_sets = sets;
	return 0;
}

void servers_sets_destroy(struct servers_sets *sets)
{
	if (sets == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct interned *interned;
		while ((interned = LIST_FIRST(&sets->buckets[i])) != NULL) {
			LIST_REMOVE(interned, link);
			interned->sets = NULL;
		}
	}
	free(sets);
}

static int compare(const void *a, const void *b)
{
	return endpoint_compare(a, b);
}

static size_t sort_unique(struct endpoint *addresses, size_t len)
{
	size_t kept = 0;
	if (len > 0)
		qsort(addresses, len, sizeof *addresses, compare);
	for (size_t i = 0; i < len; i++)
		if (kept == 0 || !endpoint_equal(&addresses[kept - 1], &addresses[i]))
			addresses[kept++] = addresses[i];
	return kept;
}

static struct servers_set *set_of(struct interned *interned)
{
	return (struct servers_set *)(void *)(interned + 1);
}

/* What stands before a set. Our callers' sets are const, the object is not. */
static struct interned *interned_of(const struct servers_set *set)
{
	union {
		const struct servers_set *set;
		char *bytes;
	} at = {.set = set};
	return (struct interned *)(void *)(at.bytes - sizeof(struct interned));
}

const struct servers_set *servers_sets_intern(
	struct servers_sets *sets, struct endpoint *addresses, size_t len)
{
	len = sort_unique(addresses, len);
	size_t bytes = len * sizeof *addresses;
	struct digest digest = digest_bytes(&sets->key, addresses, bytes);
	struct bucket *bucket = &sets->buckets[digest.lo % BUCKETS];
	struct interned *interned;
	LIST_FOREACH(interned, bucket, link)
	{
		struct servers_set *known = set_of(interned);
		if (known->len == len && memcmp(known->addresses, addresses, bytes) == 0)
			return servers_hold(known);
	}
	interned = malloc(sizeof *interned + sizeof(struct servers_set) + bytes);
	if (interned == NULL)
		return NULL;
	interned->sets = sets;
	struct servers_set *set = set_of(interned);
	set->len = len;
	set->references = 1;
	set->sequence = ++sets->sequence;
	memcpy(set->addresses, addresses, bytes);
	LIST_INSERT_HEAD(bucket, interned, link);
	sets->count++;
	return set;
}

size_t servers_sets_count(const struct servers_sets *sets)
{
	return sets->count;
}

const struct servers_set *servers_hold(const struct servers_set *set)
{
	set_of(interned_of(set))->references++;
	return set;
}

void servers_release(const struct servers_set *set)
{
	if (set == NULL)
		return;
	struct interned *interned = interned_of(set);
	assert(set->references > 0);
	if (--set_of(interned)->references > 0)
		return;
	if (interned->sets != NULL) {
		LIST_REMOVE(interned, link);
		interned->sets->count--;
	}
	free(interned);
}
