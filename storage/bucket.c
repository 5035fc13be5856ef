/* SPDX-License-Identifier: MIT */
#include "storage/bucket.h"

int64_t bucket_chunk_at(int64_t from_at, int64_t length_ms)
{
	return from_at - from_at % (BUCKET_CHUNK * length_ms);
}

void bucket_pack(const struct bucket *bucket, uint64_t version, int64_t chunk_at,
	struct bytes *data)
{
	bytes_add_varint(data, (uint64_t)(bucket->from_at - chunk_at));
	bytes_add_varint(data, version);
	bytes_add_varint(data, bucket->polls);
	bytes_add_varint(data, bucket->polls - bucket->usable);
	bytes_add_varint(data, bucket->longest_ms);
}

bool bucket_unpack(struct bytes_reader *reader, int64_t chunk_at,
	struct bucket *ret_bucket, uint64_t *ret_version)
{
	if (bytes_at_end(reader))
		return false;
	uint64_t offset = bytes_take_varint(reader);
	uint64_t version = bytes_take_varint(reader);
	uint64_t polls = bytes_take_varint(reader);
	uint64_t failed = bytes_take_varint(reader);
	uint64_t longest = bytes_take_varint(reader);
	if (offset > INT64_MAX / 2 || polls > UINT32_MAX || failed > polls ||
		longest > UINT32_MAX)
		reader->failed = true;
	if (reader->failed)
		return false;
	ret_bucket->from_at = chunk_at + (int64_t)offset;
	ret_bucket->polls = (uint32_t)polls;
	ret_bucket->usable = (uint32_t)(polls - failed);
	ret_bucket->longest_ms = (uint32_t)longest;
	*ret_version = version;
	return true;
}

bool bucket_find(const uint8_t *data, size_t len, int64_t chunk_at, int64_t from_at,
	const uint64_t *version, struct bucket *ret_bucket, uint64_t *ret_version)
{
	struct bytes_reader reader = {.data = data, .len = len};
	struct bucket bucket = {0};
	uint64_t at_hand;
	bool found = false;
	while (bucket_unpack(&reader, chunk_at, &bucket, &at_hand)) {
		if (bucket.from_at != from_at || (version != NULL && at_hand != *version))
			continue;
		*ret_bucket = bucket;
		*ret_version = at_hand;
		found = true;
	}
	return found && !reader.failed;
}
