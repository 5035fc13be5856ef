/* SPDX-License-Identifier: MIT */
/*
 * csv — rows of one delivery each, below a heading that names the columns.
 */
#include <errno.h>
#include <stdlib.h>

#include "monitor/ingest/csvrow.h"
#include "monitor/ingest/mapping.h"

struct memory {
	bool has_heading;
	size_t columns[READER_FIELDS];
	struct csvrow row;
	char scratch[READER_LINE_MAX];
};

static void *csv_memory_create(void)
{
	return calloc(1, sizeof(struct memory));
}

/* A heading has a column for whom it is about, and for the time unless that may be missing. */
static int csv_heading(struct reader *reader, struct span heading)
{
	struct memory *memory = reader->memory;
	struct csvrow row;
	size_t columns[READER_FIELDS];

	if (csvrow_split(heading, memory->scratch, &row) != NULL)
		return -EINVAL;
	for (size_t i = 0; i < READER_FIELDS; i++)
		columns[i] = csvrow_column(&row, reader->fields[i]);
	if ((columns[FIELD_AT] == row.len && !reader->timeless) ||
		(columns[FIELD_RECIPIENT] == row.len && columns[FIELD_DOMAIN] == row.len))
		return -EINVAL;
	const int rc = reader_set_heading(reader, heading);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < READER_FIELDS; i++)
		memory->columns[i] = columns[i] < row.len ? columns[i] : SIZE_MAX;
	memory->has_heading = true;
	return 0;
}

static enum line_kind csv_line(struct reader *reader, struct span line)
{
	struct memory *memory = reader->memory;
	struct span values[READER_FIELDS];

	/* The heading is saved; what is warmed with may begin in the midst of a cell. */
	if (reader->quiet)
		return LINE_IGNORED;
	/* It may come again, where files were put together. */
	const int rc = csv_heading(reader, line);
	if (rc == 0)
		return LINE_IGNORED;
	if (rc == -ENOMEM)
		return reader_reject(reader, "no memory");
	if (!memory->has_heading)
		return reader_reject(
			reader, "no heading yet, or one without time and recipient");
	const char *why = csvrow_split(line, memory->scratch, &memory->row);
	if (why != NULL)
		return reader_reject(reader, why);
	for (size_t i = 0; i < READER_FIELDS; i++)
		values[i] = csvrow_cell(&memory->row, memory->columns[i]);
	why = mapping_fill(reader, values);
	if (why != NULL)
		return reader_reject(reader, why);
	reader_report(reader);
	return LINE_TAKEN;
}

const struct reader_parser csv_parser = {
	.line = csv_line,
	.goes_on = csvrow_goes_on,
	.memory_create = csv_memory_create,
	.memory_destroy = free,
	.heading = csv_heading,
};
