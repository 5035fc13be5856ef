/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/reader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/reader_inside.h"

#define STATE_FORM "reader 1 %s %" PRIu64 " %" PRIu64 "\n"

static void reject(struct reader *reader, struct span line, const char *why)
{
	char shown[READER_SHOWN_MAX];

	reader->counts.rejected++;
	if (reader->quiet)
		return;
	span_copy(line, shown, sizeof shown);
	const struct reader_rejected rejected = {.line = reader->line - reader->joined,
		.offset = reader->position,
		.why = why,
		.shown = shown};
	reader->sink.on_rejected(reader->sink.owner, &rejected);
}

void reader_report(struct reader *reader)
{
	reader->counts.reports += reader->report.count;
	reader->stamps.last_at = reader->report.at;
	if (!reader->quiet)
		reader->sink.on_report(reader->sink.owner, &reader->report);
}

enum line_kind reader_reject(struct reader *reader, const char *why)
{
	reader->why = why;
	return LINE_REJECTED;
}

static void count(struct reader *reader, enum line_kind kind, struct span line)
{
	switch (kind) {
	case LINE_TAKEN:
		reader->counts.taken++;
		break;
	case LINE_IGNORED:
		reader->counts.ignored++;
		break;
	case LINE_REJECTED:
		reject(reader, line, reader->why);
		break;
	}
}

/* NULs before a line are where a file was cut while its writer went on at the old place. */
static struct span strip(struct reader *reader, struct span line)
{
	if (line.len > 0 && *line.at == '\0') {
		reader->counts.holes++;
		while (line.len > 0 && *line.at == '\0')
			line = span_from(line, 1);
	}
	if (reader->position == 0)
		(void)span_take(&line, SPAN("\xef\xbb\xbf"));
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void take_line(struct reader *reader, struct span line)
{
	reader->line++;
	reader->counts.lines++;
	if (line.len > READER_LINE_MAX) {
		reject(reader, line, "longer than 65536 bytes");
		return;
	}
	line = strip(reader, line);
	count(reader, line.len == 0 ? LINE_IGNORED : reader->parser->line(reader, line),
		line);
}

static void drop_unfinished(struct reader *reader)
{
	reader->unfinished_len = 0;
	reader->line_at = 0;
	reader->joined = 0;
	reader->open = false;
	reader->fed = 0;
	reader->skipping = false;
}

static void keep_unfinished(struct reader *reader, struct span bytes)
{
	if (reader->skipping)
		return;
	const size_t room = READER_LINE_MAX - reader->unfinished_len;
	reader->skipping = bytes.len > room;
	const size_t len = reader->skipping ? room : bytes.len;
	memcpy(reader->unfinished + reader->unfinished_len, bytes.at, len);
	reader->unfinished_len += len;
}

/* Whether the line that ends now is one of a record that goes on; it is kept then. */
static bool goes_on(struct reader *reader, struct span line)
{
	struct span whole = line;
	if (reader->parser->goes_on == NULL)
		return false;
	if (reader->fed > 0)
		whole = (struct span){reader->unfinished + reader->line_at,
			reader->unfinished_len - reader->line_at};
	reader->open = !reader->skipping && whole.len <= READER_LINE_MAX &&
		reader->parser->goes_on(whole, reader->open);
	if (!reader->open)
		return false;
	if (reader->fed == 0)
		keep_unfinished(reader, line);
	keep_unfinished(reader, SPAN("\n"));
	reader->line_at = reader->unfinished_len;
	reader->fed += line.len + 1;
	reader->line++;
	reader->joined++;
	return true;
}

static void finish_line(struct reader *reader)
{
	const struct span line = {reader->unfinished, reader->unfinished_len};
	if (reader->skipping) {
		reader->line++;
		reader->counts.lines++;
		reject(reader, line, "longer than 65536 bytes");
	} else {
		take_line(reader, line);
	}
	drop_unfinished(reader);
}

void reader_feed(struct reader *reader, const void *bytes, size_t len)
{
	struct span rest = {bytes, len};
	while (rest.len > 0) {
		const char *end = memchr(rest.at, '\n', rest.len);
		if (end == NULL) {
			keep_unfinished(reader, rest);
			reader->fed += rest.len;
			return;
		}
		const struct span line = span_head(rest, (size_t)(end - rest.at));
		rest = span_from(rest, line.len + 1);
		if (reader->fed > 0)
			keep_unfinished(reader, line);
		if (goes_on(reader, line))
			continue;
		const uint64_t all = reader->fed + line.len + 1;
		if (reader->fed > 0)
			finish_line(reader);
		else
			take_line(reader, line);
		reader->position += all;
	}
}

void reader_end(struct reader *reader)
{
	if (reader->fed == 0)
		return;
	const uint64_t len = reader->fed;
	finish_line(reader);
	reader->position += len;
}

void reader_next_file(struct reader *reader)
{
	drop_unfinished(reader);
	reader->position = 0;
	reader->line = 0;
}

void reader_warm(struct reader *reader, const void *bytes, size_t len)
{
	const struct reader_counts counts = reader->counts;
	const uint64_t position = reader->position;
	const uint64_t line = reader->line;

	reader->quiet = true;
	reader_feed(reader, bytes, len);
	drop_unfinished(reader);
	reader->quiet = false;
	reader->counts = counts;
	reader->position = position;
	reader->line = line;
}

void reader_set_reference(struct reader *reader, int64_t reference_at)
{
	reader->stamps.reference_at = reference_at;
}

void reader_message(struct reader *reader, int64_t at, const char *identifier,
	const void *text, size_t len)
{
	const struct span message = {text, len};
	const int64_t reference_at = reader->stamps.reference_at;

	assert(reader->parser->message != NULL);
	reader->line++;
	reader->counts.lines++;
	if (len > READER_LINE_MAX) {
		reject(reader, message, "longer than 65536 bytes");
		return;
	}
	/* A message without a stamp has the time of the reference. */
	reader->stamps.reference_at = at;
	count(reader, reader->parser->message(reader, span_of(identifier), message),
		message);
	reader->stamps.reference_at = reference_at;
}

void reader_warm_message(struct reader *reader, int64_t at, const char *identifier,
	const void *text, size_t len)
{
	const struct reader_counts counts = reader->counts;
	const uint64_t line = reader->line;

	reader->quiet = true;
	reader_message(reader, at, identifier, text, len);
	reader->quiet = false;
	reader->counts = counts;
	reader->line = line;
}

uint64_t reader_position(const struct reader *reader)
{
	return reader->position;
}

const struct reader_counts *reader_counts(const struct reader *reader)
{
	return &reader->counts;
}

int reader_set_heading(struct reader *reader, struct span heading)
{
	char *copy = malloc(heading.len + 1);
	if (copy == NULL)
		return -ENOMEM;
	span_copy(heading, copy, heading.len + 1);
	free(reader->heading);
	reader->heading = copy;
	reader->heading_len = heading.len;
	return 0;
}

size_t reader_save(const struct reader *reader, char ret_state[READER_STATE_MAX])
{
	const int len = snprintf(ret_state, READER_STATE_MAX, STATE_FORM,
		reader_format_name(reader->format), reader->position, reader->line);
	if (reader->heading == NULL)
		return (size_t)len;
	memcpy(ret_state + len, reader->heading, reader->heading_len);
	return (size_t)len + reader->heading_len;
}

static bool take_state(struct span *state, enum reader_format format,
	uint64_t *ret_position, uint64_t *ret_line)
{
	return span_take(state, SPAN("reader 1 ")) &&
		span_take(state, span_of(reader_format_name(format))) &&
		span_take(state, SPAN(" ")) && span_take_number(state, ret_position) &&
		span_take(state, SPAN(" ")) && span_take_number(state, ret_line) &&
		span_take(state, SPAN("\n"));
}

int reader_load(struct reader *reader, const char *state, size_t len)
{
	struct span rest = {state, len};
	uint64_t position;
	uint64_t line;

	if (!take_state(&rest, reader->format, &position, &line) ||
		rest.len > READER_LINE_MAX ||
		(rest.len > 0 && reader->parser->heading == NULL))
		return -EINVAL;
	if (rest.len > 0) {
		const int rc = reader->parser->heading(reader, rest);
		if (rc < 0)
			return rc;
	}
	reader->position = position;
	reader->line = line;
	return 0;
}
