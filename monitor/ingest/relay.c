/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/relay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/operator.h"
#include "monitor/operators.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/deliveries_lookup.h"
#include "storage/record.h"

#define REACH_MS                                                                         \
	INT64_C(86400000) /* a sender may go by an answer that is as old as its TTL */
#define HOUR_MS INT64_C(3600000)

struct search {
	uint8_t host[NAME_WIRE_MAX];
	struct operators *operators;
	const struct operator_entry *own; /* of the host */
	bool any; /* a set with a host was seen */
	bool found;
};

void relay_memory_clear(struct relay_memory *memory)
{
	memory->next = 0;
	memory->len = 0;
}

static int on_set(void *owner, const struct mxset *set)
{
	struct search *search = owner;
	struct operator_list operators;
	search->any = search->any || set->len > 0;
	for (size_t i = 0; i < set->len; i++)
		if (name_equal(set->hosts[i].exchange, search->host))
			search->found = true;
	if (search->found)
		return 0;
	int error = operator_list_of(search->operators, RECORD_TYPE_MX, set, &operators);
	if (error < 0)
		return error;
	search->found = operator_list_has(&operators, search->own);
	operator_list_finish(&operators);
	return 0;
}

static int look_up(struct operators *operators, struct store *store,
	const uint8_t *domain, const char *host, int64_t at)
{
	struct search search = {.operators = operators};
	char text[NAME_TEXT_MAX];
	if (name_parse(host, search.host) < 0 || search.host[0] == 0)
		return 0;
	search.own = operators_of_host(operators, name_format(search.host, text));
	if (search.own == NULL)
		return -ENOMEM;
	int error = deliveries_known_sets(
		store, domain, at - REACH_MS, at + REACH_MS, on_set, &search);
	return error < 0 ? error : search.any && !search.found;
}

int relay_is_outside(struct relay_memory *memory, struct store *store,
	const uint8_t *domain, const char *host, int64_t at)
{
	for (size_t i = 0; i < memory->len; i++)
		if (memory->slots[i].hour == at / HOUR_MS &&
			name_equal(memory->slots[i].domain, domain) &&
			strcmp(memory->slots[i].host, host) == 0)
			return memory->slots[i].outside;
	const int outside = look_up(memory->operators, store, domain, host, at);
	if (outside < 0)
		return outside;
	const size_t slot = memory->next;
	memory->next = (memory->next + 1) % RELAY_MEMORY;
	if (memory->len < RELAY_MEMORY)
		memory->len++;
	memcpy(memory->slots[slot].domain, domain, name_length(domain));
	snprintf(memory->slots[slot].host, sizeof memory->slots[slot].host, "%s", host);
	memory->slots[slot].hour = at / HOUR_MS;
	memory->slots[slot].outside = outside;
	return outside;
}
