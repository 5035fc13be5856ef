/* SPDX-License-Identifier: MIT */
/* The input is a history as rows of Common Output Format, of which a detector is told. */
#include <string.h>

#include "monitor/backtest/past.h"
#include "monitor/exchange_read.h"
#include "resolvers/name.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/target.h"

static void on_refused(void *owner, uint64_t line, const char *why)
{
	uint64_t *refused = owner;

	HOLDS(line > 0 && why[0] != '\0');
	++*refused;
}

static void check_answer(const struct past *past, const struct past_event *event)
{
	HOLDS(event->view < past->views_len);
	HOLDS(event->not_before_at >= 0);
	HOLDS(mxset_fits((enum answer_state)event->state, event->set));
}

static void check(const struct past *past)
{
	for (size_t i = 0; i < past->len; i++) {
		const struct past_event *event = &past->events[i];

		HOLDS(i == 0 || past->events[i - 1].at <= event->at);
		HOLDS(event->at >= 0 && event->at <= event->last_at);
		HOLDS(event->last_at <= EXCHANGE_READ_LAST_MS);
		HOLDS(name_length(event->domain) > 1);
		HOLDS(event->kind <= PAST_ANSWER);
		if (event->kind == PAST_ANSWER)
			check_answer(past, event);
	}
	for (unsigned i = 0; i < past->views_len; i++) {
		HOLDS(strnlen(past->views[i].name, PAST_VIEW_MAX) < PAST_VIEW_MAX);
		HOLDS(past->views[i].interval_ms >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct past past;
	uint64_t refused = 0;

	past_init(&past);
	HOLDS(past_read(&past, input_file(data, size), on_refused, &refused) == 0);
	HOLDS(past.refused == refused);
	past_settle(&past);
	check(&past);
	past_finish(&past);
	return 0;
}
