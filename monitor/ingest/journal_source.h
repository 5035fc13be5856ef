/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * journal_source — deliveries out of the systemd journal: source.h for what has no lines.
 *
 * What was read is committed together with the journal's cursor. Entries that were lost to
 * vacuuming, left out by journald's rate limit, or damaged are counted among the rejected
 * lines of the source, with their times, and said in the log.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/intake.h"
#include "monitor/ingest/reader.h"

struct journal_source;
struct store;

struct journal_source_options {
	struct intake_options intake; /* source: its name */
	enum reader_format format; /* one that takes messages */
	const char *unit; /* copied, as all */
	const char *directory; /* NULL: the journal of this machine */
	struct reader_options reader;
};
int journal_source_create(const struct journal_source_options *options,
	struct journal_source **ret_source) __attribute__((warn_unused_result));
void journal_source_destroy(struct journal_source *source);

/* As source_step(). */
int journal_source_step(struct journal_source *source, struct store *store, int64_t now,
	uint64_t mono_ms, bool *ret_more) __attribute__((warn_unused_result));
/* Why it cannot be read at the moment, 0: it can. -ENODATA: nothing at all is to be seen. */
int journal_source_trouble(const struct journal_source *source);
/* Of entries since it was made. */
const struct reader_counts *journal_source_counts(const struct journal_source *source);
