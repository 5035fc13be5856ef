/* SPDX-License-Identifier: MIT */
#include "storage/bucket.h"

int64_t bucket_chunk_at(int64_t from_at, int64_t length_ms)
{
	return from_at - from_at % (BUCKET_CHUNK * length_ms);
}

void bucket_pack(const struct bucket *bucket, int64_t chunk_at, struct bytes *data)
{
	bytes_add_varint(data, (uint64_t)(bucket->from_at - chunk_at));
	bytes_add_varint(data, bucket->polls);
	bytes_add_varint(data, bucket->polls - bucket->usable);
	bytes_add_varint(data, bucket->longest_ms);
}

bool bucket_unpack(struct bytes_reader *reader, int64_t point, int64_t length_ms,
	int64_t chunk_at, struct bucket *ret_bucket)
{
	if (bytes_at_end(reader))
		return false;
	uint64_t offset = bytes_take_varint(reader);
	uint64_t polls = bytes_take_varint(reader);
	uint64_t failed = bytes_take_varint(reader);
	uint64_t longest = bytes_take_varint(reader);
	if (offset > INT64_MAX / 2 || polls > UINT32_MAX || failed > polls ||
		longest > UINT32_MAX)
		reader->failed = true;
	if (reader->failed)
		return false;
	*ret_bucket = (struct bucket){
		.point = point,
		.from_at = chunk_at + (int64_t)offset,
		.length_ms = length_ms,
		.polls = (uint32_t)polls,
		.usable = (uint32_t)(polls - failed),
		.longest_ms = (uint32_t)longest,
	};
	return true;
}

bool bucket_find(const uint8_t *data, size_t len, int64_t chunk_at, int64_t from_at,
	const uint64_t *version, struct bucket *ret_bucket, uint64_t *ret_count)
{
	struct bytes_reader reader = {.data = data, .len = len};
	struct bucket bucket;
	uint64_t count = 0;
	bool found = false;
	while (bucket_unpack(&reader, 0, 0, chunk_at, &bucket)) {
		if (bucket.from_at != from_at)
			continue;
		if (version == NULL || count == *version) {
			*ret_bucket = bucket;
			found = true;
		}
		count++;
	}
	if (ret_count != NULL)
		*ret_count = count;
	return found && !reader.failed;
}
