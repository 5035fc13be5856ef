/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reply_text — an answer's words, without what is no words of its own.
 *
 * Cut out, and leaving no hole: reply codes and enhanced codes (these are kept apart), mail
 * addresses, the recipient's local part where it stands in quotes or brackets or before "...",
 * host names, IP addresses, URLs (but for an answer that is nothing else), and ids (letters and
 * digits mixed, of 8 or more). What is left are runs of letters (monitor/ingest/letter.h) and
 * digits; apostrophes vanish ("doesn't" is doesnt), "e-mail" is email. Any bytes may come.
 * Pure; linear in the text.
 */
#include <stddef.h>
#include <stdint.h>

#include "monitor/ingest/report.h"

#define REPLY_WORDS_MAX (REPORT_TEXT_MAX / 2)
#define REPLY_STATUSES_MAX 8

struct reply_word {
	uint16_t at; /* in bytes */
	uint16_t len;
};

struct reply_text {
	struct reply_word words[REPLY_WORDS_MAX];
	size_t words_len;
	char bytes[REPORT_TEXT_MAX];
	size_t bytes_len;
	uint16_t code; /* the first that begins an answer; 0 for none */
	char statuses[REPLY_STATUSES_MAX][12]; /* enhanced codes, in order */
	size_t statuses_len;
	char host[REPORT_HOST_MAX]; /* of "host NAME[IP] said:", else "" */
};

/* recipient: local@domain, or "". */
void reply_text_read(
	const char *text, const char *recipient, struct reply_text *ret_text);
