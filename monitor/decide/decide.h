/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * decide — ties changes of the DNS to what happened to mail: facts in, incidents out.
 *
 * Told what views answered, which addresses hosts have, and what became of each delivery, in
 * the order of their times; keeps for each domain what is usual, and makes incidents of what is
 * not. The method stands in docs/detection.md. Time is what it is told: the daemon and backtest
 * run the same code, and the same facts give the same incidents.
 *
 * Facts about the past of a domain (an old log read late) teach, but raise nothing when they lie
 * DECIDE_LATE_MS behind the clock.
 * Calls return 0 or -ENOMEM. One thread; no files, no clock, no logging.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/mxset.h"
#include "storage/delivery.h"
#include "storage/incident.h"

struct decide;
struct endpoint;
struct operators;

#define DECIDE_VIEWS_MAX 16
#define DECIDE_LATE_MS INT64_C(21600000)

struct decide_options {
	struct operators *operators; /* borrowed for the life */
	double false_alarms_per_year; /* of all domains together; 0: 12 */
};
int decide_create(const struct decide_options *options, struct decide **ret_decide)
	__attribute__((warn_unused_result));
void decide_destroy(struct decide *decide);

/* A view from which domains are looked at; the number to name it by, or -ENOSPC, -ENOMEM.
 * The same name again gives the same number. */
int decide_view(struct decide *decide, const char *name, bool authoritative,
	int64_t interval_ms) __attribute__((warn_unused_result));
/* How many domains the view looks at, where not each of them is told of. */
void decide_set_watched(struct decide *decide, int view, size_t domains);

/* A view's confirmed answer, new or again after failures. not_before: the last usable poll
 * before it, 0 for none. The set is not kept. */
struct decide_answer {
	const uint8_t *domain; /* wire name */
	int view;
	int64_t at;
	int64_t not_before_at;
	enum answer_state state;
	const struct mxset *set;
};
int decide_answer(struct decide *decide, const struct decide_answer *answer)
	__attribute__((warn_unused_result));
/* A poll of the view that gave no usable answer. */
int decide_failure(struct decide *decide, const uint8_t *domain, int view, int64_t at)
	__attribute__((warn_unused_result));
/* An address of a mail host; name in lower case without final dot. */
int decide_address(struct decide *decide, const char *host,
	const struct endpoint *address) __attribute__((warn_unused_result));

struct decide_delivery {
	const uint8_t *domain;
	int64_t at;
	enum delivery_outcome outcome;
	enum delivery_reason reason;
	bool remote; /* a server on the recipient's side said so */
	bool fresh; /* of deferrals: the recipient's first of the hour */
	bool accepted_before; /* the recipient had accepted mail */
	bool refused_before; /* he had been unknown before this */
	const uint8_t *hash; /* of the recipient, INCIDENT_HASH bytes; NULL: not known */
	const char *relay_host; /* "" for none */
	const char *relay_ip;
	const uint8_t *missing; /* wire name that could not be looked up, or NULL */
};
int decide_delivery(struct decide *decide, const struct decide_delivery *delivery)
	__attribute__((warn_unused_result));

/* Our own sources of deliveries (feeders.h), by the clock of whoever reads them: that reports were
 * read; why it cannot be read (an errno, 0: it can); that nobody could look; that time passed. */
void decide_feeder_heard(
	struct decide *decide, const char *name, uint32_t reports, int64_t at);
void decide_feeder_failed(struct decide *decide, const char *name, int error, int64_t at);
void decide_feeder_passed(struct decide *decide, const char *name, int64_t at);
void decide_feeders_look(struct decide *decide, int64_t at);
/* Those that are configured, after a recall: others are not waited for any more. */
void decide_feeders_keep(struct decide *decide, const char *const *names, size_t len);

/* The mail server that the source is of defers all mail: its filter of DNS replies is broken. */
void decide_filter_broken(struct decide *decide, const char *name, int64_t at);

/* Nothing will be told any more of what was before now. */
int decide_advance(struct decide *decide, int64_t now)
	__attribute__((warn_unused_result));

/* The latest instant that was told. */
int64_t decide_now(const struct decide *decide);

/* Operators (len 0: any) that are right for a domain until then (0: for good). Those that are for
 * good are the domain's own from then on, and nothing else is learnt to be. Each call adds to
 * what is expected of the domain; `nothing` takes all of it back first. */
struct decide_expectation {
	const uint8_t *domain;
	const char *const *operators;
	size_t operators_len;
	int64_t until_at;
	bool nothing; /* the rest is not looked at */
};
int decide_expect(struct decide *decide, const struct decide_expectation *expectation)
	__attribute__((warn_unused_result));
/* All that is expected has been said since the recall: what was expected before it, and was not
 * said again, is expected no more. */
void decide_expect_no_other(struct decide *decide);

/* Hands out each incident that has changed since the last time, by serial: which stays the
 * same for the life of the incident. incident.number is what decide_set_number() said, or 0.
 * recipients: those that changed. Returns 0 or what fn returned, then the rest comes again. */
typedef int (*decide_incident_fn)(void *owner, uint64_t serial,
	const struct incident *incident, const struct incident_recipient *recipients,
	size_t recipients_len);
int decide_take(struct decide *decide, decide_incident_fn fn, void *owner)
	__attribute__((warn_unused_result));
void decide_set_number(struct decide *decide, uint64_t serial, int64_t number);
/* What was handed out of an incident was lost: it comes again, with all recipients, under this
 * number (0: none). */
void decide_put_back(struct decide *decide, uint64_t serial, int64_t number);
/* That the recipient bounced, or any of the domain, is to be forgotten. Bounces stay counted. */
void decide_forget_recipient(struct decide *decide, const uint8_t *hash);
void decide_forget_domain(struct decide *decide, const uint8_t *domain);
/* The numbers of those that are not closed. Returns 0 or what fn returned, which ends it. */
typedef int (*decide_number_fn)(void *owner, int64_t number);
int decide_each_open(const struct decide *decide, decide_number_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* Somebody closed the incident by hand. */
void decide_close(struct decide *decide, int64_t number, int64_t at);

struct decide_totals {
	size_t domains; /* with deliveries or answers */
	size_t open; /* incidents that are not closed */
	double expected_false_alarms; /* a year, with the domains there are */
	bool relays_void; /* one relay takes all: a smart host */
};
struct decide_totals decide_totals(const struct decide *decide);
