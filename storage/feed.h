/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * feed — how far each file of a source was read, and what could not be read of it.
 *
 * A file is known by what it begins with and by what lies before the place, never by its name
 * or inode alone: a renamed, copied or compressed file is still the same, a new one under an
 * old name or inode is not. Places are committed with what was read up to them.
 *
 * A copy may end before the place, where what lies before the place cannot be looked at: what
 * lay before certain offsets on the way is kept too, in short.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define FEED_HASH 32
#define FEED_HEAD_MOST 1024 /* bytes that the head is taken over */
#define FEED_TAIL_MOST 256
#define FEED_MARK 4 /* bytes of SHA-256 */
#define FEED_MARKS_MOST 256
#define FEED_PATH_MAX 4096
#define FEED_FORMAT_MAX 16
#define FEED_LINES_KEPT 10 /* rejected lines of a source */
#define FEED_LINE_MAX 1000 /* bytes that are kept of one */

struct feed_marks {
	uint32_t len;
	uint8_t hashes[FEED_MARKS_MOST][FEED_MARK];
};
struct feed_place {
	int64_t number; /* 0: not in the store yet */
	char format[FEED_FORMAT_MAX];
	char path[FEED_PATH_MAX];
	uint64_t device;
	uint64_t inode;
	uint32_t head_len; /* the first bytes: all that were read, up to FEED_HEAD_MOST */
	uint8_t head[FEED_HASH]; /* SHA-256 */
	uint32_t tail_len; /* the last bytes before the place */
	uint8_t tail[FEED_HASH];
	struct feed_marks marks; /* of the bytes before each (monitor/ingest/waymark.h) */
	int64_t offset; /* in the text, uncompressed */
	int64_t at; /* when it was read so far */
	const char *state; /* of who reads it, "" for none; borrowed for the call */
	const char *source; /* set when it is read back; borrowed for the call */
};

/* Writes a place in the open transaction, new or in the stead of what it had been; sets its
 * number, which is undone by the caller should the commit fail. Errors stick. */
void feed_put(struct store *store, const char *source, struct feed_place *place);
/* The offset that the store has for the number, -1 for none: who read in between is found out. */
int64_t feed_offset(struct store *store, int64_t number);
/* The highest number of any place, 0 without one. */
int64_t feed_latest(struct store *store);
/* Whether a place with a higher number than `after` is in the same file: of the same inode, or
 * with the same head. */
bool feed_was_taken(struct store *store, const struct feed_place *place, int64_t after);
/* Whether a place is known under this path: of what is read as a whole. Errors stick, or are
 * false outside a transaction. */
bool feed_is_known(struct store *store, const char *format, const char *path);
/* Lets places go that were not touched since `before`; in the open transaction. */
void feed_forget(struct store *store, int64_t before);

/* The latest first. fn returns 0 to go on; anything else ends and is returned. */
typedef int (*feed_fn)(void *owner, const struct feed_place *place);
int feed_each(struct store *store, const char *format, feed_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* The one of a number, if there is one. */
int feed_get(struct store *store, int64_t number, feed_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* Counts lines that no parser took, in the open transaction, and keeps the last few. */
struct feed_rejected {
	const char *source;
	const char *reason;
	uint64_t count;
	int64_t first_at;
	int64_t last_at;
	const uint8_t *line; /* the latest */
	size_t line_len; /* 0: none is to be kept */
};
void feed_reject(struct store *store, const struct feed_rejected *rejected);
typedef int (*feed_rejected_fn)(void *owner, const struct feed_rejected *rejected);
/* Counts by source and reason, or the lines kept: these have `count` 1 and are in order. */
int feed_each_rejected(struct store *store, bool lines, feed_rejected_fn fn, void *owner)
	__attribute__((warn_unused_result));
