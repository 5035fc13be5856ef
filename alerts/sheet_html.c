/* SPDX-License-Identifier: MIT */
/* A sheet as one page of HTML that needs nothing else. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "alerts/html.h"
#include "alerts/sheet.h"
#include "alerts/story.h"
#include "alerts/timeline.h"

#define SOURCE "data:image/svg+xml;base64,"

static void heading(struct sheet *sheet, const char *text)
{
	html_put(HTML_HEADING, text, sheet->out);
}

static void paragraph(struct sheet *sheet, const char *text)
{
	html_put(HTML_PARAGRAPH, text, sheet->out);
}

/* Line feeds are the sheet's own, and stay. */
static void lines(struct sheet *sheet, const char *text)
{
	html_begin(HTML_COMMAND, sheet->out);
	while (*text != '\0' && sheet->err == 0) {
		const size_t len = strcspn(text, "\n");
		char *const line = strndup(text, len);

		if (line == NULL) {
			sheet->err = -ENOMEM;
			break;
		}
		html_escape(line, sheet->out);
		free(line);
		text += len;
		if (*text != '\0')
			putc(*text++, sheet->out);
	}
	html_end(HTML_COMMAND, sheet->out);
}

static void begin_table(struct sheet *sheet)
{
	html_begin(HTML_TABLE, sheet->out);
	fputs("<colgroup>", sheet->out);
	for (size_t i = 0; i < sheet->columns_len; i++)
		fprintf(sheet->out, "<col style=\"width:%.0f%%\">",
			100 * sheet->columns[i].share);
	fputs("</colgroup>\n", sheet->out);
	html_begin(HTML_ROW, sheet->out);
	for (size_t i = 0; i < sheet->columns_len; i++)
		html_put(HTML_HEAD, sheet->columns[i].title, sheet->out);
	html_end(HTML_ROW, sheet->out);
}

static void row(struct sheet *sheet, const char *const *cells)
{
	html_begin(HTML_ROW, sheet->out);
	for (size_t i = 0; i < sheet->columns_len; i++)
		html_put(sheet->columns[i].fixed ? HTML_CELL_FIXED : HTML_CELL, cells[i],
			sheet->out);
	html_end(HTML_ROW, sheet->out);
}

static void end_table(struct sheet *sheet)
{
	html_end(HTML_TABLE, sheet->out);
}

/* Bytes as the source of a picture; to be freed. NULL without memory. */
static char *make_source(const char *bytes, size_t len)
{
	const size_t head = strlen(SOURCE);
	char *source;

	if (len > INT_MAX / 2)
		return NULL;
	source = malloc(head + (len + 2) / 3 * 4 + 1);
	if (source == NULL)
		return NULL;
	memcpy(source, SOURCE, head);
	EVP_EncodeBlock(
		(unsigned char *)source + head, (const unsigned char *)bytes, (int)len);
	return source;
}

static int show(
	struct sheet *sheet, const char *svg, size_t len, const struct timeline *timeline)
{
	char *words = NULL;
	size_t words_len;
	FILE *const memory = open_memstream(&words, &words_len);
	char *const source = make_source(svg, len);

	if (memory != NULL)
		timeline_describe(timeline, memory);
	const bool good = memory != NULL && fclose(memory) == 0 && source != NULL;
	if (good)
		html_picture(source, words, sheet->out);
	free(words);
	free(source);
	return good ? 0 : -ENOMEM;
}

static int picture(struct sheet *sheet, const struct timeline *timeline)
{
	char *svg = NULL;
	size_t len;
	FILE *const memory = open_memstream(&svg, &len);
	int err;

	if (memory == NULL)
		return -ENOMEM;
	err = timeline_write(timeline, TIMELINE_SVG, 1, memory);
	if (fclose(memory) != 0 || err == -EIO)
		err = -ENOMEM;
	if (err == 0)
		err = show(sheet, svg, len, timeline);
	free(svg);
	return err;
}

static int tell(struct sheet *sheet, const struct story *story)
{
	return story_write_html(story, sheet->out);
}

static int end(struct sheet *sheet)
{
	html_close(sheet->out);
	return 0;
}

static const struct sheet_form form = {
	.heading = heading,
	.paragraph = paragraph,
	.lines = lines,
	.begin_table = begin_table,
	.row = row,
	.end_table = end_table,
	.picture = picture,
	.story = tell,
	.end = end,
};

void sheet_open_html(struct sheet *sheet, const struct sheet_title *title, FILE *out)
{
	*sheet = (struct sheet){.form = &form, .out = out};
	html_open_kept(title->title, title->above, title->below, title->tone, out);
}
