/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/phrasebook.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/letter.h"
#include "monitor/ingest/reply_text.h"

#define CHAINS_MAX 1024 /* pieces of phrases that another piece follows after a gap */
#define FRONTIER_MAX 1024 /* ways through the alternatives of a phrase */
#define WORD_MAX 64
#define NONE UINT32_MAX

/* A piece of a phrase that ends at a node of the tree. */
struct link {
	uint32_t next; /* of the same node; NONE: the last */
	uint32_t previous; /* chain of the piece before the gap; NONE: the first piece */
	uint32_t gap; /* words that may stand between the two */
	uint32_t own; /* chain that remembers where this ended; NONE: the last piece */
	uint16_t mark;
};

/* Open addressing; a value of 0 is a free place. */
struct map_entry {
	uint64_t key;
	uint32_t value;
};

struct map {
	struct map_entry *entries; /* owned */
	size_t size; /* a power of two, or 0 */
	size_t len;
};

struct phrasebook {
	char *pool; /* owned: the words, each with its NUL */
	size_t pool_len;
	uint32_t *
		words; /* owned array of words_len places in the pool; ids count from 1 */
	size_t words_len;
	uint32_t *nodes; /* owned array of nodes_len first links; the first is the root */
	size_t nodes_len;
	struct link *links; /* owned array of links_len */
	size_t links_len;
	struct map edges; /* (node, word id) -> node */
	struct map
		ids; /* hash of a word -> id; a second word of one hash has the next key */
	uint32_t chains_len;
};

/* What a phrase has been taken to so far. */
struct frontier {
	uint32_t nodes[FRONTIER_MAX];
	size_t len;
};

static uint64_t hash_word(const char *word, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)word[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct map_entry *map_place(const struct map *map, uint64_t key)
{
	size_t at =
		(size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->size - 1);

	while (map->entries[at].value != 0 && map->entries[at].key != key)
		at = (at + 1) & (map->size - 1);
	return &map->entries[at];
}

static uint32_t map_get(const struct map *map, uint64_t key)
{
	return map->size > 0 ? map_place(map, key)->value : 0;
}

static int map_put(struct map *map, uint64_t key, uint32_t value)
{
	if (map->len * 2 >= map->size) {
		struct map grown = {
			.size = map->size > 0 ? map->size * 2 : 64, .len = map->len};

		grown.entries = calloc(grown.size, sizeof *grown.entries);
		if (grown.entries == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < map->size; i++)
			if (map->entries[i].value != 0)
				*map_place(&grown, map->entries[i].key) = map->entries[i];
		free(map->entries);
		*map = grown;
	}
	*map_place(map, key) = (struct map_entry){.key = key, .value = value};
	map->len++;
	return 0;
}

/* Makes room for one element more; arrays grow by doubling at powers of two. */
static int grow(void *array_of, size_t len, size_t size)
{
	void **array = array_of;
	void *more;

	if (len > 0 && (len & (len - 1)) != 0)
		return 0;
	more = reallocarray(*array, len > 0 ? len * 2 : 1, size);
	if (more == NULL)
		return -ENOMEM;
	*array = more;
	return 0;
}

/* The id of a word, 0 for one that no phrase has; *ret_key is its place in the map. */
static uint32_t find_word(
	const struct phrasebook *book, const char *word, size_t len, uint64_t *ret_key)
{
	uint64_t key = hash_word(word, len);
	uint32_t id;

	while ((id = map_get(&book->ids, key)) != 0) {
		const char *other = book->pool + book->words[id - 1];

		if (strncmp(other, word, len) == 0 && other[len] == '\0')
			break;
		key++;
	}
	*ret_key = key;
	return id;
}

static int add_word(
	struct phrasebook *book, const char *word, size_t len, uint32_t *ret_id)
{
	uint64_t key;
	uint32_t id = find_word(book, word, len, &key);
	char *pool;

	if (id != 0) {
		*ret_id = id;
		return 0;
	}
	pool = realloc(book->pool, book->pool_len + len + 1);
	if (pool == NULL)
		return -ENOMEM;
	book->pool = pool;
	if (grow(&book->words, book->words_len, sizeof *book->words) < 0)
		return -ENOMEM;
	if (map_put(&book->ids, key, (uint32_t)book->words_len + 1) < 0)
		return -ENOMEM;
	memcpy(pool + book->pool_len, word, len);
	pool[book->pool_len + len] = '\0';
	book->words[book->words_len++] = (uint32_t)book->pool_len;
	book->pool_len += len + 1;
	*ret_id = (uint32_t)book->words_len;
	return 0;
}

static int add_node(struct phrasebook *book, uint32_t *ret_node)
{
	if (grow(&book->nodes, book->nodes_len, sizeof *book->nodes) < 0)
		return -ENOMEM;
	*ret_node = (uint32_t)book->nodes_len;
	book->nodes[book->nodes_len++] = NONE;
	return 0;
}

static uint64_t edge_key(uint32_t node, uint32_t word)
{
	return ((uint64_t)node << 32) | word;
}

static int step_node(
	struct phrasebook *book, uint32_t node, uint32_t word, uint32_t *ret_child)
{
	uint32_t child = map_get(&book->edges, edge_key(node, word));

	if (child == 0) {
		if (add_node(book, &child) < 0 ||
			map_put(&book->edges, edge_key(node, word), child) < 0)
			return -ENOMEM;
	}
	*ret_child = child;
	return 0;
}

static int add_link(struct phrasebook *book, uint32_t node, struct link link)
{
	if (grow(&book->links, book->links_len, sizeof *book->links) < 0)
		return -ENOMEM;
	link.next = book->nodes[node];
	book->nodes[node] = (uint32_t)book->links_len;
	book->links[book->links_len++] = link;
	return 0;
}

struct phrasebook *phrasebook_create(void)
{
	struct phrasebook *book = calloc(1, sizeof *book);
	uint32_t root;

	if (book != NULL && add_node(book, &root) < 0) {
		free(book);
		return NULL;
	}
	return book;
}

void phrasebook_destroy(struct phrasebook *book)
{
	if (book == NULL)
		return;
	free(book->pool);
	free(book->words);
	free(book->nodes);
	free(book->links);
	free(book->edges.entries);
	free(book->ids.entries);
	free(book);
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		(unsigned char)c >= 0x80;
}

static int frontier_add(struct frontier *frontier, uint32_t node)
{
	for (size_t i = 0; i < frontier->len; i++)
		if (frontier->nodes[i] == node)
			return 0;
	if (frontier->len == FRONTIER_MAX)
		return -E2BIG;
	frontier->nodes[frontier->len++] = node;
	return 0;
}

/* One more place of a phrase: any of the words in slot. */
static int add_slot(
	struct phrasebook *book, const char *slot, size_t len, struct frontier *frontier)
{
	struct frontier next = {0};
	size_t word_len;

	for (size_t at = 0; at <= len; at += word_len + 1) {
		uint32_t id;

		word_len = 0;
		while (at + word_len < len && is_word_byte(slot[at + word_len]))
			word_len++;
		if (word_len == 0 || word_len > WORD_MAX ||
			(at + word_len < len && slot[at + word_len] != '|'))
			return -EINVAL;
		if (add_word(book, slot + at, word_len, &id) < 0)
			return -ENOMEM;
		for (size_t i = 0; i < frontier->len; i++) {
			uint32_t child;

			if (step_node(book, frontier->nodes[i], id, &child) < 0)
				return -ENOMEM;
			if (frontier_add(&next, child) < 0)
				return -E2BIG;
		}
	}
	*frontier = next;
	return 0;
}

/* Bytes of the next place of a phrase. */
static size_t slot_length(const char *phrase, size_t len)
{
	size_t end = 0;
	struct letter letter;

	while (end < len && phrase[end] != ' ' && phrase[end] != '\t')
		end++;
	if (end == 0)
		return 0;
	letter_read(phrase, end, &letter);
	return letter.is_word ? letter.taken : end;
}

/* Words that may be missing together. */
static int add_optional(
	struct phrasebook *book, const char *words, size_t len, struct frontier *frontier)
{
	struct frontier without = *frontier;
	int err = len > 0 ? 0 : -EINVAL;

	for (size_t at = 0; at < len && err == 0;) {
		size_t slot = slot_length(words + at, len - at);

		err = add_slot(book, words + at, slot, frontier);
		at += slot;
		at += at < len && words[at] == ' ';
	}
	for (size_t i = 0; i < without.len && err == 0; i++)
		err = frontier_add(frontier, without.nodes[i]);
	return err;
}

/* Ends a piece of a phrase wherever its alternatives led to. */
static int end_piece(
	struct phrasebook *book, const struct frontier *frontier, struct link link)
{
	int err = 0;

	for (size_t i = 0; i < frontier->len && err == 0; i++) {
		if (frontier->nodes[i] == 0)
			return -EINVAL; /* nothing but words that may be missing */
		err = add_link(book, frontier->nodes[i], link);
	}
	return err;
}

static int add_gap(struct phrasebook *book, uint32_t gap, struct frontier *frontier,
	struct link *link)
{
	int err;

	if (book->chains_len == CHAINS_MAX)
		return -E2BIG;
	link->own = book->chains_len++;
	err = end_piece(book, frontier, *link);
	link->previous = link->own;
	link->gap = gap;
	link->own = NONE;
	*frontier = (struct frontier){.len = 1};
	return err;
}

int phrasebook_add(struct phrasebook *book, const char *phrase, uint16_t mark,
	const char **ret_expected)
{
	struct frontier frontier = {.len = 1};
	struct link link = {.previous = NONE, .own = NONE, .mark = mark};
	int err = 0;

	assert(mark < PHRASEBOOK_MARKS_MAX);
	while (*phrase != '\0' && err == 0) {
		size_t len = phrase[0] == '[' ? strcspn(phrase, "]")
					      : slot_length(phrase, strlen(phrase));

		if (phrase[0] == '[') {
			err = phrase[len] == ']'
				? add_optional(book, phrase + 1, len - 1, &frontier)
				: -EINVAL;
			len += phrase[len] == ']';
		} else if (phrase[0] == '.') {
			err = len == 3 && memcmp(phrase, "...", 3) == 0
				? add_gap(book, PHRASEBOOK_GAP, &frontier, &link)
				: len == 2 && phrase[1] == '.'
				? add_gap(book, PHRASEBOOK_SMALL_GAP, &frontier, &link)
				: -EINVAL;
		} else if (len > 0) {
			err = add_slot(book, phrase, len, &frontier);
		}
		phrase += len + strspn(phrase + len, " \t");
	}
	if (err == 0)
		err = end_piece(book, &frontier, link);
	if (err == -EINVAL)
		*ret_expected =
			"words of a-z and 0-9, a|b for either, [a b] for what may be "
			"missing, .. for up to 3 others between, ... for up to 8";
	if (err == -E2BIG)
		*ret_expected = "fewer alternatives in a phrase, and fewer gaps";
	return err == -E2BIG ? -EINVAL : err;
}

struct matching {
	uint16_t ends[CHAINS_MAX]; /* word after the piece's latest end; 0: not seen */
	uint8_t *marks;
};

static void follow(
	struct matching *matching, const struct link *link, size_t from, size_t end)
{
	if (link->previous != NONE) {
		size_t before = matching->ends[link->previous];

		if (before == 0 || before > from || from - before > link->gap)
			return;
	}
	if (link->own != NONE)
		matching->ends[link->own] = (uint16_t)end;
	else
		matching->marks[link->mark] = 1;
}

static void match_from(const struct phrasebook *book, const uint32_t *ids, size_t ids_len,
	size_t from, struct matching *matching)
{
	uint32_t node = 0;

	for (size_t at = from; at < ids_len && ids[at] != 0; at++) {
		node = map_get(&book->edges, edge_key(node, ids[at]));
		if (node == 0)
			return;
		for (uint32_t i = book->nodes[node]; i != NONE; i = book->links[i].next)
			follow(matching, &book->links[i], from, at + 1);
	}
}

void phrasebook_match(const struct phrasebook *book, const struct reply_text *text,
	uint8_t ret_marks[PHRASEBOOK_MARKS_MAX])
{
	uint32_t ids[REPLY_WORDS_MAX];
	struct matching matching;
	uint64_t key;

	matching.marks = ret_marks;
	memset(matching.ends, 0, book->chains_len * sizeof *matching.ends);
	for (size_t i = 0; i < text->words_len; i++)
		ids[i] = find_word(
			book, text->bytes + text->words[i].at, text->words[i].len, &key);
	for (size_t i = 0; i < text->words_len; i++)
		match_from(book, ids, text->words_len, i, &matching);
}
