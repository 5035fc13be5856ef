/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * textfile — whole text files in memory, and their lines.
 *
 * For files that are read once and are of moderate size: tables and rules. Only regular files:
 * a pipe or a device in the place of one would block. Pure of state; any thread.
 */
#include <stdbool.h>
#include <stddef.h>

#define TEXTFILE_WHY_MAX 512

/* What is wrong with a file, for who has to mend it. */
struct textfile_error {
	unsigned line; /* 0: the file as a whole */
	char text[TEXTFILE_WHY_MAX]; /* "FILE:LINE: found "X", expected Y" */
};

/* Reads path. *ret_text: returned, free() it; it is not NUL-terminated. Returns 0, -EFBIG for
 * more than max bytes, -EISDIR, -EINVAL for what is no regular file, -ENOMEM, or the error of
 * opening or reading. */
int textfile_read(const char *path, size_t max, char **ret_text, size_t *ret_len)
	__attribute__((warn_unused_result));

/* Fills the error with place, what was found (its first 60 bytes, escaped) and what was
 * expected. Returns -EINVAL, or -ENOMEM. */
int textfile_refuse(struct textfile_error *error, const char *path, unsigned line,
	const char *found, size_t found_len, const char *expected)
	__attribute__((warn_unused_result));

/* The lines of a text, without their ends (LF or CR LF). */
struct textfile_lines {
	const char *next; /* borrowed */
	const char *end;
	unsigned number; /* of the line last returned, from 1 */
};

bool textfile_next_line(
	struct textfile_lines *lines, const char **ret_line, size_t *ret_len);
