/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * desk — a recorder on a real store, news made by hand, and what was said in the log.
 *
 * Every function fails the running test where something goes wrong that it does not return.
 */
#include "monitor/news.h"
#include "monitor/recorder.h"
#include "tests/storage/fixture.h"

struct desk {
	struct fixture *fixture;
	struct news_queue *queue;
	struct recorder *recorder;
	int64_t a; /* points of a.example and b.example */
	int64_t b;
	int64_t run;
	int saved_stderr;
	char log_path[96];
	char log[65536];
};

/* cmocka set-up and tear-down; *state is a struct desk. Standard error goes to its log. */
int desk_setup(void **state);
int desk_teardown(void **state);
/* Makes queue and recorder, of which there are none. */
void desk_open(struct desk *desk, size_t most);
/* What has been logged since the last call. */
const char *desk_log(struct desk *desk);

struct news *desk_make(struct desk *desk, enum news_kind kind, int64_t point);
struct news *desk_make_change(
	struct desk *desk, int64_t point, const char *set, int64_t at);
void desk_push_span(struct desk *desk, int64_t point, const char *set, int64_t at);
void desk_push_change(struct desk *desk, int64_t point, const char *set, int64_t at);
void desk_push_pulses(struct desk *desk, int64_t block, int64_t at);
void desk_push_suspicion(struct desk *desk, int64_t point, int64_t at);
void desk_push_gap(
	struct desk *desk, enum news_kind kind, int64_t point, int64_t from, int64_t to);

/* In the store: changes as readers see them, and rows of a table. */
unsigned desk_changes(struct desk *desk);
int64_t desk_count(struct desk *desk, const char *table);
/* recorder_write() while no file can grow. */
int desk_write_without_disk(struct desk *desk, int64_t now);
unsigned occurrences(const char *text, const char *what);
