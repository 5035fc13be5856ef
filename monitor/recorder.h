/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * recorder — writes what pollers found into the store, and announces what is durable.
 *
 * On the loop thread. News are written in order, a batch a transaction. When the store cannot
 * write, the news wait, counters that will come again anyway are let go, and the batch is tried
 * again: nothing is announced before it is on the disk, and nothing is lost while we live.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/news.h"
#include "storage/store.h"

struct casebook;
struct recorder;

struct recorder_options {
	struct store *store; /* borrowed for the recorder's life */
	struct news_queue *queue; /* borrowed likewise */
	int64_t run; /* number of the run, for its beats */
	struct casebook
		*casebook; /* borrowed likewise, told of each piece; NULL: nobody */
	void (*on_written)(
		void *owner, const struct news *news); /* each piece, once it is
								     durable; may be NULL */
	void *owner; /* given to on_written */
};

/* Returns 0 or -ENOMEM. */
int recorder_create(const struct recorder_options *options,
	struct recorder **ret_recorder) __attribute__((warn_unused_result));
/* What could not be written is lost, and said. NULL is allowed. */
void recorder_destroy(struct recorder *recorder);

/* Writes what is in the queue. Returns 0, or why the store could not: then it is to be called
 * again after a while. */
int recorder_write(struct recorder *recorder, int64_t now)
	__attribute__((warn_unused_result));

struct recorder_counts {
	uint64_t changes; /* announced since the start */
	uint64_t suspicions;
	uint64_t waiting; /* pieces that could not be written yet */
	unsigned done_pollers; /* of which NEWS_DONE has come */
	uint64_t flushes; /* NEWS_FLUSHED that have come */
};
struct recorder_counts recorder_counts(const struct recorder *recorder);
