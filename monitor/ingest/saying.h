/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * saying — what was said, into the fields of a report: hosts, replies, stages.
 *
 * The grammar of replies is RFC 5321 section 4.2 and RFC 3463; several lines are joined with
 * blanks by the mail servers that log them, each line with its code. Pure.
 */
#include <stdbool.h>

#include "monitor/ingest/report.h"
#include "monitor/ingest/span.h"

/* Empties it, without touching what lies behind the empty strings. */
void saying_clear(struct report *report);

void saying_text(struct report *report, struct span text);
/* A remote server's reply: text, code, and the enhanced code. Where the mail server noted one of
 * another class than the reply's (it softened a refusal), the reply's class counts. */
void saying_reply(struct report *report, struct span reply);
/* A reply's own codes. code 0: it has none; status is empty where there is none. */
unsigned saying_code(struct span reply, char ret_status[12]);
/* "5.1.1", perhaps with words behind it. False: there is none; the report stays. */
bool saying_status(struct report *report, struct span status);

/* Lower case, without the final dot. */
void saying_host(struct report *report, struct span host);
/* Empty where it is no address; "IPv6:" is taken off. */
void saying_ip(struct report *report, struct span ip);
/* Takes "mx.example.com[192.0.2.1]"; false leaves text as it was. */
bool saying_take_host(struct span *text, struct span *ret_host, struct span *ret_ip);
/* "RCPT TO", "end of DATA", ... at the start of verb, in any case. */
enum report_stage saying_stage(struct span verb);
