/* SPDX-License-Identifier: MIT */
#include "storage/delivery.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const outcomes[] = {
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_DEFERRED] = "deferred",
	[DELIVERY_BOUNCED] = "bounced",
	[DELIVERY_EXPIRED] = "expired",
};

static const char *const reasons[DELIVERY_REASONS] = {
	[REASON_NONE] = "",
	[REASON_USER_UNKNOWN] = "user-unknown",
	[REASON_MAILBOX_FULL] = "mailbox-full",
	[REASON_MAILBOX_DISABLED] = "mailbox-disabled",
	[REASON_HOST_UNKNOWN] = "host-unknown",
	[REASON_NO_ROUTE] = "no-route",
	[REASON_POLICY] = "policy",
	[REASON_BLOCKED] = "blocked",
	[REASON_SPAM] = "spam",
	[REASON_AUTH_FAILURE] = "auth-failure",
	[REASON_CONTENT] = "content",
	[REASON_TOO_LARGE] = "too-large",
	[REASON_RATE_LIMITED] = "rate-limited",
	[REASON_GREYLISTED] = "greylisted",
	[REASON_RELAY_DENIED] = "relay-denied",
	[REASON_NETWORK] = "network",
	[REASON_TLS] = "tls",
	[REASON_SYSTEM] = "system",
	[REASON_EXPIRED] = "expired",
	[REASON_OTHER] = "other",
};

const char *delivery_outcome_name(enum delivery_outcome outcome)
{
	return outcomes[outcome];
}

const char *delivery_reason_name(enum delivery_reason reason)
{
	return reasons[reason];
}

static int find_name(const char *const *names, size_t len, const char *name)
{
	for (size_t i = 1; i < len; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

int delivery_outcome_from_name(const char *name, enum delivery_outcome *ret_outcome)
{
	const int found = find_name(outcomes, sizeof outcomes / sizeof *outcomes, name);
	if (found < 0)
		return found;
	*ret_outcome = (enum delivery_outcome)found;
	return 0;
}

int delivery_reason_from_name(const char *name, enum delivery_reason *ret_reason)
{
	const int found = find_name(reasons, DELIVERY_REASONS, name);
	if (found < 0)
		return found;
	*ret_reason = (enum delivery_reason)found;
	return 0;
}
