/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bytes — a growing byte string with a sticky error, and its reader.
 *
 * Holds canonical ledger records, ledger references and packed buckets. Variable-length
 * integers are base 128, low group first, the top bit saying that more follow (as in DWARF's
 * LEB128); signed ones are folded to 0, -1, 1, -2, ... first. Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* owned */
	size_t len;
	size_t room;
	bool failed; /* out of memory: the content is not whole */
};

void bytes_finish(struct bytes *bytes);
void bytes_add(struct bytes *bytes, const void *data, size_t len);
void bytes_add_u8(struct bytes *bytes, unsigned value);
void bytes_add_u32(struct bytes *bytes, uint32_t value); /* big-endian */
/* Puts a number in the place of one that was added at `at`. */
void bytes_set_u32(struct bytes *bytes, size_t at, uint32_t value);
void bytes_add_i64(struct bytes *bytes, int64_t value); /* big-endian */
void bytes_add_varint(struct bytes *bytes, uint64_t value);
void bytes_add_signed(struct bytes *bytes, int64_t value);

struct bytes_reader {
	const uint8_t *data;
	size_t len;
	size_t at;
	bool failed; /* read past the end or an overlong integer */
};

uint8_t bytes_take_u8(struct bytes_reader *reader);
uint64_t bytes_take_varint(struct bytes_reader *reader);
int64_t bytes_take_signed(struct bytes_reader *reader);
bool bytes_at_end(const struct bytes_reader *reader);
