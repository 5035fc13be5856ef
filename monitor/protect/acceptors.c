/* SPDX-License-Identifier: MIT */
#include "monitor/protect/acceptors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/operators.h"
#include "resolvers/name.h"
#include "storage/deliveries_lookup.h"

/* What an operator takes. */
struct acceptor {
	bool any;
	bool many;
	uint8_t domain[NAME_WIRE_MAX]; /* the only one */
};

struct acceptors {
	struct operators *operators;
	struct acceptor *list; /* owned; by the operators' id */
	size_t len;
	int64_t read_at; /* 0: never */
};

int acceptors_create(struct operators *operators, struct acceptors **ret_acceptors)
{
	struct acceptors *const acceptors = calloc(1, sizeof *acceptors);
	if (!acceptors)
		return -ENOMEM;
	acceptors->operators = operators;
	*ret_acceptors = acceptors;
	return 0;
}

void acceptors_destroy(struct acceptors *acceptors)
{
	if (acceptors)
		free(acceptors->list);
	free(acceptors);
}

static struct acceptor *get(struct acceptors *acceptors, uint32_t id)
{
	if (id < acceptors->len)
		return &acceptors->list[id];
	const size_t len = (size_t)id + id / 2 + 64;
	struct acceptor *const list = reallocarray(acceptors->list, len, sizeof *list);
	if (!list)
		return NULL;
	memset(list + acceptors->len, 0, (len - acceptors->len) * sizeof *list);
	acceptors->list = list;
	acceptors->len = len;
	return &list[id];
}

static int on_acceptor(void *owner, const char *host, const uint8_t *domain)
{
	struct acceptors *const acceptors = owner;
	const struct operator_entry *const entry =
		operators_of_host(acceptors->operators, host);
	struct acceptor *const acceptor = entry ? get(acceptors, entry->id) : NULL;
	if (!acceptor)
		return -ENOMEM;
	if (!domain || (acceptor->any && !name_equal(acceptor->domain, domain)))
		acceptor->many = true;
	else
		memcpy(acceptor->domain, domain, name_length(domain));
	acceptor->any = true;
	return 0;
}

int acceptors_refresh(struct acceptors *acceptors, struct store *store, int64_t now)
{
	if (acceptors->read_at != 0 && now >= acceptors->read_at &&
		now - acceptors->read_at < ACCEPTORS_FRESH_MS)
		return 0;
	struct acceptors fresh = {.operators = acceptors->operators, .read_at = now};
	const int error = deliveries_acceptors(
		store, now - ACCEPTORS_LATELY_MS, on_acceptor, &fresh);
	if (error != 0) {
		free(fresh.list);
		return error;
	}
	free(acceptors->list);
	*acceptors = fresh;
	return 0;
}

bool acceptors_is_alone(
	const struct acceptors *acceptors, const char *host, const uint8_t *domain)
{
	const struct operator_entry *const entry =
		operators_of_host(acceptors->operators, host);
	if (!entry || acceptors->read_at == 0)
		return false;
	if (entry->id >= acceptors->len || !acceptors->list[entry->id].any)
		return true;
	const struct acceptor *const acceptor = &acceptors->list[entry->id];
	return !acceptor->many && name_equal(acceptor->domain, domain);
}
