/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * servers_message — what a message says on the way to a zone's servers.
 *
 * Reads through wire, in one pass: the records asked for, a CNAME in their place, the apex that a
 * negative answer's SOA names, a zone cut with its name servers, and addresses beside them.
 * Pure. Private to resolvers/: servers uses it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"
#include "resolvers/name.h"

#define SERVERS_HOSTS_MAX 32 /* name servers of one zone that are looked at */
#define SERVERS_GLUE_MAX 64
#define SERVERS_ADDRESSES_MAX 16 /* of one host and type */

struct servers_glue {
	uint8_t host; /* index in hosts */
	struct endpoint address;
};

struct servers_message {
	bool malformed;
	uint16_t flags; /* of the header */
	uint8_t rcode;
	bool answered; /* the records asked for are there */
	bool alias; /* a CNAME in their place */
	bool has_soa; /* in the authority section, of the name or above */
	bool has_cut; /* NS records of the name or above that are no answer */
	uint32_t ttl; /* of the records asked for, or of the cut; else UINT32_MAX */
	uint8_t soa[NAME_WIRE_MAX];
	uint8_t cut[NAME_WIRE_MAX];
	size_t hosts_len;
	uint8_t hosts[SERVERS_HOSTS_MAX]
		     [NAME_WIRE_MAX]; /* of the answer, or of the cut */
	size_t glue_len;
	struct servers_glue glue[SERVERS_GLUE_MAX];
	size_t addresses_len;
	struct endpoint
		addresses[SERVERS_ADDRESSES_MAX]; /* A or AAAA that was asked for */
};

/* Reads a reply to the question. port is what the addresses found are given. */
void servers_message_read(const uint8_t *msg, size_t len, const uint8_t *name,
	uint16_t type, uint16_t port, struct servers_message *ret_message);
