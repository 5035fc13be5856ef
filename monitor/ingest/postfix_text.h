/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * postfix_text — what Postfix puts in the brackets behind status=: who said what, and when.
 *
 * `host H[IP] said: REPLY (in reply to VERB command)` is a remote server's word; all else
 * is Postfix's own. Only the front and the very end are looked at, so a reply that quotes such
 * words changes nothing; but for those of a relay of our own, which we believe.
 * Source: Postfix smtp_trouble.c, smtp_proto.c, smtp_connect.c, smtp_addr.c, qmgr_deliver.c.
 */
#include <stdbool.h>

#include "monitor/ingest/report.h"
#include "monitor/ingest/span.h"

/* How a text is to be read. */
struct postfix_speech {
	struct span text;
	bool has_relay; /* report->relay_host is the host that was spoken to */
};

/* Sets origin, stage, code, text, missing_name, perhaps status, and where the line named no
 * relay, the host that the text names. */
void postfix_text(const struct postfix_speech *speech, struct report *report);
/* Of a reply by a relay of our own, after postfix_text(): whether it hands on what a host beyond it
 * said, "host RELAY said: ...: host H[IP] said: REPLY ...". That is who refused, then. */
bool postfix_text_beyond(struct span text, struct report *report);
/* Whether mail waits because we ourselves hold it. */
bool postfix_text_is_held(struct span text);
