/* SPDX-License-Identifier: MIT */
#include "storage/chain.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "storage/bucket.h"

void chain_finish(struct chain *chain)
{
	free(chain->closed);
	free(chain->buckets);
	*chain = (struct chain){0};
}

void chain_clear(struct chain *chain)
{
	*chain = (struct chain){
		.closed = chain->closed,
		.closed_room = chain->closed_room,
		.buckets = chain->buckets,
		.buckets_room = chain->buckets_room,
	};
}

bool chain_is_empty(const struct chain *chain)
{
	return chain->opened.count == 0 && chain->gaps.count == 0 &&
		chain->changes.count == 0 && chain->suspicions.count == 0 &&
		chain->closed_len == 0 && chain->buckets_len == 0 && !chain->pruning &&
		chain->incidents.count == 0 && chain->erasures.count == 0;
}

void chain_note(struct chain_range *range, int64_t number)
{
	if (range->count == 0)
		range->first = number;
	assert(number == range->first + (int64_t)range->count);
	range->count++;
}

/* Makes room for one more element. Returns 0 or -ENOMEM. */
static int grow(void **array, size_t *room, size_t len, size_t size)
{
	if (len < *room)
		return 0;
	size_t wanted = *room + *room / 2 + 16;
	void *grown = reallocarray(*array, wanted, size);
	if (grown == NULL)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

int chain_note_closed(struct chain *chain, int64_t span)
{
	void *array = chain->closed;
	int error = grow(&array, &chain->closed_room, chain->closed_len, sizeof span);
	chain->closed = array;
	if (error == 0)
		chain->closed[chain->closed_len++] = span;
	return error;
}

int chain_note_bucket(struct chain *chain, const struct chain_place *place)
{
	void *array = chain->buckets;
	int error = grow(&array, &chain->buckets_room, chain->buckets_len, sizeof *place);
	chain->buckets = array;
	if (error == 0)
		chain->buckets[chain->buckets_len++] = *place;
	return error;
}

static void pack_range(
	enum chain_kind kind, const struct chain_range *range, struct bytes *refs)
{
	if (range->count == 0)
		return;
	bytes_add_u8(refs, kind);
	bytes_add_varint(refs, range->count);
	bytes_add_varint(refs, (uint64_t)range->first);
}

static void pack_closed(const struct chain *chain, struct bytes *refs)
{
	if (chain->closed_len == 0)
		return;
	bytes_add_u8(refs, CHAIN_SPAN_CLOSED);
	bytes_add_varint(refs, chain->closed_len);
	int64_t previous = 0;
	for (size_t i = 0; i < chain->closed_len; i++) {
		bytes_add_signed(refs, chain->closed[i] - previous);
		previous = chain->closed[i];
	}
}

/* One section for each run of buckets of one length. */
static void pack_buckets(const struct chain *chain, int64_t at, struct bytes *refs)
{
	for (size_t i = 0; i < chain->buckets_len;) {
		int64_t length_ms = chain->buckets[i].length_ms;
		size_t end = i;
		while (end < chain->buckets_len &&
			chain->buckets[end].length_ms == length_ms)
			end++;
		bytes_add_u8(refs, CHAIN_BUCKET);
		bytes_add_varint(refs, end - i);
		bytes_add_varint(refs, (uint64_t)length_ms);
		int64_t point = 0;
		for (; i < end; i++) {
			const struct chain_place *place = &chain->buckets[i];
			bytes_add_signed(refs, place->point - point);
			bytes_add_signed(refs, at - place->from_at);
			bytes_add_varint(refs, place->version);
			point = place->point;
		}
	}
}

void chain_pack(const struct chain *chain, int64_t at, struct bytes *refs)
{
	pack_range(CHAIN_SPAN_OPENED, &chain->opened, refs);
	pack_closed(chain, refs);
	pack_range(CHAIN_GAP, &chain->gaps, refs);
	pack_range(CHAIN_CHANGE, &chain->changes, refs);
	pack_range(CHAIN_SUSPICION, &chain->suspicions, refs);
	pack_buckets(chain, at, refs);
	if (chain->pruning)
		bytes_add_u8(refs, CHAIN_PRUNING);
	pack_range(CHAIN_INCIDENT, &chain->incidents, refs);
	pack_range(CHAIN_ERASURE, &chain->erasures, refs);
}

static int unpack_closed(struct bytes_reader *reader, struct chain *chain)
{
	uint64_t count = bytes_take_varint(reader);
	int64_t number = 0;
	int error = 0;
	while (error == 0 && !reader->failed && count-- > 0) {
		number =
			(int64_t)((uint64_t)number + (uint64_t)bytes_take_signed(reader));
		if (!reader->failed)
			error = chain_note_closed(chain, number);
	}
	return error;
}

static int unpack_buckets(struct bytes_reader *reader, int64_t at, struct chain *chain)
{
	uint64_t count = bytes_take_varint(reader);
	struct chain_place place = {.length_ms = (int64_t)bytes_take_varint(reader)};
	if (place.length_ms <= 0 || place.length_ms > BUCKET_LENGTH_MAX_MS)
		reader->failed = true;
	int error = 0;
	while (error == 0 && !reader->failed && count-- > 0) {
		uint64_t step = (uint64_t)bytes_take_signed(reader);
		uint64_t age = (uint64_t)bytes_take_signed(reader);
		place.point = (int64_t)((uint64_t)place.point + step);
		place.from_at = (int64_t)((uint64_t)at - age);
		place.version = bytes_take_varint(reader);
		if (!reader->failed)
			error = chain_note_bucket(chain, &place);
	}
	return error;
}

/* A section may come once; only buckets come in several. */
static void unpack_range(struct bytes_reader *reader, struct chain_range *range)
{
	uint64_t count = bytes_take_varint(reader);
	uint64_t first = bytes_take_varint(reader);
	if (range->count != 0 || count == 0 || count > INT64_MAX || first == 0 ||
		first > INT64_MAX - count)
		reader->failed = true;
	*range = (struct chain_range){.first = (int64_t)first, .count = count};
}

static int unpack_section(struct bytes_reader *reader, int64_t at, struct chain *chain)
{
	switch (bytes_take_u8(reader)) {
	case CHAIN_SPAN_OPENED:
		unpack_range(reader, &chain->opened);
		return 0;
	case CHAIN_SPAN_CLOSED:
		reader->failed |= chain->closed_len != 0;
		return unpack_closed(reader, chain);
	case CHAIN_GAP:
		unpack_range(reader, &chain->gaps);
		return 0;
	case CHAIN_CHANGE:
		unpack_range(reader, &chain->changes);
		return 0;
	case CHAIN_SUSPICION:
		unpack_range(reader, &chain->suspicions);
		return 0;
	case CHAIN_BUCKET:
		return unpack_buckets(reader, at, chain);
	case CHAIN_PRUNING:
		reader->failed |= chain->pruning;
		chain->pruning = true;
		return 0;
	case CHAIN_INCIDENT:
		unpack_range(reader, &chain->incidents);
		return 0;
	case CHAIN_ERASURE:
		unpack_range(reader, &chain->erasures);
		return 0;
	default:
		return -EINVAL;
	}
}

int chain_unpack(const uint8_t *refs, size_t len, int64_t at, struct chain *ret_chain)
{
	struct bytes_reader reader = {.data = refs, .len = len};
	chain_clear(ret_chain);
	int error = 0;
	while (error == 0 && !bytes_at_end(&reader))
		error = unpack_section(&reader, at, ret_chain);
	if (error == 0 && (reader.failed || chain_is_empty(ret_chain)))
		error = -EINVAL;
	return error;
}
