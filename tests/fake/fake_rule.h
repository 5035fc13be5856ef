/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fake_rule — what the scripted name server says to which question, and the bytes of it.
 *
 * A rule is one line of text, words separated by blanks:
 *
 *     NAME TYPE [KEY=VALUE]...
 *
 * NAME is a domain, "*" (any) or "*.example.test" (that and everything below); TYPE a mnemonic,
 * "TYPE123" or "*". The newest rule that fits and is not used up speaks; without one: REFUSED.
 *
 *   an= au= ad=      a record of the answer, authority or additional section:
 *                    TYPE:DATA[@OWNER][;TTL]; the owner is the question's name, the TTL is ttl=
 *                    A:192.0.2.1  AAAA:2001:db8::1  NS:ns.test  CNAME:x.test  MX:10,mx.test
 *                    SOA:SERIAL,MINIMUM  TYPE123:HEX (any type, any bytes)
 *   ttl=SECONDS      of records without one; 60
 *   rcode=           noerror, formerr, servfail, nxdomain, notimp, refused or a number
 *   flags=aa,ra,...  of aa, tc, ra, ad, or none; aa alone where it is not given; rd is echoed
 *   ede=NUMBER       an extended error (RFC 8914)
 *   edns=no          no OPT record in the answer
 *   via=udp|tcp      the rule is for this transport only
 *   times=N          speaks N times, then is used up
 *   delay=MS         answers after that time
 *   size=BYTES       the message is filled up to this size and, over UDP, not truncated for it
 *   do=VERB          answer (as else), drop (silence, over TCP a hanging connection),
 *                    empty, garbage or forge: first count= datagrams that are empty, random
 *                    behind the right id, or forged as kind= says, then the answer; over TCP:
 *                    bytes (each byte its own segment), half (half a frame, then closed),
 *                    close, reset, and forge, which here stands in place of the answer
 *   count=N          1
 *   kind=            id, name, type, class, qr, port, address, socket (to another socket of the
 *                    asker); mix: all in turn. A forged datagram says MX 0 evil.test
 *   then=drop        after count= datagrams, no answer
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/name.h"

#define FAKE_RECORDS 80

enum fake_verb {
	FAKE_ANSWER,
	FAKE_DROP,
	FAKE_EMPTY,
	FAKE_GARBAGE,
	FAKE_FORGE,
	FAKE_BYTES,
	FAKE_HALF,
	FAKE_CLOSE,
	FAKE_RESET,
};

enum fake_kind {
	FAKE_KIND_ID,
	FAKE_KIND_NAME,
	FAKE_KIND_TYPE,
	FAKE_KIND_CLASS,
	FAKE_KIND_QR,
	FAKE_KIND_PORT,
	FAKE_KIND_ADDRESS,
	FAKE_KIND_SOCKET,
	FAKE_KIND_MIX,
};

struct fake_record {
	unsigned section; /* 0 answer, 1 authority, 2 additional */
	bool has_owner;
	bool has_ttl;
	uint8_t owner[NAME_WIRE_MAX];
	uint16_t type;
	uint32_t ttl;
	uint16_t rdlength;
	uint8_t rdata[2 * NAME_WIRE_MAX + 20];
};

struct fake_rule {
	struct fake_rule *next; /* older */
	unsigned references;
	bool any_name;
	bool below;
	uint8_t name[NAME_WIRE_MAX];
	uint16_t type; /* 0 is any */
	bool udp;
	bool tcp;
	bool bounded;
	unsigned times;
	unsigned delay_ms;
	uint16_t flags;
	uint16_t rcode;
	bool no_edns;
	bool has_ede;
	uint16_t ede;
	uint32_t ttl;
	size_t size;
	enum fake_verb verb;
	enum fake_kind kind;
	unsigned count;
	bool then_drop;
	size_t records;
	struct fake_record record[FAKE_RECORDS];
};

/* A question as it was read. */
struct fake_question {
	uint16_t id;
	uint16_t flags;
	uint8_t name[NAME_WIRE_MAX]; /* lower case */
	uint16_t type;
	uint16_t class;
	bool edns;
	uint16_t edns_size;
	size_t end; /* of the question, in the query */
};

/* Returns 0 with a rule that fake_rule_release frees, -EINVAL with *ret_why, or -ENOMEM. */
int fake_rule_parse(const char *line, struct fake_rule **ret_rule, const char **ret_why)
	__attribute__((warn_unused_result));
void fake_rule_release(struct fake_rule *rule);

bool fake_question_read(
	const uint8_t *query, size_t len, struct fake_question *ret_question);
bool fake_rule_fits(
	const struct fake_rule *rule, const struct fake_question *question, bool tcp);

/* Writes the answer into 65,535 bytes; rule NULL is REFUSED. Returns its length. */
size_t fake_rule_answer(const struct fake_rule *rule, const uint8_t *query,
	const struct fake_question *question, bool tcp, uint8_t *ret_msg);
/* Writes a forged answer. Returns its length. */
size_t fake_rule_forge(enum fake_kind kind, unsigned salt, const uint8_t *query,
	const struct fake_question *question, uint8_t *ret_msg);

/* "MX", "A", or "TYPE123" in ret_text. */
const char *fake_type_name(uint16_t type, char ret_text[16]);
