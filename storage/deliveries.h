/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliveries — what mail servers reported, in tallies; recipients; who answered for whom.
 *
 * Facts are gathered in memory and written as one batch, inside one transaction together with
 * the place that was read up to (feed.h): what is counted was read, what was read is counted.
 * A batch whose transaction failed can be written again.
 *
 * Counted once: a bounce of which another source reports the same (equal id; else the same
 * recipient within DELIVERIES_TWIN_MS, one for one), and copies of one bounce mail. A deferral
 * that repeats is counted as often as it happens, and in `fresh` once a recipient and hour.
 *
 * Recipients are known by a keyed hash, whose key is the caller's to keep outside the store;
 * the day of the latest acceptance is kept with it. The addresses that bounce as user-unknown
 * are kept as long as `keep` says. None of this is chained into the ledger: it can be erased.
 * One thread, that of the store, for deliveries_write; no clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/delivery.h"

struct store;
struct store_error;

#define DELIVERIES_KEY 32 /* bytes */
#define DELIVERIES_TWIN_MS INT64_C(600000)
#define DELIVERIES_BATCH_MOST 65536 /* facts */

/* Which addresses of recipients are kept. */
enum deliveries_keep {
	DELIVERIES_KEEP_INCIDENT, /* of user-unknown bounces, until they are let go */
	DELIVERIES_KEEP_HASH, /* none */
	DELIVERIES_KEEP_ADDRESS, /* as INCIDENT, but never let go before the tallies */
};

/* One delivery. Texts are borrowed for the call; "" is not known. */
struct delivery_fact {
	const uint8_t *domain; /* wire name */
	const char *recipient; /* local@domain in the case that all its spellings share */
	int64_t at;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	uint32_t count; /* at least 1 */
	bool remote; /* a server on the recipient's side said so */
	bool mail; /* read from a bounce mail, of which there may be copies */
	bool outside; /* relay_host is none of the domain's known mail exchangers */
	const char *relay_host;
	const char *relay_ip;
	const char *id; /* of the message at the mail server */
	const uint8_t *
		missing; /* wire name that could not be looked up: of an MX target without
				   address, or the domain itself; NULL for neither */
};

/* The hash that a recipient is known by. Returns 0 or -ENOMEM. */
#define DELIVERIES_HASH 16 /* bytes of HMAC-SHA256 */
int deliveries_hash(const uint8_t key[DELIVERIES_KEY], const char *recipient,
	uint8_t ret_hash[DELIVERIES_HASH]) __attribute__((warn_unused_result));

struct deliveries; /* a batch being gathered */

/* Returns 0 or -ENOMEM. */
int deliveries_create(const uint8_t key[DELIVERIES_KEY], enum deliveries_keep keep,
	struct deliveries **ret_batch) __attribute__((warn_unused_result));
void deliveries_destroy(struct deliveries *batch);
/* Takes a copy. Returns 0, -ENOMEM, or -ENOBUFS for a full batch. */
int deliveries_add(struct deliveries *batch, const struct delivery_fact *fact)
	__attribute__((warn_unused_result));
size_t deliveries_len(const struct deliveries *batch);
void deliveries_clear(struct deliveries *batch);

/* Counts the batch, as told by `source`, in the open transaction; errors stick to that. */
void deliveries_write(struct deliveries *batch, struct store *store, const char *source);

/* A fact of the batch with what was found when it was written. */
struct delivery_settled {
	const uint8_t *domain; /* wire name */
	int64_t at;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	uint32_t count;
	bool remote;
	bool fresh; /* of deferrals: the recipient's first of the hour */
	bool accepted_before; /* the recipient had accepted mail */
	bool refused_before; /* of bounces: he had been unknown before this one */
	const uint8_t
		*hash; /* of the recipient, DELIVERIES_HASH bytes; NULL: not known */
	const char *relay_host;
	const char *relay_ip;
	const uint8_t *missing; /* wire name, or NULL */
};
typedef void (*deliveries_settled_fn)(
	void *owner, const struct delivery_settled *settled);
/* Hands out, by time, what the batch counted: no twins. False, and nothing, where it was not
 * written since it was gathered, or not without an error. */
bool deliveries_each_settled(
	struct deliveries *batch, deliveries_settled_fn fn, void *owner);

/* What is let go, in transactions of their own: never what an incident of the domain that is not
 * closed refers to. Recipients of incidents go forget_ms after these closed. */
struct deliveries_limits {
	int64_t keep_ms; /* tallies, relays, bounces; 0 for ever */
	int64_t hold_ms; /* addresses, under KEEP_INCIDENT; 0: not let go */
	int64_t forget_ms; /* recipients not seen to accept mail; 0: never */
	uint64_t recipients_most; /* the longest not seen go first; 0: no limit */
	size_t rows; /* of each kind that one call lets go at most */
};
/* Also rolls minutes up to hours when they are older than DELIVERIES_FINE_MS. *ret_more tells
 * whether more is to be done. Returns 0 or an error of store_commit. */
#define DELIVERIES_FINE_MS (INT64_C(8) * 86400000)
int deliveries_prune(struct store *store, const struct deliveries_limits *limits,
	int64_t now, bool *ret_more, struct store_error *ret_error)
	__attribute__((warn_unused_result));
