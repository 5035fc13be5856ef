/* SPDX-License-Identifier: MIT */
/* The input is a table of prefixes. What was laid out has to answer as one look through the lines
 * does: the longest prefix, and of equal ones the first. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "monitor/asn.h"
#include "monitor/textfile.h"
#include "resolvers/endpoint.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/target.h"

#define LINES_MOST 64
#define LINE_MOST 128

struct line {
	struct endpoint start;
	unsigned bits;
	uint32_t number;
};

/* A line that was taken already, read without any care. */
static struct line read_line(const char *text)
{
	struct line line = {.start = {.family = AF_INET}};
	char address[64];
	char number[16];

	HOLDS(sscanf(text, "%63[^/]/%u%*[\t ]%15s", address, &line.bits, number) == 3);
	if (strchr(address, ':') != NULL)
		line.start.family = AF_INET6;
	HOLDS(inet_pton(line.start.family, address, line.start.address) == 1);
	HOLDS(asn_parse_number(number, strlen(number), &line.number) == 0);
	return line;
}

static bool is_inside(const struct line *line, const struct endpoint *address)
{
	if (line->start.family != address->family)
		return false;
	for (unsigned bit = 0; bit < line->bits; bit++)
		if ((line->start.address[bit / 8] ^ address->address[bit / 8]) &
			(0x80 >> bit % 8))
			return false;
	return true;
}

static uint32_t look_through(
	const struct line *lines, size_t len, const struct endpoint *address)
{
	const struct line *best = NULL;

	for (size_t i = 0; i < len; i++)
		if (is_inside(&lines[i], address) &&
			(best == NULL || lines[i].bits > best->bits))
			best = &lines[i];
	return best != NULL ? best->number : 0;
}

/* The first and last address of a prefix, and those beside it. */
static void check_edges(const struct asn *asn, const struct line *lines, size_t len,
	const struct line *line)
{
	const size_t bytes = line->start.family == AF_INET6 ? 16 : 4;
	struct endpoint edge = line->start;

	HOLDS(asn_of(asn, &edge) == look_through(lines, len, &edge));
	for (unsigned bit = line->bits; bit < 8 * bytes; bit++)
		edge.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	HOLDS(asn_of(asn, &edge) == look_through(lines, len, &edge));
	for (size_t i = bytes; i-- > 0 && ++edge.address[i] == 0;)
		;
	HOLDS(asn_of(asn, &edge) == look_through(lines, len, &edge));
	edge = line->start;
	for (size_t i = bytes; i-- > 0 && edge.address[i]-- == 0;)
		;
	HOLDS(asn_of(asn, &edge) == look_through(lines, len, &edge));
}

static void check_all(const struct asn *asn, const uint8_t *data, size_t size)
{
	struct textfile_lines from = {
		.next = (const char *)data, .end = (const char *)data + size};
	struct line lines[LINES_MOST];
	size_t count = 0;
	const char *text;
	size_t len;

	while (textfile_next_line(&from, &text, &len)) {
		char copy[LINE_MOST];

		if (len == 0 || text[0] == '#')
			continue;
		if (count == LINES_MOST || len >= sizeof copy)
			return;
		memcpy(copy, text, len);
		copy[len] = '\0';
		lines[count++] = read_line(copy);
	}
	HOLDS(asn_prefixes(asn) <= count);
	for (size_t i = 0; i < count; i++)
		check_edges(asn, lines, count, &lines[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = input_file(data, size);
	struct textfile_error error;
	struct asn *asn;
	const int err = asn_create(path, &asn, &error);

	HOLDS(err == 0 || err == -EINVAL);
	if (err == 0) {
		check_all(asn, data, size);
		asn_destroy(asn);
		return 0;
	}
	HOLDS(error.line > 0);
	input_file_check_error(path, error.text);
	return 0;
}
