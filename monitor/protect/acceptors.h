/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * acceptors — which operators have taken mail lately, and whether of one domain alone.
 *
 * Read from the store as a whole, and not again for ACCEPTORS_FRESH_MS: it is a question about
 * weeks. On the store's thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct acceptors;
struct operators;
struct store;

#define ACCEPTORS_LATELY_MS (INT64_C(30) * 86400000)
#define ACCEPTORS_FRESH_MS 600000

/* operators is borrowed for the life. Returns 0 or -ENOMEM. */
int acceptors_create(struct operators *operators, struct acceptors **ret_acceptors)
	__attribute__((warn_unused_result));
void acceptors_destroy(struct acceptors *acceptors);

/* Reads the store, unless that was done a short while ago. Returns 0, -ENOMEM, or the error of
 * a query; what was known stays then. */
int acceptors_refresh(struct acceptors *acceptors, struct store *store, int64_t now)
	__attribute__((warn_unused_result));

/* Whether the operator of host is known to take no mail but this domain's. False where nothing
 * has been read. */
bool acceptors_is_alone(
	const struct acceptors *acceptors, const char *host, const uint8_t *domain);
