/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reader_inside — what the parsers of the formats share with the reader; private to them.
 *
 * A parser fills reader->report and gives it away as often as a line has recipients. It keeps
 * what it must remember between lines in reader->memory.
 */
#include "monitor/ingest/reader.h"
#include "monitor/ingest/span.h"
#include "monitor/ingest/stamp.h"

struct zone;

/* What a line turned out to be. */
enum line_kind {
	LINE_TAKEN,
	LINE_IGNORED,
	LINE_REJECTED,
};

struct reader_parser {
	/* A line without its end, or a record of several with those between; never empty. */
	enum line_kind (*line)(struct reader *reader, struct span line);
	/* NULL where a journal cannot hold this format. */
	enum line_kind (*message)(
		struct reader *reader, struct span identifier, struct span message);
	void *(*memory_create)(void); /* NULL: nothing to remember */
	void (*memory_destroy)(void *memory);
	/* Whether a record goes on behind the end of this line; open: it did before it. NULL:
	 * a line is a record. */
	bool (*goes_on)(struct span line, bool open);
	/* The heading changed, or was loaded. NULL: the format has none. */
	int (*heading)(struct reader *reader, struct span heading);
};

extern const struct reader_parser postfix_parser;
extern const struct reader_parser exim_parser;
extern const struct reader_parser pmta_parser;
extern const struct reader_parser kumomta_parser;
extern const struct reader_parser csv_parser;
extern const struct reader_parser jsonl_parser;

#define READER_FIELDS 11

struct reader {
	enum reader_format format;
	const struct reader_parser *parser;
	void *memory; /* owned, of the parser */
	struct reader_sink sink;
	struct reader_counts counts;
	struct zone *zone; /* owned */
	struct stamp_context stamps;
	char **internal_relays; /* owned array of owned strings */
	size_t internal_relays_len;
	char *instance; /* owned; NULL takes any */
	bool timeless; /* csv, jsonl: a row without a time is taken */
	char *fields[READER_FIELDS]; /* owned; in the order of struct reader_fields */

	char *heading; /* owned; the last line of columns, NULL before one came */
	size_t heading_len;
	char *unfinished; /* owned, READER_LINE_MAX bytes; the start of a line */
	size_t unfinished_len;
	size_t line_at; /* where in it the last line begins, of a record of several */
	uint64_t joined; /* lines of the record that ended */
	bool open; /* the record goes on behind them */
	uint64_t fed; /* bytes of the record that were fed, kept or not */
	bool skipping; /* the line is too long: to its end */
	bool quiet; /* warming: nothing is told */
	uint64_t position; /* of the first byte of the record being read */
	uint64_t line; /* of the last one that ended */
	const char *why; /* set by a parser that rejects; static */

	struct report report; /* the one that is being filled */
};

enum reader_field_index {
	FIELD_AT,
	FIELD_RECIPIENT,
	FIELD_ORIGINAL,
	FIELD_DOMAIN,
	FIELD_OUTCOME,
	FIELD_CODE,
	FIELD_STATUS,
	FIELD_TEXT,
	FIELD_RELAY_HOST,
	FIELD_RELAY_IP,
	FIELD_ID,
};

/* Gives reader->report to the sink. */
void reader_report(struct reader *reader);
/* Notes why; returns LINE_REJECTED. */
enum line_kind reader_reject(struct reader *reader, const char *why);
/* Whether mail given to this relay has not left us yet. Any may be empty. */
bool reader_is_internal(
	const struct reader *reader, struct span host, struct span ip, struct span port);
/* Keeps the line as heading. Returns 0 or -ENOMEM. */
int reader_set_heading(struct reader *reader, struct span heading)
	__attribute__((warn_unused_result));
