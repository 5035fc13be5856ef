/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * outbox_list — the outbox for people, and what is tidied up in it. Terms as in outbox.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/outbox.h"

struct outbox_filter {
	int64_t alert; /* 0: all */
	int64_t from; /* alerts made at or after; 0: no limit */
	bool waiting_only;
};
typedef int (*outbox_row_fn)(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover);
/* Alerts without their bytes, each with each handover, by number. */
int outbox_each(struct store *store, const struct outbox_filter *filter, outbox_row_fn fn,
	void *owner) __attribute__((warn_unused_result));
/* Has waiting ones tried at once and those that were given up tried anew. alert 0: all of the
 * last five days. Returns how many. */
uint64_t outbox_retry(struct store *store, int64_t alert, int64_t now);

struct outbox_totals {
	uint64_t notices; /* not composed yet */
	uint64_t waiting;
	uint64_t given_up; /* refused or expired in the last day */
	int64_t oldest_at; /* of those that wait; 0: none */
	int64_t sent_at; /* the last one; 0: none */
	char error[256]; /* of the latest attempt that failed among those that wait */
	char error_channel[64];
};
int outbox_totals(struct store *store, int64_t now, struct outbox_totals *ret_totals)
	__attribute__((warn_unused_result));

/* Lets go of the bytes of alerts that were done with a week ago, and of those of 90 days ago
 * altogether. Never of what waits. */
void outbox_prune(struct store *store, int64_t now);
