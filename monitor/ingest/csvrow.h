/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * csvrow — one row of comma-separated values into its cells (RFC 4180), and headings.
 *
 * A quoted cell may hold commas, doubled quotes, and line breaks, which are read as blanks. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

#include "monitor/ingest/span.h"

#define CSVROW_CELLS_MAX 256

struct csvrow {
	struct span cells[CSVROW_CELLS_MAX]; /* in the line or the scratch */
	size_t len;
};

/* Whether the line ends inside a quoted cell, so that the next one belongs to it too; open: it
 * began inside one. */
bool csvrow_goes_on(struct span line, bool open);
/* scratch: as long as the line, for cells that quotes are taken out of. Returns NULL or what is
 * wrong. */
const char *csvrow_split(struct span line, char *scratch, struct csvrow *ret_row);
/* The column of a name in a heading, in any case; row->len where it has none. */
size_t csvrow_column(const struct csvrow *row, const char *name);
/* The cell, empty where the row is shorter. */
struct span csvrow_cell(const struct csvrow *row, size_t column);
