/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * casebook — the detector at work in the monitor: facts from the store's writers into
 * monitor/decide/, incidents from there into the store and the log.
 *
 * What is told within a transaction is decided within it: the incidents that facts make are
 * committed with the facts, or neither is, and nothing is announced before it is on the disk. A
 * transaction that failed is written again by its owner; the facts are told once all the same
 * (of news the owner keeps that in mind), and the incidents of it come again.
 *
 * What the detector has learnt is written with the incidents that follow from it, and at most
 * CASEBOOK_URGENT_MS after a bounce or a change, CASEBOOK_EASY_MS after anything else; of a domain
 * that there is very much to say of, later (monitor/decide/memory.h). A crash loses that much of
 * what it had learnt, and never a delivery, a change or an incident.
 *
 * A domain is met at its first fact. What the views said of it before is read from the store
 * then: a million quiet domains cost nothing. On the loop thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/decide/decide.h"

struct casebook;
struct conf;
struct deliveries;
struct endpoint;
struct incident;
struct news;
struct operators;
struct roster;
struct store;

#define CASEBOOK_URGENT_MS 1000
#define CASEBOOK_EASY_MS 10000
/* Logs are written, and read, so much later than what they tell of. */
#define CASEBOOK_LAG_MS 5000

/* Takes up what the store remembers. conf and store are borrowed for its life. Files of the
 * configuration that cannot be read are logged, and gone without. Returns 0, -ENOMEM, or an error
 * of the store. */
int casebook_create(struct store *store, const struct conf *conf, int64_t now,
	struct casebook **ret_casebook) __attribute__((warn_unused_result));
/* What was not saved is lost. NULL is allowed, here and in all calls below. */
void casebook_destroy(struct casebook *casebook);
/* Goes on under another configuration. As casebook_create(); after an error it decides nothing. */
int casebook_reload(struct casebook *casebook, const struct conf *conf, int64_t now)
	__attribute__((warn_unused_result));
/* How many domains each view looks at, and which are expected where, as the configuration says:
 * after casebook_create() and casebook_reload(). roster is borrowed for the call. */
void casebook_watch(struct casebook *casebook, struct roster *roster);

/* --- facts; within the transaction that records them, but for addresses --- */
void casebook_news(struct casebook *casebook, const struct news *news);
/* What the batch dates after now counts as of now. False where it has not been written, and so is
 * not told. */
bool casebook_deliveries(
	struct casebook *casebook, struct deliveries *batch, int64_t now);
/* The transaction of a batch that was told has failed: what is in it is known when it comes
 * again, by whichever batch. */
void casebook_deliveries_failed(struct casebook *casebook, struct deliveries *batch);
/* An address of a mail host; wire name. */
void casebook_address(
	struct casebook *casebook, const uint8_t *host, const struct endpoint *address);

/* Of a source that was read: so many reports are written down. Of one that is configured: why it
 * cannot be read (an errno, 0: it can), or that it was not looked at. */
void casebook_heard(struct casebook *casebook, const char *source, size_t reports);
void casebook_failed(struct casebook *casebook, const char *source, int error);
void casebook_passed(struct casebook *casebook, const char *source);
/* A log says that the mail server cannot use its filter of DNS replies, and defers all mail. */
void casebook_broken_filter(struct casebook *casebook, const char *source, int64_t at);

/* Writes what follows, within that transaction; and what became of this, after it. */
void casebook_save(struct casebook *casebook, int64_t now);
void casebook_saved(struct casebook *casebook, int error);
/* Time passes. Saves what follows from it, in a transaction of its own. */
void casebook_tick(struct casebook *casebook, int64_t now);
/* Saves everything that has been learnt; before an end. Returns 0 or the error of the store, which
 * was logged. */
int casebook_flush(struct casebook *casebook, int64_t now);

/* Told of each incident as it is put, within its transaction: what fn writes then is kept with
 * the incident, or neither is. fn NULL: nobody is told. */
typedef void (*casebook_put_fn)(
	void *owner, int64_t number, const struct incident *incident);
void casebook_attend(struct casebook *casebook, casebook_put_fn fn, void *owner);
/* Who runs which mail hosts, as the configuration says; borrowed until casebook_reload(), NULL
 * where incidents are not looked for. */
struct operators *casebook_operators(const struct casebook *casebook);
/* Told of each incident that has become durable as it is now; after its transaction. domain NULL:
 * of all domains. fn NULL: nobody is told. */
typedef void (*casebook_durable_fn)(void *owner, const uint8_t *domain);
void casebook_listen(struct casebook *casebook, casebook_durable_fn fn, void *owner);

/* --- what people did; the store knows of it --- */
void casebook_closed(struct casebook *casebook, int64_t incident, int64_t now);
/* Recipients were erased: one, or with hash NULL those of a domain. */
void casebook_forget(
	struct casebook *casebook, const uint8_t *hash, const uint8_t *domain);
void casebook_expect(struct casebook *casebook);

struct decide_totals casebook_totals(const struct casebook *casebook);
