/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reply_rules_inside — the rules as reply.c reads them. Private to the two.
 *
 * A rule fits where each kind of condition that it has holds; of one kind, any one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/phrasebook.h"
#include "storage/delivery.h"

#define REPLY_RULES_MAX (PHRASEBOOK_MARKS_MAX / 2)

/* The marks of the rule at a place among the rules. */
#define REPLY_MARK_TEXT(at) ((uint16_t)((at)*2))
#define REPLY_MARK_NOT(at) ((uint16_t)((at)*2 + 1))

#define REPLY_BY_LOCAL 1U /* as 1 << enum report_origin */
#define REPLY_BY_REMOTE 2U

struct reply_rule {
	char *id; /* owned */
	enum delivery_reason reason;
	bool has_text; /* one of its phrases must stand in the answer */
	unsigned by; /* bits of enum report_origin */
	unsigned stages; /* bits of enum report_stage; 0: any */
	unsigned outcomes; /* bits of enum delivery_outcome; 0: any */
	char **hosts; /* owned array; a relay of this name or below it */
	size_t hosts_len;
	char **statuses; /* owned array; "x.1.1": x is any number */
	size_t statuses_len;
	char **codes; /* owned array; "5xx": x is any digit */
	size_t codes_len;
	unsigned line; /* of the file it came from */
};

struct reply_rules {
	struct reply_rule *rules; /* owned array of len, the first that fits decides */
	size_t len;
	struct phrasebook *book; /* owned */
};
