/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * exchange — the history as passive-DNS Common Output Format, one JSON object a line.
 *
 * Rows are of MX, and of A and AAAA of the exchanges.
 * Source: draft-dulaunoy-dnsop-passive-dns-cof. A row is an RRset as one sensor saw it: rrname,
 * rrtype, rdata, time_first and time_last in epoch seconds, count, sensor_id (our view). Answers
 * without a set have rdata [] and x_rcode. What COF cannot say stands in x_mxvigil: exact times
 * in milliseconds, answer, TTLs, server; how a point is polled, gaps, coverage buckets and
 * changes are rows of their own there, with rdata [], so that import gives the same history. A
 * point that is not looked at any more, the monitor having stopped, has a gap that lasts.
 * Rows of others carry no x_mxvigil: they are marked as imported and prove no coverage.
 * Rows are foreign text when they are read: every member is checked. On the store's thread.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct bucket;
struct change;
struct gap;
struct lookup_window;
struct mxset;
struct point;
struct span;
struct store;

#define EXCHANGE_LINE_MAX (1024 * 1024) /* bytes of one row */
#define EXCHANGE_VIEW_MAX 63
#define EXCHANGE_HOSTS_MAX 1024 /* exchanges of one row */

/* A row as JSON; returned, free with json_decref. NULL when there is no memory. */
json_t *exchange_point_row(const struct point *point);
json_t *exchange_span_row(const struct span *span);
json_t *exchange_gap_row(const struct gap *gap);
json_t *exchange_bucket_row(
	const uint8_t *domain, const char *view, const struct bucket *bucket);
json_t *exchange_change_row(const struct change *change);

/* Writes everything in the window as lines: points, spans, gaps, buckets, changes. on_row (NULL
 * allowed) is called after each with their number. Returns 0, -EIO when out cannot be written, or
 * as lookup.h says. */
typedef void (*exchange_progress_fn)(void *owner, uint64_t rows);
int exchange_export(struct store *store, const struct lookup_window *window, FILE *out,
	exchange_progress_fn on_row, void *owner) __attribute__((warn_unused_result));

enum exchange_outcome {
	EXCHANGE_ADDED,
	EXCHANGE_KNOWN, /* was there already */
	EXCHANGE_PASSED_OVER, /* right, but nothing that is kept: another type, a failure */
	EXCHANGE_REFUSED,
};

/* Records one row, inside the caller's transaction. view stands in for the sensor_id of foreign
 * rows, NULL: as they say. ret_why (static) is set where the row is refused. */
#define EXCHANGE_SOURCE_MAX 255
enum exchange_outcome exchange_import_row(struct store *store, const json_t *row,
	const char *view, const char *source, const char **ret_why);
