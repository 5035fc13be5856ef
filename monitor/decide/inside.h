/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * inside — what the files of the detector share, and nobody else sees.
 *
 * A *subject* is a domain with all that is known of it. An *affair* is an incident being worked
 * on. Facts come in by attempt.c (deliveries) and look.c (the DNS); both call reconsider(),
 * which goes through the rules of move.c (the MX is elsewhere), fault.c (bounces, deferrals)
 * and outage.c (no usable answer).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/decide/affair.h"
#include "monitor/decide/decide.h"
#include "monitor/decide/feeders.h"
#include "monitor/decide/hosts.h"
#include "monitor/decide/lexicon.h"
#include "monitor/decide/look.h"
#include "monitor/decide/own.h"
#include "monitor/decide/rules.h"
#include "monitor/decide/spike.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

#define SUBJECT_SETS 8
#define SUBJECT_TOLLS 1024 /* bounces that are kept before there is an incident */

struct subject {
	uint8_t *domain; /* owned wire name */
	uint32_t ordinal; /* as they were met; its own for good */
	int64_t met_at;
	struct own own;
	const struct operator_entry *expected[AFFAIR_OPERATORS];
	uint8_t expected_len;
	bool any_expected; /* a planned change, to whatever it is */
	bool recalled_plan; /* what is expected was recalled, and not said since */
	int64_t expected_until; /* 0: for good */
	struct look *looks; /* owned; one a view, and room for decide->looks_room */
	const struct exchanges *sets[SUBJECT_SETS]; /* seen at home, the latest first */
	const struct exchanges *departed; /* the set before the present one */
	int64_t departed_at;
	struct spike spike;
	float stuck[2]; /* as in spike.c, of deferrals at own hosts */
	int64_t stuck_since;
	uint32_t stuck_mails;
	uint64_t
		led_by; /* serial of another's affair that they belong to; see hoster.c */
	struct tolls tolls; /* bounces of the last day, before there is an incident */
	uint32_t missing_mails; /* that met an exchange without address, lately */
	int64_t missing_since;
	int64_t active_slice; /* see outage.c */
	int64_t lost_slice;
	int64_t timer_at; /* 0: none */
	struct affair *affairs[SLOTS]; /* owned by the detector */
	bool touched; /* something of it changed since it was last remembered */
	bool pressing; /* and the store is to know at once */
	uint32_t row_len; /* bytes that this took the last time, */
	int64_t row_at; /* which was then; 0: not in this run */
	struct subject *touched_next;
};

struct view {
	char *name; /* owned */
	bool authoritative;
	int64_t interval_ms;
	uint32_t seen; /* domains it has answered for */
	size_t watched; /* domains it looks at, told of or not */
	uint32_t failing; /* of these */
	int64_t sick_since; /* 0: well */
	int64_t sick_until; /* well again from then on */
};

struct timer {
	int64_t at;
	struct subject *subject; /* NULL: of all */
};

/* A hijack of a while ago: another from and to the same operators is likelier for it. */
struct precedent {
	const struct operator_entry *from;
	const struct operator_entry *to;
	uint32_t ordinal; /* of the subject */
	int64_t at;
};
#define PRECEDENTS 256

struct decide {
	struct operators *operators;
	double budget; /* false alarms a year */
	struct hosts hosts;
	struct lexicon by_domain;
	struct subject **subjects; /* owned */
	size_t subjects_len;
	size_t subjects_room;
	struct subject *touched; /* first of a list */
	uint32_t ordinals; /* given out */
	struct view views[DECIDE_VIEWS_MAX];
	int views_len;
	size_t looks_room; /* of each subject: at least views_len */
	struct affair **affairs; /* owned, by serial */
	size_t affairs_len;
	size_t affairs_room;
	bool unsorted; /* some were recalled since */
	int64_t swept_at;
	uint64_t serials;
	struct affair *self; /* our own trouble, NULL: none */
	struct precedent precedents[PRECEDENTS];
	size_t precedents_len; /* ever */
	struct timer *timers; /* owned; a heap */
	size_t timers_len;
	size_t timers_room;
	int64_t now;
	struct { /* which relay takes how much of the mail */
		const struct operator_entry *entry;
		double attempts;
	} relays[16];
	double attempts;
	size_t mailed; /* domains with deliveries */
	int64_t slice; /* of time, for the share of domains that cannot be found */
	uint32_t slice_active;
	uint32_t slice_lost;
	int64_t lost_since; /* 0: all can be found */
	int64_t filter_broken_at; /* last heard of; 0: it is not. The next mail says it again: it is
				     not remembered */
	struct feeders feeders; /* our own sources */
	struct affair *leaders[HOSTER_LEADERS]; /* borrowed; see hoster.c */
	size_t leaders_len;
	bool touched_all; /* what is of all domains together, other than now */
	int error; /* first want of memory */
};

/* --- engine.c --- */
struct subject *decide_subject(struct decide *decide, const uint8_t *domain, int64_t at);
/* Something of the subject (NULL: of all) changes: it is to be remembered. */
void decide_touch(struct decide *decide, struct subject *subject);
/* The same of what the store may not be behind with; NULL is allowed. */
void decide_press(struct subject *subject);
/* One that is not adopted yet; NULL for want of memory. */
struct subject *decide_make(const struct decide *decide, const uint8_t *domain);
/* Takes the subject, whose domain is new, on success. */
bool decide_adopt(struct decide *decide, struct subject *subject);
void decide_drop(struct subject *subject);
void decide_set_timer(struct decide *decide, struct subject *subject, int64_t at);
void decide_fail(struct decide *decide);

/* --- backup.c --- */
/* Whether the host is run by an operator of the sets seen at home that was never tried first. */
bool backup_is(const struct subject *subject, const struct host *host);
/* Whether all hosts of the set are such. */
bool backup_alone(const struct subject *subject, const struct exchanges *set);

/* --- strike.c --- */
/* Whether the mail that foreign hosts answered, the last of them this one, bounces too much. */
bool strike_foreign(const struct decide *decide, const struct subject *subject,
	const struct host *host, bool sibling);
/* Whether recipients who had accepted mail do. */
bool strike_known(const struct decide *decide, const struct subject *subject, int64_t at);
/* Whether recipients do, whoever they are. */
bool strike_list(const struct decide *decide, const struct subject *subject, int64_t at);
