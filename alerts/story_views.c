/* SPDX-License-Identifier: MIT */
/* What the views had before the change, since, and have now. */
#include <stdlib.h>
#include <string.h>

#include "alerts/html.h"
#include "alerts/story_parts.h"
#include "alerts/story_text.h"

#define INDENT 4
#define BETWEEN 2
#define COLUMNS 3

/* An answer in words, a host a line, under its title. */
struct column {
	const char *title;
	char *answer; /* owned; escaped; NULL without memory */
	size_t width;
};

struct columns {
	struct column of[COLUMNS];
	size_t len;
};

static const char separator[] = ", ";

/* Takes the next host off an answer; NULL behind the last one. */
static const char *next_host(const char **answer, size_t *ret_len)
{
	const char *host = *answer;

	if (*host == '\0')
		return NULL;
	const char *end = strstr(host, separator);
	*ret_len = end != NULL ? (size_t)(end - host) : strlen(host);
	*answer = host + *ret_len + (end != NULL ? strlen(separator) : 0);
	return host;
}

static size_t measure(const struct column *column)
{
	const char *rest = story_shown(column->answer);
	size_t width = strlen(column->title);
	size_t len = 0;

	for (const char *host; (host = next_host(&rest, &len)) != NULL;) {
		const size_t wide = story_width(host, len);

		width = wide > width ? wide : width;
	}
	return width;
}

static bool is_same(const char *left, const char *right)
{
	return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static void add_column(struct columns *columns, const char *title, const char *answer)
{
	struct column *column = &columns->of[columns->len++];

	column->title = title;
	column->answer = story_escape(answer != NULL ? answer : "not known");
	column->width = measure(column);
}

static void finish_columns(struct columns *columns)
{
	for (size_t i = 0; i < columns->len; i++)
		free(columns->of[i].answer);
}

/* The answer now is mostly one of the other two, and then stands there. */
static struct columns make_columns(const struct story_view *view)
{
	struct columns columns = {.len = 0};

	if (is_same(view->now, view->before) && is_same(view->now, view->since))
		add_column(&columns, "before, since and now", view->now);
	else if (is_same(view->now, view->since)) {
		add_column(&columns, "before", view->before);
		add_column(&columns, "since, and now", view->since);
	} else if (is_same(view->now, view->before)) {
		add_column(&columns, "before, and now again", view->before);
		add_column(&columns, "since", view->since);
	} else {
		add_column(&columns, "before", view->before);
		add_column(&columns, "since", view->since);
		add_column(&columns, "now", view->now);
	}
	return columns;
}

static bool is_narrow(const struct columns *columns)
{
	size_t width = INDENT;

	for (size_t i = 0; i < columns->len; i++)
		width += columns->of[i].width + (i > 0 ? BETWEEN : 0);
	return width <= STORY_WIDTH;
}

/* Blanks between what stands and what follows, none behind a line. */
static void put_cell(
	const char *text, size_t len, size_t *blanks, size_t width, FILE *out)
{
	const size_t wide = story_width(text, len);

	if (len > 0) {
		fprintf(out, "%*s", (int)*blanks, "");
		fwrite(text, 1, len, out);
		*blanks = width - wide + BETWEEN;
	} else
		*blanks += width + BETWEEN;
}

static void put_beside(const struct columns *columns, FILE *out)
{
	const char *rest[COLUMNS];
	size_t blanks = INDENT;
	bool more = true;

	for (size_t i = 0; i < columns->len; i++) {
		const struct column *column = &columns->of[i];

		rest[i] = story_shown(column->answer);
		put_cell(column->title, strlen(column->title), &blanks, column->width,
			out);
	}
	putc('\n', out);
	while (more) {
		blanks = INDENT;
		more = false;
		for (size_t i = 0; i < columns->len; i++) {
			size_t len = 0;
			const char *host = next_host(&rest[i], &len);

			put_cell(host, len, &blanks, columns->of[i].width, out);
			more |= *rest[i] != '\0';
		}
		putc('\n', out);
	}
}

static void put_below(const struct telling *telling, const struct columns *columns)
{
	size_t width = 0;

	for (size_t i = 0; i < columns->len; i++) {
		const size_t wide = strlen(columns->of[i].title);

		width = wide > width ? wide : width;
	}
	for (size_t i = 0; i < columns->len; i++)
		story_beside(telling, columns->of[i].title, (int)width, "%s",
			story_shown(columns->of[i].answer));
}

static void put_hosts(const char *answer, FILE *out)
{
	bool first = true;
	size_t len = 0;

	for (const char *host; (host = next_host(&answer, &len)) != NULL;) {
		char *line = strndup(host, len);

		fputs(first ? "" : "<br>", out);
		html_escape(story_shown(line), out);
		free(line);
		first = false;
	}
}

static void put_page_table(const struct columns *columns, FILE *out)
{
	html_begin(HTML_TABLE, out);
	html_begin(HTML_ROW, out);
	for (size_t i = 0; i < columns->len; i++)
		html_put(HTML_HEAD, columns->of[i].title, out);
	html_end(HTML_ROW, out);
	html_begin(HTML_ROW, out);
	for (size_t i = 0; i < columns->len; i++) {
		html_begin(HTML_CELL, out);
		html_begin(HTML_NAME, out);
		put_hosts(story_shown(columns->of[i].answer), out);
		html_end(HTML_NAME, out);
		html_end(HTML_CELL, out);
	}
	html_end(HTML_ROW, out);
	html_end(HTML_TABLE, out);
}

static bool is_alike(const struct story_view *left, const struct story_view *right)
{
	const char *const a[] = {left->before, left->since, left->now};
	const char *const b[] = {right->before, right->since, right->now};

	for (size_t i = 0; i < COLUMNS; i++)
		if (a[i] != b[i] && !is_same(a[i], b[i]))
			return false;
	return true;
}

/* "view a", "views a, b and c"; free with free(). NULL without memory. */
static char *name_views(const struct story_view *views, size_t len)
{
	char *names = NULL;
	size_t size;
	FILE *out = open_memstream(&names, &size);

	if (out == NULL)
		return NULL;
	fputs(len == 1 ? "view " : "views ", out);
	for (size_t i = 0; i < len; i++) {
		char *name = story_escape(views[i].view);

		fprintf(out, "%s%s",
			i == 0                 ? ""
				: i + 1 == len ? " and "
					       : ", ",
			story_shown(name));
		free(name);
	}
	if (fclose(out) == 0)
		return names;
	free(names);
	return NULL;
}

void story_views(const struct telling *telling)
{
	const struct story *story = telling->story;
	size_t alike;

	for (size_t i = 0; i < story->views_len; i += alike) {
		const struct story_view *views = &story->views[i];
		struct columns columns = make_columns(views);

		alike = 1;
		while (i + alike < story->views_len && is_alike(&views[0], &views[alike]))
			alike++;
		char *names = name_views(views, alike);

		story_say(telling, "What the %s had:", story_shown(names));
		if (telling->page != NULL)
			put_page_table(&columns, telling->out);
		else if (is_narrow(&columns))
			put_beside(&columns, telling->out);
		else
			put_below(telling, &columns);
		free(names);
		finish_columns(&columns);
	}
}
