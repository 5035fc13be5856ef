/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * memory — what the detector knows, as bytes, so that it survives a restart.
 *
 * A row a name, and one of all domains together (domain NULL); a name is that of a domain, of a
 * mail host, or both. Rows stand for themselves: one that is lost or damaged takes no other
 * with it. Views are known by their names, and so are operators and hosts: the views of the engine
 * that recalls, and its table of operators, may be others. Recipients are in it by hash alone.
 *
 * An engine that was remembered and recalled makes the same incidents as one that never stopped.
 * The order of recalling does not matter.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decide;
struct incident;
struct incident_recipient;

/* bytes are borrowed for the call. 0 takes the row; anything else ends. */
typedef int (*decide_memory_fn)(
	void *owner, const uint8_t *domain, const void *bytes, size_t len);
/* Hands out each row that has changed since the last time. To be called in the transaction that
 * keeps what decide_take() hands out, and after it: the rows know what was taken, and its number.
 * Returns 0, -ENOMEM, or what fn returned: that row and the rest come again the next time. */
int decide_remember(struct decide *decide, decide_memory_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* A row of more than DECIDE_ROW_LARGE bytes is handed out at most as often as if it were written at
 * DECIDE_ROW_RATE bytes a second, by the detector's clock: an incident of many recipients changes
 * all the time. Until then only its counts and recipients are behind: a beginning, an end, another
 * kind or number, and what is forgotten, are handed out at once. */
#define DECIDE_ROW_LARGE 65536
#define DECIDE_ROW_RATE 65536
/* Whether there is more to hand out. */
bool decide_is_behind(const struct decide *decide);
/* Everything is to be handed out the next time. */
void decide_hurry(struct decide *decide);

/* A row that was handed out was lost: it comes again. domain NULL: that of all. */
void decide_remember_again(struct decide *decide, const uint8_t *domain);

/* What the store has of an incident, where that is later than the row that was recalled (it lags):
 * a recipient of it, then its counts. */
bool decide_lags(const struct decide *decide, const struct incident *incident);
void decide_catch_up(struct decide *decide, const struct incident *incident);
int decide_catch_recipient(struct decide *decide, int64_t number,
	const struct incident_recipient *recipient) __attribute__((warn_unused_result));

/* Restores a row into an engine that has its views by now and was told nothing of the domain.
 * Returns 0; -EUCLEAN for bytes that decide_remember() did not make, or made of another version:
 * nothing is restored; -EEXIST where the domain is known already; -ENOMEM. */
int decide_recall(struct decide *decide, const uint8_t *domain, const void *bytes,
	size_t len) __attribute__((warn_unused_result));
