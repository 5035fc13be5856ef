/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * unpack — a stream of bytes as it comes (plain, gzip, zstd) to the bytes inside.
 *
 * Told apart by the first bytes. Several members or frames behind each other are one stream, as
 * gzip(1) and zstd(1) have it. Memory is bounded, and so is work: a stream that grows more than
 * UNPACK_RATIO_MAX times beyond its first UNPACK_FREE_BYTES is a bomb. One thread; no files.
 */
#include <stdbool.h>
#include <stddef.h>

struct unpack; /* opaque */

#define UNPACK_RATIO_MAX 200 /* logs shrink to a tenth, very dull ones to a fiftieth */
#define UNPACK_FREE_BYTES (64U << 20)

struct unpack_sink {
	void *owner;
	void (*on_bytes)(void *owner, const void *bytes, size_t len);
};

/* Returns 0 or -ENOMEM. */
int unpack_create(const struct unpack_sink *sink, struct unpack **ret_unpack)
	__attribute__((warn_unused_result));
void unpack_destroy(struct unpack *unpack);

/* Returns 0, -ENOMEM, -EILSEQ (damaged) or -E2BIG (a bomb); what came out before was handed on.
 * After an error nothing more may be fed. */
int unpack_feed(struct unpack *unpack, const void *bytes, size_t len)
	__attribute__((warn_unused_result));
/* No more will follow. Returns 0, or -EILSEQ: it was cut in the middle. */
int unpack_end(struct unpack *unpack) __attribute__((warn_unused_result));
/* Whether what came so far is compressed; decided after four bytes. */
bool unpack_is_packed(const struct unpack *unpack);
