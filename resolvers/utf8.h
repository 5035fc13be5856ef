/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * utf8 — reads UTF-8 strictly and knows the characters that deceive a reader.
 * Sources: RFC 3629 (no overlong forms, no surrogates), Unicode TR 9 (bidi controls).
 * Pure; usable from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character at bytes. Returns the bytes it takes, or 0 where they are not UTF-8. */
size_t utf8_decode(const uint8_t *bytes, size_t len, uint32_t *ret_character);

/* C0, DEL, C1, bidi controls, line and paragraph separators, tags: they steer a terminal
 * or rearrange the text around them. And noncharacters, which XML and painters of text refuse. */
bool utf8_is_control(uint32_t character);

/* Looks like nothing or like a space, the ASCII space included. */
bool utf8_is_blank(uint32_t character);
