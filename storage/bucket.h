/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bucket — full coverage buckets as they are packed, up to 32 a row.
 *
 * A row (point, length, chunk_at) holds those that start in [chunk_at, chunk_at + 32 lengths),
 * in the order they were recorded, each as variable-length integers: start less chunk_at, version,
 * polls, polls less usable, longest distance. A bucket recorded again is appended with the next
 * version: the last one counts, the earlier ones stay because the ledger has them. Private to
 * storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/bytes.h"
#include "storage/record.h"

struct store;

#define BUCKET_CHUNK 32
#define BUCKET_LENGTH_MAX_MS INT64_C(86400000)

int64_t bucket_chunk_at(int64_t from_at, int64_t length_ms);

void bucket_pack(const struct bucket *bucket, uint64_t version, int64_t chunk_at,
	struct bytes *data);
/* Reads the next entry of a row and leaves its point and length alone. False at the end, or with
 * reader->failed. */
bool bucket_unpack(struct bytes_reader *reader, int64_t chunk_at,
	struct bucket *ret_bucket, uint64_t *ret_version);
/* The entry that starts at from_at, of the given version or the last. Returns false where there
 * is none or the row is damaged. */
bool bucket_find(const uint8_t *data, size_t len, int64_t chunk_at, int64_t from_at,
	const uint64_t *version, struct bucket *ret_bucket, uint64_t *ret_version);
