/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * exim_reason — why Exim did not deliver: the text behind the fields of a `**` or `==` line.
 *
 * `SMTP error from remote mail server after RCPT TO:<x>: 550 ...` is a remote server's word; lines
 * of a reply are joined by the two characters `\n`. All else is Exim's own.
 * Source: Exim specification, chapter "Log files"; src/transports/smtp.c.
 */
#include "monitor/ingest/report.h"
#include "monitor/ingest/span.h"

/* Sets origin, stage, code, status, text, missing_name; the host where the text names it and the
 * report has none. A delivery that was given up for the time it took becomes EXPIRED. */
void exim_reason(struct span text, struct report *report);
/* Whether nothing was tried: the time for a retry has not come. */
bool exim_reason_is_wait(struct span text);
