/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mxset — the canonical set of mail exchangers of one domain, and the state of an answer.
 *
 * Exchanges are wire names in lower case, sorted by (preference, exchange). Two answers that
 * mean the same to a sender compare equal here. TTLs are not part of the set.
 * Sources: RFC 5321 section 5.1 (preference order), RFC 7505 (null MX), RFC 4343 (case).
 * Pure values: no I/O, no clock, no logging; usable from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a poll was told. Stored: numbers never change. Below 16: a statement about the
 * domain; from 16: no usable statement, never an answer and never a span. */
enum answer_state {
	ANSWER_NONE = 0, /* nothing known yet */
	ANSWER_MX = 1,
	ANSWER_NODATA = 2, /* no MX: mail goes to the domain's own addresses */
	ANSWER_NULL_MX = 3, /* RFC 7505: the domain takes no mail */
	ANSWER_NXDOMAIN = 4,
	ANSWER_SERVFAIL = 16,
	ANSWER_REFUSED =
		17, /* REFUSED, NOTIMP, FORMERR, or a server that is not authoritative */
	ANSWER_TIMEOUT = 18,
	ANSWER_NETWORK = 19, /* no route, connection refused or reset */
	ANSWER_MALFORMED = 20,
	ANSWER_BOGUS = 21, /* a validating resolver says so (RFC 8914) */
};

bool answer_state_is_usable(enum answer_state state);
/* "mx", "nodata", "null-mx", "nxdomain", "servfail", ...; "none". Static. */
const char *answer_state_name(enum answer_state state);
/* Returns 0 or -EINVAL. */
int answer_state_from_name(const char *name, enum answer_state *ret_state)
	__attribute__((warn_unused_result));

struct mxhost {
	uint16_t preference; /* lower is tried first */
	uint8_t *exchange; /* owned wire name, lower case; 0 alone is the null MX */
};

#define MXSET_HOSTS_MAX 256 /* of an answer that is taken seriously */

struct mxset {
	struct mxhost *hosts; /* owned array of len elements, canonical order */
	size_t len;
};

/* Frees the hosts and empties the set; accepts a zeroed set. */
void mxset_finish(struct mxset *set);

/* Copies exchange into the set, keeping canonical order.
 * Only identical (preference, exchange) pairs collapse. Returns 0 or -ENOMEM. */
int mxset_add(struct mxset *set, uint16_t preference, const uint8_t *exchange)
	__attribute__((warn_unused_result));

/* Deep copy; *ret_copy is to be zeroed or unset before. Returns 0 or -ENOMEM. */
int mxset_copy(const struct mxset *set, struct mxset *ret_copy)
	__attribute__((warn_unused_result));

/* Whether state and set are an answer that a poll can have given: hosts go with MX and NULL_MX
 * only, and the root is alone in the latter. */
bool mxset_fits(enum answer_state state, const struct mxset *set);
bool mxset_equal(const struct mxset *a, const struct mxset *b);
bool mxset_has(const struct mxset *set, uint16_t preference, const uint8_t *exchange);
/* True when exchange is in the set at any preference. */
bool mxset_has_exchange(const struct mxset *set, const uint8_t *exchange);

/* Canonical bytes of a usable answer, the form that is hashed and stored: one byte state,
 * then for each host two bytes preference (big-endian) and its wire name.
 * The set fits its state: MX has a host other than the root, NULL_MX has the root only, the others
 * have none; at most MXSET_HOSTS_MAX hosts.
 * *ret_bytes is returned; free with free(). Returns 0 or -ENOMEM. */
int mxset_encode(enum answer_state state, const struct mxset *set, uint8_t **ret_bytes,
	size_t *ret_len) __attribute__((warn_unused_result));

/* The reverse. Returns 0, -EINVAL for bytes that mxset_encode cannot have made, or -ENOMEM. */
int mxset_decode(const uint8_t *bytes, size_t len, enum answer_state *ret_state,
	struct mxset *ret_set) __attribute__((warn_unused_result));
