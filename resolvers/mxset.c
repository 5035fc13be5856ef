/* SPDX-License-Identifier: MIT */
#include "resolvers/mxset.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"

static const struct state_name {
	enum answer_state state;
	const char *name;
} state_names[] = {
	{ANSWER_NONE, "none"},
	{ANSWER_MX, "mx"},
	{ANSWER_NODATA, "nodata"},
	{ANSWER_NULL_MX, "null-mx"},
	{ANSWER_NXDOMAIN, "nxdomain"},
	{ANSWER_SERVFAIL, "servfail"},
	{ANSWER_REFUSED, "refused"},
	{ANSWER_TIMEOUT, "timeout"},
	{ANSWER_NETWORK, "network"},
	{ANSWER_MALFORMED, "malformed"},
	{ANSWER_BOGUS, "bogus"},
};

#define STATE_NAMES (sizeof state_names / sizeof *state_names)

bool answer_state_is_usable(enum answer_state state)
{
	return state >= ANSWER_MX && state <= ANSWER_NXDOMAIN;
}

const char *answer_state_name(enum answer_state state)
{
	for (size_t i = 0; i < STATE_NAMES; i++)
		if (state_names[i].state == state)
			return state_names[i].name;
	return state_names[0].name;
}

int answer_state_from_name(const char *name, enum answer_state *ret_state)
{
	for (size_t i = 0; i < STATE_NAMES; i++) {
		if (strcmp(state_names[i].name, name) != 0)
			continue;
		*ret_state = state_names[i].state;
		return 0;
	}
	return -EINVAL;
}

void mxset_finish(struct mxset *set)
{
	for (size_t i = 0; i < set->len; i++)
		free(set->hosts[i].exchange);
	free(set->hosts);
	*set = (struct mxset){0};
}

static int compare(
	const struct mxhost *host, uint16_t preference, const uint8_t *exchange)
{
	if (host->preference != preference)
		return host->preference < preference ? -1 : 1;
	return name_compare(host->exchange, exchange);
}

/* The index of the first host that is not before the given one. */
static size_t find_place(
	const struct mxset *set, uint16_t preference, const uint8_t *exchange)
{
	size_t low = 0;
	size_t high = set->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&set->hosts[middle], preference, exchange) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int mxset_add(struct mxset *set, uint16_t preference, const uint8_t *exchange)
{
	size_t place = find_place(set, preference, exchange);

	if (place < set->len && compare(&set->hosts[place], preference, exchange) == 0)
		return 0;

	size_t len = name_length(exchange);
	uint8_t *copy = malloc(len);
	struct mxhost *hosts = realloc(set->hosts, (set->len + 1) * sizeof *hosts);
	if (hosts != NULL)
		set->hosts = hosts;
	if (copy == NULL || hosts == NULL) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, exchange, len);
	memmove(&hosts[place + 1], &hosts[place], (set->len - place) * sizeof *hosts);
	hosts[place] = (struct mxhost){.preference = preference, .exchange = copy};
	set->len++;
	return 0;
}

int mxset_copy(const struct mxset *set, struct mxset *ret_copy)
{
	struct mxset copy = {0};

	for (size_t i = 0; i < set->len; i++) {
		int r = mxset_add(
			&copy, set->hosts[i].preference, set->hosts[i].exchange);
		if (r < 0) {
			mxset_finish(&copy);
			return r;
		}
	}
	*ret_copy = copy;
	return 0;
}

bool mxset_equal(const struct mxset *a, const struct mxset *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (compare(&a->hosts[i], b->hosts[i].preference, b->hosts[i].exchange) !=
			0)
			return false;
	return true;
}

bool mxset_has(const struct mxset *set, uint16_t preference, const uint8_t *exchange)
{
	size_t place = find_place(set, preference, exchange);

	return place < set->len && compare(&set->hosts[place], preference, exchange) == 0;
}

bool mxset_has_exchange(const struct mxset *set, const uint8_t *exchange)
{
	for (size_t i = 0; i < set->len; i++)
		if (name_equal(set->hosts[i].exchange, exchange))
			return true;
	return false;
}

bool mxset_fits(enum answer_state state, const struct mxset *set)
{
	size_t roots = 0;

	for (size_t i = 0; i < set->len; i++)
		roots += set->hosts[i].exchange[0] == 0;
	switch (state) {
	case ANSWER_MX:
		return roots < set->len && set->len <= MXSET_HOSTS_MAX;
	case ANSWER_NULL_MX:
		return set->len > 0 && roots == set->len && set->len <= MXSET_HOSTS_MAX;
	case ANSWER_NODATA:
	case ANSWER_NXDOMAIN:
		return set->len == 0;
	case ANSWER_NONE:
	case ANSWER_SERVFAIL:
	case ANSWER_REFUSED:
	case ANSWER_TIMEOUT:
	case ANSWER_NETWORK:
	case ANSWER_MALFORMED:
	case ANSWER_BOGUS:
		break;
	}
	return false;
}

int mxset_encode(enum answer_state state, const struct mxset *set, uint8_t **ret_bytes,
	size_t *ret_len)
{
	assert(mxset_fits(state, set));

	size_t len = 1;
	for (size_t i = 0; i < set->len; i++)
		len += 2 + name_length(set->hosts[i].exchange);
	uint8_t *bytes = malloc(len);
	if (bytes == NULL)
		return -ENOMEM;

	uint8_t *at = bytes;
	*at++ = (uint8_t)state;
	for (size_t i = 0; i < set->len; i++) {
		const struct mxhost *host = &set->hosts[i];
		size_t name_len = name_length(host->exchange);

		*at++ = (uint8_t)(host->preference >> 8);
		*at++ = (uint8_t)(host->preference & 0xff);
		memcpy(at, host->exchange, name_len);
		at += name_len;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

/* Bytes of the wire name at the start of bytes, 0 unless it is well-formed and lower-case. */
static size_t check_name(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	if (len > NAME_WIRE_MAX)
		len = NAME_WIRE_MAX;
	while (at < len && bytes[at] != 0) {
		size_t end = at + 1u + bytes[at];

		if (bytes[at] > 63 || end > len)
			return 0;
		for (at++; at < end; at++)
			if (bytes[at] >= 'A' && bytes[at] <= 'Z')
				return 0;
	}
	return at < len ? at + 1 : 0;
}

static int decode_hosts(const uint8_t *bytes, size_t len, struct mxset *set)
{
	for (size_t at = 0; at < len;) {
		if (len - at < 3 || set->len == MXSET_HOSTS_MAX)
			return -EINVAL;
		uint16_t preference = (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
		const uint8_t *exchange = bytes + at + 2;
		size_t name_len = check_name(exchange, len - at - 2);
		if (name_len == 0)
			return -EINVAL;
		/* Canonical order leaves no other place than the end. */
		if (set->len > 0 &&
			compare(&set->hosts[set->len - 1], preference, exchange) >= 0)
			return -EINVAL;
		int r = mxset_add(set, preference, exchange);
		if (r < 0)
			return r;
		at += 2 + name_len;
	}
	return 0;
}

int mxset_decode(const uint8_t *bytes, size_t len, enum answer_state *ret_state,
	struct mxset *ret_set)
{
	struct mxset set = {0};

	if (len == 0)
		return -EINVAL;
	enum answer_state state = bytes[0];
	int r = decode_hosts(bytes + 1, len - 1, &set);
	if (r == 0 && !mxset_fits(state, &set))
		r = -EINVAL;
	if (r < 0) {
		mxset_finish(&set);
		return r;
	}
	*ret_state = state;
	*ret_set = set;
	return 0;
}
