/* SPDX-License-Identifier: MIT */
/*
 * The input is a file in the place of the reply filter. What passes the check is pruned to what
 * passes it too; nothing is left of it when all has expired.
 */
#include "monitor/protect/hold.h"
#include "monitor/protect/replyfile.h"
#include "tests/fuzz/target.h"

struct count {
	size_t entries;
	size_t rules;
};

static void on_entry(void *owner, const struct replyfile_entry *entry)
{
	struct count *const count = owner;
	HOLDS(*entry->incident != '\0' && *entry->domain != '\0');
	count->entries++;
	count->rules += entry->rules;
}

static void prune(const char *text, size_t size, int64_t now)
{
	struct replyfile_text left;
	struct count count = {0};
	char why[REPLYFILE_WHY_MAX];
	size_t expired;
	if (replyfile_prune(text, size, now, &left, &expired) != 0)
		return;
	HOLDS(replyfile_check(left.text, left.len, why));
	replyfile_each(left.text, left.len, on_entry, &count);
	HOLDS(count.entries == left.entries && count.rules == left.rules);
	HOLDS(now != INT64_MAX || left.len == 0);
	replyfile_finish(&left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const text = (const char *)data;
	char why[REPLYFILE_WHY_MAX];
	if (!replyfile_check(text, size, why))
		return 0;
	prune(text, size, 0);
	prune(text, size, INT64_C(1700000000000));
	prune(text, size, INT64_MAX);
	return 0;
}
