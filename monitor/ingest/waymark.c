/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/waymark.h"

#include <string.h>

#include "monitor/ingest/logfile.h"

#define CLOSEST 32
#define TO_A_DOUBLING 8

int64_t waymark_next(int64_t offset)
{
	int64_t step = CLOSEST;
	while (offset >= 2 * TO_A_DOUBLING * step)
		step *= 2;
	return (offset / step + 1) * step;
}

size_t waymark_count(int64_t offset)
{
	size_t count = 0;
	for (int64_t at = waymark_next(0); at <= offset && count < FEED_MARKS_MOST;
		at = waymark_next(at))
		count++;
	return count;
}

size_t waymark_len(int64_t at)
{
	return at < FEED_TAIL_MOST ? (size_t)at : FEED_TAIL_MOST;
}

void waymark_hash(const void *bytes, size_t len, uint8_t ret_mark[FEED_MARK])
{
	uint8_t hash[FEED_HASH];
	logfile_hash(bytes, len, hash);
	memcpy(ret_mark, hash, FEED_MARK);
}
