/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * archive — values as bytes and back, by the same calls both ways.
 *
 * A call stores the value that is pointed at, or loads it, by `loading`: each field is named
 * once, so that what is written is what is read. Numbers are LEB128, times relative to a base,
 * and a digest closes the whole. The first error sticks; after it, loading gives zeros.
 * Bytes may come from a damaged file: nothing is believed that a limit does not allow.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times and durations, in milliseconds: 35,000 years. */
#define ARCHIVE_TIME_MOST (INT64_C(1) << 50)

struct archive {
	bool loading;
	int error; /* 0, -ENOMEM, or -EUCLEAN */
	int64_t base; /* of times */
	uint8_t *bytes; /* owned; what is stored */
	size_t len;
	size_t room;
	const uint8_t *at; /* borrowed; what is left to load */
	size_t left;
};

/* Starts to store; what was stored before is gone, its memory is used again. */
void archive_begin(struct archive *archive);
/* Closes what is stored with its digest: bytes and len are the result, until the next begin. */
int archive_seal(struct archive *archive) __attribute__((warn_unused_result));
/* Starts to load. -EUCLEAN where the digest does not fit. */
int archive_open(struct archive *archive, const void *bytes, size_t len)
	__attribute__((warn_unused_result));
/* -EUCLEAN also for bytes that nobody asked for. */
int archive_end(struct archive *archive) __attribute__((warn_unused_result));
void archive_finish(struct archive *archive);
/* The bytes that were stored, or are to be loaded, make no sense. */
void archive_refuse(struct archive *archive);

/* Larger than most is refused, and stored as most. */
void archive_u64(struct archive *archive, uint64_t *value, uint64_t most);
void archive_u32(struct archive *archive, uint32_t *value);
void archive_u16(struct archive *archive, uint16_t *value);
void archive_u8(struct archive *archive, uint8_t *value, uint8_t most);
void archive_bool(struct archive *archive, bool *value);
/* Of an enum: least..most. */
unsigned archive_choice(
	struct archive *archive, unsigned value, unsigned least, unsigned most);
/* How many follow; each takes a byte at least. */
size_t archive_count(struct archive *archive, size_t count, size_t most);
/* Whether something follows. */
bool archive_has(struct archive *archive, bool has);
void archive_time(struct archive *archive, int64_t *value);
/* Finite, and the same bit by bit. */
void archive_float(struct archive *archive, float *value);
void archive_double(struct archive *archive, double *value);
void archive_bytes(struct archive *archive, void *bytes, size_t len);
/* The halves of that. What is taken is borrowed from what is loaded; NULL after an error. */
void archive_store(struct archive *archive, const void *bytes, size_t len);
const uint8_t *archive_take(struct archive *archive, size_t len);
/* Text of less than room bytes. */
void archive_text(struct archive *archive, char *text, size_t room);
