/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lexicon — finds things by the bytes of their name.
 *
 * Open addressing under a keyed hash: names come from outside. Things are pointers whose name
 * the owner can tell; they are never removed. Nothing may depend on the order of slots.
 * Those found lately are found again by a few bytes of their name: most mail is of a few domains,
 * and names made to collide there are found by their hash as before.
 */
#include <stddef.h>
#include <stdint.h>

#include "resolvers/digest.h"

/* The name of a thing; ret_len is set. */
typedef const void *(*lexicon_name_fn)(const void *thing, size_t *ret_len);

struct lexicon_slot {
	void *thing; /* NULL: empty; not owned */
	uint64_t hash; /* of its name: most others are told apart by it alone */
};

struct lexicon_recent {
	void *thing; /* NULL: none; not owned */
	uint64_t mark; /* of its name */
};

struct lexicon {
	struct digest_key key;
	lexicon_name_fn name;
	struct lexicon_slot *slots; /* owned */
	struct lexicon_recent *recent; /* owned; by mark; there when slots are */
	size_t room; /* of slots: a power of two, or 0 */
	size_t len;
};

void lexicon_init(struct lexicon *lexicon, lexicon_name_fn name);
void lexicon_finish(struct lexicon *lexicon);
/* NULL where there is none. */
void *lexicon_find(const struct lexicon *lexicon, const void *name, size_t len);
/* The thing must not be in it. Returns 0 or -ENOMEM. */
int lexicon_add(struct lexicon *lexicon, void *thing) __attribute__((warn_unused_result));
