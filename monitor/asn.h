/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * asn — which AS originates an address, by the longest prefix of a table.
 *
 * The table is a file of lines  PREFIX TAB AS-NUMBER  in any order, such as a dump of a routing
 * table gives; '#' starts a comment line. Of a prefix that stands there twice the first line
 * counts. Inside, the prefixes are laid out as ranges that do not overlap, so that a million
 * prefixes take some 20 MB and a look-up is a binary search within a /16 (of IPv6, in all).
 * Immutable once created; any thread.
 */
#include <stddef.h>
#include <stdint.h>

struct asn;
struct endpoint;
struct textfile_error;

#define ASN_FILE_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* Reads path. Returns 0, -ENOMEM, -EINVAL for a line that is wrong, or the error of reading;
 * ret_error is filled each time. *ret_asn: free with asn_destroy(). */
int asn_create(const char *path, struct asn **ret_asn, struct textfile_error *ret_error)
	__attribute__((warn_unused_result));
void asn_destroy(struct asn *asn);

/* 0 where no prefix holds the address, or where the one that does is of AS 0. */
uint32_t asn_of(const struct asn *asn, const struct endpoint *address);
/* Different prefixes that were read. */
size_t asn_prefixes(const struct asn *asn);

/* Reads "AS64512" or "64512". Returns 0 or -EINVAL. */
int asn_parse_number(const char *text, size_t len, uint32_t *ret_number)
	__attribute__((warn_unused_result));
