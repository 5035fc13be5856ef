/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rotated — which files of a log are still to be read, in what order.
 *
 * The files of a log PATH are PATH itself and the regular files PATH.* and PATH-* beside it. Found
 * files are held open: they stay what they are, whatever they are called meanwhile. The folder is
 * looked at until two looks agree, since files move under our eyes. The log's own file is found
 * when there is no other left to read.
 *
 * One text may lie in several files: a copy beside the log that is not cut yet, a compressed file
 * that is not complete beside the plain one. So a copy counts from when the log was cut; a file
 * that ends on the way to a known place was read; and what was found is compared with the known
 * places once more when its turn comes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/feed.h"

struct errand;
struct logfile;
struct store;

#define ROTATED_MOST 64 /* found in one go; the oldest first, the rest next time */

struct rotated_file {
	struct logfile *file; /* owned */
	char *path; /* owned; its name when it was found */
	char *state; /* owned; what place.state borrows */
	struct feed_place place; /* where to go on, if it is known */
	bool known;
	bool shorter; /* it ends before the place that is known; `place` is moved to its end */
	bool live; /* it lies under the log's own name: it may grow */
	int64_t modified_ns;
	int64_t size; /* on the disk, when it was opened */
};
void rotated_file_finish(struct rotated_file *file);

struct rotated {
	struct rotated_file files[ROTATED_MOST];
	size_t len;
	size_t taken;
};
size_t rotated_len(const struct rotated *rotated);
/* Moves the next one out that is still to be read, by the places as they are now. Returns 1, 0
 * where there is none, or an error as of rotated_find. */
int rotated_take(struct rotated *rotated, const char *format, struct store *store,
	struct rotated_file *ret_file) __attribute__((warn_unused_result));
void rotated_finish(struct rotated *rotated);

struct rotated_search {
	const char *path;
	const char *format; /* of the places that count */
	const char *source; /* whose latest place says since when files are looked for */
	int64_t since_ms; /* files last changed before were read; -1: ask the store */
};
/* rotated must be empty. Returns 0, -ENOENT where the log's own file is not there (and no other
 * is to be read), -ENOMEM, or why it cannot be opened. */
int rotated_find(const struct rotated_search *search, struct store *store,
	struct rotated *rotated) __attribute__((warn_unused_result));

/* Opens one file, and finds the place in it that the store knows for the format; errand (NULL:
 * none) asks who has the store. Returns as logfile_open or errand_find. */
int rotated_open(const char *path, const char *format, struct store *store,
	struct errand *errand, struct rotated_file *ret_file)
	__attribute__((warn_unused_result));
