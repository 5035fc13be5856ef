/* SPDX-License-Identifier: MIT */
#pragma once
/* look — what the views say of a domain, and which of them to go by. Inside the detector. */
#include <stdbool.h>
#include <stdint.h>

#include "resolvers/mxset.h"

struct decide;
struct exchanges;
struct operator_entry;
struct subject;

/* Where a view says that mail goes. */
enum position {
	POSITION_UNSEEN, /* it has said nothing yet */
	POSITION_HOME, /* to the domain's own hosts */
	POSITION_PARTLY, /* to foreign ones too */
	POSITION_AWAY, /* to foreign ones alone */
	POSITION_NULL, /* nowhere: it takes no mail */
	POSITION_GONE, /* nowhere: there is no such domain */
};

/* What one view says of a domain. */
struct look {
	const struct exchanges *set; /* NULL: none */
	int64_t since; /* first sight of that */
	int64_t not_before_at;
	int64_t failing_since; /* 0: it answers */
	uint8_t state; /* enum answer_state */
	uint8_t position;
	uint16_t failures; /* in a row */
};

/* What decides where the domain's mail is sent: the authoritative view where it can be heard,
 * else what most views say. NULL: nobody is heard. */
const struct look *look_deciding(
	const struct decide *decide, const struct subject *subject);
enum position look_position(const struct subject *subject, enum answer_state state,
	const struct exchanges *set);
/* Mail goes to foreign hosts, or to them too. NULL does not. */
bool look_is_elsewhere(const struct look *look);
bool look_is_heard(const struct decide *decide, const struct subject *subject, int view);
/* Another view than the authoritative one that says the mail goes elsewhere, -1: none. */
int look_misled(const struct decide *decide, const struct subject *subject,
	const struct operator_entry *to);
