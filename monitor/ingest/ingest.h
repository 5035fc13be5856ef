/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ingest — the sources of the `deliveries:` section, read while the monitor runs, and what
 * commands have read.
 *
 * On the loop thread, in steps of a megabyte between which polls' news and requests have their
 * turn. Also lets old deliveries go. Says in the log what it cannot read.
 */
#include <stdint.h>

#include <jansson.h>
#include <uv.h>

struct casebook;
struct conf;
struct ingest;
struct store;

/* Starts with what conf says; all are borrowed until destroyed. casebook: is told what is read,
 * NULL for nobody. Nothing to read is no error.
 * Returns 0, -ENOMEM, or what is wrong with a source, which was logged. */
int ingest_create(uv_loop_t *loop, struct store *store, const struct conf *conf,
	struct casebook *casebook, struct ingest **ret_ingest)
	__attribute__((warn_unused_result));
/* Carries out a request of monitor/ingest/reception.h. A source that reads the same file goes on
 * behind what the command has read of it. Returns 0 with the answer, or -ENOMEM. */
int ingest_apply(struct ingest *ingest, const json_t *request, int64_t now,
	json_t **ret_answer) __attribute__((warn_unused_result));
/* Its memory goes when the loop has run once more. NULL is allowed. */
void ingest_destroy(struct ingest *ingest);
