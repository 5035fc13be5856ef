/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * header — what a syslog daemon puts before a message: time, host, program.
 *
 * Knows the traditional form (RFC 3164), with RFC 3339 times (perhaps with a column for the level
 * in the host's place or before it), RFC 5424, and messages that begin with the program. What
 * stands behind the program is the message, and nothing in it is looked at. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/ingest/span.h"
#include "monitor/ingest/stamp.h"

struct header {
	struct span stamp; /* empty where there is no time */
	struct span host; /* empty where there is none */
	struct span
		program; /* "postfix/smtp"; empty for `last message repeated` and others */
	struct span message;
};

/* Splits without reading the time. False: this is no such line. */
bool header_split(struct span line, struct header *ret_header);
/* The time, or the reference where there is none. False: it makes no sense. */
bool header_at(const struct header *header, const struct stamp_context *context,
	int64_t *ret_at);
