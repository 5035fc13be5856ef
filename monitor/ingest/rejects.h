/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * rejects — lines that could not be read, gathered by reason until they are committed.
 */
#include <stddef.h>
#include <stdint.h>

struct store;

#define REJECTS_REASONS 32 /* different ones; the last takes what comes after */
#define REJECTS_SHOWN_MAX 128 /* bytes of a line, with NUL */

struct rejects {
	struct reject {
		const char *reason; /* borrowed until they are written */
		uint64_t count;
		int64_t first_at;
		int64_t last_at;
		char shown[REJECTS_SHOWN_MAX]; /* the start of the latest */
	} items[REJECTS_REASONS];
	size_t len;
};

void rejects_add(
	struct rejects *rejects, const char *reason, const char *shown, int64_t now);
/* Lines in all. */
size_t rejects_count(const struct rejects *rejects);
/* Counts them under source in the open transaction; errors stick to that. */
void rejects_write(
	const struct rejects *rejects, struct store *store, const char *source);
