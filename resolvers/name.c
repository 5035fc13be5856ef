/* SPDX-License-Identifier: MIT */
#include "resolvers/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>

#include "resolvers/utf8.h"

#define LABEL_MAX 63
#define DOMAIN_TEXT_MAX 1024 /* UTF-8 bytes of a recipient domain that are looked at */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static uint8_t fold(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* What stands unescaped in presentation text: safe in every sink. */
static bool is_plain(uint8_t byte)
{
	uint8_t letter = fold(byte);

	return (letter >= 'a' && letter <= 'z') || is_digit(byte) || byte == '-' ||
		byte == '_';
}

size_t name_length(const uint8_t *name)
{
	size_t at = 0;

	while (name[at] != 0)
		at += 1u + name[at];
	return at + 1;
}

bool name_equal(const uint8_t *a, const uint8_t *b)
{
	return name_compare(a, b) == 0;
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
	size_t a_len = name_length(a);
	size_t b_len = name_length(b);
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

const uint8_t *name_parent(const uint8_t *name)
{
	return name[0] == 0 ? name : name + 1 + name[0];
}

bool name_is_below(const uint8_t *name, const uint8_t *ancestor)
{
	size_t ancestor_len = name_length(ancestor);
	size_t left = name_length(name);

	while (left > ancestor_len) {
		left -= 1u + name[0];
		name = name_parent(name);
	}
	return left == ancestor_len && memcmp(name, ancestor, left) == 0;
}

/* Takes one byte of a label off the text, \DDD and \X undone; -1 where it is bad. */
static int take_byte(const char **text)
{
	const uint8_t *at = (const uint8_t *)*text;

	if (at[0] != '\\') {
		*text += 1;
		return at[0];
	}
	if (!is_digit(at[1])) {
		*text += 2;
		return at[1] != '\0' ? at[1] : -1;
	}
	if (!is_digit(at[2]) || !is_digit(at[3]))
		return -1;
	int value = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
	*text += 4;
	return value <= 0xff ? value : -1;
}

int name_parse(const char *text, uint8_t ret_name[NAME_WIRE_MAX])
{
	uint8_t wire[NAME_WIRE_MAX];
	size_t label = 0; /* where the length of the label being read will stand */
	size_t at = 1;

	if (strcmp(text, ".") == 0)
		text++;
	while (*text != '\0') {
		if (*text == '.') {
			if (at == label + 1)
				return -EINVAL;
			wire[label] = (uint8_t)(at - label - 1);
			label = at++;
			text++;
			continue;
		}
		int byte = take_byte(&text);
		if (byte < 0 || at - label > LABEL_MAX || at >= NAME_WIRE_MAX - 1)
			return -EINVAL;
		wire[at++] = fold((uint8_t)byte);
	}
	if (at > label + 1) {
		wire[label] = (uint8_t)(at - label - 1);
		label = at;
	}
	wire[label] = 0;
	memcpy(ret_name, wire, label + 1);
	return 0;
}

/* What is wrong with a domain before any conversion, NULL when nothing is. */
static const char *find_bad_text(const char *text, bool *ret_ascii)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t len = strlen(text);
	uint32_t character;
	bool ascii = true;

	if (len == 0)
		return "the domain is empty";
	if (len > DOMAIN_TEXT_MAX)
		return "the domain is too long";
	for (size_t at = 0; at < len;) {
		size_t size = utf8_decode(bytes + at, len - at, &character);
		if (size == 0)
			return "the domain is not UTF-8";
		bool joiner = character == 0x200c || character == 0x200d;
		if (utf8_is_control(character) || (utf8_is_blank(character) && !joiner))
			return "the domain holds blank, control or bidi characters";
		ascii = ascii && size == 1;
		at += size;
	}
	*ret_ascii = ascii;
	return NULL;
}

/* The same for its ASCII form. */
static const char *find_bad_ascii(const char *text, const uint8_t *name)
{
	for (; *text != '\0'; text++)
		if (*text != '.' && !is_plain((uint8_t)*text))
			return "a domain holds letters, digits, '-' and '_' only";
	if (name[0] == 0)
		return "the root is no recipient domain";
	if (*name_parent(name) == 0)
		return "a recipient domain has two labels at least";

	const uint8_t *last = name;
	while (*name_parent(last) != 0)
		last = name_parent(last);
	for (size_t i = 1; i <= last[0]; i++)
		if (!is_digit(last[i]))
			return NULL;
	return "an IP address is no domain";
}

/* Mapping may turn one character into ASCII such as '/', so its result is checked as well. */
static int parse_ascii(
	const char *text, uint8_t ret_name[NAME_WIRE_MAX], const char **ret_why)
{
	uint8_t name[NAME_WIRE_MAX];
	const char *why = "a label is empty, longer than 63 or the domain than 253 bytes";

	if (name_parse(text, name) == 0)
		why = find_bad_ascii(text, name);
	if (why != NULL) {
		*ret_why = why;
		return -EINVAL;
	}
	memcpy(ret_name, name, name_length(name));
	return 0;
}

static int to_ascii(const char *text, char **ret_ascii)
{
	uint8_t *ascii = NULL;
	int rc = idn2_lookup_u8(
		(const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

	if (rc == IDN2_OK)
		*ret_ascii = (char *)ascii;
	return rc;
}

int name_parse_domain(
	const char *text, uint8_t ret_name[NAME_WIRE_MAX], const char **ret_why)
{
	bool is_ascii = false;
	const char *why = find_bad_text(text, &is_ascii);

	if (why != NULL) {
		*ret_why = why;
		return -EINVAL;
	}
	if (is_ascii)
		return parse_ascii(text, ret_name, ret_why);

	char *ascii;
	int rc = to_ascii(text, &ascii);
	if (rc == IDN2_MALLOC)
		return -ENOMEM;
	if (rc != IDN2_OK) {
		*ret_why = idn2_strerror(rc);
		return -EINVAL;
	}
	int r = parse_ascii(ascii, ret_name, ret_why);
	idn2_free(ascii);
	return r;
}

/* Writes one label, escaped; returns the end of what it wrote. */
static char *format_label(const uint8_t *label, char *text)
{
	for (size_t i = 1; i <= label[0]; i++) {
		uint8_t byte = label[i];

		if (is_plain(byte)) {
			*text++ = (char)fold(byte);
			continue;
		}
		*text++ = '\\';
		*text++ = (char)('0' + byte / 100);
		*text++ = (char)('0' + byte / 10 % 10);
		*text++ = (char)('0' + byte % 10);
	}
	return text;
}

char *name_format(const uint8_t *name, char ret_text[NAME_TEXT_MAX])
{
	char *at = ret_text;

	for (const uint8_t *label = name; *label != 0; label = name_parent(label)) {
		if (label != name)
			*at++ = '.';
		at = format_label(label, at);
	}
	*at = '\0';
	return ret_text;
}

static bool is_fit_to_show(const char *text)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t len = strlen(text);
	uint32_t character;

	for (size_t at = 0; at < len;) {
		size_t size = utf8_decode(bytes + at, len - at, &character);
		if (size == 0 || utf8_is_control(character) || utf8_is_blank(character))
			return false;
		at += size;
	}
	return true;
}

/* Writes the label as U-label when it is one, and returns the end; NULL when it is not. A U-label
 * of more than four bytes for each of its A-label's does not exist, so both fit. */
static char *format_u_label(const uint8_t *label, char *text)
{
	char a_label[LABEL_MAX * 4 + 1];
	char *u_label = NULL;
	char *back = NULL;
	char *end = NULL;

	*format_label(label, a_label) = '\0';
	if (strncmp(a_label, "xn--", 4) != 0 || strlen(a_label) != label[0])
		return NULL;
	if (idn2_to_unicode_8z8z(a_label, &u_label, 0) != IDN2_OK)
		return NULL;
	size_t len = strlen(u_label);
	if (len <= 4u * label[0] && is_fit_to_show(u_label) &&
		to_ascii(u_label, &back) == IDN2_OK && strcmp(back, a_label) == 0) {
		memcpy(text, u_label, len);
		end = text + len;
	}
	idn2_free(back);
	idn2_free(u_label);
	return end;
}

char *name_format_display(const uint8_t *name, char ret_text[NAME_TEXT_MAX])
{
	char *at = ret_text;

	for (const uint8_t *label = name; *label != 0; label = name_parent(label)) {
		if (label != name)
			*at++ = '.';
		char *end = format_u_label(label, at);
		at = end != NULL ? end : format_label(label, at);
	}
	*at = '\0';
	return ret_text;
}

/* Spreadsheets run a cell that starts so, also in full width, also behind spaces. */
static bool is_formula(const uint8_t *bytes, size_t len)
{
	uint32_t character = 0;
	size_t at = 0;

	while (at < len && bytes[at] == ' ')
		at++;
	if (utf8_decode(bytes + at, len - at, &character) == 0)
		return false;
	if (character >= 0xff01 && character <= 0xff5e)
		character -= 0xff01 - '!';
	return character == '=' || character == '+' || character == '-' ||
		character == '@' || character == '\t' || character == '\r';
}

static void escape_character(
	enum name_sink sink, const uint8_t *bytes, size_t size, FILE *out)
{
	switch (sink) {
	case NAME_SINK_TERMINAL:
		break;
	case NAME_SINK_LOG:
		if (bytes[0] == '"' || bytes[0] == '\\')
			putc('\\', out);
		break;
	case NAME_SINK_CSV:
		if (bytes[0] == '"')
			putc('"', out);
		break;
	}
	fwrite(bytes, 1, size, out);
}

void name_escape(enum name_sink sink, const char *text, size_t len, FILE *out)
{
	const uint8_t *bytes = (const uint8_t *)text;
	uint32_t character;

	if (sink == NAME_SINK_CSV)
		fputs(is_formula(bytes, len) ? "\"'" : "\"", out);
	for (size_t at = 0; at < len;) {
		size_t size = utf8_decode(bytes + at, len - at, &character);
		bool bad = size == 0 || utf8_is_control(character);

		size = size != 0 ? size : 1;
		if (bad)
			for (size_t i = 0; i < size; i++)
				fprintf(out, "\\x%02x", bytes[at + i]);
		else
			escape_character(sink, bytes + at, size, out);
		at += size;
	}
	if (sink == NAME_SINK_CSV)
		putc('"', out);
}
