/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * name — domain names: wire, presentation and IDNA forms, and their escaping.
 *
 * Inside the program a name is a lower-case wire name (RFC 1035 section 3.1): length-prefixed
 * labels ending in a zero byte, at most 255 bytes. Labels may hold any byte (RFC 2181
 * section 11). Text made here is safe for the sink it is made for and for no other.
 * Sources: RFC 1035 section 5.1 (\DDD), RFC 4343 (case), RFC 5890 (A-label, U-label).
 * Pure values: no I/O, no clock, no logging; usable from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define NAME_WIRE_MAX 255 /* bytes of a wire name, final zero included */
#define NAME_TEXT_MAX 1016 /* bytes of its escaped text, NUL included */

/* Bytes of a well-formed wire name, its final zero included. */
size_t name_length(const uint8_t *name);
bool name_equal(const uint8_t *a, const uint8_t *b);
/* Canonical order of RFC 4034 section 6.1 is not needed here: compares bytes, then length. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* True when name equals ancestor or lies below it. */
bool name_is_below(const uint8_t *name, const uint8_t *ancestor);
/* The name less its first label, pointing into name; the root is its own parent. */
const uint8_t *name_parent(const uint8_t *name);

/* Reads presentation text, with or without final dot; "" and "." are the root.
 * Folds ASCII to lower case. Returns 0, or -EINVAL for an empty label, a label over 63
 * bytes, a name over 255, or a bad \DDD. */
int name_parse(const char *text, uint8_t ret_name[NAME_WIRE_MAX])
	__attribute__((warn_unused_result));

/* Reads a recipient domain as people write it: A-label or U-label (UTF-8, IDNA 2008 with
 * UTS 46 mapping), any case, final dot allowed. Refused: the root, a single label, an IPv4 address,
 * bytes other than letters, digits, '-' and '_'. ASCII is taken as it stands, since the DNS holds
 * labels that start with xn-- and are no A-labels.
 * Returns 0, -EINVAL with *ret_why a static text saying what is wrong, or -ENOMEM. */
int name_parse_domain(const char *text, uint8_t ret_name[NAME_WIRE_MAX],
	const char **ret_why) __attribute__((warn_unused_result));

/* Writes lower-case presentation text without final dot; the root is "". Bytes other than
 * letters, digits, '-' and '_' are \DDD. Returns ret_text. */
char *name_format(const uint8_t *name, char ret_text[NAME_TEXT_MAX]);

/* As name_format, but with labels that are valid IDNA as U-labels in UTF-8, for people.
 * Falls back to the A-label wherever the conversion does not round-trip or the label holds
 * control, bidi or blank characters. */
char *name_format_display(const uint8_t *name, char ret_text[NAME_TEXT_MAX]);

/* Where foreign text goes: each sink has its own escaping. */
enum name_sink {
	NAME_SINK_TERMINAL, /* C0, DEL, C1, bidi marks, invalid UTF-8 as \xHH */
	NAME_SINK_LOG, /* the same, and '"' and '\' escaped: for use inside quotes */
	NAME_SINK_CSV, /* as for a terminal, RFC 4180 quoted; what starts a formula gets a ' */
};

/* Writes len bytes of foreign text to out, escaped for the sink. Errors stay in out's flag. */
void name_escape(enum name_sink sink, const char *text, size_t len, FILE *out);
