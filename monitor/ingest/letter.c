/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/letter.h"

#include <stdint.h>
#include <string.h>

/* U+00C0 to U+017F; a blank where there is no letter. */
static const char plain[] = "aaaaaaaceeeeiiiidnooooo ouuuuyts"
			    "aaaaaaaceeeeiiiidnooooo ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggg"
			    "gggghhhhiiiiiiiiiiiijjkkklllllll"
			    "lllnnnnnnnnnoooooooorrrrrrssssss"
			    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static bool is_trail(const char *text, size_t len, size_t at)
{
	return at < len && ((unsigned char)text[at] & 0xc0) == 0x80;
}

static void put(struct letter *letter, size_t taken, char c)
{
	letter->taken = taken;
	letter->len = c == ' ' ? 0 : 1;
	letter->bytes[0] = c;
}

static void put_two(struct letter *letter, unsigned code)
{
	letter->taken = 2;
	letter->len = 2;
	letter->bytes[0] = (char)(0xc0 | code >> 6);
	letter->bytes[1] = (char)(0x80 | (code & 0x3f));
}

/* U+0400 to U+047F: capitals stand 0x20 below their small letters, or 0x50 in the first row;
 * io is written as ie by most. */
static unsigned lower_cyrillic(unsigned code)
{
	if (code < 0x410)
		code += 0x50;
	else if (code < 0x430)
		code += 0x20;
	return code == 0x451 ? 0x435 : code;
}

/* Two bytes of UTF-8. */
static void read_two(const char *text, struct letter *letter)
{
	unsigned code =
		((unsigned char)text[0] & 0x1fU) << 6 | ((unsigned char)text[1] & 0x3fU);

	if (code < 0xc0)
		put(letter, 2, ' '); /* signs of Latin-1 */
	else if (code < 0x180)
		put(letter, 2, plain[code - 0xc0]);
	else
		put_two(letter,
			code >= 0x400 && code < 0x480 ? lower_cyrillic(code) : code);
}

/* Three bytes of UTF-8: signs, characters that are words, or others as they are. */
static void read_three(const char *text, struct letter *letter)
{
	unsigned first = (unsigned char)text[0];
	unsigned second = (unsigned char)text[1];

	if ((first == 0xe2 && second < 0x84) || (first == 0xe3 && second == 0x80) ||
		(first == 0xef && second >= 0xbc)) {
		put(letter, 3, ' ');
		return;
	}
	letter->taken = 3;
	letter->len = 3;
	memcpy(letter->bytes, text, 3);
	letter->is_word = first >= 0xe3 && first <= 0xed;
}

void letter_read(const char *text, size_t len, struct letter *ret_letter)
{
	unsigned first = (unsigned char)text[0];

	*ret_letter = (struct letter){.taken = 1};
	if (first >= 'A' && first <= 'Z')
		put(ret_letter, 1, (char)(first | 0x20));
	else if ((first >= 'a' && first <= 'z') || (first >= '0' && first <= '9'))
		put(ret_letter, 1, text[0]);
	else if (first >= 0xc2 && first < 0xe0 && is_trail(text, len, 1))
		read_two(text, ret_letter);
	else if (first >= 0xe0 && first < 0xf0 && is_trail(text, len, 1) &&
		is_trail(text, len, 2))
		read_three(text, ret_letter);
	else if (first >= 0xc0 && !is_trail(text, len, 1))
		put(ret_letter, 1, plain[first - 0xc0]);
	else if (first >= 0x80) /* of a charset that we do not know */
		put(ret_letter, 1, text[0]);
}
