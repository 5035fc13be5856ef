/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mailbox — bounce mails of a maildir, each read once and left where it lies.
 *
 * A message is known by the unique part of its name (what stands before ":2,"), which maildir
 * keeps while it moves from new/ to cur/; the name is committed together with what was read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/intake.h"

struct mailbox;
struct store;

int mailbox_create(const struct intake_options *options, const char *path,
	struct mailbox **ret_mailbox) __attribute__((warn_unused_result));
void mailbox_destroy(struct mailbox *mailbox);
/* As source_step(). */
int mailbox_step(struct mailbox *mailbox, struct store *store, int64_t now,
	uint64_t mono_ms, bool *ret_more) __attribute__((warn_unused_result));
/* Why it cannot be read at the moment, 0: it can. */
int mailbox_trouble(const struct mailbox *mailbox);

/* Reads one message into an intake. at: for a mail without a date that can be believed. Nothing is
 * committed. */
int mailbox_read(struct intake *intake, struct store *store, const uint8_t *message,
	size_t len, int64_t at, int64_t now) __attribute__((warn_unused_result));
/* The same with a whole file, committed with its name; known by what it says. Returns 1, 0 for
 * one that is known, or a negative errno. */
int mailbox_read_file(struct intake *intake, struct store *store, const char *path,
	int64_t now, struct store_error *ret_error) __attribute__((warn_unused_result));
