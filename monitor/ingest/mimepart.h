/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mimepart — where the parts of a mail are, found without recursion and with hard limits.
 *
 * Knows header blocks, boundaries and nesting; decodes nothing. One pass over the bytes: lines
 * are compared with the boundaries that are open, of which there are few. An attached message is
 * one part: what is inside of it is not looked at. Where mail programs differ (a boundary
 * that is missing, empty, repeated, or used by two levels) the innermost open one counts, a
 * multipart without one, or whose one does not occur, is plain text, and the end of the mail
 * ends every part.
 * The text has LF line ends and no NUL (mimepart_normalise()). Pure; any thread.
 * Source: RFC 2045, RFC 2046, RFC 5322.
 */
#include <stddef.h>
#include <stdint.h>

#define MIMEPART_DEPTH_MAX 8 /* multiparts inside of each other */
#define MIMEPART_PARTS_MAX 100
#define MIMEPART_HEADER_BYTES_MAX (256 * 1024) /* of one header block */
#define MIMEPART_HEADERS_MAX 1000
#define MIMEPART_WORD_MAX 80

/* Pointers are borrowed from the text. */
struct mimepart {
	const char *header;
	size_t header_len;
	const char *body;
	size_t body_len;
	char type[MIMEPART_WORD_MAX]; /* "text/plain", lower case; that is the default */
	char charset[MIMEPART_WORD_MAX]; /* as written, or "" */
	char encoding[MIMEPART_WORD_MAX]; /* of the transfer, lower case, or "" */
};

/* Gets each part that is no multipart, in order. Non-zero ends the walk, which returns it. */
typedef int (*mimepart_fn)(void *owner, const struct mimepart *part);

/* Any line end becomes LF and a NUL a space: copies at most len bytes. Returns their number. */
size_t mimepart_normalise(const uint8_t *from, size_t len, char *to);

/* *ret_why: NULL, or the limit that the mail breaks; then fn was not called at all.
 * Returns 0, -ENOMEM, or what fn returned. */
int mimepart_walk(const char *text, size_t len, mimepart_fn fn, void *owner,
	const char **ret_why) __attribute__((warn_unused_result));

/* The length of the header block at the start of text, its blank line included. */
size_t mimepart_header_length(const char *text, size_t len);
/* Copies the value of the first header of that name into value, folds undone, cut to size;
 * "" where there is none. Returns its length. */
size_t mimepart_header(
	const char *header, size_t len, const char *name, char *value, size_t size);
/* Copies a parameter of a structured header's value, quotes undone; "" where it is not there.
 * Returns its length. */
size_t mimepart_parameter(const char *value, const char *name, char *text, size_t size);
