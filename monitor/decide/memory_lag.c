/* SPDX-License-Identifier: MIT */
/* A large row may be behind what the store has of its incidents. */
#include <errno.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "monitor/decide/memory.h"

static struct affair *find(const struct decide *decide, int64_t number)
{
	for (size_t i = 0; i < decide->affairs_len; i++)
		if (decide->affairs[i]->number == number)
			return decide->affairs[i];
	return NULL;
}

bool decide_lags(const struct decide *decide, const struct incident *incident)
{
	const struct affair *affair = find(decide, incident->number);
	return affair != NULL && affair->updated_at < incident->updated_at;
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void decide_catch_up(struct decide *decide, const struct incident *incident)
{
	struct affair *affair = find(decide, incident->number);
	if (affair == NULL)
		return;
	affair->recipients = 0;
	for (size_t i = 0; i < affair->tolls.len; i++)
		affair->recipients += affair_advice(affair, &affair->tolls.list[i]) ==
			ADVICE_REACTIVATE;
	affair->bounces = more(affair->bounces, incident->bounces);
	affair->deferrals = more(affair->deferrals, incident->deferrals);
	affair->deliveries = more(affair->deliveries, incident->deliveries);
	if (affair->first_bounce_at == 0)
		affair->first_bounce_at = incident->first_bounce_at;
	if (affair->last_bounce_at < incident->last_bounce_at)
		affair->last_bounce_at = incident->last_bounce_at;
	affair->updated_at = incident->updated_at;
	decide_touch(decide, affair->subject);
}

int decide_catch_recipient(
	struct decide *decide, int64_t number, const struct incident_recipient *recipient)
{
	struct affair *affair = find(decide, number);
	if (affair == NULL || affair->subject == NULL)
		return 0;
	const struct toll *known = tolls_find(&affair->tolls, recipient->hash);
	struct toll toll = {
		.first_at = recipient->first_bounce_at,
		.last_at = recipient->last_bounce_at,
		.bounces = (uint32_t)recipient->bounces,
		.accepted_before = recipient->accepted_before,
	};
	if (known != NULL && known->bounces >= recipient->bounces)
		return 0;
	if (known != NULL)
		toll.bounces -= known->bounces;
	memcpy(toll.hash, recipient->hash, sizeof toll.hash);
	if (*recipient->relay_host != '\0') {
		struct host *host = hosts_get(&decide->hosts, recipient->relay_host);
		if (host == NULL)
			return -ENOMEM;
		toll.host = host;
		toll.foreign = !own_has(&affair->subject->own, host);
	}
	/* Why he is to be left is not in the store: that he is, is. */
	toll.refused_before = recipient->advice == ADVICE_LEAVE;
	return tolls_add(&affair->tolls, &toll);
}
