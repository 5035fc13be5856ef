/* SPDX-License-Identifier: MIT */
/* The input is foreign text: a name as it is written, and something to escape. */
#include <string.h>

#include "resolvers/name.h"
#include "resolvers/utf8.h"
#include "tests/fuzz/target.h"

static void check_parse(const char *text)
{
	uint8_t name[NAME_WIRE_MAX];
	uint8_t back[NAME_WIRE_MAX];
	char formatted[NAME_TEXT_MAX];

	if (name_parse(text, name) < 0)
		return;
	HOLDS(name_length(name) <= NAME_WIRE_MAX);
	HOLDS(strlen(name_format(name, formatted)) < NAME_TEXT_MAX);
	for (const char *at = formatted; *at != '\0'; at++)
		HOLDS(*at > ' ' && *at <= '~');
	HOLDS(name_parse(formatted, back) == 0);
	HOLDS(name_equal(name, back));
	HOLDS(name_is_below(name, name_parent(name)));
	HOLDS(strlen(name_format_display(name, formatted)) < NAME_TEXT_MAX);
}

/* A domain is the same after being shown and typed again, in either form. */
static void check_domain(const char *text)
{
	uint8_t name[NAME_WIRE_MAX];
	uint8_t back[NAME_WIRE_MAX];
	char formatted[NAME_TEXT_MAX];
	const char *why = NULL;

	if (name_parse_domain(text, name, &why) < 0) {
		HOLDS(why != NULL);
		return;
	}
	HOLDS(name_parse_domain(name_format(name, formatted), back, &why) == 0);
	HOLDS(name_equal(name, back));
	if (name_parse_domain(name_format_display(name, formatted), back, &why) == 0)
		HOLDS(name_equal(name, back));
}

static void check_escaped(enum name_sink sink, const uint8_t *text, size_t len)
{
	uint32_t character;
	size_t quotes = 0;

	for (size_t at = 0; at < len;) {
		size_t size = utf8_decode(text + at, len - at, &character);
		HOLDS(size > 0 && !utf8_is_control(character));
		quotes += character == '"';
		at += size;
	}
	if (sink != NAME_SINK_CSV)
		return;
	HOLDS(len >= 2 && text[0] == '"' && text[len - 1] == '"');
	HOLDS(quotes % 2 == 0);
	HOLDS(strchr("=+-@\t\r", text[1]) == NULL);
}

static void check_escape(const char *text, size_t len)
{
	for (int sink = NAME_SINK_TERMINAL; sink <= NAME_SINK_CSV; sink++) {
		char *escaped = NULL;
		size_t escaped_len = 0;
		FILE *out = open_memstream(&escaped, &escaped_len);

		if (out == NULL)
			return;
		name_escape((enum name_sink)sink, text, len, out);
		if (fclose(out) == 0)
			check_escaped((enum name_sink)sink, (const uint8_t *)escaped,
				escaped_len);
		free(escaped);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_parse(text);
	check_domain(text);
	check_escape(text, size);
	free(text);
	return 0;
}
