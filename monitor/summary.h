/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * summary — the row that `run --once` prints: what was asked, and what was answered.
 */
#include <stddef.h>
#include <stdint.h>

struct poller_tally;

void summary_print(size_t domains, const struct poller_tally *tally, uint64_t changes,
	uint64_t took_ms);
