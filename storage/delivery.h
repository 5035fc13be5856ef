/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * delivery — the durable words for what mail servers report: outcomes and reasons.
 * Stored numbers never change.
 */

enum delivery_outcome {
	DELIVERY_DELIVERED = 1,
	DELIVERY_DEFERRED = 2, /* will be tried again */
	DELIVERY_BOUNCED = 3, /* given up for what was answered */
	DELIVERY_EXPIRED = 4, /* given up for the time it took */
};

enum delivery_reason {
	REASON_NONE = 0, /* delivered */
	REASON_USER_UNKNOWN = 1,
	REASON_MAILBOX_FULL = 2,
	REASON_MAILBOX_DISABLED = 3,
	REASON_HOST_UNKNOWN = 4, /* there is no such domain */
	REASON_NO_ROUTE = 5, /* null MX, no usable MX, or a host that does not serve it */
	REASON_POLICY = 6,
	REASON_BLOCKED = 7,
	REASON_SPAM = 8,
	REASON_AUTH_FAILURE = 9,
	REASON_CONTENT = 10,
	REASON_TOO_LARGE = 11,
	REASON_RATE_LIMITED = 12,
	REASON_GREYLISTED = 13,
	REASON_RELAY_DENIED = 14, /* by our own smart host */
	REASON_NETWORK = 15,
	REASON_TLS = 16,
	REASON_SYSTEM = 17,
	REASON_EXPIRED = 18,
	REASON_OTHER = 19,
};
#define DELIVERY_REASONS 20

/* "delivered", ...; "user-unknown", ..., "" for NONE. Static. */
const char *delivery_outcome_name(enum delivery_outcome outcome);
const char *delivery_reason_name(enum delivery_reason reason);
/* Return 0 or -EINVAL. */
int delivery_outcome_from_name(const char *name, enum delivery_outcome *ret_outcome)
	__attribute__((warn_unused_result));
int delivery_reason_from_name(const char *name, enum delivery_reason *ret_reason)
	__attribute__((warn_unused_result));
