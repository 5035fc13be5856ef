/* SPDX-License-Identifier: MIT */
/* What the user says is right for a domain. */
#include <errno.h>

#include "monitor/decide/inside.h"

/* What was right by a plan alone is not the domain's own any more: where it is at home is. */
static void forget(struct subject *subject)
{
	subject->expected_len = 0;
	subject->any_expected = false;
	subject->recalled_plan = false;
	subject->expected_until = 0;
	if (!subject->own.pinned)
		return;
	subject->own = (struct own){.pinned = false};
	own_learn_set(&subject->own, subject->sets[0]);
}

/* Said anew, it replaces what was recalled; in which networks its operators are is still known. */
static void replace(struct subject *subject)
{
	subject->expected_len = 0;
	subject->any_expected = false;
	subject->recalled_plan = false;
	subject->expected_until = 0;
	if (subject->own.pinned)
		subject->own.operators_len = 0;
}

static bool is_own_operator(const struct own *own, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < own->operators_len; i++)
		if (own->operators[i] == entry)
			return true;
	return false;
}

static void drop_networks(struct own *own)
{
	uint8_t kept = 0;
	for (unsigned i = 0; i < own->networks_len; i++)
		if (is_own_operator(own, own->networks[i].run_by))
			own->networks[kept++] = own->networks[i];
	own->networks_len = kept;
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
	if (subject->recalled_plan)
		replace(subject);
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

void decide_expect_no_other(struct decide *decide)
{
	for (size_t i = 0; i < decide->subjects_len; i++) {
		struct subject *subject = decide->subjects[i];
		if (subject->recalled_plan) {
			decide_touch(decide, subject);
			forget(subject);
			look_again(decide, subject);
		} else if (subject->own.pinned && own_is_empty(&subject->own)) {
			subject->own = (struct own){.pinned = false}; /* a plan by now */
			own_learn_set(&subject->own, subject->sets[0]);
		} else if (subject->own.pinned) {
			drop_networks(&subject->own);
		}
	}
}
