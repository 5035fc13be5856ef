/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * socketmap — the table protocol that mail servers speak: requests and answers as netstrings.
 *
 * A request is `LENGTH:MAP KEY,` and an answer `LENGTH:WORD TEXT,`, where LENGTH counts the bytes
 * between colon and comma. A client may send the next request before it has the answer.
 * Source: Postfix socketmap_table(5); D. J. Bernstein, "Netstrings". Pure.
 */
#include <stddef.h>

#define SOCKETMAP_REQUEST_MAX 16384 /* bytes between colon and comma */

enum socketmap_state {
	SOCKETMAP_PART, /* more is to come */
	SOCKETMAP_WHOLE,
	SOCKETMAP_BROKEN, /* no request will ever be made of it */
};

struct socketmap_request {
	const char *map; /* borrowed from the bytes, as the key is */
	size_t map_len;
	const char *key; /* any bytes */
	size_t key_len;
	size_t taken; /* bytes of the request, colon and comma included */
};

/* Reads the request that bytes begin with. ret_request is filled for SOCKETMAP_WHOLE. */
enum socketmap_state socketmap_take(
	const char *bytes, size_t len, struct socketmap_request *ret_request);

/* Writes an answer, text of at most SOCKETMAP_TEXT_MAX bytes, "" for none. Returns its length. */
#define SOCKETMAP_TEXT_MAX 64
#define SOCKETMAP_ANSWER_MAX 96
size_t socketmap_answer(
	const char *word, const char *text, char ret_bytes[SOCKETMAP_ANSWER_MAX]);
