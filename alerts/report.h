/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * report — one incident on paper: for a post-mortem, or a complaint to who received the mail.
 *
 * The story, the picture, every change with the polls it lies between, what each view can swear to
 * and where it was blind, what became of mail, the messages as they came, and the head of the
 * ledger with how to check all of it. One file, as HTML that loads nothing or as PDF. Pure: no
 * clock, no store. Texts are raw and may be hostile. Pointers are borrowed for the call; times are
 * milliseconds since 1970 UTC, 0 where there is none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "alerts/story.h"

struct timeline;

/* A change, or an answer that was not confirmed. */
struct report_change {
	const char *id; /* "fra1-7"; of what was not confirmed "suspicion 3" */
	const char *view;
	const char *server; /* NULL: the view as a whole */
	const char *what; /* "replaced"; or why it was not confirmed */
	int64_t not_before_at; /* last usable poll of the old answer */
	int64_t at;
	const char *from;
	const char *to;
};

struct report_gap {
	int64_t from;
	int64_t to;
	const char *reason;
};

/* What one view can swear to. */
struct report_view {
	const char *view;
	int64_t from;
	int64_t to;
	uint64_t polls;
	bool polls_exact; /* else a lower bound */
	int64_t covered_ms;
	int64_t longest_ms; /* between two usable polls */
	const struct report_gap *gaps;
	size_t gaps_len;
};

struct report_mail {
	const char *outcome;
	const char *reason;
	const char *relay_host;
	uint64_t count;
	uint64_t recipients;
	int64_t first_at;
	int64_t last_at;
};

/* A message as it came. */
struct report_message {
	const char *change; /* the id of what it is kept with */
	const char *server;
	int64_t at;
	uint32_t rtt_us;
	uint16_t local_port;
	bool tcp;
	bool clock_synchronised;
	const uint8_t *bytes;
	size_t len;
	const char *text; /* a record a line */
};

struct report {
	const struct story *story;
	const struct timeline *timeline; /* NULL: there is no picture */
	const char *site;
	int64_t made_at;
	int64_t from; /* the window that is reported on */
	int64_t to;
	const struct report_change *changes;
	size_t changes_len;
	uint64_t changes_more; /* that are counted and not listed; so below */
	const struct report_view *views;
	size_t views_len;
	const struct report_mail *mails;
	size_t mails_len;
	uint64_t mails_more;
	const struct report_message *messages;
	size_t messages_len;
	uint64_t messages_more;
	const char *addresses; /* whom to re-activate, each ended by a line feed; NULL:
				  not asked for */
	int64_t ledger_transaction; /* 0: nothing is chained yet */
	int64_t ledger_at;
	const char *ledger_head; /* hex */
};

enum report_form {
	REPORT_HTML,
	REPORT_PDF,
};

/* Returns 0, -ENOMEM, or -EIO where out does not take it. */
int report_write(const struct report *report, enum report_form form, FILE *out)
	__attribute__((warn_unused_result));
