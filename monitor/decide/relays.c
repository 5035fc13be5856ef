/* SPDX-License-Identifier: MIT */
/* Does one relay take everything? Then it is a smart host, and who answers says nothing. */
#include "monitor/decide/inside.h"

#define SMART_SHARE 0.9 /* of all mail through one relay: it is our own */
#define SMART_DOMAINS 20
#define SMART_ATTEMPTS 500

/* A host that a domain's MX names is no smart host, however much mail it takes. */
static bool is_named(const struct subject *subject, const struct host *host)
{
	for (size_t i = 0; i < SUBJECT_SETS; i++)
		if (exchanges_have(subject->sets[i], host))
			return true;
	return false;
}

void relays_count(
	struct decide *decide, const struct subject *subject, const struct host *host)
{
	const struct operator_entry *entry = host->run_by;
	const size_t places = sizeof decide->relays / sizeof decide->relays[0];
	size_t least = 0;
	decide->attempts++;
	if (is_named(subject, host))
		return;
	for (size_t i = 0; i < places; i++) {
		if (decide->relays[i].entry == entry) {
			decide->relays[i].attempts++;
			return;
		}
		if (decide->relays[i].attempts < decide->relays[least].attempts)
			least = i;
	}
	/* The rarest makes place and leaves its count: no large one is ever missed. */
	decide->relays[least].entry = entry;
	decide->relays[least].attempts++;
}

bool relays_are_void(const struct decide *decide)
{
	if (decide->mailed < SMART_DOMAINS || decide->attempts < SMART_ATTEMPTS)
		return false;
	for (size_t i = 0; i < sizeof decide->relays / sizeof decide->relays[0]; i++)
		if (decide->relays[i].attempts > SMART_SHARE * decide->attempts)
			return true;
	return false;
}
