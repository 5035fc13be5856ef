/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * answer — one message read in full: the slow path behind wire_summarise().
 *
 * Builds the canonical set of a usable answer, and prints a stored message record by record as
 * evidence. ldns sees single, decompressed and bounded records only, never a raw message.
 * Pure but for memory; usable from any thread.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "resolvers/mxset.h"
#include "resolvers/wire.h"

struct answer {
	struct wire_summary summary;
	struct mxset set; /* owned; empty unless state is MX or NULL_MX */
};

/* Reads a message that wire_is_reply() has accepted. Returns 0, also for an unusable answer
 * (which is data), or -ENOMEM. */
int answer_read(const uint8_t *msg, size_t len, const uint8_t *name, uint16_t type,
	const struct digest_key *key, struct answer *ret_answer)
	__attribute__((warn_unused_result));
void answer_finish(struct answer *answer);

/* Prints a message in dig's manner, one record a line, each escaped for a terminal and bounded;
 * types without a name as RFC 3597 says. Prints what can be read of a broken message and where it
 * breaks. Returns 0 or -ENOMEM. */
int answer_print(const uint8_t *msg, size_t len, FILE *out)
	__attribute__((warn_unused_result));
