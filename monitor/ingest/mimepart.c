/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/mimepart.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 2048 /* of a Content- header that is looked at */
#define BOUNDARY_MAX 256 /* RFC 2046 says 70 */

struct level {
	char boundary[BOUNDARY_MAX];
	size_t len;
};

struct walk {
	const char *text;
	size_t len;
	struct level levels[MIMEPART_DEPTH_MAX];
	size_t depth;
	unsigned parts; /* boundaries that began one */
	struct mimepart *leaves; /* owned, of MIMEPART_PARTS_MAX + 1 */
	size_t leaves_len;
	const char *why;
};

size_t mimepart_normalise(const uint8_t *from, size_t len, char *to)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\r') {
			size_t end = i;
			while (end < len && from[end] == '\r')
				end++;
			if (end < len && from[end] == '\n')
				i = end;
			to[used++] = '\n';
		} else {
			to[used++] = from[i] == '\0' ? ' ' : (char)from[i];
		}
	}
	return used;
}

static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end == NULL ? len : (size_t)(end - text) + 1;
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n')
			return false;
	return true;
}

size_t mimepart_header_length(const char *text, size_t len)
{
	size_t at = 0;

	/* A boundary ends it too: no header's name begins so. */
	while (at < len && !(len - at > 2 && memcmp(text + at, "--", 2) == 0)) {
		size_t line = line_length(text + at, len - at);
		at += line;
		if (line == 1 && text[at - 1] == '\n')
			break;
	}
	return at;
}

/* The bytes of the header at text with the lines that continue it. */
static size_t folded_length(const char *text, size_t len)
{
	size_t at = line_length(text, len);

	while (at < len && (text[at] == ' ' || text[at] == '\t'))
		at += line_length(text + at, len - at);
	return at;
}

static size_t unfold(const char *from, size_t len, char *value, size_t size)
{
	size_t used = 0;
	bool gap = false;

	for (size_t i = 0; i < len && used + 2 < size; i++) {
		if (from[i] == '\n' || from[i] == '\t' || from[i] == ' ') {
			gap = used > 0;
			continue;
		}
		if (gap)
			value[used++] = ' ';
		gap = false;
		value[used++] = from[i];
	}
	value[used] = '\0';
	return used;
}

size_t mimepart_header(
	const char *header, size_t len, const char *name, char *value, size_t size)
{
	size_t name_len = strlen(name);
	size_t line;

	value[0] = '\0';
	for (size_t at = 0; at < len; at += line) {
		line = folded_length(header + at, len - at);
		size_t colon = name_len;
		if (line <= name_len || strncasecmp(header + at, name, name_len) != 0)
			continue;
		while (colon < line && header[at + colon] == ' ')
			colon++;
		if (colon < line && header[at + colon] == ':')
			return unfold(
				header + at + colon + 1, line - colon - 1, value, size);
	}
	return 0;
}

static const char *skip_blank(const char *text)
{
	return text + strspn(text, " \t");
}

/* Copies the value at text and returns what follows it. */
static const char *take_value(const char *text, char *value, size_t size)
{
	size_t used = 0;

	if (*text == '"') {
		for (text++; *text != '\0' && *text != '"'; text++) {
			if (*text == '\\' && text[1] != '\0')
				text++;
			if (used + 1 < size)
				value[used++] = *text;
		}
		text += *text == '"';
	} else {
		for (; *text != '\0' && strchr("; \t", *text) == NULL; text++)
			if (used + 1 < size)
				value[used++] = *text;
	}
	value[used] = '\0';
	return text;
}

size_t mimepart_parameter(const char *value, const char *name, char *text, size_t size)
{
	char skipped[BOUNDARY_MAX];
	size_t name_len = strlen(name);

	text[0] = '\0';
	value = strchr(value, ';');
	while (value != NULL && *value != '\0') {
		value = skip_blank(value + 1);
		size_t len = strcspn(value, "=;");
		const char *after = value + len;
		if (*after != '=') {
			value = *after == ';' ? after : NULL;
			continue;
		}
		while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
			len--;
		bool found = len == name_len && strncasecmp(value, name, len) == 0;
		value = take_value(skip_blank(after + 1), found ? text : skipped,
			found ? size : sizeof skipped);
		if (found)
			break;
		value = strchr(value, ';');
	}
	return strlen(text);
}

static const char *check_headers(const char *header, size_t len)
{
	unsigned count = 0;

	if (len > MIMEPART_HEADER_BYTES_MAX)
		return "headers of more than 256 KiB";
	for (size_t at = 0; at < len; at += folded_length(header + at, len - at))
		if (++count > MIMEPART_HEADERS_MAX)
			return "more than 1000 headers";
	return NULL;
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* Reads the header block at *at into part; a multipart's boundary is opened. Returns whether
 * what follows is a part to give. */
static bool open_part(struct walk *walk, size_t *at, struct mimepart *part)
{
	char value[VALUE_MAX];
	struct level level;

	memset(part, 0, sizeof *part);
	part->header = walk->text + *at;
	part->header_len = mimepart_header_length(part->header, walk->len - *at);
	*at += part->header_len;
	part->body = walk->text + *at;
	walk->why = check_headers(part->header, part->header_len);
	if (walk->why != NULL)
		return false;
	mimepart_header(part->header, part->header_len, "Content-Transfer-Encoding",
		part->encoding, sizeof part->encoding);
	lower(part->encoding);
	mimepart_header(
		part->header, part->header_len, "Content-Type", value, sizeof value);
	take_value(value, part->type, sizeof part->type);
	lower(part->type);
	mimepart_parameter(value, "charset", part->charset, sizeof part->charset);
	level.len = mimepart_parameter(
		value, "boundary", level.boundary, sizeof level.boundary);
	if (strncmp(part->type, "multipart/", 10) != 0 || level.len == 0) {
		if (strchr(part->type, '/') == NULL ||
			strncmp(part->type, "multipart/", 10) == 0)
			strcpy(part->type, "text/plain");
		return true;
	}
	if (walk->depth == MIMEPART_DEPTH_MAX) {
		walk->why = "parts nested more than 8 deep";
		return false;
	}
	walk->levels[walk->depth++] = level;
	return false;
}

/* Whether the line is a boundary of an open level, innermost first; those inside are closed. */
static bool meet_boundary(
	struct walk *walk, const char *line, size_t len, bool *ret_opens)
{
	if (len < 3 || line[0] != '-' || line[1] != '-')
		return false;
	for (size_t i = walk->depth; i > 0; i--) {
		const struct level *level = &walk->levels[i - 1];
		size_t rest = level->len + 2;
		if (len < rest || memcmp(line + 2, level->boundary, level->len) != 0)
			continue;
		bool closes = len >= rest + 2 && memcmp(line + rest, "--", 2) == 0;
		if (closes)
			rest += 2;
		if (!is_blank(line + rest, len - rest))
			continue;
		walk->depth = closes ? i - 1 : i;
		*ret_opens = !closes;
		return true;
	}
	return false;
}

static void close_part(struct walk *walk, struct mimepart *part, size_t end)
{
	part->body_len = (size_t)(walk->text + end - part->body);
	walk->leaves[walk->leaves_len++] = *part;
}

static void walk_lines(struct walk *walk)
{
	struct mimepart part;
	size_t at = 0;
	bool open = open_part(walk, &at, &part);
	struct mimepart whole = part;
	size_t line;

	for (; at < walk->len && walk->why == NULL && walk->depth > 0; at += line) {
		bool opens = false;
		line = line_length(walk->text + at, walk->len - at);
		if (!meet_boundary(walk, walk->text + at, line, &opens))
			continue;
		if (open)
			close_part(walk, &part, at);
		open = false;
		if (!opens)
			continue;
		if (++walk->parts > MIMEPART_PARTS_MAX) {
			walk->why = "more than 100 parts";
			return;
		}
		at += line;
		line = 0;
		open = open_part(walk, &at, &part);
	}
	if (walk->parts == 0 && !open) {
		whole.encoding[0] = '\0';
		strcpy(whole.type, "text/plain");
		part = whole;
		open = true;
	}
	if (open)
		close_part(walk, &part, walk->len);
}

int mimepart_walk(
	const char *text, size_t len, mimepart_fn fn, void *owner, const char **ret_why)
{
	struct walk walk = {.text = text, .len = len};
	int rc = 0;

	/* Each boundary ends one part at most, and the mail's end another. */
	walk.leaves = calloc(MIMEPART_PARTS_MAX + 1, sizeof *walk.leaves);
	if (walk.leaves == NULL)
		return -ENOMEM;
	walk_lines(&walk);
	for (size_t i = 0; i < walk.leaves_len && walk.why == NULL && rc == 0; i++)
		rc = fn(owner, &walk.leaves[i]);
	*ret_why = walk.why;
	free(walk.leaves);
	return rc;
}
