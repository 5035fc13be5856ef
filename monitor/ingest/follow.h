/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * follow — the bytes of a log file, through its rotations, each once.
 *
 * A log is a path and what it was called before: PATH.1, PATH-20260101, PATH.2.gz, ... The file
 * under PATH is read as it grows. When another one lies there, the old one is read to its end
 * (whoever writes the new one has left it), then every file that came in between, then the new
 * one. After a restart the same: the file that was being read is found by its text, whatever it
 * is called now, what came after it is read from its start. A file that was never read before
 * the first start under a source's name is not looked for.
 *
 * A file that is cut (logrotate's copytruncate) is told by its size or by its text before our
 * place being another; its copy, if there is one, has the rest. What was written between copying
 * and cutting is in no file but counts if it was read in time, and the copy is known for ending
 * before our place; otherwise it is lost by logrotate. That the file was cut is said.
 *
 * Never waits; what cannot be opened is tried again, at longer and longer distances. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/feed.h"

struct errand;
struct follow;
struct store;

enum follow_kind {
	FOLLOW_NOTHING, /* not now */
	FOLLOW_BEGIN, /* of a file: at its start, or at `place` */
	FOLLOW_BYTES,
	FOLLOW_END, /* of a file: nothing will be added to it */
	FOLLOW_CUT, /* the file was cut; the same text may go on in a copy */
	FOLLOW_TROUBLE, /* said once until it is over */
};
struct follow_piece {
	enum follow_kind kind;
	const uint8_t *
		bytes; /* BYTES; BEGIN: whole lines before the place. Until the next read */
	size_t len;
	const struct feed_place *place; /* BEGIN: NULL for the start */
	const char *path; /* of the file; but for NOTHING */
	int64_t modified_at; /* BEGIN, BYTES */
	bool was_cut; /* BEGIN: this is the copy of a log that was cut unseen */
	int error; /* TROUBLE */
};

struct follow_options {
	const char *path; /* copied */
	const char *format; /* copied */
	const char *source; /* copied */
	bool alone; /* just this one file, to its end */
	struct errand
		*errand; /* alone: knows the places; borrowed for the life. NULL: none */
};
/* Returns 0 or -ENOMEM. */
int follow_create(const struct follow_options *options, struct follow **ret_follow)
	__attribute__((warn_unused_result));
void follow_destroy(struct follow *follow);

/* The next piece. store is read for known places. mono_ms: of a clock that only goes on.
 * Returns 0, -ENOMEM, or the error of a query. */
int follow_read(struct follow *follow, struct store *store, uint64_t mono_ms,
	struct follow_piece *ret_piece) __attribute__((warn_unused_result));
/* Why the file under the path cannot be read now, 0: it can. */
int follow_trouble(const struct follow *follow);
/* All before the offset is dealt with; it lies in what was read since the last call, or is the
 * same. */
void follow_advance(struct follow *follow, int64_t offset);
/* The place in the present file, to be committed; the caller sets `at` and `state`, and hands its
 * number back. */
void follow_place(const struct follow *follow, struct feed_place *ret_place);
void follow_committed(struct follow *follow, int64_t number);
/* Somebody else has committed a place: should that be in a file that we read or are about to, we
 * begin again with what the store knows. Returns whether it is. */
bool follow_yield(struct follow *follow, int64_t number, uint64_t device, uint64_t inode);
