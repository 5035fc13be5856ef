/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mailfile — what one log of a mail server says, read ahead by a thread of its own. Of mails.c.
 *
 * The thread unpacks, parses and judges a piece of the file at a time and hands it over as a
 * batch; it is MAILFILE_AHEAD pieces ahead at most, so memory is bounded. Batches come in the
 * order of the file and say the same however the threads are scheduled.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/backtest/mails.h"
#include "monitor/ingest/reader.h"
#include "storage/incident.h"

#define MAILFILE_AHEAD 4

/* A delivery; texts are offsets into the batch's text. */
struct mailfile_row {
	int64_t at;
	uint8_t outcome; /* enum delivery_outcome */
	uint8_t reason; /* enum delivery_reason */
	bool remote;
	bool has_missing;
	unsigned count;
	uint8_t hash[INCIDENT_HASH]; /* of the recipient */
	uint32_t domain; /* wire name */
	uint32_t recipient; /* lower case; "" not known */
	uint32_t relay_host;
	uint32_t relay_ip;
	uint32_t missing; /* wire name */
};

/* A line that should have been a delivery. */
struct mailfile_refusal {
	uint64_t line;
	const char *why; /* static */
};

struct mailfile_batch {
	struct mailfile_row *rows; /* owned */
	size_t len;
	size_t room;
	char *text; /* owned */
	size_t text_len;
	size_t text_room;
	struct mailfile_refusal *refusals; /* owned */
	size_t refusals_len;
	size_t refusals_room;
	uint64_t lines; /* of the file, read so far */
	bool last; /* no other will come */
	int err; /* why the file cannot be read on; what came before it stands */
};

struct mailfile;

/* Opens the file ("-": standard input) and starts its thread. options are borrowed for the life.
 * Returns as mails_add. */
int mailfile_open(const struct mails_options *options, const char *path,
	enum reader_format format, struct mailfile **ret_file)
	__attribute__((warn_unused_result));
/* Waits until the thread has ended the piece it is at. */
void mailfile_close(struct mailfile *file);
const char *mailfile_path(const struct mailfile *file);
/* Waits for the next batch, borrowed until the next call; the one before goes back. Not to be
 * called after the last. */
const struct mailfile_batch *mailfile_next(struct mailfile *file);
