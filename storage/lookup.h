/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lookup — reads the history: windows, instants, coverage, changes, what to resume.
 *
 * Windows are [from, to). Callbacks get records whose pointers are borrowed for the call; a
 * callback's non-zero return ends the reading and is returned. Every function else returns 0,
 * -ENOENT where the domain was never seen, -ETIME past the store's deadline, -EIO, -ENOMEM,
 * or -EUCLEAN for rows that cannot be read back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/record.h"
#include "storage/store.h"

#define LOOKUP_ALL_TYPES UINT16_MAX

/* Where to look; NULL and 0 mean all, but rrtype 0 MX. */
struct lookup_window {
	const uint8_t *domain;
	const char *view;
	uint16_t rrtype; /* or LOOKUP_ALL_TYPES */
	int64_t from; /* 0: from the beginning */
	int64_t to; /* 0: up to now */
	int64_t now;
};

/* Returns 0, or -ENOENT where nobody has ever looked for that type at the domain (NULL: any). */
int lookup_domain_is_known(struct store *store, const uint8_t *domain, uint16_t rrtype)
	__attribute__((warn_unused_result));

/* Spans that touch the window, not clipped, by (first_at, view, server). Open spans carry what
 * their pulse says. */
typedef int (*lookup_span_fn)(void *owner, const struct span *span);
int lookup_spans(struct store *store, const struct lookup_window *window,
	lookup_span_fn fn, void *owner) __attribute__((warn_unused_result));

typedef int (*lookup_gap_fn)(void *owner, const struct gap *gap);
/* Gaps that touch the window by (from, view, server); to_at is 0 in one that lasts. */
int lookup_gaps(struct store *store, const struct lookup_window *window, lookup_gap_fn fn,
	void *owner) __attribute__((warn_unused_result));

/* What the history can swear to for one view in a window. */
struct coverage {
	const char *view;
	uint16_t rrtype;
	int64_t from; /* the window; an open beginning is the point's first poll, failed or not */
	int64_t to;
	uint64_t polls; /* usable polls; a lower bound unless polls_exact */
	bool polls_exact;
	int64_t covered_ms; /* the window less gaps */
	int64_t largest_gap_ms; /* longest distance between usable polls, window edges included */
	int64_t largest_gap_at; /* where it begins; 0 without a poll and a window */
	const struct gap
		*gaps; /* of the view as a whole, clipped to the window, ascending, those
				   that follow from the state included (not running now, not yet
				   watched then) */
	size_t gaps_len;
	const struct gap
		*server_gaps; /* of single servers; they take nothing from covered_ms */
	size_t server_gaps_len;
	int64_t interval_ms;
};
typedef int (*lookup_coverage_fn)(void *owner, const struct coverage *coverage);
/* One call for each view that ever looked at the domain and fits the window, by name, and for
 * each type of record. */
int lookup_coverage(struct store *store, const struct lookup_window *window,
	lookup_coverage_fn fn, void *owner) __attribute__((warn_unused_result));

/* What the view said at an instant. */
struct lookup_instant {
	const char *view;
	const char *server; /* NULL: the view as a whole */
	uint16_t rrtype;
	int64_t at;
	bool known; /* false: outside everything seen; spans are NULL */
	const struct span
		*before; /* the span that holds the instant or ended before it */
	const struct span *after; /* in a bracket: the span that follows; else NULL */
	const struct gap *gap; /* the gap that lies over the instant, or NULL */
	bool exact; /* in a bracket or gap: both usable polls are named exactly */
	int64_t poll_before_at; /* usable polls on both sides; 0 where there is none */
	int64_t poll_after_at;
	int64_t within_ms; /* inside a span: longest distance between two usable polls in
				      that stretch */
};
typedef int (*lookup_instant_fn)(void *owner, const struct lookup_instant *instant);
/* One call for each view and type in the window that ever looked at the domain, and each server
 * that differed then. Of the window, from and to are not looked at. */
int lookup_at(struct store *store, const struct lookup_window *window, int64_t at,
	lookup_instant_fn fn, void *owner) __attribute__((warn_unused_result));

typedef int (*lookup_change_fn)(void *owner, const struct change *change);
int lookup_changes(struct store *store, const struct lookup_window *window,
	lookup_change_fn fn, void *owner) __attribute__((warn_unused_result));
typedef int (*lookup_suspicion_fn)(void *owner, const struct suspicion *suspicion);
int lookup_suspicions(struct store *store, const struct lookup_window *window,
	lookup_suspicion_fn fn, void *owner) __attribute__((warn_unused_result));

/* The messages kept with a change or suspicion. */
enum evidence_of {
	EVIDENCE_OF_CHANGE,
	EVIDENCE_OF_SUSPICION,
};
typedef int (*lookup_evidence_fn)(void *owner, const struct evidence *evidence);
int lookup_evidence(struct store *store, enum evidence_of of, int64_t number,
	lookup_evidence_fn fn, void *owner) __attribute__((warn_unused_result));

typedef int (*lookup_bucket_fn)(void *owner, const uint8_t *domain, const char *view,
	const struct bucket *bucket);
/* Full buckets, and the filling one as it stands, by point; for export. */
int lookup_buckets(struct store *store, const struct lookup_window *window,
	lookup_bucket_fn fn, void *owner) __attribute__((warn_unused_result));

/* Everything a starting monitor needs, one call a point, by number: its point, pulse, and the
 * open span (NULL without one). server_span calls follow for the open spans of single servers,
 * then gap calls for the gaps that last. What is NULL is not read. */
struct lookup_resume {
	void *owner;
	int (*on_point)(void *owner, const struct point *point, const struct pulse *pulse,
		const struct span *span, int64_t unwatched_at);
	int (*on_server_span)(void *owner, int64_t point, const struct span *span);
	int (*on_gap)(void *owner, int64_t point, const struct gap *gap);
};
int lookup_resume(struct store *store, const struct lookup_resume *resume)
	__attribute__((warn_unused_result));

/* How the last run ended. */
struct run_end {
	bool any; /* there was one */
	bool stopped; /* cleanly, at last_at; else last_at is its last beat */
	int64_t last_at;
	int64_t started_at;
	int64_t latest_at; /* the latest instant anywhere in the store: time must not run behind */
};
int lookup_last_run(struct store *store, struct run_end *ret_end)
	__attribute__((warn_unused_result));

struct lookup_totals {
	uint64_t domains; /* all counts are of MX but hosts and ledger */
	uint64_t points;
	uint64_t watched_points;
	uint64_t hosts; /* exchanges whose addresses are looked at */
	uint64_t spans;
	uint64_t gaps;
	uint64_t gaps_open;
	uint64_t changes;
	uint64_t suspicions;
	uint64_t ledger; /* transactions */
	int64_t first_at;
	int64_t latest_at;
};
int lookup_totals(struct store *store, struct lookup_totals *ret_totals)
	__attribute__((warn_unused_result));
