/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fake_dns — a name server on UDP and TCP that says what a script tells it to.
 *
 * A thread of its own serves; all functions may be called from the test's. Every query is noted,
 * so that a test waits for what has happened instead of for time to pass. A script line is
 *
 *     rule NAME TYPE [KEY=VALUE]...    see fake_rule.h
 *     clear                            drops all rules
 *     udp on|off, tcp on|off           opens or closes the socket: off, the kernel refuses
 *
 * A line has taken effect when fake_dns_script returns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"
#include "resolvers/name.h"

struct fake_dns;

struct fake_query {
	int64_t at_ms; /* monotonic */
	bool tcp;
	struct endpoint from;
	uint16_t id;
	uint16_t type;
	uint16_t flags;
	uint16_t edns_size; /* 0 without EDNS */
	uint8_t name[NAME_WIRE_MAX];
};

/* Listens on a port of both transports; 0 takes a free one. Returns 0 or a negative errno. */
int fake_dns_start(const char *address, uint16_t port, struct fake_dns **ret_fake)
	__attribute__((warn_unused_result));
void fake_dns_stop(struct fake_dns *fake);
struct endpoint fake_dns_endpoint(const struct fake_dns *fake);

/* Returns 0, -EINVAL with *ret_why a static text, or another negative errno. */
int fake_dns_script(struct fake_dns *fake, const char *line, const char **ret_why)
	__attribute__((warn_unused_result));

/* Queries seen so far. */
size_t fake_dns_seen(struct fake_dns *fake);
/* Waits until so many have been seen; false when that takes too long. */
bool fake_dns_wait(struct fake_dns *fake, size_t seen, int timeout_ms);
/* False before that query was seen. */
bool fake_dns_query(struct fake_dns *fake, size_t index, struct fake_query *ret_query);
/* How many of the queries seen ask this. */
size_t fake_dns_count(struct fake_dns *fake, const char *name, uint16_t type);
