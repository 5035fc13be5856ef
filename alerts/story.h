/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * story — an incident in the words of whoever has to answer for the mail.
 *
 * What happened, since when, how sure and why, what is not known, what to do now and after. The
 * same text is printed by a command and sent as an alert: plain text of 78 columns, in which
 * commands to be copied stand alone on their lines. Host names, operators and sentences of others
 * are escaped here. Pure: no clock, no store; times are shown in UTC.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct incident;

/* What one view had, in words ("10 mx00.ionos.de, 10 mx01.ionos.de"); NULL where not known. */
struct story_view {
	const char *view;
	const char *before; /* the change */
	const char *since; /* the change */
	const char *now;
};

/* Mail around an incident: what came before its first bounce, and the sender's own standing. */
struct story_mail {
	uint64_t deferred_before; /* mails, in the two hours before */
	uint64_t greylisted_before;
	uint64_t accepted_all; /* of all domains, on the incident's days */
	uint64_t bounced_all;
};

struct story {
	const struct incident *incident;
	const char *id;
	const char *domain; /* A-label; "" of kind SELF */
	const char *spoken; /* its U-label; NULL where it is no other */
	const struct story_view *views;
	size_t views_len;
	const struct story_mail *mail; /* NULL: nothing is known */
	const char *coverage; /* what the polls can swear to; "" for nothing to say */
	uint64_t leave; /* recipients that are not to be re-activated */
	uint64_t repeated; /* of those to be re-activated: bounced more than once */
	uint64_t nameless; /* of those to be re-activated: known by their hash alone */
	int64_t ttl_s; /* largest TTL of what was seen since the change; 0: not known */
	const char
		*meant; /* list-quality: the domain that is likely meant; NULL for none */
};

/* Writes the whole story; errors of writing stick to out. Returns 0 or -ENOMEM. */
int story_write(const struct story *story, FILE *out) __attribute__((warn_unused_result));
/* The same words as HTML, to stand between html_open(), which shows the summary, and
 * html_close(). */
int story_write_html(const struct story *story, FILE *out)
	__attribute__((warn_unused_result));
/* What to do now, alone, as text. */
int story_write_advice(const struct story *story, FILE *out)
	__attribute__((warn_unused_result));
