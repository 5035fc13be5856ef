/* SPDX-License-Identifier: MIT */
/*
 * The lines of a table of operators: NAME TAB KIND TAB SUFFIXES TAB AS NUMBERS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>

#include "monitor/asn.h"
#include "monitor/operators_inside.h"
#include "monitor/textfile.h"
#include "resolvers/name.h"
#include "resolvers/utf8.h"

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 63
#define COLUMNS 4
#define AS_STEP 64 /* room is made for so many at once */

struct reading {
	struct operators *operators;
	enum operators_source source;
	const char *path;
	unsigned line;
	struct textfile_error *error;
};

/* A line: "-" and a column that is left out are the empty text. */
struct columns {
	char *name;
	char *kind;
	char *suffixes;
	char *numbers;
};

static const struct {
	const char *name;
	enum operator_kind kind;
} kinds[] = {
	{"mailbox", OPERATOR_MAILBOX},
	{"gateway", OPERATOR_GATEWAY},
	{"parking", OPERATOR_PARKING},
	{"registrar", OPERATOR_REGISTRAR},
	{"sender", OPERATOR_SENDER},
};

static int refuse(const struct reading *reading, const char *found, const char *expected)
{
	return textfile_refuse(reading->error, reading->path, reading->line, found,
		strlen(found), expected);
}

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0, taken; i < len; i += taken) {
		uint32_t character;

		taken = utf8_decode((const uint8_t *)name + i, len - i, &character);
		if (taken == 0 || utf8_is_control(character))
			return false;
	}
	return len > 0 && len <= NAME_MAX_BYTES && name[0] != ' ' && name[len - 1] != ' ';
}

/* Finds or makes the provider of a line; one of a source that was read before is added to. */
static int take_provider(const struct reading *reading, const char *name,
	enum operator_kind kind, struct operators_provider **ret_provider)
{
	char *folded = operators_fold(name);
	struct operators_provider *provider;

	if (folded == NULL)
		return -ENOMEM;
	provider = wordmap_find(&reading->operators->names, folded);
	free(folded);
	if (provider == NULL)
		return operators_add(
			reading->operators, name, kind, reading->source, ret_provider);
	if (provider->source == reading->source)
		return refuse(reading, name, "a name that no line above has");
	*ret_provider = provider;
	return 0;
}

/* Names below a public suffix are anybody's. Not asked of the built-in table, which a newer list
 * of the system must not break; a test asks. */
static bool is_anybodys(const struct reading *reading, const char *suffix)
{
	return reading->source == OPERATORS_LOCAL &&
		psl_is_public_suffix2(psl_builtin(), suffix, PSL_TYPE_ICANN);
}

static int add_suffix(const struct reading *reading, const char *word,
	struct operators_provider *provider)
{
	struct operators *operators = reading->operators;
	struct wordmap *suffixes = &operators->suffixes[reading->source];
	uint8_t wire[NAME_WIRE_MAX];
	char suffix[NAME_TEXT_MAX];
	const char *why = NULL;
	int err = name_parse_domain(word, wire, &why);

	if (err == -ENOMEM)
		return err;
	if (err < 0)
		return refuse(reading, word, "a domain below which its mail hosts are");
	name_format(wire, suffix);
	if (is_anybodys(reading, suffix))
		return refuse(reading, word,
			"a domain of one holder: below this one anybody may have his");
	if (wordmap_find(suffixes, suffix) != NULL)
		return refuse(reading, word, "a suffix that no line above has");
	return wordmap_add(suffixes, suffix, provider);
}

static int make_room_for_as(struct operators *operators)
{
	struct operators_as *more;

	if (operators->as_len % AS_STEP != 0)
		return 0;
	more = reallocarray(operators->as, operators->as_len + AS_STEP, sizeof *more);
	if (more == NULL)
		return -ENOMEM;
	operators->as = more;
	return 0;
}

/* provider: NULL for an AS whose addresses anybody rents. Within a source, that it is such a one
 * decides; and of an AS that several providers have, none is its provider. */
static int add_as(struct operators *operators, uint32_t number,
	enum operators_source source, const struct operators_provider *provider)
{
	struct operators_as as = {.number = number,
		.source = source,
		.hosting = provider == NULL,
		.entry = provider != NULL ? &provider->entry : NULL};
	size_t at = 0;

	while (at < operators->as_len && operators->as[at].number < number)
		at++;
	if (at < operators->as_len && operators->as[at].number == number) {
		if (operators->as[at].source == source) {
			operators->as[at].hosting |= as.hosting;
			if (operators->as[at].entry != as.entry)
				operators->as[at].entry = NULL;
		}
		return 0;
	}
	if (make_room_for_as(operators) < 0)
		return -ENOMEM;
	memmove(&operators->as[at + 1], &operators->as[at],
		(operators->as_len - at) * sizeof *operators->as);
	operators->as[at] = as;
	operators->as_len++;
	return 0;
}

static int read_numbers(const struct reading *reading, char *words,
	const struct operators_provider *provider)
{
	char *rest = NULL;
	int err = 0;

	for (char *word = strtok_r(words, " ", &rest); word != NULL && err == 0;
		word = strtok_r(NULL, " ", &rest)) {
		uint32_t number;

		if (asn_parse_number(word, strlen(word), &number) < 0 || number == 0)
			return refuse(reading, word, "an AS number such as 64512");
		err = add_as(reading->operators, number, reading->source, provider);
	}
	return err;
}

static int read_hosting(const struct reading *reading, const struct columns *columns)
{
	if (columns->suffixes[0] != '\0')
		return refuse(reading, columns->suffixes,
			"\"-\": addresses are rented, not names");
	if (columns->numbers[0] == '\0')
		return refuse(reading, columns->numbers, "an AS number such as 64512");
	return read_numbers(reading, columns->numbers, NULL);
}

static int read_provider(const struct reading *reading, const struct columns *columns)
{
	struct operators_provider *provider = NULL;
	char *rest = NULL;
	size_t kind = 0;
	int err;

	while (kind < sizeof kinds / sizeof *kinds &&
		strcmp(kinds[kind].name, columns->kind) != 0)
		kind++;
	if (kind == sizeof kinds / sizeof *kinds)
		return refuse(reading, columns->kind,
			"mailbox, gateway, parking, registrar, sender or hosting");
	if (columns->suffixes[0] == '\0' && columns->numbers[0] == '\0')
		return refuse(reading, columns->name,
			"suffixes or AS numbers after name and kind");
	err = take_provider(reading, columns->name, kinds[kind].kind, &provider);
	for (char *word = strtok_r(columns->suffixes, " ", &rest);
		word != NULL && err == 0; word = strtok_r(NULL, " ", &rest))
		err = add_suffix(reading, word, provider);
	return err == 0 ? read_numbers(reading, columns->numbers, provider) : err;
}

/* Cuts a line at its tabs. Returns false where there are less than three columns or more than
 * four. */
static bool cut(char *line, struct columns *ret_columns)
{
	char *cells[COLUMNS] = {NULL};
	size_t count = 0;

	for (char *cell = line; cell != NULL; count++) {
		char *tab = strchr(cell, '\t');

		if (count == COLUMNS)
			return false;
		if (tab != NULL)
			*tab = '\0';
		cells[count] = strcmp(cell, "-") == 0 ? cell + 1 : cell;
		cell = tab != NULL ? tab + 1 : NULL;
	}
	if (count < COLUMNS - 1)
		return false;
	if (cells[3] == NULL)
		cells[3] = cells[2] + strlen(cells[2]);
	*ret_columns = (struct columns){.name = cells[0],
		.kind = cells[1],
		.suffixes = cells[2],
		.numbers = cells[3]};
	return true;
}

static int read_line(const struct reading *reading, const char *text, size_t len)
{
	char line[LINE_MAX_BYTES];
	struct columns columns;

	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len == 0 || text[0] == '#')
		return 0;
	if (len >= sizeof line || memchr(text, '\0', len) != NULL)
		return refuse(reading, "", "a line of text of less than 4096 bytes");
	memcpy(line, text, len);
	line[len] = '\0';
	if (!cut(line, &columns))
		return refuse(reading, line,
			"NAME TAB KIND TAB SUFFIXES, or \"-\", TAB AS NUMBERS");
	if (!is_name(columns.name))
		return refuse(reading, columns.name,
			"a name of 1 to 63 printable bytes of UTF-8");
	return strcmp(columns.kind, "hosting") == 0 ? read_hosting(reading, &columns)
						    : read_provider(reading, &columns);
}

int operators_read(struct operators *operators, enum operators_source source,
	const char *path, const char *text, size_t len, struct textfile_error *ret_error)
{
	struct reading reading = {.operators = operators,
		.source = source,
		.path = path,
		.error = ret_error};
	struct textfile_lines lines = {.next = text, .end = text + len};
	const char *line;
	size_t line_len;
	int err = 0;

	while (err == 0 && textfile_next_line(&lines, &line, &line_len)) {
		reading.line = lines.number;
		err = read_line(&reading, line, line_len);
	}
	return err;
}
