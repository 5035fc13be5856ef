/* SPDX-License-Identifier: MIT */
#pragma once
/* reading — a reader whose reports and rejected lines are kept for a test to look at. */
#include <stddef.h>

#include "monitor/ingest/reader.h"

#define READING_MAX 64

struct reading {
	struct reader *reader; /* owned */
	struct report reports[READING_MAX]; /* the first ones */
	size_t len; /* of all */
	struct reader_rejected rejected; /* the last one; shown is below */
	char shown[READER_SHOWN_MAX];
	size_t rejected_len;
};

/* options NULL: UTC, at 2026-06-01. Fails the test where it cannot. */
void reading_start(struct reading *reading, enum reader_format format,
	const struct reader_options *options);
void reading_stop(struct reading *reading);
/* Feeds text. */
void reading_feed(struct reading *reading, const char *text);
/* Feeds one line and expects one report of it. */
const struct report *reading_one(struct reading *reading, const char *line);
/* Feeds one line, expects it to say nothing, and not to be rejected. */
void reading_ignores(struct reading *reading, const char *line);
void reading_rejects(struct reading *reading, const char *line, const char *why);
/* ms of "2026-01-02T03:04:05Z" and what else users write. */
int64_t reading_instant(const char *text);
