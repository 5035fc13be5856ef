/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bouncetext — who was not reached and why, from a bounce that is written for people.
 *
 * Knows how mail servers lay such notices out (qmail, Exim, Sendmail 5, GMX, Yahoo, Gmail,
 * Exchange, OpenSMTPD, DragonFly and those that follow them): an address at the start of a line
 * opens the paragraph about it; the copy of the original mail ends the notice. Words are looked
 * for in English; what a server answered is found by its SMTP code in any language. Linear in
 * the text. Pure; any thread. The text is decoded, with LF line ends.
 */
#include <stdbool.h>
#include <stddef.h>

#include "monitor/ingest/report.h"

#define BOUNCETEXT_RECIPIENTS_MAX 100

struct bouncetext {
	char recipient[REPORT_ADDRESS_MAX];
	char text[REPORT_TEXT_MAX]; /* from the server's reply on, where there is one */
	char host[REPORT_HOST_MAX]; /* who answered, lower case; or "" */
	char ip[48];
	bool answered; /* the text is an SMTP reply */
};

struct bouncetext_list {
	struct bouncetext items[BOUNCETEXT_RECIPIENTS_MAX];
	size_t len;
};

/* What the mail's headers say beside its text; NULL where there is none. */
struct bouncetext_hints {
	const char *failed; /* X-Failed-Recipients */
	const char *sender; /* whom the bounce went to: nobody that was not reached */
	const char *original_to; /* of the mail that came back */
};

/* The bytes of the notice itself: up to the copy of the original mail. */
size_t bouncetext_notice_length(const char *text, size_t len);
/* Whether these headers are those of a bounce: 2 surely, 1 perhaps (then the text must say so
 * too), 0 not. */
int bouncetext_is_bounce(const char *from, const char *subject);
/* Whether the notice says that a mail was not delivered. */
bool bouncetext_says_so(const char *notice, size_t len);
/* Whether it says that delivery will be tried further. */
bool bouncetext_is_delay(const char *notice, size_t len);
/* Each recipient once. */
void bouncetext_read(const char *notice, size_t len, const struct bouncetext_hints *hints,
	struct bouncetext_list *ret_list);
/* The answer of a server in a text, and who gave it, into item (all but its recipient). */
void bouncetext_answer(const char *text, struct bouncetext *item);
