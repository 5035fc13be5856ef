/* SPDX-License-Identifier: MIT */
#include "alerts/story_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/html.h"
#include "resolvers/name.h"

#define NO_MEMORY "(no memory)"

const char *story_shown(const char *text)
{
	return text != NULL ? text : NO_MEMORY;
}

char *story_escape(const char *text)
{
	char *escaped = NULL;
	size_t len;
	FILE *out = open_memstream(&escaped, &len);

	if (out == NULL)
		return NULL;
	name_escape(NAME_SINK_TERMINAL, text, strlen(text), out);
	if (fclose(out) == 0)
		return escaped;
	free(escaped);
	return NULL;
}

/* How many names there are, each ended by a line feed. */
static size_t count_names(const char *names)
{
	size_t count = 0;

	for (; *names != '\0'; names++)
		count += *names == '\n';
	return count;
}

char *story_list(const char *names, const char *otherwise)
{
	const size_t count = count_names(names);
	char *text = NULL;
	size_t size;
	FILE *out;

	if (count == 0)
		return story_escape(otherwise);
	out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const size_t len = strcspn(names, "\n");

		fputs(i == 0 ? "" : i + 1 == count ? " and " : ", ", out);
		name_escape(NAME_SINK_TERMINAL, names, len, out);
		names += len + 1;
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

size_t story_width(const char *word, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)word[i] & 0xc0) != 0x80;
	return width;
}

/* Breaks at blanks; `column` is where the first line stands already. */
static void wrap(const char *text, size_t column, size_t indent, FILE *out)
{
	bool first = true;

	while (*(text += strspn(text, " ")) != '\0') {
		const size_t len = strcspn(text, " ");
		const size_t width = story_width(text, len);

		if (!first && column + 1 + width > STORY_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', out);
			column++;
		}
		fwrite(text, 1, len, out);
		column += width;
		text += len;
		first = false;
	}
	putc('\n', out);
}

/* The text that a format makes; free with free(). NULL without memory. */
static char *make_text(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

static void close_block(const struct telling *telling)
{
	switch (telling->page->block) {
	case STORY_BLOCK_NONE:
		break;
	case STORY_BLOCK_COMMAND:
		html_end(HTML_COMMAND, telling->out);
		html_end(HTML_ITEM, telling->out);
		html_end(HTML_LIST, telling->out);
		break;
	case STORY_BLOCK_ITEM:
		html_end(HTML_ITEM, telling->out);
		html_end(HTML_LIST, telling->out);
		break;
	case STORY_BLOCK_TABLE:
		html_end(HTML_TABLE, telling->out);
		break;
	}
	telling->page->block = STORY_BLOCK_NONE;
}

void story_end(const struct telling *telling)
{
	if (telling->page != NULL)
		close_block(telling);
}

/* "SINCE WHEN" shouts in a page. */
static void put_page_heading(const struct telling *telling, const char *title)
{
	html_begin(HTML_HEADING, telling->out);
	for (const char *at = title; *at != '\0'; at++)
		putc(at == title ? *at : tolower((unsigned char)*at), telling->out);
	html_end(HTML_HEADING, telling->out);
}

void story_heading(const struct telling *telling, const char *title)
{
	story_end(telling);
	if (telling->page != NULL)
		put_page_heading(telling, title);
	else
		fprintf(telling->out, "\n%s\n", title);
}

void story_say(const struct telling *telling, const char *format, ...)
{
	va_list args;

	story_end(telling);
	va_start(args, format);
	char *text = make_text(format, args);
	va_end(args);
	if (telling->page != NULL)
		html_put(HTML_PARAGRAPH, story_shown(text), telling->out);
	else {
		fputs("  ", telling->out);
		wrap(story_shown(text), 2, 2, telling->out);
	}
	free(text);
}

/* The next item, in the list that is open or in a new one. */
static void put_page_item(const struct telling *telling, const char *text)
{
	FILE *out = telling->out;

	if (telling->page->block == STORY_BLOCK_COMMAND) {
		html_end(HTML_COMMAND, out);
		telling->page->block = STORY_BLOCK_ITEM;
	}
	if (telling->page->block == STORY_BLOCK_ITEM)
		html_end(HTML_ITEM, out);
	else {
		close_block(telling);
		html_begin(HTML_LIST, out);
	}
	html_begin(HTML_ITEM, out);
	html_escape(text, out);
	telling->page->block = STORY_BLOCK_ITEM;
}

void story_item(const struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = make_text(format, args);
	va_end(args);
	if (telling->page != NULL)
		put_page_item(telling, story_shown(text));
	else {
		fputs("  - ", telling->out);
		wrap(story_shown(text), 4, 4, telling->out);
	}
	free(text);
}

void story_command(const struct telling *telling, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = make_text(format, args);
	va_end(args);
	if (telling->page == NULL)
		fprintf(telling->out, "      %s\n", story_shown(text));
	else {
		if (telling->page->block == STORY_BLOCK_COMMAND)
			putc('\n', telling->out);
		else if (telling->page->block != STORY_BLOCK_ITEM)
			put_page_item(telling, "");
		if (telling->page->block == STORY_BLOCK_ITEM)
			html_begin(HTML_COMMAND, telling->out);
		html_escape(story_shown(text), telling->out);
		telling->page->block = STORY_BLOCK_COMMAND;
	}
	free(text);
}

static void put_page_row(
	const struct telling *telling, const char *mark, const char *text)
{
	FILE *out = telling->out;

	if (telling->page->block != STORY_BLOCK_TABLE) {
		close_block(telling);
		html_begin(HTML_TABLE, out);
		telling->page->block = STORY_BLOCK_TABLE;
	}
	html_begin(HTML_ROW, out);
	html_put(HTML_CELL_FIXED, mark, out);
	html_put(HTML_CELL, text, out);
	html_end(HTML_ROW, out);
}

void story_beside(const struct telling *telling, const char *mark, int width,
	const char *format, ...)
{
	const size_t column = (size_t)width + 4;
	va_list args;

	va_start(args, format);
	char *text = make_text(format, args);
	va_end(args);
	if (telling->page != NULL)
		put_page_row(telling, mark, story_shown(text));
	else {
		fprintf(telling->out, "  %-*s  ", width, mark);
		wrap(story_shown(text), column, column, telling->out);
	}
	free(text);
}

char *story_time(int64_t at, char ret_text[STORY_TIME_MAX])
{
	const time_t seconds = (time_t)(at / 1000);
	struct tm parts;

	if (at == 0 || gmtime_r(&seconds, &parts) == NULL)
		return strcpy(ret_text, "-");
	strftime(ret_text, STORY_TIME_MAX, "%Y-%m-%d %H:%M:%S", &parts);
	return ret_text;
}

char *story_count(uint64_t count, char ret_text[STORY_COUNT_MAX])
{
	char digits[24];
	const size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			ret_text[to++] = ',';
		ret_text[to++] = digits[i];
	}
	ret_text[to] = '\0';
	return ret_text;
}

char *story_recipients(uint64_t count, char ret_text[STORY_COUNT_MAX + 12])
{
	story_count(count, ret_text);
	return strcat(ret_text, count == 1 ? " recipient" : " recipients");
}

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

char *story_duration(int64_t ms, char ret_text[STORY_TIME_MAX])
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
	const int64_t seconds = (ms + 999) / 1000;
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	const int64_t whole = seconds / units[i].seconds;
	const int64_t rest =
		i < 3 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
	const int len = snprintf(ret_text, STORY_TIME_MAX, "%" PRId64 " %s%s", whole,
		units[i].name, plural(whole));
	if (rest > 0)
		snprintf(ret_text + len, STORY_TIME_MAX - (size_t)len,
			" %" PRId64 " %s%s", rest, units[i + 1].name, plural(rest));
	return ret_text;
}
