/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lookup_row — rows of spans, gaps and answers as records, and the bracket around a reading.
 *
 * Queries over spans select LOOKUP_SPAN_COLUMNS first, from a span `t` joined by
 * LOOKUP_SPAN_JOINS. Private to storage/.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/lookup.h"
#include "storage/query.h"

#define LOOKUP_PLACE_JOINS                                                               \
	" JOIN point p ON p.number = t.point JOIN name n ON n.id = p.name"               \
	" JOIN view v ON v.id = p.view JOIN server sv ON sv.id = t.server"

#define LOOKUP_SPAN_COLUMNS                                                              \
	"t.number, n.wire, v.name, sv.text, t.rrtype, a.bytes, al.wire, t.first_at,"     \
	" t.not_before_ms, t.last_at, t.open, t.counters, t.flags,"                      \
	" EXISTS(SELECT 1 FROM imported i WHERE i.span = t.number), t.point"
#define LOOKUP_SPAN_COLUMNS_LEN 15
#define LOOKUP_SPAN_JOINS                                                                \
	" JOIN answer a ON a.id = t.answer LEFT JOIN name al ON al.id = t.alias"

/* A span and what it owns; zeroed before first use, reusable, finished at the end. */
struct lookup_span {
	struct span span;
	struct mxset set;
	int64_t point;
};

/* Reads a row from column `from` on; borrowed until the query's next step. The pulse is not
 * looked at. Returns 0, -EUCLEAN or -ENOMEM. */
int lookup_read_span(const struct query *query, int from, struct lookup_span *ret_span)
	__attribute__((warn_unused_result));
void lookup_finish_span(struct lookup_span *span);

/* Reads canonical answer bytes of a column. set is emptied first. */
int lookup_read_answer(const struct query *query, int column, struct mxset *set,
	struct answer_value *ret_answer) __attribute__((warn_unused_result));

/* NULL for the view as a whole. */
const char *lookup_server(const struct query *query, int column);

/* The pulse of one point; all zero without one. */
int lookup_read_pulse(struct store *store, int64_t point, struct pulse *ret_pulse)
	__attribute__((warn_unused_result));

/* What one reading sees is one state of the store: begins a read transaction unless there is
 * one. lookup_end returns error, or the failure to end. */
int lookup_begin(struct store *store, bool *ret_mine) __attribute__((warn_unused_result));
int lookup_end(struct store *store, bool mine, int error)
	__attribute__((warn_unused_result));

/* The end of a window: `to`, or `now` where that is earlier or `to` is open. */
int64_t lookup_window_end(const struct lookup_window *window);

/* That a point `p` is of the type bound to `parameter` by lookup_bind_type. */
#define LOOKUP_OF_TYPE(parameter) " AND (" parameter " = -1 OR p.rrtype IS " parameter ")"
void lookup_bind_type(struct query *query, uint16_t rrtype);
/* An rrtype, NULL being MX. */
uint16_t lookup_rrtype(const struct query *query, int column);

/* Binds (domain, view, to, from, type) as parameters 1 to 5. */
void lookup_bind_window(struct query *query, const struct lookup_window *window);
