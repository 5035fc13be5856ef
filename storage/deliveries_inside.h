/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliveries_inside — what the files of deliveries share. Private to storage/.
 */
#include "storage/deliveries.h"

/* A fact of the batch: texts are offsets into the batch's text, 0 is "". */
struct entry {
	uint8_t hash[DELIVERIES_HASH];
	bool has_hash;
	bool remote;
	bool mail;
	bool outside;
	uint8_t outcome;
	uint8_t reason;
	uint32_t count;
	int64_t at;
	uint32_t domain; /* offset of a wire name */
	uint32_t recipient;
	uint32_t host;
	uint32_t ip;
	uint32_t missing; /* offset of a wire name, 0 for none */
	int64_t id; /* hash of the message's id, 0 for none */
	/* found while it is written */
	int64_t name_id;
	int64_t host_id;
	bool counted;
	bool known; /* the recipient had accepted mail before */
	bool refused; /* he had bounced as unknown before */
	bool fresh;
};

/* Settles entry->counted, known, refused, fresh, and writes what is known of its recipient.
 * address is to be held, or NULL. */
void deliveries_settle(
	struct store *store, struct entry *entry, int64_t source, const char *address);
/* Entries of one domain, minute, outcome, reason and host; len >= 1. */
void deliveries_put_tally(struct store *store, struct entry *const *entries, size_t len);
/* Adds to what popular.h counts; entries are in order of name and time. */
void deliveries_put_volumes(
	struct store *store, struct entry *const *entries, size_t len);
/* Notes that the host of these entries answered for their domain. text: of the batch. */
void deliveries_put_relay(
	struct store *store, struct entry *const *entries, size_t len, const char *text);
void deliveries_put_missing(
	struct store *store, const struct entry *entry, int64_t target);

/* intern.h for hosts. */
int64_t deliveries_intern_host(struct store *store, const char *host);
