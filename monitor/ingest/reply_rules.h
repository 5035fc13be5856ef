/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reply_rules — the rules that tell why mail was refused.
 *
 * Ours are compiled in from monitor/ingest/replies.rules; a local file of the same form is read
 * before them. The form is documented in mxvigil.rules(5). Immutable once created.
 */

struct reply_rules;

#define REPLY_RULES_WHY_MAX 512

/* "FILE:LINE: what was found, what was expected". */
struct reply_rules_error {
	char text[REPLY_RULES_WHY_MAX];
};

/* Reads the rules of path (NULL: none), then ours. Returns 0; -ENOMEM; -EINVAL for a file that
 * is wrong; another negative errno for one that cannot be read: ret_error is filled each time.
 * *ret_rules: free with reply_rules_destroy(). */
int reply_rules_create(const char *path, struct reply_rules **ret_rules,
	struct reply_rules_error *ret_error) __attribute__((warn_unused_result));
void reply_rules_destroy(struct reply_rules *rules);
