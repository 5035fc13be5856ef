/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/rejects.h"

#include <string.h>

#include "storage/feed.h"

void rejects_add(
	struct rejects *rejects, const char *reason, const char *shown, int64_t now)
{
	struct reject *reject = NULL;
	for (size_t i = 0; i < rejects->len && reject == NULL; i++)
		if (strcmp(rejects->items[i].reason, reason) == 0)
			reject = &rejects->items[i];
	if (reject == NULL && rejects->len == REJECTS_REASONS)
		reject = &rejects->items[REJECTS_REASONS - 1];
	if (reject == NULL) {
		reject = &rejects->items[rejects->len++];
		*reject = (struct reject){.reason = reason, .first_at = now};
	}
	reject->count++;
	reject->last_at = now;
	strncpy(reject->shown, shown, sizeof reject->shown - 1);
}

size_t rejects_count(const struct rejects *rejects)
{
	size_t count = 0;
	for (size_t i = 0; i < rejects->len; i++)
		count += rejects->items[i].count;
	return count;
}

void rejects_write(const struct rejects *rejects, struct store *store, const char *source)
{
	for (size_t i = 0; i < rejects->len; i++) {
		const struct reject *reject = &rejects->items[i];
		const struct feed_rejected rejected = {
			.source = source,
			.reason = reject->reason,
			.count = reject->count,
			.first_at = reject->first_at,
			.last_at = reject->last_at,
			.line = (const uint8_t *)reject->shown,
			.line_len = strlen(reject->shown),
		};
		feed_reject(store, &rejected);
	}
}
