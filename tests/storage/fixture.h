/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fixture — a store in a directory of its own, and short ways to fill it.
 *
 * Every function fails the running test where something goes wrong that it does not return.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/history.h"
#include "storage/lookup.h"
#include "storage/store.h"

#define T0 INT64_C(1700000000000) /* where the tests' time begins */
#define SECOND INT64_C(1000)
#define HOUR INT64_C(3600000)

struct fixture {
	char dir[64];
	char path[96];
	struct store *store;
};

/* cmocka set-up and tear-down; *state is a struct fixture with a new store open for writing. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
struct store *fixture_reader(const struct fixture *fixture);
/* Runs SQL on the file behind the store's back. */
void fixture_tamper(const struct fixture *fixture, const char *sql);
/* Closes the store, and puts in its place what an older version wrote: a file of SQL beside the
 * tests. */
void fixture_load(struct fixture *fixture, const char *name);
/* One number out of the file. */
int64_t fixture_query(const struct fixture *fixture, const char *sql);
void fixture_commit(struct fixture *fixture, int64_t now);

/* A wire name; static, valid for the next 32 calls. */
const uint8_t *wire(const char *text);
/* "10 a.example. 20 b.example.": a set to be finished. */
struct mxset set_of(const char *text);
/* "nxdomain", "nodata", or a set; static, valid for the next 32 calls. */
struct answer_value answer_of(const char *text);

int64_t fixture_point(struct fixture *fixture, const char *domain, const char *view);
/* Opens a span, or closes one with its counters; in the open transaction. */
int64_t fixture_open_span(struct fixture *fixture, int64_t point, const char *server,
	const char *answer, int64_t first_at, int64_t not_before_at);
void fixture_close_span(struct fixture *fixture, int64_t point, const char *server,
	int64_t last_at, uint32_t polls);
int64_t fixture_change(struct fixture *fixture, int64_t point, const char *server,
	const char *from, const char *to, int64_t at, int64_t not_before_at);

/* A little of everything that is chained: five transactions from T0 on. Two points, their spans,
 * a server that differed, changes with evidence, a suspicion, gaps, buckets, an import. */
void fixture_fill(struct fixture *fixture);
