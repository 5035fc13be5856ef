/* SPDX-License-Identifier: MIT */
#pragma once
/* unpack_inside — what the two decompressors share; private to unpack. */
#include <stdint.h>

#include "monitor/ingest/unpack.h"

#define UNPACK_CHUNK 65536

struct unpack_gz; /* opaque */
struct unpack_zstd; /* opaque */

struct unpack {
	struct unpack_sink sink;
	unsigned char head[4]; /* the first bytes, until the kind is known */
	size_t head_len;
	enum unpack_kind {
		UNPACK_UNKNOWN,
		UNPACK_PLAIN,
		UNPACK_GZ,
		UNPACK_ZSTD,
	} kind;
	struct unpack_gz *gz; /* owned */
	struct unpack_zstd *zstd; /* owned */
	uint64_t taken;
	uint64_t given;
	unsigned char chunk[UNPACK_CHUNK];
};

/* Hands on len bytes of unpack->chunk. Returns 0 or -E2BIG. */
int unpack_give(struct unpack *unpack, size_t len) __attribute__((warn_unused_result));

int unpack_gz_create(struct unpack_gz **ret_gz) __attribute__((warn_unused_result));
void unpack_gz_destroy(struct unpack_gz *gz);
int unpack_gz_feed(struct unpack *unpack, const unsigned char *bytes, size_t len)
	__attribute__((warn_unused_result));
bool unpack_gz_is_whole(const struct unpack_gz *gz);

int unpack_zstd_create(struct unpack_zstd **ret_zstd) __attribute__((warn_unused_result));
void unpack_zstd_destroy(struct unpack_zstd *zstd);
int unpack_zstd_feed(struct unpack *unpack, const unsigned char *bytes, size_t len)
	__attribute__((warn_unused_result));
bool unpack_zstd_is_whole(const struct unpack_zstd *zstd);
