/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * wire — the unbelieving reader of DNS messages, and the writer of queries.
 *
 * Every byte that comes from outside passes here first. The reader allocates nothing, follows
 * at most WIRE_JUMPS_MAX compression pointers in one name and WIRE_WORK_MAX label steps in one
 * message, and trusts no count. What it cannot read is `malformed`, which is data.
 * Sources: RFC 1035 section 4, RFC 6891 (EDNS), RFC 8914 (extended errors), RFC 9267 (traps).
 * Pure: no I/O, no clock; usable from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/digest.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

#define WIRE_QUERY_MAX 290 /* header, question and OPT of one query */
#define WIRE_UDP_SIZE 1232 /* advertised EDNS payload (DNS flag day 2020) */
#define WIRE_MESSAGE_MAX 65535
#define WIRE_JUMPS_MAX 64 /* compression pointers in one name */
#define WIRE_WORK_MAX 32768 /* labels visited in one message */
#define WIRE_ALIAS_MAX 8 /* CNAMEs followed */

enum {
	WIRE_TYPE_A = 1,
	WIRE_TYPE_NS = 2,
	WIRE_TYPE_CNAME = 5,
	WIRE_TYPE_SOA = 6,
	WIRE_TYPE_MX = 15,
	WIRE_TYPE_AAAA = 28,
	WIRE_TYPE_OPT = 41,
};

/* Flags of struct wire_head. */
enum {
	WIRE_QR = 0x8000,
	WIRE_AA = 0x0400,
	WIRE_TC = 0x0200,
	WIRE_RD = 0x0100,
	WIRE_RA = 0x0080,
	WIRE_AD = 0x0020,
};

/* Builds a query of class IN. flags: WIRE_RD and WIRE_AD or 0; edns adds an OPT record with
 * WIRE_UDP_SIZE. Returns its length. */
size_t wire_build_query(uint8_t ret_query[WIRE_QUERY_MAX], uint16_t id,
	const uint8_t *name, uint16_t type, uint16_t flags, bool edns);

struct wire_head {
	uint16_t id;
	uint16_t flags; /* as on the wire, rcode included */
	uint16_t questions;
	uint16_t answers;
	uint16_t authorities;
	uint16_t additionals;
};

/* Returns false when msg is shorter than a header. */
bool wire_read_head(const uint8_t *msg, size_t len, struct wire_head *ret_head);

/* True when msg is a response (QR, opcode QUERY) to this one question in class IN: the id, the
 * type and, apart from case, the name are equal. What follows the question is not looked at. */
bool wire_is_reply(
	const uint8_t *msg, size_t len, uint16_t id, const uint8_t *name, uint16_t type);

enum wire_section {
	WIRE_ANSWER,
	WIRE_AUTHORITY,
	WIRE_ADDITIONAL,
};

/* A position in a message; lives on the stack. */
struct wire_reader {
	const uint8_t *msg; /* borrowed */
	size_t len;
	size_t at; /* next unread byte */
	unsigned left[3]; /* records still promised, by section */
	unsigned work; /* label steps spent */
};

struct wire_record {
	enum wire_section section;
	uint8_t owner[NAME_WIRE_MAX]; /* lower case */
	uint16_t type;
	uint16_t class;
	uint32_t
		ttl; /* seconds; a value over 2^31-1 reads as 0 (RFC 2181 section 8), OPT's
			 excepted, which is none */
	size_t rdata; /* offset in the message */
	uint16_t rdlength;
};

/* Places the reader behind the question. Returns 0, or -EBADMSG where header or question
 * cannot be read. */
int wire_reader_init(struct wire_reader *ret_reader, const uint8_t *msg, size_t len)
	__attribute__((warn_unused_result));
/* Reads the next record. Returns 1, 0 after the last, or -EBADMSG; *ret_record is undefined unless
 * it is 1, as are the names below after an error. */
int wire_next(struct wire_reader *reader, struct wire_record *ret_record)
	__attribute__((warn_unused_result));
/* Reads the name at offset, decompressed and lower case; *ret_end (NULL allowed) is the offset
 * behind it. Returns 0 or -EBADMSG. */
int wire_read_name(struct wire_reader *reader, size_t offset,
	uint8_t ret_name[NAME_WIRE_MAX], size_t *ret_end)
	__attribute__((warn_unused_result));
/* Reads an MX record's rdata. Returns 0 or -EBADMSG. */
int wire_read_mx(struct wire_reader *reader, const struct wire_record *record,
	uint16_t *ret_preference, uint8_t ret_exchange[NAME_WIRE_MAX])
	__attribute__((warn_unused_result));

/* What one message says to the question "MX of name?", or "A" or "AAAA", whose addresses then stand
 * for the exchanges (address.h), without a single allocation. */
struct wire_summary {
	enum answer_state state; /* never TIMEOUT or NETWORK */
	uint16_t flags; /* of the header */
	uint8_t rcode; /* low four bits and OPT's extension; 255 for anything larger */
	uint16_t ede; /* first extended error (RFC 8914), 0xffff without */
	bool referral; /* no answer, not AA, NS records of an ancestor: state is REFUSED */
	bool alias_only; /* a CNAME chain that ends outside this message: state is NODATA
				    and alias names where to ask on */
	bool beside_null; /* the null MX stands beside other records (RFC 7505 forbids it) */
	uint8_t alias_len; /* bytes of alias, 0 without a CNAME */
	uint8_t alias[NAME_WIRE_MAX]; /* end of the CNAME chain, lower case */
	struct digest digest; /* of a usable answer */
	uint32_t ttl_min; /* over the RRset and its CNAMEs; negative answers: the SOA's
				    min(TTL, MINIMUM) (RFC 2308); UINT32_MAX where there is none */
	unsigned records; /* of the type asked for, duplicates included */
	unsigned foreign; /* the same of other owners, ignored */
	const char *why; /* static text of what was wrong, NULL when usable */
};

/* Reads a message that wire_is_reply() has accepted. A TC message is summarised as far as it
 * goes; the caller must not compare it (RFC 2181 section 9). */
void wire_summarise(const uint8_t *msg, size_t len, const uint8_t *name, uint16_t type,
	const struct digest_key *key, struct wire_summary *ret_summary);
