/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * logfile — the text of one log file, plain or compressed, and whether it is one known before.
 *
 * gzip and zstd are told by their first bytes, not by the name. Offsets are those of the text.
 * What is known of a file (storage/feed.h) are hashes of its first bytes and of the bytes before
 * the place up to which it was read: they must be the same in the text, whatever the file is
 * called now. One thread; blocks on the disk only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct feed_marks;
struct feed_place;
struct logfile;

/* Opens a regular file; with no_links, none behind a symbolic link. Returns 0, -ENOMEM, -EINVAL
 * for what is no regular file, -ELOOP for a link, or what open said. */
int logfile_open(const char *path, bool no_links, struct logfile **ret_file)
	__attribute__((warn_unused_result));
/* Takes fd, which must allow seeking, on success. */
int logfile_open_fd(int fd, struct logfile **ret_file)
	__attribute__((warn_unused_result));
/* NULL is allowed. */
void logfile_close(struct logfile *file);

/* Reads on. Returns the number of bytes, 0 at the end as it is now (a plain file may grow), or
 * a negative errno: -EUCLEAN for compressed data that are damaged or end too early. */
ssize_t logfile_read(struct logfile *file, void *bytes, size_t len);
/* Goes to an offset of the text. Returns 0, -ERANGE where the text ends before it, or an error
 * as of logfile_read. */
int logfile_seek(struct logfile *file, int64_t offset)
	__attribute__((warn_unused_result));
/* Reads bytes at an offset of a plain file, and leaves the place where it is. */
ssize_t logfile_peek(const struct logfile *file, int64_t offset, void *bytes, size_t len);

bool logfile_is_packed(const struct logfile *file);
/* The offset of the next byte that logfile_read gives. */
int64_t logfile_offset(const struct logfile *file);
/* Of the file as it lies on the disk. */
struct logfile_identity {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t modified_at; /* ms */
};
/* Returns 0 or a negative errno. */
int logfile_identify(const struct logfile *file, struct logfile_identity *ret_identity)
	__attribute__((warn_unused_result));

/* Whether the text is the one that place was taken in; leaves the offset anywhere. Returns 1, 0,
 * or an error as of logfile_read. */
int logfile_matches(struct logfile *file, const struct feed_place *place)
	__attribute__((warn_unused_result));

/* Whether the text ends on the way to the place, and is the one it was taken in as far as it
 * goes: a copy that is being made, or was made before all of that was read. Texts of a few bytes
 * are none. Leaves the offset anywhere. Returns 1 with the length of the text, 0, or an error. */
int logfile_ends_before(struct logfile *file, const struct feed_place *place,
	int64_t *ret_len) __attribute__((warn_unused_result));
/* Whether file is what the other one begins with. Plain files only. */
bool logfile_is_start_of(const struct logfile *file, const struct logfile *other);
/* What is passed on the way to the offset; fewer where that cannot be read. Leaves the offset
 * anywhere. */
void logfile_mark(struct logfile *file, int64_t offset, struct feed_marks *ret_marks);

/* Whether it still begins as it did then. */
bool logfile_is_same(const struct logfile *file);

/* SHA-256. */
void logfile_hash(const void *bytes, size_t len, uint8_t ret_hash[32]);
