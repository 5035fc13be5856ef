/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * summarise — what the tests of wire_summarise() share: one message, its question and key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "resolvers/name.h"
#include "resolvers/wire.h"
#include "tests/fake/message.h"

#define DOMAIN "example.com"
#define AUTHORITATIVE WIRE_AA
#define RECURSIVE (WIRE_RD | WIRE_RA)

static const uint8_t domain[] = "\7example\3com";
static const struct digest_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static struct message message; /* too large for the stack */

static inline struct wire_summary summarise(void)
{
	struct wire_summary summary;

	assert_true(wire_is_reply(
		message.bytes, message.len, MESSAGE_ID, domain, WIRE_TYPE_MX));
	wire_summarise(message.bytes, message.len, domain, WIRE_TYPE_MX, &key, &summary);
	assert_int_equal(summary.why == NULL, answer_state_is_usable(summary.state));
	return summary;
}

static inline void assert_alias(const struct wire_summary *summary, const char *text)
{
	char alias[NAME_TEXT_MAX];

	assert_int_not_equal(summary->alias_len, 0);
	assert_int_equal(summary->alias_len, name_length(summary->alias));
	assert_string_equal(name_format(summary->alias, alias), text);
}

static inline struct digest digest_of(
	enum answer_state state, const char *const *exchanges, uint16_t preference)
{
	struct digest_set set = {.len = 0};
	uint8_t name[NAME_WIRE_MAX];

	for (; *exchanges != NULL; exchanges++) {
		assert_int_equal(name_parse(*exchanges, name), 0);
		assert_int_equal(digest_set_add(&set, &key, preference++, name), 0);
	}
	return digest_set_end(&set, &key, state);
}

/* Writes the chain example.com -> a1.example -> ... -> a<len>.example, backwards if asked. */
static inline void put_chain(unsigned len, bool backwards)
{
	for (unsigned i = 0; i < len; i++) {
		unsigned link = backwards ? len - 1 - i : i;
		char owner[32] = DOMAIN;
		char target[32];

		if (link > 0)
			snprintf(owner, sizeof owner, "a%u.example", link);
		snprintf(target, sizeof target, "a%u.example", link + 1);
		message_name(&message, WIRE_ANSWER, owner, WIRE_TYPE_CNAME, 100 + link,
			target);
	}
}
