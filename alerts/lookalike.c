/* SPDX-License-Identifier: MIT */
#include "alerts/lookalike.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "resolvers/name.h"

#define SKELETON_MAX 260 /* a label of 63 bytes is at most as many characters */

enum script {
	SCRIPT_COMMON,
	SCRIPT_LATIN,
	SCRIPT_GREEK,
	SCRIPT_CYRILLIC,
	SCRIPT_ARMENIAN,
};

static const char *const known[] = {"126", "163", "1und1", "aliyun", "amazon",
	"amazonaws", "aol", "apple", "arcor", "att", "barracuda", "bluewin", "charter",
	"cloudflare", "comcast", "cox", "facebook", "fastmail", "free", "freenet",
	"gmail", "gmx", "google", "googlemail", "hotmail", "icloud", "interia", "ionos",
	"kpn", "kundenserver", "laposte", "libero", "live", "mail", "mailbox", "mailgun",
	"messagelabs", "microsoft", "mimecast", "msn", "naver", "office", "onet",
	"online", "orange", "outlook", "ovh", "paypal", "posteo", "pphosted",
	"proofpoint", "protection", "proton", "protonmail", "rambler", "sbcglobal",
	"secureserver", "sendgrid", "seznam", "sfr", "sina", "strato", "t-online",
	"telekom", "telenet", "tiscali", "verizon", "virgilio", "vodafone", "wanadoo",
	"web", "yahoo", "yandex", "ymail", "ziggo", "zoho"};

/* Letters that are drawn as a Latin one. */
static const struct {
	uint32_t character;
	char latin;
} twins[] = {
	/* Greek */
	{0x03b1, 'a'},
	{0x03b3, 'y'},
	{0x03b5, 'e'},
	{0x03b7, 'n'},
	{0x03b9, 'i'},
	{0x03ba, 'k'},
	{0x03bc, 'u'},
	{0x03bd, 'v'},
	{0x03bf, 'o'},
	{0x03c1, 'p'},
	{0x03c3, 'o'},
	{0x03c4, 't'},
	{0x03c5, 'u'},
	{0x03c7, 'x'},
	{0x03c9, 'w'},
	{0x03f2, 'c'},
	{0x03f3, 'j'},
	/* Cyrillic */
	{0x0430, 'a'},
	{0x0432, 'b'},
	{0x0433, 'r'},
	{0x0435, 'e'},
	{0x0437, '3'},
	{0x043a, 'k'},
	{0x043c, 'm'},
	{0x043d, 'h'},
	{0x043e, 'o'},
	{0x043f, 'n'},
	{0x0440, 'p'},
	{0x0441, 'c'},
	{0x0442, 't'},
	{0x0443, 'y'},
	{0x0445, 'x'},
	{0x044a, 'b'},
	{0x044c, 'b'},
	{0x0450, 'e'},
	{0x0451, 'e'},
	{0x0455, 's'},
	{0x0456, 'i'},
	{0x0457, 'i'},
	{0x0458, 'j'},
	{0x0461, 'w'},
	{0x0475, 'v'},
	{0x04ae, 'y'},
	{0x04af, 'y'},
	{0x04bb, 'h'},
	{0x04cf, 'l'},
	{0x0501, 'd'},
	{0x0511, 'e'},
	{0x051b, 'q'},
	{0x051d, 'w'},
	/* Armenian */
	{0x0561, 'w'},
	{0x0563, 'q'},
	{0x0566, 'q'},
	{0x0570, 'h'},
	{0x0578, 'n'},
	{0x057c, 'n'},
	{0x057d, 'u'},
	{0x0581, 'g'},
	{0x0582, 'i'},
	{0x0584, 'f'},
	{0x0585, 'o'},
	/* Latin */
	{0x0131, 'i'},
	{0x0251, 'a'},
	{0x0261, 'g'},
	{0x0269, 'i'},
	{0x1d0f, 'o'},
};

/* Latin letters with marks, U+00E0 to U+017F, without them; '.': stands for itself alone. */
static const char unmarked[] = "aaaaaa.ceeeeiiiidnooooo.ouuuuy.y"
			       "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii"
			       "..jjkk.llllllllllnnnnnnnnnoooooo..rrrrrrsssssssst"
			       "tttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* The next character of UTF-8 that is known to be valid. */
static uint32_t next_character(const char **text)
{
	const uint8_t *at = (const uint8_t *)*text;
	const size_t size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t character = at[0] & (size == 1 ? 0x7fu : 0xffu >> (size + 1));

	for (size_t i = 1; i < size && at[i] != '\0'; i++)
		character = character << 6 | (at[i] & 0x3fu);
	*text += strnlen(*text, size);
	return character;
}

static enum script script_of(uint32_t character)
{
	if ((character >= 'a' && character <= 'z') ||
		(character >= 0xe0 && character <= 0x24f))
		return SCRIPT_LATIN;
	if ((character >= 0x370 && character <= 0x3ff) ||
		(character >= 0x1f00 && character <= 0x1fff))
		return SCRIPT_GREEK;
	if (character >= 0x400 && character <= 0x52f)
		return SCRIPT_CYRILLIC;
	if (character >= 0x531 && character <= 0x58f)
		return SCRIPT_ARMENIAN;
	return SCRIPT_COMMON;
}

/* What a character is drawn like; '\0' where it is like none. */
static char latin_of(uint32_t character)
{
	if (character == '0')
		return 'o';
	if (character == '1')
		return 'l';
	if (character < 0x80)
		return (char)character;
	if (character >= 0xe0 && character - 0xe0 < sizeof unmarked - 1)
		if (unmarked[character - 0xe0] != '.')
			return unmarked[character - 0xe0];
	for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
		if (twins[i].character == character)
			return twins[i].latin;
	return '\0';
}

/* Adds a letter, two that look like one made one. */
static size_t add_letter(char *skeleton, size_t len, char letter)
{
	if (len > 0 && skeleton[len - 1] == 'r' && letter == 'n') {
		skeleton[len - 1] = 'm';
		return len;
	}
	if (len > 0 && skeleton[len - 1] == 'v' && letter == 'v') {
		skeleton[len - 1] = 'w';
		return len;
	}
	skeleton[len] = letter;
	return len + 1;
}

/* How a label looks, in Latin letters; "" where it looks like none. */
static void draw(const char *label, size_t label_len, char ret_skeleton[SKELETON_MAX])
{
	const char *end = label + label_len;
	size_t len = 0;

	while (label < end && len < SKELETON_MAX - 1) {
		const char letter = latin_of(next_character(&label));

		if (letter == '\0') {
			len = 0;
			break;
		}
		len = add_letter(ret_skeleton, len, letter);
	}
	ret_skeleton[len] = '\0';
}

static const char *find_like(const char *label, size_t len)
{
	char skeleton[SKELETON_MAX];
	char other[SKELETON_MAX];

	draw(label, len, skeleton);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		draw(known[i], strlen(known[i]), other);
		if (strcmp(skeleton, other) == 0)
			return strlen(known[i]) == len &&
					memcmp(known[i], label, len) == 0
				? NULL
				: known[i];
	}
	return NULL;
}

static bool is_mixed(const char *label, size_t len)
{
	const char *end = label + len;
	enum script first = SCRIPT_COMMON;

	while (label < end) {
		const enum script script = script_of(next_character(&label));

		if (script == SCRIPT_COMMON)
			continue;
		if (first != SCRIPT_COMMON && first != script)
			return true;
		first = script;
	}
	return false;
}

bool lookalike_find(const char *name, struct lookalike *ret_lookalike)
{
	uint8_t wire[NAME_WIRE_MAX];
	char shown[NAME_TEXT_MAX];
	struct lookalike found = {0};

	if (name_parse(name, wire) < 0)
		return false;
	for (const char *at = name_format_display(wire, shown); *at != '\0';) {
		const size_t len = strcspn(at, ".");

		if (found.like == NULL)
			found.like = find_like(at, len);
		found.mixed |= is_mixed(at, len);
		at += len + (at[len] == '.');
	}
	*ret_lookalike = found;
	return found.like != NULL || found.mixed;
}
