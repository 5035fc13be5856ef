/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_bins — mails of a window in parts that are wide enough to be seen. Private to alerts/.
 */
#include <stddef.h>
#include <stdint.h>

#include "alerts/timeline.h"

#define BINS_MOST 200

struct bins {
	int64_t from; /* of the first part */
	int64_t step_ms;
	struct timeline_bar bars[BINS_MOST];
	size_t len;
	struct timeline_bar sum; /* without times */
	uint64_t most; /* accepted, deferred and bounced for other reasons, in one part */
	uint64_t most_unknown;
};

/* The window [from, to). */
void bins_fill(
	struct bins *bins, const struct timeline *timeline, int64_t from, int64_t to);
/* "5 min", "1 h", "7 d". Static. */
const char *bins_step_name(const struct bins *bins);
