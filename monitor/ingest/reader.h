/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reader — bytes of a log to reports.
 *
 * Fed with chunks of any size; it splits lines, bounds them, and gives each to the parser of its
 * format. A line becomes reports, is *ignored* (it says nothing about a delivery), or is
 * *rejected* (it should have been a delivery and cannot be read). Any bytes may come: lines over
 * READER_LINE_MAX are rejected and skipped to their end, a byte order mark, CR LF and a run of
 * NULs (the hole that copytruncate leaves) are taken off, an unfinished last line waits. Where a
 * record may have line breaks inside (csv), "line" means the whole of it.
 *
 * Text that a remote server chose is data: no format looks for a delivery inside it.
 *
 * What must survive a restart is small: the position of the next line that is not read, and the
 * last heading of a format with columns. The rest (queue ids that wait for an expiry, the line
 * that `last message repeated` speaks of) is rebuilt by reader_warm() on bytes before the
 * position. `dsn` is whole messages and has a door of its own.
 * One thread; no clock, no files, no logging.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/report.h"

struct reader; /* opaque */

#define READER_LINE_MAX 65536 /* bytes of one line */
#define READER_SHOWN_MAX 128 /* bytes of a rejected line that are handed on, with NUL */
#define READER_STATE_MAX (READER_LINE_MAX + 128)

enum reader_format {
	READER_POSTFIX = 1,
	READER_EXIM = 2,
	READER_PMTA = 3,
	READER_KUMOMTA = 4,
	READER_CSV = 5,
	READER_JSONL = 6,
};

/* "postfix", ... Static. */
const char *reader_format_name(enum reader_format format);
/* Returns 0 or -EINVAL. */
int reader_format_from_name(const char *name, enum reader_format *ret_format)
	__attribute__((warn_unused_result));

/* Which column (csv) or member (jsonl; a path with points: "result.code") holds what. NULL: the
 * member of the same name as here, with '-' for '_'. */
struct reader_fields {
	const char *at;
	const char *recipient;
	const char *original;
	const char *domain; /* where there is no recipient: the report's is "@domain" */
	const char *outcome;
	const char *code;
	const char *status;
	const char *text;
	const char *relay_host;
	const char *relay_ip;
	const char *id;
};

/* All of it is copied. */
struct reader_options {
	const char *zone; /* IANA name, for times that have none; NULL: UTC */
	int64_t reference_at; /* ms; no line is a day younger: the file's mtime */
	const char *const
		*internal_relays; /* addresses or host names, perhaps with :port */
	size_t internal_relays_len;
	const char *instance; /* postfix: the only syslog_name to read; NULL: any */
	const struct reader_fields *fields; /* csv, jsonl; NULL: all by their own name */
	bool timeless; /* csv, jsonl: takes what has no time, with `at` 0 */
};

/* A line that could not be read. Borrowed for the call. */
struct reader_rejected {
	uint64_t line; /* counts from 1 since the reader was made or loaded */
	uint64_t offset; /* of its first byte */
	const char *why; /* static */
	const char *shown; /* its start; foreign bytes, NULs made spaces */
};

struct reader_sink {
	void *owner;
	void (*on_report)(void *owner, const struct report *report);
	void (*on_rejected)(void *owner, const struct reader_rejected *rejected);
};

struct reader_counts {
	uint64_t lines; /* whole ones, each one of the three below at least once */
	uint64_t taken; /* lines that made reports */
	uint64_t ignored;
	uint64_t rejected;
	uint64_t reports; /* repeated messages count as often as they came */
	uint64_t holes; /* runs of NULs before a line */
	uint64_t unjoined; /* expiries of a queue id whose recipients are not known */
};

/* The sink's owner must outlive the reader. Returns 0, -ENOMEM, or -EINVAL: no such zone. */
int reader_create(enum reader_format format, const struct reader_options *options,
	const struct reader_sink *sink, struct reader **ret_reader)
	__attribute__((warn_unused_result));
void reader_destroy(struct reader *reader);

/* Reads what follows the bytes fed before. */
void reader_feed(struct reader *reader, const void *bytes, size_t len);
/* No more will follow (a rotated file, the end of a pipe): reads a last line without newline. */
void reader_end(struct reader *reader);
/* The same stream of lines goes on in another file: the position is 0 again, while waiting queue
 * ids, the heading and counts stay. What was unfinished is dropped; see reader_end(). */
void reader_next_file(struct reader *reader);
/* Reads without calling the sink or counting, to know again what a restart forgot: whole lines
 * that end at the loaded position. */
void reader_warm(struct reader *reader, const void *bytes, size_t len);
/* A followed file grew. */
void reader_set_reference(struct reader *reader, int64_t reference_at);

/* One message that a journal holds, with its own time and identifier ("postfix/smtp"). Only for
 * postfix and exim. Does not move the position. */
void reader_message(struct reader *reader, int64_t at, const char *identifier,
	const void *text, size_t len);
bool reader_takes_messages(enum reader_format format);
/* reader_warm() with one message. */
void reader_warm_message(struct reader *reader, int64_t at, const char *identifier,
	const void *text, size_t len);

/* Behind the last whole line read: where reading starts again. */
uint64_t reader_position(const struct reader *reader);
const struct reader_counts *reader_counts(const struct reader *reader);

/* Writes the state as text without NULs; returns its length, at most READER_STATE_MAX. */
size_t reader_save(const struct reader *reader, char ret_state[READER_STATE_MAX]);
/* Into a reader that was not fed yet. Returns 0, -ENOMEM, or -EINVAL: no such state, the reader
 * is as it was. */
int reader_load(struct reader *reader, const char *state, size_t len)
	__attribute__((warn_unused_result));
