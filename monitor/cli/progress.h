/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * progress — items, rate and time left of work that takes over a second, on one line of a
 * terminal; nothing where standard error is no terminal.
 */
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "rows", "transactions" */
	bool wanted;
	bool shown;
	uint64_t started_mono_ms;
	uint64_t last_mono_ms;
};

void progress_start(struct progress *progress, const char *what);
/* done so far; share of the whole from 0 to 1, negative where it is not known. Cheap: may be
 * called for every item. */
void progress_show(struct progress *progress, uint64_t done, double share);
/* Wipes the line. */
void progress_end(struct progress *progress);
