/* SPDX-License-Identifier: MIT */
#include "tests/storage/facts.h"

#include <string.h>

#include "tests/storage/fixture.h"

struct delivery_fact fact_of(const char *recipient, enum delivery_outcome outcome,
	enum delivery_reason reason, int64_t at)
{
	return (struct delivery_fact){
		.domain = wire(strchr(recipient, '@') + 1),
		.recipient = recipient,
		.at = at,
		.outcome = outcome,
		.reason = reason,
		.count = 1,
		.remote = true,
		.relay_host = "mx.a.example",
		.relay_ip = "192.0.2.1",
		.id = "",
	};
}

struct delivery_fact delivered(const char *recipient, int64_t at)
{
	return fact_of(recipient, DELIVERY_DELIVERED, REASON_NONE, at);
}

struct delivery_fact bounced(const char *recipient, const char *id, int64_t at)
{
	struct delivery_fact fact =
		fact_of(recipient, DELIVERY_BOUNCED, REASON_USER_UNKNOWN, at);
	fact.id = id;
	return fact;
}
