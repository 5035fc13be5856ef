/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incidents — writes and reads incidents, their evidence and recipients; the detector's memory;
 * what is expected of domains.
 *
 * Writing calls stand between store_begin and store_commit and report through it (sticky error).
 * What becomes of an incident once it is more than suspected (it opens, becomes another kind, is
 * reverted, closes) is chained into the ledger: its times, kind, state, operators and counts, and
 * never an address or a hash of one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/incident.h"
#include "storage/store.h"

/* Ids are opaque texts "SITE-iNUMBER"; those of changes are "SITE-NUMBER". Returns ret_text. */
char *incidents_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX]);
/* Returns 0, or -EINVAL for an id that is no incident's of this store. */
int incidents_id_parse(const struct store *store, const char *id, int64_t *ret_number)
	__attribute__((warn_unused_result));

/* Inserts (number 0; it is then given out) or updates with all evidence. Returns the number.
 * `acked_at` of a stored incident stays. */
int64_t incidents_put(struct store *store, const struct incident *incident);
/* Inserts or updates a recipient of an incident, by hash. Without an address, the one that is
 * held of his bounces (deliveries.h) is copied where there is one, so that it stays as long as
 * the incident does. */
void incidents_put_recipient(
	struct store *store, int64_t number, const struct incident_recipient *recipient);
/* Marks as seen by somebody; an incident that is acked keeps the first time. -ENOENT sticks for
 * one that is not there. */
void incidents_ack(struct store *store, int64_t number, int64_t at);
/* Closes by hand, with a line of evidence that says so. Returns whether it was open. -ENOENT
 * sticks for one that is not there. Whoever holds the incident in memory must be told. */
bool incidents_close(struct store *store, int64_t number, int64_t at);

struct incidents_filter {
	const uint8_t *domain; /* NULL: all */
	int64_t from; /* those that were open in [from, to); 0: no limit */
	int64_t to;
	bool open_only; /* not closed */
	int64_t after; /* numbers above this one */
	size_t most; /* 0: no limit */
};
/* Borrowed for the call. fn returns 0 to go on; anything else ends and is returned. */
typedef int (*incidents_fn)(void *owner, const struct incident *incident);
/* By opened_at, then number. Returns 0, what fn returned, or the error of a query. */
int incidents_each(struct store *store, const struct incidents_filter *filter,
	incidents_fn fn, void *owner) __attribute__((warn_unused_result));
/* -ENOENT where there is none. */
int incidents_get(struct store *store, int64_t number, incidents_fn fn, void *owner)
	__attribute__((warn_unused_result));
typedef int (*incidents_recipient_fn)(
	void *owner, const struct incident_recipient *recipient);
/* By first bounce. advice 0: all. */
int incidents_recipients(struct store *store, int64_t number, enum incident_advice advice,
	incidents_recipient_fn fn, void *owner) __attribute__((warn_unused_result));

/* The detector's memory of a domain, bytes that only it understands (monitor/decide/), and of
 * all domains together (domain NULL). No bytes: it is dropped. */
void incidents_put_memory(
	struct store *store, const uint8_t *domain, const void *bytes, size_t len);
/* The same where something was forgotten: what the row had said is overwritten in the file. */
void incidents_renew_memory(
	struct store *store, const uint8_t *domain, const void *bytes, size_t len);
typedef int (*incidents_memory_fn)(
	void *owner, const uint8_t *domain, const void *bytes, size_t len);
int incidents_each_memory(struct store *store, incidents_memory_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* What the user expects of a domain: operators that are right for it, or any change, until then. */
struct expectation {
	int64_t number; /* 0: new */
	const uint8_t *domain;
	const char *operators; /* names, each ended by a line feed; "": any change */
	int64_t until_at; /* 0: for good */
	int64_t made_at;
	const char *note;
};
int64_t incidents_expect(struct store *store, const struct expectation *expectation);
/* Errors stick: -ENOENT where there is none. */
void incidents_expect_no_more(struct store *store, int64_t number);
typedef int (*incidents_expectation_fn)(
	void *owner, const struct expectation *expectation);
/* domain NULL: all, by domain and number. */
int incidents_each_expectation(struct store *store, const uint8_t *domain,
	incidents_expectation_fn fn, void *owner) __attribute__((warn_unused_result));

/* Erases what is known of one recipient (hashes, held addresses, in deliveries and incidents),
 * or of all recipients of a domain. Counts and the ledger stay, and a record of the erasure goes
 * into the ledger without naming whom. *ret_rows: how many rows went. */
void incidents_forget_recipient(
	struct store *store, const uint8_t hash[INCIDENT_HASH], uint64_t *ret_rows);
void incidents_forget_domain(
	struct store *store, const uint8_t *domain, uint64_t *ret_rows);
/* Erases kept lines that no parser took and that contain the text, whatever the case. */
void incidents_forget_lines(struct store *store, const char *text, uint64_t *ret_rows);
