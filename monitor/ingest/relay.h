/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * relay — whether a host that answered for a domain is one of its mail exchangers.
 *
 * It is one if the MX set of any view, within a day of the answer, names it or another host of
 * its operator, as operators_of_host() tells it. Of a domain that no poll has seen nothing can be
 * said: then it counts as one.
 */
#include <stddef.h>
#include <stdint.h>

struct operators;
struct store;

#define RELAY_MEMORY 64 /* verdicts kept within a batch */

struct relay_memory {
	struct operators *operators; /* borrowed; set by the caller, kept by a clear */
	struct {
		uint8_t domain[255];
		char host[256];
		int64_t hour;
		int outside;
	} slots[RELAY_MEMORY];
	size_t next;
	size_t len;
};

void relay_memory_clear(struct relay_memory *memory);
/* host: lower case, without final dot. Returns 1, 0, -ENOMEM, or the error of a query. */
int relay_is_outside(struct relay_memory *memory, struct store *store,
	const uint8_t *domain, const char *host, int64_t at)
	__attribute__((warn_unused_result));
