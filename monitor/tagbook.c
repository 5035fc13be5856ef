/* SPDX-License-Identifier: MIT */
#include "monitor/tagbook.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "monitor/conf.h"
#include "monitor/roster.h"
#include "resolvers/digest.h"
#include "resolvers/name.h"
#include "storage/popular.h"
#include "storage/watchlist.h"

/* The domains of one watch. */
struct page {
	uint64_t *digests; /* owned; ascending */
	size_t len;
	size_t room;
};

struct tagbook {
	const struct conf *conf;
	struct digest_key key;
	struct page *pages; /* owned; by watch */
	size_t pages_len;
};

/* --- making --- */

struct writing {
	const struct tagbook *tagbook;
	struct page *page;
};

static int on_domain(void *owner, const uint8_t *domain)
{
	const struct writing *const writing = owner;
	struct page *const page = writing->page;
	if (page->len == page->room) {
		const size_t room = 2 * page->room + 64;
		uint64_t *digests = reallocarray(page->digests, room, sizeof *digests);
		if (!digests)
			return -ENOMEM;
		page->digests = digests;
		page->room = room;
	}
	page->digests[page->len++] =
		digest_bytes(&writing->tagbook->key, domain, name_length(domain)).lo;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *const x = a;
	const uint64_t *const y = b;
	return (*x > *y) - (*x < *y);
}

static int write_page(struct tagbook *tagbook, const struct roster *roster, size_t watch)
{
	struct writing writing = {tagbook, &tagbook->pages[watch]};
	const int code = roster_each_of_watch(roster, watch, on_domain, &writing);
	if (code == 0 && writing.page->len > 0)
		qsort(writing.page->digests, writing.page->len,
			sizeof *writing.page->digests, compare);
	return code;
}

int tagbook_create(const struct conf *conf, const struct roster *roster,
	struct tagbook **ret_tagbook)
{
	struct tagbook *tagbook = calloc(1, sizeof *tagbook);
	if (!tagbook)
		return -ENOMEM;
	tagbook->conf = conf;
	tagbook->pages = calloc(conf->watches_len + 1, sizeof *tagbook->pages);
	int code = tagbook->pages ? 0 : -ENOMEM;
	tagbook->pages_len = conf->watches_len;
	if (code == 0 && getrandom(&tagbook->key, sizeof tagbook->key, 0) < 0)
		code = -EIO;
	for (size_t i = 0; code == 0 && i < conf->watches_len; i++)
		if (conf->watches[i].tags_len > 0)
			code = write_page(tagbook, roster, i);
	if (code != 0) {
		tagbook_destroy(tagbook);
		return code;
	}
	*ret_tagbook = tagbook;
	return 0;
}

void tagbook_destroy(struct tagbook *tagbook)
{
	if (!tagbook)
		return;
	for (size_t i = 0; tagbook->pages && i < tagbook->pages_len; i++)
		free(tagbook->pages[i].digests);
	free(tagbook->pages);
	free(tagbook);
}

/* --- asking --- */

static bool is_on(const struct page *page, uint64_t digest)
{
	return page->len > 0 &&
		bsearch(&digest, page->digests, page->len, sizeof digest, compare);
}

static void add_tag(struct tagbook_tags *tags, const char *tag)
{
	if (tags->len < TAGBOOK_TAGS_MOST)
		tags->tags[tags->len++] = tag;
}

static int on_own(void *owner, const struct watched *watched)
{
	struct tagbook_tags *const tags = owner;
	char *rest = NULL;
	snprintf(tags->own, sizeof tags->own, "%s", watched->tags);
	for (char *tag = strtok_r(tags->own, ",", &rest); tag;
		tag = strtok_r(NULL, ",", &rest))
		add_tag(tags, tag);
	return 0;
}

void tagbook_find(const struct tagbook *tagbook, struct store *store,
	const uint8_t *domain, struct tagbook_tags *ret_tags)
{
	const uint64_t digest =
		digest_bytes(&tagbook->key, domain, name_length(domain)).lo;
	ret_tags->len = 0;
	for (size_t i = 0; i < tagbook->conf->watches_len; i++) {
		const struct conf_watch *const watch = &tagbook->conf->watches[i];
		if (watch->tags_len == 0)
			continue;
		if (is_on(&tagbook->pages[i], digest) ||
			(watch->top_recipients > 0 &&
				popular_has(store, watch->name, domain)))
			for (size_t k = 0; k < watch->tags_len; k++)
				add_tag(ret_tags, watch->tags[k]);
	}
	if (watchlist_get(store, domain, on_own, ret_tags) != 0)
		ret_tags->own[0] = '\0'; /* it has none of its own */
}
