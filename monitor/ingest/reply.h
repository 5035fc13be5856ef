/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reply — what a mail server's answer says about the recipient.
 *
 * One report in, one verdict out: by the rules (monitor/ingest/reply_rules.h), the first that
 * fits decides. Only the words of the answer count: codes, addresses, host names and ids are
 * cut out before (monitor/ingest/reply_text.h). An enhanced code of 5.0.0 says nothing (Postfix
 * writes it for "none was given"), and 5.1.1 is believed only after the rules for quota, rate
 * and policy passed. What our own server decided is never said about a user of the receiver.
 * Linear in the text, deterministic, without I/O; any thread, as the rules never change.
 * Source: RFC 5321 section 4.2, RFC 3463.
 */
#include <stdint.h>

#include "storage/delivery.h"

struct reply_rules;
struct report;

struct reply_verdict {
	enum delivery_reason reason; /* REASON_NONE for what was delivered */
	uint16_t code; /* 550; 0 where neither report nor text has one */
	char status[12]; /* "5.1.1"; the text's own where the report says x.0.0; or "" */
	const char *rule; /* its id, borrowed from the rules; "" for what was delivered */
};

void reply_judge(const struct reply_rules *rules, const struct report *report,
	struct reply_verdict *ret_verdict);
