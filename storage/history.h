/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * history — writes spans, gaps, buckets, changes and suspicions.
 *
 * All calls stand between store_begin and store_commit and report through it (sticky error);
 * numbers they return are 0 after an error. Servers are given as endpoint_format() writes them,
 * NULL for the view as a whole. Instants are the monitor's, never read here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/record.h"
#include "storage/store.h"

/* Makes or updates a point; point->number is ignored. One that has been polled keeps its length of
 * bucket, which is put into *point. Returns its number. */
int64_t history_put_point(struct store *store, struct point *point);
/* The number of a point, 0 where there is none. */
int64_t history_find_point(
	struct store *store, const uint8_t *domain, const char *view, uint16_t rrtype);
/* Marks a point as no longer watched since `at`, unless it was not before; its open span
 * stays. */
void history_unwatch_point(struct store *store, int64_t point, int64_t at);

/* Opens a span of a point. There must be none open for (point, server).
 * span->domain, view, number, last_at, polls, open are ignored: it starts with one poll. */
int64_t history_open_span(struct store *store, int64_t point, const struct span *span);
/* Ends the open span of (point, server) with its final counters. There being none is an error
 * (-EINVAL), here and in history_touch_span. */
void history_close_span(struct store *store, int64_t point, const char *server,
	const struct pulse *final);
/* Writes the counters of an open server span, which has no pulse. */
void history_touch_span(struct store *store, int64_t point, const char *server,
	const struct pulse *pulse);
/* Reads what the open span of (point, server) says; *ret_state is NONE and the set untouched
 * where there is none, or after an error. ret_set is to be finished. */
void history_open_answer(struct store *store, int64_t point, const char *server,
	enum answer_state *ret_state, struct mxset *ret_set);
/* Notes that the open span's alias or flags are now others, its answer being the same. */
void history_amend_span(struct store *store, int64_t point, const char *server,
	const uint8_t *alias, unsigned flags);

/* Records a change with its evidence (NULL for none); domain, view of the change are ignored.
 * Returns its number. */
int64_t history_add_change(struct store *store, int64_t point,
	const struct change *change, const struct evidence *evidence, size_t evidences);
int64_t history_add_suspicion(struct store *store, int64_t point,
	const struct suspicion *suspicion, const struct evidence *evidence,
	size_t evidences);

/* Opens a gap that lasts; one at a time for (point, server), a second call is ignored. */
void history_open_gap(struct store *store, int64_t point, const char *server,
	int64_t from_at, unsigned reason);
/* Ends the open gap at the next usable poll; nothing happens where none is open. */
void history_close_gap(
	struct store *store, int64_t point, const char *server, int64_t to_at);
/* Records a gap that is over. */
void history_add_gap(struct store *store, int64_t point, const char *server,
	int64_t from_at, int64_t to_at, unsigned reason);

/* Records a full bucket of bucket->point. The same bucket again replaces it (a restart within
 * it), and the ledger says so. */
void history_add_bucket(struct store *store, const struct bucket *bucket);

/* Pulses are written in blocks of points with neighbouring numbers:
 * block b holds points b * PULSE_BLOCK + 1 to (b + 1) * PULSE_BLOCK. */
#define PULSE_BLOCK 256
/* Writes a whole block; len <= PULSE_BLOCK. Not chained: confirmations become evidence when
 * their span or bucket closes. */
void history_put_pulses(
	struct store *store, int64_t block, const struct pulse *pulses, size_t len);

/* A run of the monitor. Returns its number. How the last one ended tells `stopped` from
 * `crashed`. */
int64_t history_start_run(struct store *store, int64_t at, const char *version);
/* The monitor lives: written with each flush of pulses. */
void history_beat_run(struct store *store, int64_t run, int64_t at);
void history_stop_run(struct store *store, int64_t run, int64_t at);

/* Imports: rows of other passive-DNS stores (span->imported is set) or of an export of ours.
 * Makes the point, unwatched, where there is none. The same row again changes nothing and
 * returns 0. */

/* How a point was polled elsewhere; one that is or was polled here keeps its own ways. */
int64_t history_import_point(struct store *store, const struct point *point);

int64_t history_import_span(
	struct store *store, const struct span *span, const char *source);
/* One that lasts is taken up where nobody here watches the point. */
int64_t history_import_gap(struct store *store, const struct gap *gap);
int64_t history_import_bucket(struct store *store, const uint8_t *domain,
	const char *view, const struct bucket *bucket);
int64_t history_import_change(struct store *store, const struct change *change);
