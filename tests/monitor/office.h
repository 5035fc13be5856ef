/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * office — a casebook at work on a real store, in a time that the test makes: what views say comes
 * through the recorder, mail through an intake, as in the monitor.
 *
 * Every function fails the running test where something goes wrong that it does not return.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/casebook.h"
#include "monitor/conf.h"
#include "monitor/ingest/report.h"
#include "tests/monitor/desk.h"

#define MINUTE (60 * SECOND)
#define DAY (24 * HOUR)

struct intake;
struct reply_rules;

struct office {
	struct desk *desk; /* its store, queue and log; its recorder tells the casebook */
	struct conf conf;
	struct conf_view views[2]; /* own: authoritative; mta */
	struct conf_watch watch;
	struct casebook *casebook;
	struct reply_rules *rules;
	struct operators *operators;
	struct intake *intake;
	unsigned mails;
	int64_t now; /* of the latest thing that happened */
};

/* cmocka set-up and tear-down; *state is a struct office. */
int office_setup(void **state);
int office_teardown(void **state);
/* The monitor ends without a word, and starts again; or in peace. */
void office_restart(struct office *office);
void office_restart_in_peace(struct office *office);

/* Both views, or the one, say from `at` on: "10 a.example", "nxdomain". What they said before is
 * taken from the store. */
void office_say(
	struct office *office, const char *domain, const char *answer, int64_t at);
void office_view_says(struct office *office, const char *view, const char *domain,
	const char *answer, int64_t at);
void office_fail(struct office *office, const char *view, const char *domain, int64_t at);
void office_recover(
	struct office *office, const char *view, const char *domain, int64_t at);

/* The gap of a view that goes on failing opens, or ends. */
void office_gap(struct office *office, enum news_kind kind, const char *view,
	const char *domain, int64_t at);

/* A mail to a recipient is accepted, or refused with the reply. */
void office_mail(struct office *office, int64_t at, const char *recipient,
	const char *host, const char *reply);
/* Any report, committed by itself. */
void office_report(struct office *office, const struct report *report);
/* Ordinary mail to 20 people each hour until then. */
void office_everyday(struct office *office, const char *domain, const char *host,
	int64_t from, int64_t to);

/* What the store has: "transient-hijack open 2/1 IONOS>Apple iCloud; ": kind, state, bounces,
 * recipients, operators, by number. Static. */
const char *office_incidents(struct office *office);
