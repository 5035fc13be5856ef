/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mails — what logs of mail servers say, of several files in the order of their times.
 *
 * Each file is read a piece at a time, ahead, by a thread of its own (mailfile.h); what a piece
 * says waits until nothing earlier is left. Callers see no thread.
 */
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/reader.h"
#include "storage/delivery.h"

struct mails;
struct reply_rules;

struct mail {
	int64_t at;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	bool remote;
	unsigned count;
	const uint8_t *domain; /* wire name */
	const char *recipient; /* lower case; "" not known */
	const uint8_t *hash; /* of the recipient, INCIDENT_HASH bytes */
	const uint8_t *soon; /* that of one who comes a little later; or NULL */
	const char *relay_host;
	const char *relay_ip;
	const uint8_t *missing; /* or NULL */
};

struct mails_options {
	const struct reply_rules *rules; /* borrowed */
	const char *zone; /* of times that have none; NULL: UTC */
	const struct reader_fields *fields; /* of csv and jsonl; NULL: their own */
	int64_t now;
	/* NULL is allowed: a line that should have been a delivery. In calls of mails_next(). */
	void (*on_rejected)(
		void *owner, const char *path, uint64_t line, const char *why);
	void *owner;
};

int mails_create(const struct mails_options *options, struct mails **ret_mails)
	__attribute__((warn_unused_result));
void mails_destroy(struct mails *mails);
/* "-" is standard input. Returns 0, -ENOMEM, -EINVAL for a zone that is none, or why the file
 * cannot be read. */
int mails_add(struct mails *mails, const char *path, enum reader_format format)
	__attribute__((warn_unused_result));
/* The next by time, borrowed until the next call. Returns 1, 0 at the end, or why a file cannot be
 * read on; *ret_path names it then. */
int mails_next(struct mails *mails, struct mail *ret_mail, const char **ret_path)
	__attribute__((warn_unused_result));
uint64_t mails_lines(const struct mails *mails); /* read so far */
