/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * intake — reports of one source into the store, with the place they were read up to.
 *
 * Gathers reports and rejected lines; intake_commit() writes all of it and the place in one
 * transaction, so that a crash at any point neither loses nor doubles any. A commit that failed
 * may be tried again; nothing more should be read until it is done. Judges each report by the
 * reply rules, and its relay by the mail exchangers that polls saw. On the thread of the store.
 *
 * With an errand (monitor/ingest/errand.h) another process has the store, and judges: everything
 * is carried there, and `store` is NULL in all calls.
 */
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/report.h"
#include "storage/deliveries.h"
#include "storage/feed.h"

struct casebook;
struct errand;
struct intake;
struct operators;
struct reply_rules;
struct store;
struct store_error;

#define INTAKE_BATCH 4096 /* facts that are enough */

struct intake_options {
	const char *source; /* name; copied */
	const struct reply_rules *rules; /* borrowed for the intake's life */
	struct operators *operators; /* borrowed for the intake's life */
	const uint8_t *key; /* of DELIVERIES_KEY bytes; copied */
	enum deliveries_keep keep;
	bool mail; /* the source is bounce mails */
	struct errand *errand; /* borrowed for the intake's life; NULL: none */
	struct casebook
		*casebook; /* borrowed likewise, told of each fact; NULL: nobody */
};
int intake_create(const struct intake_options *options, struct intake **ret_intake)
	__attribute__((warn_unused_result));
void intake_destroy(struct intake *intake);

/* Takes copies. Want of memory sticks and is told by intake_commit. The store is read. */
void intake_report(
	struct intake *intake, struct store *store, const struct report *report);
void intake_reject(
	struct intake *intake, const char *reason, const char *shown, int64_t now);
/* Waiting to be committed: reports, and rejected lines. */
size_t intake_len(const struct intake *intake);
/* So much that it should be committed before more is read. */
bool intake_is_full(const struct intake *intake);
/* What stuck, or 0. */
int intake_error(const struct intake *intake);
/* Whether a mail was read before, under this path: 1, 0, or the error of an errand. */
int intake_is_known(const struct intake *intake, struct store *store, const char *format,
	const char *path) __attribute__((warn_unused_result));

/* Reports that were refused here, in all. */
uint64_t intake_refused(const struct intake *intake);

/* Writes everything and place (NULL: none). On success the intake is empty, and place has its
 * number. Returns 0, or an error of store_commit or errand_commit. */
int intake_commit(struct intake *intake, struct store *store, struct feed_place *place,
	int64_t now, struct store_error *ret_error) __attribute__((warn_unused_result));
/* The same within a transaction of the caller's, who tells what became of it and clears the intake
 * after it. Not with an errand. */
void intake_write(struct intake *intake, struct store *store, struct feed_place *place,
	int64_t now);
void intake_written(struct intake *intake, int error);
void intake_clear(struct intake *intake);

/* What a recipient is hashed as. Lower case, so that all spellings are one recipient: no mail
 * server of note tells "Bob" from "bob". Empty where only the domain is known. */
void intake_fold_recipient(const char *address, char ret_folded[REPORT_ADDRESS_MAX]);
