/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dsnreport — the report that the fields or the words of a bounce amount to.
 *
 * The recipient is the Final-Recipient: the address at which delivery ended, whose domain's
 * servers spoke; the Original-Recipient is the report's original where it is another. A server
 * that refused with a reply, or about the address or its mailbox, is the recipient's (remote);
 * look-ups, connections and queue times are the reporting server's own (local). Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct bouncetext;
struct dsn_message;
struct dsn_recipient;
struct report;

/* said: what the notice says about this recipient, or NULL. All but the time and a missing id is
 * filled in. */
void dsnreport_from_fields(const struct dsn_message *message,
	const struct dsn_recipient *recipient, const struct bouncetext *said,
	struct report *ret_report);
/* delayed: the notice says that it will be tried further. */
void dsnreport_from_text(
	const struct bouncetext *said, bool delayed, struct report *ret_report);
