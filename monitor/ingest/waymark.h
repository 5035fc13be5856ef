/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * waymark — the offsets at which a text is remembered on the way to a place in it.
 *
 * They lie densely at the beginning, where a table has its heading, and then eight to a doubling:
 * of any text an eighth at most lies behind the last of them, and 550 GB have 256. At each the
 * bytes before it are hashed, all of them or as many as before a place.
 */
#include <stddef.h>
#include <stdint.h>

#include "storage/feed.h"

/* The first one behind offset. */
int64_t waymark_next(int64_t offset);
/* How many there are up to offset, itself among them, as far as they are kept. */
size_t waymark_count(int64_t offset);
/* How many bytes before it count. */
size_t waymark_len(int64_t at);
void waymark_hash(const void *bytes, size_t len, uint8_t ret_mark[FEED_MARK]);
