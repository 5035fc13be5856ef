/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * source — one configured log that is followed: its files, its reader, what it takes in.
 *
 * A step reads for a bounded time and commits what it read together with the place. While the
 * store cannot be written nothing more is read: logs wait on the disk, where they are safe.
 * On the thread of the store; with an errand there is none, and `store` is NULL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/intake.h"
#include "monitor/ingest/reader.h"

struct source;
struct store;

struct source_options {
	struct intake_options intake; /* source: its name */
	enum reader_format format;
	const char *path; /* copied */
	bool alone; /* this file as it is, and then no more */
	struct reader_options reader; /* its texts are borrowed for the source's life */
};
int source_create(const struct source_options *options, struct source **ret_source)
	__attribute__((warn_unused_result));
void source_destroy(struct source *source);

/* Reads on and commits. now: wall clock, ms. *ret_more: there is more at once. Returns 0, or an
 * error after which the same step is to be tried again later (said in the log). */
int source_step(struct source *source, struct store *store, int64_t now, uint64_t mono_ms,
	bool *ret_more) __attribute__((warn_unused_result));

/* Somebody else has committed a place: where that is in our file, we go on behind it. */
void source_yield(struct source *source, int64_t number, uint64_t device, uint64_t inode);

/* Of a source that is alone: whether it was read to its end. */
bool source_is_done(const struct source *source);
/* Why it cannot be read at the moment, 0: it can. */
int source_trouble(const struct source *source);
/* Where reading began: bytes of the text that were known already. */
int64_t source_known(const struct source *source);
/* Reports that could not be taken in. */
uint64_t source_refused(const struct source *source);
/* Of what was committed. */
const struct reader_counts *source_counts(const struct source *source);
