/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * record — the durable nouns: what the history consists of, as plain structs.
 *
 * All instants (`_at`) are milliseconds since 1970-01-01 UTC; durations carry `_ms` or `_s`.
 * Numbers of enums are stored and never change. Pointers in a record are borrowed: from the
 * caller when it is written, until the callback returns when it is read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/mxset.h"

/* What a point looks at. In what is written, 0 is MX too. */
enum {
	RECORD_TYPE_A = 1,
	RECORD_TYPE_MX = 15,
	RECORD_TYPE_AAAA = 28,
};

/* Whether the answers are sets of addresses, as of resolvers/address.h. */
bool record_type_is_address(uint16_t rrtype);
/* "MX", "A", "AAAA"; "TYPE?". Static. */
const char *record_type_name(uint16_t rrtype);
/* In any case. Returns 0 or -EINVAL. */
int record_type_from_name(const char *name, uint16_t *ret_rrtype)
	__attribute__((warn_unused_result));
/* What an answer is called: as answer_state_name(), but "address" for a set of addresses. */
const char *record_answer_name(uint16_t rrtype, enum answer_state state);

enum gap_reason {
	/* 16 to 21: the failure of that number in enum answer_state */
	GAP_STOPPED = 1, /* the monitor was not running */
	GAP_CRASHED = 2, /* it ended without a word */
	GAP_SUSPENDED = 3, /* the machine slept */
	GAP_CLOCK = 4, /* the wall clock was stepped */
	GAP_OVERLOAD = 5, /* polls came later than planned */
	GAP_UNWATCHED = 6, /* nobody had asked us to look */
};

/* "stopped", ... or the failure's name. Static. */
const char *gap_reason_name(unsigned reason);
/* Returns 0 or -EINVAL. */
int gap_reason_from_name(const char *name, unsigned *ret_reason)
	__attribute__((warn_unused_result));

enum change_kind {
	CHANGE_ADDED = 1, /* hosts joined, none left */
	CHANGE_REMOVED = 2, /* hosts left, none joined */
	CHANGE_REPLACED = 3, /* no host stayed */
	CHANGE_PARTLY_REPLACED = 4, /* some stayed, some left, some joined */
	CHANGE_PREFERENCE = 5, /* the same hosts at other preferences */
	CHANGE_ANSWER = 6, /* from or to something that is no set of hosts */
};
const char *change_kind_name(enum change_kind kind);
/* Names what differs between two answers that are not equal. Pure. */
enum change_kind change_kind_of(enum answer_state from_state, const struct mxset *from,
	enum answer_state to_state, const struct mxset *to);

enum confirmation {
	CONFIRMED_NOT = 0,
	CONFIRMED_TCP = 1, /* the same server over TCP */
	CONFIRMED_UDP = 2, /* two further UDP asks, TCP having failed */
	CONFIRMED_SERVER = 3, /* another server of an authoritative view */
};
const char *confirmation_name(enum confirmation by);

/* Flags of a span. */
enum {
	SPAN_AUTHENTICATED = 1, /* AD from a trusted resolver */
	SPAN_BESIDE_NULL = 2, /* a null MX beside other records */
};

/* A usable answer as a value. */
struct answer_value {
	enum answer_state state;
	const struct mxset *set; /* never NULL; empty unless state is MX or NULL_MX */
};

/* One type of record of one domain looked at from one view: what is polled. Its number is stable
 * in one store. */
struct point {
	int64_t number; /* from 1, dense */
	const uint8_t *domain; /* wire name, lower case; of addresses the exchange */
	const char *view;
	uint16_t rrtype;
	int64_t interval_ms;
	int64_t timeout_ms; /* of one try */
	int64_t bucket_ms; /* length of its coverage buckets, a day at most */
	bool watched;
};

/* What confirming polls have added since the open span began. Flushed in blocks, so that a poll
 * costs no row. All zero where nothing has been polled. */
struct pulse {
	int64_t last_at; /* last usable poll, that of the open span's answer or not */
	int64_t confirmed_at; /* last poll that gave the open span's answer: its last_at */
	uint32_t polls; /* confirming polls, the first sight included */
	uint32_t ttl_min; /* seconds; UINT32_MAX where no RRset was seen */
	uint32_t ttl_max; /* seconds; 0 */
	uint32_t bucket_polls; /* of the bucket that is still filling: all polls, */
	uint32_t bucket_usable; /* the usable among them, */
	uint32_t
		bucket_longest_ms; /* longest distance to the poll before, gaps left out */
	int64_t bucket_at; /* its start; 0 for none */
};

struct span {
	int64_t number;
	const uint8_t *domain;
	const char *view;
	const char *server; /* as endpoint_format(); NULL for the view as a whole */
	uint16_t rrtype;
	struct answer_value answer;
	const uint8_t *alias; /* end of the owner's CNAME chain, NULL without one */
	int64_t first_at; /* first sight */
	int64_t not_before_at; /* last usable poll before it, of whatever answer; 0 where none */
	int64_t last_at; /* last poll that confirmed it */
	bool open;
	uint32_t polls;
	uint32_t ttl_min; /* as in struct pulse */
	uint32_t ttl_max;
	unsigned flags;
	bool imported;
};

struct gap {
	int64_t number;
	const uint8_t *domain;
	const char *view;
	const char *server; /* NULL for the view as a whole */
	uint16_t rrtype; /* of its point */
	int64_t from_at; /* last usable poll before it, or when watching began */
	int64_t to_at; /* next usable poll; 0 while it lasts */
	unsigned reason;
	bool imported;
};

struct bucket {
	int64_t point;
	uint16_t rrtype; /* of the point; where it is read or imported */
	int64_t from_at;
	int64_t length_ms;
	uint32_t polls;
	uint32_t usable;
	uint32_t longest_ms;
};

struct change {
	int64_t number;
	const uint8_t *domain;
	const char *view;
	const char *server;
	uint16_t rrtype;
	int64_t at; /* first sight of `to` */
	int64_t not_before_at; /* last usable poll of `from` */
	enum confirmation confirmed_by;
	int64_t confirmed_at; /* 0 unless confirmed */
	struct answer_value from;
	struct answer_value to;
	enum change_kind kind;
	bool imported;
};

/* A differing answer that was not confirmed. */
struct suspicion {
	int64_t number;
	const uint8_t *domain;
	const char *view;
	const char *server; /* which one said so */
	uint16_t rrtype;
	int64_t at;
	struct answer_value
		held; /* what the view went on saying; state NONE where nothing yet */
	struct answer_value seen;
	const char *why; /* "not confirmed over TCP", "tie of 1 to 1", ... */
};

/* A message as it came. */
struct evidence {
	const uint8_t *message;
	size_t len;
	const char *server;
	int64_t at;
	uint32_t rtt_us;
	uint16_t local_port;
	bool tcp;
	bool clock_synchronised;
};
