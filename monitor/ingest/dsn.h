/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dsn — what a bounce says, as reports: one for each recipient.
 *
 * Reads delivery status notifications (RFC 3464, RFC 6533) and bounces written for people. Mail
 * that is neither (automatic replies, complaints, receipts, letters) is refused with a reason.
 * Anybody can send such a mail: what is read here is a claim, to be weighed below a log line.
 *
 * The structure is found by monitor/ingest/mimepart.h within its limits; GMime, which only this
 * file knows, is given single parts of bounded size, to undo transfer encodings and charsets,
 * encoded words and dates. Time and memory are linear in the message, of which no more than
 * DSN_MESSAGE_MAX bytes are read. Any line end means the same. Any thread. GLib ends the
 * process where there is no memory for it.
 */
#include <stddef.h>
#include <stdint.h>

#define DSN_MESSAGE_MAX (10 * 1024 * 1024) /* what follows is not looked at */

struct report;

/* Borrows the report. Non-zero ends the reading. */
typedef int (*dsn_report_fn)(void *owner, const struct report *report);

/* now: milliseconds since 1970; no report is later than a day after it, and at is 0 where
 * the mail has no believable date. *ret_why: NULL, or why there is no report (static).
 * Returns 0, -ENOMEM, or what fn returned. */
int dsn_read(const uint8_t *message, size_t len, int64_t now, dsn_report_fn fn,
	void *owner, const char **ret_why) __attribute__((warn_unused_result));
