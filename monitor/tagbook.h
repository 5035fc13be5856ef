/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tagbook — which tags a watched domain has: those of the watches that name it, and its own of
 * the watch list.
 *
 * Names are kept as 64-bit digests under a key of chance, eight bytes each, and only of watches
 * that have tags. The watch list, and lists made by volume, are asked of the store. Loop thread.
 */
#include <stddef.h>
#include <stdint.h>

struct conf;
struct roster;
struct store;
struct tagbook;

#define TAGBOOK_TAGS_MOST 64 /* of one domain; more are passed over */
#define TAGBOOK_LISTED_MAX 512 /* bytes of a domain's own */

struct tagbook_tags {
	const char *tags[TAGBOOK_TAGS_MOST]; /* borrowed from the configuration, or own */
	size_t len;
	char own[TAGBOOK_LISTED_MAX];
};

/* conf is borrowed for its life, roster for the call. Returns 0, -ENOMEM or -EIO. */
int tagbook_create(const struct conf *conf, const struct roster *roster,
	struct tagbook **ret_tagbook) __attribute__((warn_unused_result));
/* NULL is allowed. */
void tagbook_destroy(struct tagbook *tagbook);

void tagbook_find(const struct tagbook *tagbook, struct store *store,
	const uint8_t *domain, struct tagbook_tags *ret_tags);
