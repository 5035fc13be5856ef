/* SPDX-License-Identifier: MIT */
#include "alerts/story_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "resolvers/name.h"

#define WIDTH 78

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

/* Columns of UTF-8 that is known to be printable: its leading bytes. */
static size_t width_of(const char *word, size_t len)
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
		const size_t width = width_of(text, len);

		if (!first && column + 1 + width > WIDTH) {
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

static void wrap_format(
	FILE *out, size_t column, size_t indent, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	wrap(story_shown(text), column, indent, out);
	free(text);
}

void story_heading(const struct telling *telling, const char *title)
{
	fprintf(telling->out, "\n%s\n", title);
}

void story_say(const struct telling *telling, const char *format, ...)
{
	va_list args;

	fputs("  ", telling->out);
	va_start(args, format);
	wrap_format(telling->out, 2, 2, format, args);
	va_end(args);
}

void story_item(const struct telling *telling, const char *format, ...)
{
	va_list args;

	fputs("  - ", telling->out);
	va_start(args, format);
	wrap_format(telling->out, 4, 4, format, args);
	va_end(args);
}

void story_command(const struct telling *telling, const char *format, ...)
{
	va_list args;

	fputs("      ", telling->out);
	va_start(args, format);
	vfprintf(telling->out, format, args);
	va_end(args);
	putc('\n', telling->out);
}

void story_beside(const struct telling *telling, const char *mark, int width,
	const char *format, ...)
{
	va_list args;

	fprintf(telling->out, "  %-*s  ", width, mark);
	va_start(args, format);
	wrap_format(telling->out, (size_t)width + 4, (size_t)width + 4, format, args);
	va_end(args);
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
