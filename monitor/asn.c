/* SPDX-License-Identifier: MIT */
#include "monitor/asn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/textfile.h"
#include "resolvers/endpoint.h"

#define ADDRESS_BYTES 16 /* as in struct endpoint: IPv4 in the first four */
#define DEPTH_MAX 129 /* prefixes that hold one address: /0 to /128 */

#define BLOCKS 65536 /* of IPv4, by the first 16 bits */

/* A range reaches from its start to the start of the next one. */
struct range4 {
	uint32_t start;
	uint32_t number; /* 0: of no AS */
};

struct range6 {
	uint8_t start[ADDRESS_BYTES];
	uint32_t number;
};

struct asn {
	struct range4 *four; /* owned array of four_len, by start */
	struct range6 *six; /* owned array of six_len, by start */
	uint32_t *
		blocks; /* owned array of BLOCKS + 1: the first range at or after each /16 */
	size_t four_len;
	size_t six_len;
	size_t prefixes;
};

struct prefix {
	uint8_t start[ADDRESS_BYTES];
	uint32_t number;
	uint32_t line;
	uint8_t bits;
	bool six;
};

struct prefixes {
	struct prefix *list; /* owned array of len */
	size_t len;
};

/* A prefix that is open where the sweep stands. */
struct opened {
	uint8_t last[ADDRESS_BYTES];
	uint32_t number;
};

struct sweep {
	struct asn *asn;
	bool six;
	struct opened opened[DEPTH_MAX];
	size_t depth;
};

int asn_parse_number(const char *text, size_t len, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (len > 2 && strncasecmp(text, "AS", 2) == 0) {
		text += 2;
		len -= 2;
	}
	if (len == 0 || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	if (number > UINT32_MAX)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

/* Sets the bits of an address from a place on; returns whether one was set before. */
static bool fill(uint8_t *address, unsigned from, unsigned width)
{
	bool any = false;

	for (unsigned bit = from; bit < width; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		any = any || (address[bit / 8] & mask) != 0;
		address[bit / 8] |= mask;
	}
	return any;
}

static int parse_prefix(const char *text, size_t len, struct prefix *ret_prefix)
{
	struct prefix prefix = {0};
	char address[INET6_ADDRSTRLEN];
	const char *slash = memchr(text, '/', len);
	uint8_t scratch[ADDRESS_BYTES];
	uint32_t bits;
	unsigned width;

	if (slash == NULL || (size_t)(slash - text) >= sizeof address ||
		memchr(text, '\0', (size_t)(slash - text)) != NULL)
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	prefix.six = strchr(address, ':') != NULL;
	width = prefix.six ? 128 : 32;
	if (inet_pton(prefix.six ? AF_INET6 : AF_INET, address, prefix.start) != 1 ||
		slash[1] < '0' || slash[1] > '9' ||
		asn_parse_number(slash + 1, len - (size_t)(slash + 1 - text), &bits) <
			0 ||
		bits > width)
		return -EINVAL;
	memcpy(scratch, prefix.start, sizeof scratch);
	if (fill(scratch, bits, width))
		return -EINVAL;
	prefix.bits = (uint8_t)bits;
	*ret_prefix = prefix;
	return 0;
}

static size_t word_length(const char *text, size_t len)
{
	size_t end = 0;

	while (end < len && text[end] != '\t' && text[end] != ' ')
		end++;
	return end;
}

/* Adds the prefix of a line to a list that has room for it. */
static int parse_line(struct prefixes *prefixes, const char *path,
	const struct textfile_lines *lines, const char *line, size_t len,
	struct textfile_error *error)
{
	size_t word = word_length(line, len);
	size_t at = word;
	struct prefix prefix;

	if (len == 0 || line[0] == '#')
		return 0;
	if (parse_prefix(line, word, &prefix) < 0)
		return textfile_refuse(error, path, lines->number, line, len,
			"a prefix such as 192.0.2.0/24 or 2001:db8::/32 without bits "
			"beyond its length");
	while (at < len && (line[at] == '\t' || line[at] == ' '))
		at++;
	if (asn_parse_number(line + at, len - at, &prefix.number) < 0)
		return textfile_refuse(error, path, lines->number, line, len,
			"PREFIX TAB AS-NUMBER, such as 64512 or AS64512");
	prefix.line = lines->number;
	prefixes->list[prefixes->len++] = prefix;
	return 0;
}

/* IPv4 first, then by place; the prefix that holds another before it; then as in the file. */
static int compare(const void *left, const void *right)
{
	const struct prefix *a = left;
	const struct prefix *b = right;
	int order;

	if (a->six != b->six)
		return a->six ? 1 : -1;
	order = memcmp(a->start, b->start, sizeof a->start);
	if (order != 0)
		return order;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return a->line < b->line ? -1 : 1;
}

static void sort(struct prefixes *prefixes)
{
	for (size_t i = 1; i < prefixes->len; i++)
		if (compare(&prefixes->list[i - 1], &prefixes->list[i]) > 0) {
			qsort(prefixes->list, prefixes->len, sizeof *prefixes->list,
				compare);
			return;
		}
}

static int parse(const char *path, const char *text, size_t len,
	struct prefixes *prefixes, struct textfile_error *error)
{
	struct textfile_lines lines = {.next = text, .end = text + len};
	const char *line;
	size_t line_len;
	size_t count = 1;
	int err = 0;

	for (const char *at = text; at < text + len; at++)
		count += *at == '\n';
	prefixes->list = calloc(count, sizeof *prefixes->list);
	if (prefixes->list == NULL)
		return -ENOMEM;
	while (err == 0 && textfile_next_line(&lines, &line, &line_len))
		err = parse_line(prefixes, path, &lines, line, line_len, error);
	return err;
}

static uint32_t read_four(const uint8_t *address)
{
	uint32_t four;

	memcpy(&four, address, sizeof four);
	return ntohl(four);
}

/* A range starts: it takes the place of one that starts there too, and is no range of its own
 * after one of the same AS. */
static void emit_four(struct asn *asn, uint32_t start, uint32_t number)
{
	if (asn->four_len > 0 && asn->four[asn->four_len - 1].start == start)
		asn->four_len--;
	if (asn->four_len > 0 && asn->four[asn->four_len - 1].number == number)
		return;
	asn->four[asn->four_len++] = (struct range4){.start = start, .number = number};
}

static void emit_six(struct asn *asn, const uint8_t *start, uint32_t number)
{
	if (asn->six_len > 0 &&
		memcmp(asn->six[asn->six_len - 1].start, start, ADDRESS_BYTES) == 0)
		asn->six_len--;
	if (asn->six_len > 0 && asn->six[asn->six_len - 1].number == number)
		return;
	memcpy(asn->six[asn->six_len].start, start, ADDRESS_BYTES);
	asn->six[asn->six_len++].number = number;
}

static void emit(struct sweep *sweep, const uint8_t *start, uint32_t number)
{
	if (sweep->six)
		emit_six(sweep->asn, start, number);
	else
		emit_four(sweep->asn, read_four(start), number);
}

/* Moves an address to the next one; false after the last of all. */
static bool step(uint8_t *address, bool six)
{
	for (size_t i = six ? ADDRESS_BYTES : 4; i-- > 0;)
		if (++address[i] != 0)
			return true;
	return false;
}

/* Closes the innermost prefix: after it, the one around it goes on. */
static void pop(struct sweep *sweep)
{
	uint8_t next[ADDRESS_BYTES];

	sweep->depth--;
	memcpy(next, sweep->opened[sweep->depth].last, sizeof next);
	if (step(next, sweep->six))
		emit(sweep, next,
			sweep->depth > 0 ? sweep->opened[sweep->depth - 1].number : 0);
}

static void push(struct sweep *sweep, const struct prefix *prefix)
{
	struct opened *opened = &sweep->opened[sweep->depth];

	assert(sweep->depth < DEPTH_MAX);
	memcpy(opened->last, prefix->start, sizeof opened->last);
	fill(opened->last, prefix->bits, prefix->six ? 128 : 32);
	opened->number = prefix->number;
	sweep->depth++;
	emit(sweep, prefix->start, prefix->number);
}

static bool is_same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->bits == b->bits && memcmp(a->start, b->start, sizeof a->start) == 0;
}

/* Lays out the prefixes of one family, which are sorted. */
static void lay_out(struct asn *asn, const struct prefix *list, size_t len, bool six)
{
	struct sweep sweep = {.asn = asn, .six = six};

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && is_same_prefix(&list[i], &list[i - 1]))
			continue;
		while (sweep.depth > 0 &&
			memcmp(sweep.opened[sweep.depth - 1].last, list[i].start,
				ADDRESS_BYTES) < 0)
			pop(&sweep);
		push(&sweep, &list[i]);
		asn->prefixes++;
	}
	while (sweep.depth > 0)
		pop(&sweep);
}

/* Gives back what the layout did not need; keeps the larger array where that fails. */
static void *shrink(void *array, size_t len, size_t size)
{
	void *less = reallocarray(array, len > 0 ? len : 1, size);

	return less != NULL ? less : array;
}

static int index_blocks(struct asn *asn)
{
	size_t at = 0;

	asn->blocks = calloc(BLOCKS + 1, sizeof *asn->blocks);
	if (asn->blocks == NULL)
		return -ENOMEM;
	for (size_t block = 0; block <= BLOCKS; block++) {
		while (at < asn->four_len && asn->four[at].start >> 16 < block)
			at++;
		asn->blocks[block] = (uint32_t)at;
	}
	return 0;
}

static int build(struct prefixes *prefixes, struct asn *asn)
{
	size_t four = 0;

	sort(prefixes);
	while (four < prefixes->len && !prefixes->list[four].six)
		four++;
	asn->four = calloc(2 * four + 1, sizeof *asn->four);
	asn->six = calloc(2 * (prefixes->len - four) + 1, sizeof *asn->six);
	if (asn->four == NULL || asn->six == NULL)
		return -ENOMEM;
	lay_out(asn, prefixes->list, four, false);
	lay_out(asn, prefixes->list + four, prefixes->len - four, true);
	asn->four = shrink(asn->four, asn->four_len, sizeof *asn->four);
	asn->six = shrink(asn->six, asn->six_len, sizeof *asn->six);
	return index_blocks(asn);
}

static int load(const char *path, struct asn *asn, struct textfile_error *error)
{
	struct prefixes prefixes = {0};
	char *text = NULL;
	size_t len = 0;
	int err = textfile_read(path, ASN_FILE_BYTES_MAX, &text, &len);

	if (err < 0)
		snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(-err));
	if (err == 0)
		err = parse(path, text, len, &prefixes, error);
	free(text);
	if (err == 0)
		err = build(&prefixes, asn);
	free(prefixes.list);
	return err;
}

int asn_create(const char *path, struct asn **ret_asn, struct textfile_error *ret_error)
{
	struct asn *asn = calloc(1, sizeof *asn);
	int err = asn != NULL ? 0 : -ENOMEM;

	ret_error->line = 0;
	snprintf(ret_error->text, sizeof ret_error->text, "%s: %s", path,
		strerror(ENOMEM));
	if (err == 0)
		err = load(path, asn, ret_error);
	if (err < 0) {
		asn_destroy(asn);
		return err;
	}
	*ret_asn = asn;
	return 0;
}

void asn_destroy(struct asn *asn)
{
	if (asn == NULL)
		return;
	free(asn->four);
	free(asn->six);
	free(asn->blocks);
	free(asn);
}

static uint32_t find_four(const struct asn *asn, uint32_t address)
{
	size_t low = asn->blocks[address >> 16];
	size_t high = asn->blocks[(address >> 16) + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (asn->four[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? asn->four[low - 1].number : 0;
}

static uint32_t find_six(const struct asn *asn, const uint8_t *address)
{
	size_t low = 0;
	size_t high = asn->six_len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(asn->six[middle].start, address, ADDRESS_BYTES) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? asn->six[low - 1].number : 0;
}

uint32_t asn_of(const struct asn *asn, const struct endpoint *address)
{
	if (address->family == AF_INET6)
		return find_six(asn, address->address);
	return address->family == AF_INET ? find_four(asn, read_four(address->address))
					  : 0;
}

size_t asn_prefixes(const struct asn *asn)
{
	return asn->prefixes;
}
