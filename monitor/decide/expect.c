/* SPDX-License-Identifier: MIT */
/* What the user says is right for a domain. */
#include <errno.h>

#include "monitor/decide/inside.h"

static void forget(struct subject *subject)
{
	subject->expected_len = 0;
	subject->any_expected = false;
	subject->expected_until = 0;
	subject->own.pinned = false;
}

/* Operators that are right for good are the domain's own, and what was learnt before is not. */
static void pin(struct subject *subject, const struct operator_entry *entry)
{
	if (!subject->own.pinned)
		subject->own = (struct own){.pinned = true};
	own_learn_operator(&subject->own, entry);
}

static void plan(struct subject *subject, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < subject->expected_len; i++)
		if (subject->expected[i] == entry)
			return;
	if (subject->expected_len < AFFAIR_OPERATORS)
		subject->expected[subject->expected_len++] = entry;
}

/* What does not fit is suspicious at once: with the next fact, as more may be said until then. */
static void look_again(struct decide *decide, struct subject *subject)
{
	bool any = false;
	for (int i = 0; i < decide->views_len; i++) {
		struct look *look = &subject->looks[i];
		if (look->position == POSITION_UNSEEN)
			continue;
		look->position = (uint8_t)look_position(subject, look->state, look->set);
		any = true;
	}
	if (any)
		decide_set_timer(decide, subject, decide->now);
}

int decide_expect(struct decide *decide, const struct decide_expectation *expectation)
{
	struct subject *subject =
		decide_subject(decide, expectation->domain, decide->now);
	if (subject == NULL)
		return -ENOMEM;
	decide_touch(decide, subject);
	if (expectation->nothing) {
		forget(subject);
		return 0;
	}
	if (expectation->operators_len == 0)
		subject->any_expected = true;
	for (size_t i = 0; i < expectation->operators_len; i++) {
		const struct operator_entry *entry =
			operators_find(decide->operators, expectation->operators[i]);
		if (entry == NULL)
			return -ENOMEM;
		if (expectation->until_at == 0)
			pin(subject, entry);
		else
			plan(subject, entry);
	}
	if (expectation->until_at > subject->expected_until)
		subject->expected_until = expectation->until_at;
	look_again(decide, subject);
	const int error = decide->error;
	decide->error = 0;
	return error;
}
