/* SPDX-License-Identifier: MIT */
#include "storage/bytes.h"

#include <stdlib.h>
#include <string.h>

void bytes_finish(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

void bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (bytes->failed || len == 0)
		return;
	if (len > bytes->room - bytes->len) {
		size_t room = bytes->room + bytes->room / 2 + len + 64;
		uint8_t *grown = realloc(bytes->data, room);
		if (grown == NULL) {
			bytes->failed = true;
			return;
		}
		bytes->data = grown;
		bytes->room = room;
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void bytes_add_u8(struct bytes *bytes, unsigned value)
{
	uint8_t byte = (uint8_t)value;
	bytes_add(bytes, &byte, 1);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

void bytes_add_u32(struct bytes *bytes, uint32_t value)
{
	uint8_t big[4];
	put_u32(big, value);
	bytes_add(bytes, big, sizeof big);
}

void bytes_set_u32(struct bytes *bytes, size_t at, uint32_t value)
{
	if (!bytes->failed)
		put_u32(bytes->data + at, value);
}

void bytes_add_i64(struct bytes *bytes, int64_t value)
{
	bytes_add_u32(bytes, (uint32_t)((uint64_t)value >> 32));
	bytes_add_u32(bytes, (uint32_t)(uint64_t)value);
}

void bytes_add_varint(struct bytes *bytes, uint64_t value)
{
	uint8_t groups[10];
	size_t len = 0;
	for (; value > 127; value >>= 7)
		groups[len++] = (uint8_t)(value | 128);
	groups[len++] = (uint8_t)value;
	bytes_add(bytes, groups, len);
}

void bytes_add_signed(struct bytes *bytes, int64_t value)
{
	uint64_t folded = (uint64_t)value << 1;
	bytes_add_varint(bytes, value < 0 ? ~folded : folded);
}

uint8_t bytes_take_u8(struct bytes_reader *reader)
{
	if (reader->failed || reader->at >= reader->len) {
		reader->failed = true;
		return 0;
	}
	return reader->data[reader->at++];
}

uint64_t bytes_take_varint(struct bytes_reader *reader)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t group = bytes_take_u8(reader);
		value |= (uint64_t)(group & 127) << shift;
		if (group < 128)
			return value;
	}
	reader->failed = true;
	return 0;
}

int64_t bytes_take_signed(struct bytes_reader *reader)
{
	uint64_t folded = bytes_take_varint(reader);
	uint64_t value = folded >> 1;
	return (int64_t)((folded & 1) != 0 ? ~value : value);
}

bool bytes_at_end(const struct bytes_reader *reader)
{
	return reader->failed || reader->at == reader->len;
}
