/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/csvrow.h"

#include <string.h>

bool csvrow_goes_on(struct span line, bool open)
{
	size_t at = 0;
	while (at < line.len) {
		if (!open && line.at[at] != '"') { /* a plain cell, to its end */
			const char *comma = memchr(line.at + at, ',', line.len - at);
			at = comma != NULL ? (size_t)(comma - line.at) + 1 : line.len;
			continue;
		}
		/* Doubled quotes close the cell, and open it again at once. */
		const size_t from = open ? at : at + 1;
		const char *quote = memchr(line.at + from, '"', line.len - from);
		open = quote == NULL;
		at = open ? line.len : (size_t)(quote - line.at) + 1;
		if (!open && at < line.len && line.at[at] == ',')
			at++;
	}
	return open;
}

/* Where a line break begins: CR LF, or LF alone. */
static bool is_break(struct span text, size_t at)
{
	if (text.at[at] == '\r')
		return at + 1 < text.len && text.at[at + 1] == '\n';
	return text.at[at] == '\n' && (at == 0 || text.at[at - 1] != '\r');
}

/* A quoted cell, without its quotes. False: it has no end. */
static bool take_quoted(struct span *rest, char **scratch, struct span *ret_cell)
{
	char *to = *scratch;
	size_t at = 1;
	for (; at < rest->len; at++) {
		if (rest->at[at] == '"') {
			if (at + 1 == rest->len || rest->at[at + 1] != '"')
				break;
			at++;
		}
		if (is_break(*rest, at))
			*to++ = ' ';
		else if (rest->at[at] != '\n')
			*to++ = rest->at[at];
	}
	if (at == rest->len)
		return false;
	*ret_cell = (struct span){*scratch, (size_t)(to - *scratch)};
	*scratch = to;
	*rest = span_from(*rest, at + 1);
	return true;
}

static struct span take_plain(struct span *rest)
{
	const char *comma = rest->len > 0 ? memchr(rest->at, ',', rest->len) : NULL;
	const size_t len = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
	const struct span cell = span_head(*rest, len);
	*rest = span_from(*rest, len);
	return cell;
}

const char *csvrow_split(struct span line, char *scratch, struct csvrow *ret_row)
{
	ret_row->len = 0;
	do {
		if (ret_row->len == CSVROW_CELLS_MAX)
			return "more than 256 cells";
		struct span *cell = &ret_row->cells[ret_row->len++];
		if (!span_starts(line, SPAN("\"")))
			*cell = take_plain(&line);
		else if (!take_quoted(&line, &scratch, cell))
			return "no end of a quoted cell";
		if (line.len > 0 && *line.at != ',')
			return "something behind a quoted cell";
	} while (span_take(&line, SPAN(",")));
	return NULL;
}

size_t csvrow_column(const struct csvrow *row, const char *name)
{
	for (size_t i = 0; i < row->len; i++)
		if (span_is_nocase(span_trim(row->cells[i]), span_of(name)))
			return i;
	return row->len;
}

struct span csvrow_cell(const struct csvrow *row, size_t column)
{
	return column < row->len ? row->cells[column] : SPAN("");
}
