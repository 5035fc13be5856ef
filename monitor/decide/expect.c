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

/* Operators that are right for good are the domain's own. */
static void pin(struct subject *subject, const struct operator_entry *entry)
{
	own_learn_operator(&subject->own, entry);
	subject->own.pinned = true;
}

static void plan(struct subject *subject, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < subject->expected_len; i++)
		if (subject->expected[i] == entry)
			return;
	if (subject->expected_len < AFFAIR_OPERATORS)
		subject->expected[subject->expected_len++] = entry;
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
	return 0;
}
