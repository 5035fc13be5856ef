/* SPDX-License-Identifier: MIT */
#include "alerts/mime.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/story_text.h"

#define COLUMNS 76
#define WORD_PLAIN 60 /* longer ones are encoded, since they could not be folded */
#define WORD_OPEN "=?utf-8?Q?"
#define WORD_CLOSE "?="
#define WORD_FRAME (sizeof WORD_OPEN + sizeof WORD_CLOSE - 2)
#define WORD_MOST 75 /* RFC 2047 section 2 */

static const char hex[] = "0123456789ABCDEF";

/* --- headers --- */

static bool is_plain(const char *word, size_t len)
{
	if (len > WORD_PLAIN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (word[i] < '!' || word[i] > '~' ||
			(word[i] == '=' && i + 1 < len && word[i + 1] == '?'))
			return false;
	return true;
}

/* What stands for itself in an encoded word, wherever the header is. */
static bool is_safe(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= 'a' && byte <= 'z') || byte == '-' || byte == '/';
}

static size_t character_bytes(const char *text, const char *end)
{
	size_t len = 1;

	while (text + len < end && ((unsigned char)text[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static size_t encoded_width(const char *text, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += text[i] == ' ' || is_safe((unsigned char)text[i]) ? 1 : 3;
	return width;
}

static void put_encoded(const char *text, size_t len, FILE *out)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char byte = (unsigned char)text[i];

		if (byte == ' ')
			putc('_', out);
		else if (is_safe(byte))
			putc(byte, out);
		else
			fprintf(out, "=%c%c", hex[byte >> 4], hex[byte & 15]);
	}
}

/* Bytes of whole characters, of which an encoded word of `room` columns has place. */
static size_t fit(const char *text, const char *end, size_t room)
{
	size_t taken = 0;
	size_t width = WORD_FRAME;

	while (text + taken < end) {
		const size_t len = character_bytes(text + taken, end);

		width += encoded_width(text + taken, len);
		if (width > room)
			break;
		taken += len;
	}
	return taken;
}

/* A run of text as encoded words. Returns the column behind it. */
static size_t put_run(const char *text, const char *end, size_t column, FILE *out)
{
	while (text < end) {
		size_t room = COLUMNS > column + 1 ? COLUMNS - column - 1 : 0;
		size_t len = fit(text, end, room < WORD_MOST ? room : WORD_MOST);

		if (len == 0) {
			fputs("\r\n", out);
			column = 0;
			len = fit(text, end, WORD_MOST);
		}
		fputs(" " WORD_OPEN, out);
		put_encoded(text, len, out);
		fputs(WORD_CLOSE, out);
		column += 1 + WORD_FRAME + encoded_width(text, len);
		text += len;
	}
	return column;
}

static size_t put_word(const char *word, size_t len, size_t column, FILE *out)
{
	if (column + 1 + len > COLUMNS) {
		fputs("\r\n", out);
		column = 0;
	}
	putc(' ', out);
	fwrite(word, 1, len, out);
	return column + 1 + len;
}

/* The end of a run of words that are to be encoded: blanks between such words would be lost. */
static const char *run_end(const char *text)
{
	const char *end = text;

	while (*text != '\0') {
		const size_t len = strcspn(text, " ");

		if (is_plain(text, len))
			break;
		end = text + len;
		text = end + strspn(end, " ");
	}
	return end;
}

void mime_header(const char *name, const char *text, FILE *out)
{
	char *shown = story_escape(text);
	const char *at = story_shown(shown);
	size_t column = strlen(name) + 1;

	fprintf(out, "%s:", name);
	while (*(at += strspn(at, " ")) != '\0') {
		const size_t len = strcspn(at, " ");

		if (is_plain(at, len)) {
			column = put_word(at, len, column, out);
			at += len;
		} else {
			const char *end = run_end(at);

			column = put_run(at, end, column, out);
			at = end;
		}
	}
	fputs("\r\n", out);
	free(shown);
}

void mime_date(int64_t at, FILE *out)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec"};
	const time_t seconds = (time_t)(at / 1000);
	struct tm parts = {0};

	gmtime_r(&seconds, &parts);
	fprintf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
		days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
		parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* --- bodies --- */

/* What some hop on the way could take for its own: a dot alone, "From ". */
static bool is_risky(const char *text)
{
	return *text == '.' || strncmp(text, "From ", 5) == 0;
}

static bool stands_for_itself(const char *text)
{
	const unsigned char byte = (unsigned char)*text;

	if (byte == ' ')
		return text[1] != '\n' && text[1] != '\0';
	return byte > ' ' && byte <= '~' && byte != '=';
}

void mime_quoted(const char *text, FILE *out)
{
	size_t column = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			fputs("\r\n", out);
			column = 0;
			continue;
		}
		const unsigned char byte = (unsigned char)*text;
		const bool plain =
			stands_for_itself(text) && !(column == 0 && is_risky(text));
		const size_t width = plain ? 1 : 3;

		/* One column is for the mark of a broken line. */
		if (column + width > COLUMNS - 1) {
			fputs("=\r\n", out);
			column = 0;
			text--;
			continue;
		}
		if (plain)
			putc(byte, out);
		else
			fprintf(out, "=%c%c", hex[byte >> 4], hex[byte & 15]);
		column += width;
	}
	if (column > 0)
		fputs("\r\n", out);
}

void mime_base64(const void *data, size_t len, FILE *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *bytes = data;
	size_t column = 0;

	for (size_t i = 0; i < len; i += 3) {
		const uint32_t three = (uint32_t)bytes[i] << 16 |
			(i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0) |
			(i + 2 < len ? bytes[i + 2] : 0u);

		putc(letters[three >> 18], out);
		putc(letters[three >> 12 & 63], out);
		putc(i + 1 < len ? letters[three >> 6 & 63] : '=', out);
		putc(i + 2 < len ? letters[three & 63] : '=', out);
		column += 4;
		if (column == COLUMNS || i + 3 >= len) {
			fputs("\r\n", out);
			column = 0;
		}
	}
}
