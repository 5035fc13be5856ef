/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/past_head.h"

#include <stdlib.h>
#include <string.h>

#include "resolvers/digest.h"

#define SLOTS 16384 /* a power of two */
#define FRONT_MOST 4096 /* bytes of one that is remembered */

struct slot {
	char *front; /* owned; NULL: empty */
	size_t len;
	bool came_again;
	bool is_known; /* it came again, and is of three members */
	struct past_head head;
};

struct past_heads {
	struct slot slots[SLOTS];
};

struct past_heads *past_heads_create(void)
{
	return calloc(1, sizeof(struct past_heads));
}

void past_heads_destroy(struct past_heads *heads)
{
	if (heads == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(heads->slots[i].front);
	free(heads);
}

size_t past_head_length(const char *line, size_t len)
{
	static const char key[] = "\"time_first\"";
	const char *end =
		len > 0 && *line == '{' ? memmem(line, len, key, sizeof key - 1) : NULL;
	const size_t front_len = end != NULL ? (size_t)(end - line) : 0;
	return front_len < FRONT_MOST ? front_len : 0;
}

/* Fronts are compared by their bytes besides: the key need not be a secret. */
static size_t slot_of(const char *front, size_t len)
{
	static const struct digest_key key = {1, 1};
	return digest_bytes(&key, front, len).lo % SLOTS;
}

static bool is_in(const struct slot *slot, const char *front, size_t len)
{
	return slot->front != NULL && slot->len == len &&
		memcmp(slot->front, front, len) == 0;
}

const struct past_head *past_heads_find(
	const struct past_heads *heads, const char *front, size_t len)
{
	const struct slot *slot = &heads->slots[slot_of(front, len)];
	return slot->is_known && is_in(slot, front, len) ? &slot->head : NULL;
}

static bool has_all(const json_t *json)
{
	return json_object_get(json, "rrname") != NULL &&
		json_object_get(json, "rrtype") != NULL &&
		json_object_get(json, "rdata") != NULL;
}

static bool has_any(const json_t *json)
{
	return json_object_get(json, "rrname") != NULL ||
		json_object_get(json, "rrtype") != NULL ||
		json_object_get(json, "rdata") != NULL;
}

json_t *past_head_rest(char *line, size_t len, size_t front_len)
{
	char *open = line + front_len - 1;
	const char kept = *open;
	*open = '{';
	json_t *rest =
		json_loadb(open, len - front_len + 1, JSON_REJECT_DUPLICATES, NULL);
	*open = kept;
	if (json_is_object(rest) && !has_any(rest))
		return rest;
	json_decref(rest);
	return NULL;
}

/* Whether the front is an object of three members when '}' stands for its last comma. */
static bool is_whole(const char *front, size_t len)
{
	char text[FRONT_MOST];
	while (len > 0 && (front[len - 1] == ' ' || front[len - 1] == '\t'))
		len--;
	if (len == 0 || front[len - 1] != ',')
		return false;
	memcpy(text, front, len);
	text[len - 1] = '}';
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const bool whole = json_object_size(json) == 3 && has_all(json);
	json_decref(json);
	return whole;
}

void past_heads_add(struct past_heads *heads, const char *front, size_t len,
	const struct past_head *head)
{
	struct slot *slot = &heads->slots[slot_of(front, len)];
	if (is_in(slot, front, len)) {
		if (!slot->came_again)
			slot->is_known = is_whole(front, len);
		slot->came_again = true;
		slot->head = *head;
		return;
	}
	/* Without memory, it is one that never came. */
	char *copy = realloc(slot->front, len);
	if (copy == NULL)
		return;
	memcpy(copy, front, len);
	*slot = (struct slot){.front = copy, .len = len};
}
