/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * detect — what a confirming round means: a change of the view, of one server, or a suspicion.
 *
 * A differing answer starts a round: the server that gave it is asked again over TCP, every
 * other server of the view once. What came back is judged here:
 *
 *   not confirmed by the suspect itself ............ suspicion, nothing changes
 *   more than half of the usable servers say it .... the view changes
 *   otherwise ...................................... those who say it are kept apart
 *
 * Another view is evidence for people, never confirmation. The first sight of a domain takes
 * what most servers say, without confirmation: there is no span yet that it could end.
 * Pure.
 */
#include <stdbool.h>
#include <stddef.h>

#include "resolvers/digest.h"
#include "resolvers/mxset.h"
#include "storage/record.h"

/* What one server said last in the round. */
struct detect_say {
	enum answer_state state; /* NONE: nothing yet */
	struct digest digest; /* where usable */
};

enum detect_verdict {
	DETECT_SUSPICION, /* the suspect was not confirmed */
	DETECT_SERVER, /* confirmed, but of a minority */
	DETECT_VIEW, /* confirmed, and most servers say so */
};

/* Judges a round against the open span's answer. says[suspect] is the suspect's confirming say,
 * by whether it confirmed what it had said. *ret_usable and *ret_same count servers. */
enum detect_verdict detect_judge(const struct detect_say *says, size_t len,
	size_t suspect, enum confirmation by, unsigned *ret_usable, unsigned *ret_same);

/* The say that most usable servers share, the first of the list where several do; len when none
 * is usable. */
size_t detect_plurality(const struct detect_say *says, size_t len);

/* Whether two says are usable and the same. */
bool detect_same(const struct detect_say *a, const struct detect_say *b);
