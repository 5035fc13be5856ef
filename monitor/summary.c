/* SPDX-License-Identifier: MIT */
#include "monitor/summary.h"

#include <stdio.h>

#include <jansson.h>

#include "monitor/poller.h"

static json_t *count_states(const struct poller_tally *tally, bool usable)
{
	json_t *counts = json_object();
	for (unsigned i = 1; i < sizeof tally->answers / sizeof *tally->answers; i++)
		if (tally->answers[i] != 0 &&
			answer_state_is_usable((enum answer_state)i) == usable)
			json_object_set_new(counts,
				answer_state_name((enum answer_state)i),
				json_integer((json_int_t)tally->answers[i]));
	return counts;
}

void summary_print(size_t domains, const struct poller_tally *tally, uint64_t changes,
	uint64_t took_ms)
{
	json_t *row = json_pack("{sI sI so so sI sf}", "domains", (json_int_t)domains,
		"polls", (json_int_t)tally->polls, "answers", count_states(tally, true),
		"failures", count_states(tally, false), "changes", (json_int_t)changes,
		"seconds", (double)took_ms / 1000);
	if (!row)
		return;
	json_dumpf(row, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(row);
}
