/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * suspend — has KumoMTA suspend the queues of domains that mail waits for, and go on with them.
 *
 * KumoMTA is asked what is suspended; what is missing is added with its expiry, and what was
 * suspended by us and is not to wait any more is lifted. Ours are known by their reason, so nothing
 * has to be remembered here, and what others suspended is left alone. A suspension ends by itself
 * at its expiry. It is of the domain's queue as a whole.
 * Source: KumoMTA's HTTP API, /api/admin/suspend/v1. Blocks its thread.
 */
#include <stddef.h>
#include <stdint.h>

#define SUSPEND_WHY_MAX 512
#define SUSPEND_LIMIT_MS 10000 /* of one request */

struct hold;

struct suspend_result {
	int error; /* 0, or why not all was done */
	char why[SUSPEND_WHY_MAX];
	size_t suspended;
	size_t lifted;
};

/* url: of the server, without the path. holds: those that hold at `now`; others are lifted. */
void suspend_reconcile(const char *url, const struct hold *holds, size_t len, int64_t now,
	struct suspend_result *ret_result);
