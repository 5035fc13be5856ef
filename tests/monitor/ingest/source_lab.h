/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * source_lab — a source, the log it follows, and who writes and rotates that.
 *
 * Each line has a recipient of its own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/storage/fixture.h"

#define SOURCE_LAB_KEPT 6 /* rotated files */

struct source;
struct source_lab {
	struct fixture *fixture;
	struct reply_rules *rules;
	struct operators *operators;
	struct source *source;
	char log[128];
	FILE *out;
	int written; /* lines */
	uint64_t mono_ms;
};

int source_lab_set_up(void **state);
int source_lab_tear_down(void **state);
void source_lab_open(struct source_lab *lab);
void source_lab_close(struct source_lab *lab);

/* The path of the log, or of what it was called before. */
void source_lab_name(const struct source_lab *lab, int number, char path[160]);
void source_lab_write(struct source_lab *lab, int lines);
/* As logrotate's `create`: the names move up, the writer opens a new file. */
void source_lab_rotate(struct source_lab *lab);
void source_lab_copy(const char *from, const char *to);
/* As gzip does, but leaves the other. */
void source_lab_pack(const char *from, const char *to);

/* The source reads all there is now. */
void source_lab_step(struct source_lab *lab);
int64_t source_lab_ask(const struct source_lab *lab, const char *sql);
int64_t source_lab_counted(const struct source_lab *lab);
/* As many deliveries as recipients as lines. */
void source_lab_expect_each_once(struct source_lab *lab);
