/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mime — headers and bodies as they stand in a mail: ASCII, lines of 76 columns, CR LF.
 *
 * Whatever is given, one header comes out as one header and a body as a body. Errors of writing
 * stick to the stream. Sources: RFC 5322 (folding), 2045 (quoted-printable, base64), 2047
 * (encoded words), 2183 (Content-Disposition).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A header of words, folded between them. Words that are not plain ASCII, or look encoded
 * already, or are very long, become encoded words; bytes that steer are shown as \xHH before, and
 * blanks are made one. */
void mime_header(const char *name, const char *text, FILE *out);
/* "Thu, 29 Aug 2023 20:31:07 +0000". */
void mime_date(int64_t at, FILE *out);

void mime_quoted(const char *text, FILE *out);
void mime_base64(const void *data, size_t len, FILE *out);
