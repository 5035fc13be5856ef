/* SPDX-License-Identifier: MIT */
#include "monitor/protect/socketmap.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 5

/* The digits up to the colon. Zeros before others make it a length that nobody sends. */
static enum socketmap_state take_length(
	const char *bytes, size_t len, size_t *ret_digits, size_t *ret_length)
{
	size_t digits = 0;
	size_t length = 0;
	while (digits < len && bytes[digits] >= '0' && bytes[digits] <= '9') {
		length = 10 * length + (size_t)(bytes[digits] - '0');
		if (++digits > DIGITS_MAX)
			return SOCKETMAP_BROKEN;
	}
	if (length > SOCKETMAP_REQUEST_MAX || (digits > 1 && bytes[0] == '0'))
		return SOCKETMAP_BROKEN;
	if (digits == len)
		return SOCKETMAP_PART;
	if (digits == 0 || bytes[digits] != ':')
		return SOCKETMAP_BROKEN;
	*ret_digits = digits;
	*ret_length = length;
	return SOCKETMAP_WHOLE;
}

enum socketmap_state socketmap_take(
	const char *bytes, size_t len, struct socketmap_request *ret_request)
{
	size_t digits;
	size_t length;
	const enum socketmap_state state = take_length(bytes, len, &digits, &length);
	if (state != SOCKETMAP_WHOLE)
		return state;
	const char *const text = bytes + digits + 1;
	const size_t there = len - digits - 1;
	if (there <= length)
		return SOCKETMAP_PART;
	const char *const blank = memchr(text, ' ', length);
	if (text[length] != ',' || !blank || blank == text)
		return SOCKETMAP_BROKEN;
	*ret_request = (struct socketmap_request){
		.map = text,
		.map_len = (size_t)(blank - text),
		.key = blank + 1,
		.key_len = length - (size_t)(blank - text) - 1,
		.taken = digits + 1 + length + 1,
	};
	return SOCKETMAP_WHOLE;
}

size_t socketmap_answer(
	const char *word, const char *text, char ret_bytes[SOCKETMAP_ANSWER_MAX])
{
	assert(strlen(word) + 1 + strlen(text) <= SOCKETMAP_TEXT_MAX);
	return (size_t)snprintf(ret_bytes, SOCKETMAP_ANSWER_MAX, "%zu:%s %s,",
		strlen(word) + 1 + strlen(text), word, text);
}
