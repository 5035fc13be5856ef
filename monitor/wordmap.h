/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * wordmap — pointers found by short texts.
 *
 * Texts are compared byte by byte; nothing is ever taken out. A zeroed map is an empty one.
 */
#include <stddef.h>
#include <stdint.h>

struct wordmap_slot {
	char *word; /* owned; NULL: free */
	void *value; /* borrowed */
	uint64_t hash;
};

struct wordmap {
	struct wordmap_slot *slots; /* owned array of capacity, a power of two */
	size_t capacity;
	size_t len;
};

/* NULL where the word is not in the map. */
void *wordmap_find(const struct wordmap *map, const char *word);
/* Adds a word that the map does not have; value is not NULL. Returns 0 or -ENOMEM. */
int wordmap_add(struct wordmap *map, const char *word, void *value)
	__attribute__((warn_unused_result));
void wordmap_finish(struct wordmap *map);
