/* SPDX-License-Identifier: MIT */
/*
 * pmta — the accounting files of PowerMTA: comma-separated, below headings that name the columns.
 *
 * The set and the order of columns are the administrator's, for each type of record, so a file may
 * hold several headings: a row belongs to the last one of its width. bounceCat is not read: it
 * files 5.1.1 under policy-related.
 * Source: PowerMTA user's guide, "Accounting file".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/csvrow.h"
#include "monitor/ingest/reader_inside.h"
#include "monitor/ingest/saying.h"

#define HEADINGS 8

enum column {
	COLUMN_TYPE,
	COLUMN_TIME,
	COLUMN_RCPT,
	COLUMN_ORCPT,
	COLUMN_STATUS,
	COLUMN_DIAG,
	COLUMN_MTA,
	COLUMN_IP,
	COLUMN_QUEUE,
	COLUMN_ENVELOPE,
	COLUMNS,
};

static const char *const names[COLUMNS] = {"type", "timeLogged", "rcpt", "orcpt",
	"dsnStatus", "dsnDiag", "dsnMta", "dlvDestinationIp", "queue", "envId"};

struct heading {
	size_t width;
	size_t columns[COLUMNS]; /* SIZE_MAX where there is none */
};

struct memory {
	struct heading headings[HEADINGS]; /* the last one first */
	size_t len;
	struct csvrow row;
	char scratch[READER_LINE_MAX];
};

static void *pmta_memory_create(void)
{
	return calloc(1, sizeof(struct memory));
}

static bool is_heading(struct span line)
{
	(void)span_take(&line, SPAN("#"));
	(void)span_take(&line, SPAN("\""));
	return line.len >= 5 && span_is_nocase(span_head(line, 4), SPAN("type")) &&
		(line.at[4] == ',' || line.at[4] == '"');
}

/* In front of the others, in place of one of the same width. */
static void put_heading(struct memory *memory, const struct heading *heading)
{
	size_t at = 0;
	while (at < memory->len && memory->headings[at].width != heading->width)
		at++;
	if (at == memory->len && memory->len < HEADINGS)
		memory->len++;
	if (at == HEADINGS)
		at--;
	memmove(memory->headings + 1, memory->headings, at * sizeof *memory->headings);
	memory->headings[0] = *heading;
}

static bool read_heading(struct memory *memory, struct span line)
{
	struct heading heading;

	(void)span_take(&line, SPAN("#"));
	if (csvrow_split(line, memory->scratch, &memory->row) != NULL)
		return false;
	heading.width = memory->row.len;
	for (size_t i = 0; i < COLUMNS; i++) {
		const size_t column = csvrow_column(&memory->row, names[i]);
		heading.columns[i] = column < memory->row.len ? column : SIZE_MAX;
	}
	if (heading.columns[COLUMN_TYPE] != 0)
		return false;
	put_heading(memory, &heading);
	return true;
}

/* Saved headings are lines behind each other. */
static int pmta_heading(struct reader *reader, struct span headings)
{
	struct memory *memory = reader->memory;
	struct span rest = headings;
	struct span line;

	while (span_take_before(&rest, SPAN("\n"), &line))
		if (!read_heading(memory, line))
			return -EINVAL;
	return rest.len == 0 ? reader_set_heading(reader, headings) : -EINVAL;
}

/* Kept behind those that came before, or in their place where they are too many. */
static int keep_heading(struct reader *reader, struct span line)
{
	const size_t room = READER_LINE_MAX - line.len - 1;
	const size_t before = reader->heading_len <= room ? reader->heading_len : 0;
	char *joined = malloc(before + line.len + 1);
	if (joined == NULL)
		return -ENOMEM;
	if (before > 0)
		memcpy(joined, reader->heading, before);
	memcpy(joined + before, line.at, line.len);
	joined[before + line.len] = '\n';
	const struct span all = {joined, before + line.len + 1};
	int rc = 0;
	if (before == 0 ||
		memmem(reader->heading, before, joined + before, line.len + 1) == NULL)
		rc = reader_set_heading(reader, all);
	free(joined);
	return rc;
}

static const struct heading *find_heading(const struct memory *memory)
{
	for (size_t i = 0; i < memory->len; i++)
		if (memory->headings[i].width == memory->row.len)
			return &memory->headings[i];
	return NULL;
}

/* d delivered, b bounced, rb bounced later by a message, t to be tried again; the others are no
 * deliveries. */
static bool type_outcome(struct span type, enum delivery_outcome *ret_outcome)
{
	if (span_is(type, SPAN("d")))
		*ret_outcome = DELIVERY_DELIVERED;
	else if (span_is(type, SPAN("b")) || span_is(type, SPAN("rb")))
		*ret_outcome = DELIVERY_BOUNCED;
	else if (span_is(type, SPAN("t")))
		*ret_outcome = DELIVERY_DEFERRED;
	else
		return false;
	return true;
}

static void fill_recipient(const struct span *cells, struct report *report)
{
	struct span original = cells[COLUMN_ORCPT];
	struct span domain;
	struct span queue = cells[COLUMN_QUEUE];

	(void)span_take(&original, SPAN("rfc822;"));
	span_copy(cells[COLUMN_RCPT], report->recipient, sizeof report->recipient);
	if (!span_is_nocase(original, cells[COLUMN_RCPT]))
		span_copy(original, report->original, sizeof report->original);
	/* "example.net/vmta1" */
	if (cells[COLUMN_RCPT].len == 0 && span_take_before(&queue, SPAN("/"), &domain) &&
		domain.len > 0) {
		report->recipient[0] = '@';
		span_copy(domain, report->recipient + 1, sizeof report->recipient - 1);
	}
}

/* "mx.example.net (192.0.2.1)" */
static void fill_relay(const struct span *cells, struct report *report)
{
	struct span mta = cells[COLUMN_MTA];
	struct span ip = cells[COLUMN_IP];
	struct span host;

	if (span_take_word(&mta, &host))
		saying_host(report, host);
	if (ip.len == 0 && span_take(&mta, SPAN("(")) && span_ends(mta, SPAN(")")))
		ip = span_head(mta, mta.len - 1);
	saying_ip(report, ip);
}

static void fill_answer(const struct span *cells, struct report *report)
{
	struct span diag = span_trim(cells[COLUMN_DIAG]);

	(void)saying_status(report, cells[COLUMN_STATUS]);
	if (span_take(&diag, SPAN("smtp;")) && cells[COLUMN_MTA].len > 0) {
		saying_reply(report, diag);
	} else {
		saying_text(report, diag.len > 0 ? diag : cells[COLUMN_STATUS]);
	}
	if (report->outcome == DELIVERY_BOUNCED && report->status[0] == '4')
		report->outcome = DELIVERY_EXPIRED;
}

static enum line_kind take_record(struct reader *reader, const struct heading *heading)
{
	struct memory *memory = reader->memory;
	struct report *report = &reader->report;
	struct span cells[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = csvrow_cell(&memory->row, heading->columns[i]);
	saying_clear(report);
	if (!type_outcome(cells[COLUMN_TYPE], &report->outcome))
		return LINE_IGNORED;
	if (!stamp_parse(cells[COLUMN_TIME], &reader->stamps, &report->at))
		return reader_reject(reader, "no time");
	if (cells[COLUMN_RCPT].len >= REPORT_ADDRESS_MAX)
		return reader_reject(reader, "recipient too long");
	fill_recipient(cells, report);
	if (report->recipient[0] == '\0')
		return reader_reject(reader, "no recipient");
	fill_relay(cells, report);
	fill_answer(cells, report);
	span_copy(cells[COLUMN_ENVELOPE], report->id, sizeof report->id);
	reader_report(reader);
	return LINE_TAKEN;
}

static enum line_kind pmta_line(struct reader *reader, struct span line)
{
	struct memory *memory = reader->memory;

	if (is_heading(line)) {
		if (!read_heading(memory, line))
			return reader_reject(reader, "a heading that makes no sense");
		return keep_heading(reader, line) == 0
			? LINE_IGNORED
			: reader_reject(reader, "no memory");
	}
	const char *why = csvrow_split(line, memory->scratch, &memory->row);
	if (why != NULL)
		return reader_reject(reader, why);
	const struct heading *heading = find_heading(memory);
	if (heading == NULL)
		return reader_reject(reader,
			memory->len == 0 ? "no heading yet"
					 : "as many cells as no heading has");
	return take_record(reader, heading);
}

const struct reader_parser pmta_parser = {
	.line = pmta_line,
	.memory_create = pmta_memory_create,
	.memory_destroy = free,
	.heading = pmta_heading,
};
