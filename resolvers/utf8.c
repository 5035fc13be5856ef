/* SPDX-License-Identifier: MIT */
#include "resolvers/utf8.h"

struct range {
	uint32_t first;
	uint32_t last;
};

static const struct range controls[] = {
	{0x00, 0x1f}, {0x7f, 0x9f}, {0x061c, 0x061c}, /* Arabic letter mark */
	{0x200e, 0x200f}, /* left-to-right and right-to-left marks */
	{0x2028, 0x202e}, /* separators, embeddings, overrides */
	{0x2066, 0x206f}, /* isolates, deprecated format controls */
	{0xfdd0, 0xfdef}, /* noncharacters */
	{0xfff9, 0xfffb}, /* interlinear annotation */
	{0xe0000, 0xe0fff}, /* tags, variation selectors supplement */
};

static const struct range blanks[] = {
	{0x20, 0x20}, {0xa0, 0xa0}, {0xad, 0xad}, /* soft hyphen */
	{0x034f, 0x034f}, /* combining grapheme joiner */
	{0x115f, 0x1160}, /* Hangul fillers */
	{0x1680, 0x1680}, {0x17b4, 0x17b5}, /* Khmer inherent vowels */
	{0x180b, 0x180f}, /* Mongolian selectors and separator */
	{0x2000, 0x200d}, /* spaces, zero-width space and joiners */
	{0x202f, 0x202f},
	{0x205f, 0x2064}, /* mathematical space, word joiner, invisible operators */
	{0x2800, 0x2800}, /* Braille pattern blank */
	{0x3000, 0x3000}, {0x3164, 0x3164}, /* Hangul filler */
	{0xfe00, 0xfe0f}, /* variation selectors */
	{0xfeff, 0xfeff}, /* byte order mark */
	{0xffa0, 0xffa0}, /* half-width Hangul filler */
};

static bool is_within(const struct range *ranges, size_t len, uint32_t character)
{
	for (size_t i = 0; i < len; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

bool utf8_is_control(uint32_t character)
{
	return (character & 0xfffe) == 0xfffe ||
		is_within(controls, sizeof controls / sizeof *controls, character);
}

bool utf8_is_blank(uint32_t character)
{
	return is_within(blanks, sizeof blanks / sizeof *blanks, character);
}

size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *ret_character)
{
	/* By number of bytes: the smallest character that needs so many. */
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

	if (len == 0)
		return 0;
	if (bytes[0] < 0x80) {
		*ret_character = bytes[0];
		return 1;
	}
	size_t size = bytes[0] < 0xc2 ? 0
		: bytes[0] < 0xe0     ? 2
		: bytes[0] < 0xf0     ? 3
		: bytes[0] < 0xf5     ? 4
				      : 0;
	if (size == 0 || size > len)
		return 0;

	uint32_t character = bytes[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (bytes[i] & 0x3fu);
	}
	if (character < smallest[size] || character > 0x10ffff ||
		(character >= 0xd800 && character <= 0xdfff))
		return 0;
	*ret_character = character;
	return size;
}
