/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * message — writes DNS messages for tests, well-formed ones and others.
 *
 * Names are presentation text and are not compressed; message_raw() writes what the other functions
 * would not. Records are appended in the order of the calls: answers first, then authorities.
 */
#include <stddef.h>
#include <stdint.h>

#include "resolvers/wire.h"

#define MESSAGE_ID 0x1234
#define MESSAGE_MAX 66000 /* a little more than fits, so that tests can go too far */

struct message {
	size_t len;
	uint8_t bytes[MESSAGE_MAX];
};

/* A response to "MX of name?", without records. flags: as in struct wire_head, QR is added. */
void message_start(struct message *message, const char *name, uint16_t flags);

void message_raw(struct message *message, const void *bytes, size_t len);
/* Promises records more in the section than were written. */
void message_promise(
	struct message *message, enum wire_section section, unsigned records);

void message_record(struct message *message, enum wire_section section, const char *owner,
	uint16_t type, uint32_t ttl, const void *rdata, size_t len);
void message_mx(struct message *message, const char *owner, uint32_t ttl,
	uint16_t preference, const char *exchange);
/* A CNAME or NS record. */
void message_name(struct message *message, enum wire_section section, const char *owner,
	uint16_t type, uint32_t ttl, const char *target);
void message_soa(
	struct message *message, const char *owner, uint32_t ttl, uint32_t minimum);
/* An OPT record; extension: the upper eight bits of the rcode. */
void message_opt(
	struct message *message, uint8_t extension, const void *options, size_t len);
/* An OPT record with one extended error. */
void message_ede(struct message *message, uint16_t code);
