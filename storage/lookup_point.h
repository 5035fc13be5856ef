/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lookup_point — everything that says when one point was looked at: its first and last usable
 * poll, known polls, gaps (those that follow from the state included) and buckets around a
 * window. Coverage and single instants are answered from it. Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/cover.h"
#include "storage/record.h"

struct store;

struct lookup_point {
	int64_t number;
	const uint8_t *domain; /* borrowed from the caller */
	char *view; /* owned */
	uint16_t rrtype;
	int64_t interval_ms;
	int64_t bucket_ms;
	int64_t threshold_ms; /* two usable polls further apart have a gap between them */
	bool watched;
	struct pulse pulse;
	int64_t seen_at; /* the first of anything, imported spans included; 0 without */
	int64_t first_at; /* first and last usable poll; 0 without one */
	int64_t last_at;
	int64_t known_to; /* see struct cover */
	struct gap *gaps; /* owned; of the view as a whole, by from_at */
	size_t gaps_len;
	size_t gaps_room;
	struct gap *server_gaps; /* owned, and their servers too */
	size_t server_gaps_len;
	size_t server_gaps_room;
	struct bucket *buckets; /* owned */
	size_t buckets_len;
	size_t buckets_room;
	int64_t filling_to;
	int64_t *polls; /* owned; ascending, each once */
	size_t polls_len;
	size_t polls_room;
};

/* The parts, in the order in which they are read. */
struct lookup_reach;
int lookup_read_gaps(struct store *store, const struct lookup_reach *reach,
	struct lookup_point *point) __attribute__((warn_unused_result));
int lookup_read_buckets(struct store *store, const struct lookup_reach *reach,
	struct lookup_point *point) __attribute__((warn_unused_result));
int lookup_read_polls(struct store *store, const struct lookup_reach *reach,
	struct lookup_point *point) __attribute__((warn_unused_result));
int lookup_add_gap(struct lookup_point *point, const struct gap *gap)
	__attribute__((warn_unused_result));
void lookup_finish_point(struct lookup_point *point);

#define LOOKUP_OWN_SPANS                                                                 \
	" FROM span t WHERE t.point = ?1 AND t.server = 0"                               \
	" AND NOT EXISTS(SELECT 1 FROM imported i WHERE i.span = t.number)"

typedef int (*lookup_point_fn)(void *owner, struct lookup_point *point);
/* One call for each view that ever looked at the domain, by name and type, with what is known of
 * [from, to); view NULL is any. Gaps that last end at `now`, or at
 * `to` where that is later. */
struct lookup_reach {
	const uint8_t *domain;
	const char *view;
	uint16_t rrtype; /* as in struct lookup_window */
	int64_t from;
	int64_t to;
	int64_t now;
};
int lookup_each_point(struct store *store, const struct lookup_reach *reach,
	lookup_point_fn fn, void *owner) __attribute__((warn_unused_result));

struct cover lookup_cover(const struct lookup_point *point, int64_t from, int64_t to);
