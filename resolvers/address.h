/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * address — addresses of a host as members of an answer's set.
 *
 * The answer to a question for A or AAAA is kept as a set like that to MX: each address with
 * preference 0, as a name of one label, its hexadecimal digits in lower case. So it has one order
 * and one form, and is compared, hashed and stored by the same code. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"

#define ADDRESS_NAME_MAX 34 /* bytes: a label of 32 digits, and the root */

/* Writes the name of an address of 4 or 16 bytes. */
void address_to_name(
	const uint8_t *bytes, size_t len, uint8_t ret_name[ADDRESS_NAME_MAX]);
/* Reads it back, with port 0. Returns 0, or -EINVAL for a name that is none of an address. */
int address_from_name(const uint8_t *name, struct endpoint *ret_address)
	__attribute__((warn_unused_result));

/* "192.0.2.1", "2001:db8::1"; "?" for a name that is none. Returns ret_text. */
char *address_format(const uint8_t *name, char ret_text[ENDPOINT_TEXT_MAX]);
/* The reverse: of IPv4, or IPv6 where `len` is 16. Returns 0 or -EINVAL. */
int address_parse(const char *text, size_t len, uint8_t ret_name[ADDRESS_NAME_MAX])
	__attribute__((warn_unused_result));
