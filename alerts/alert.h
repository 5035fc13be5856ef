/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * alert — what there is to tell at one moment: one incident, or several gathered.
 *
 * A value that is put together from the store by whoever sends, and made into mail (message.h)
 * and JSON (payload.h) here. All texts are raw: each form escapes for itself. Pointers are
 * borrowed for the call.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/story.h"
#include "storage/incident.h"

/* Stored numbers never change. */
enum alert_event {
	ALERT_SUSPECTED = 1, /* first word of it: no bounce yet, or not sure what it is */
	ALERT_OPENED = 2, /* first word of it, or it was only suspected when last told */
	ALERT_CHANGED = 3, /* it has become another kind */
	ALERT_WORSE = 4, /* more severe, or many more recipients than when last told */
	ALERT_STILL = 5, /* nothing new, and nobody has acknowledged it */
	ALERT_REVERTED = 6, /* the cause is undone; caches may lag */
	ALERT_CLOSED = 7, /* the all-clear */
	ALERT_TEST = 8, /* somebody tries the channel; no incident */
	ALERT_DAILY = 9, /* the self-check: silence means calm; no incident */
	ALERT_BLIND = 10, /* polling, reading or sending has stopped; no incident */
};

/* "opened", "closed", ... Static. */
const char *alert_event_name(enum alert_event event);

/* One incident of an alert. */
struct alert_case {
	struct story story;
	enum alert_event event;
	const char *link; /* its page; NULL where none is configured */
	const char *reactivate; /* addresses for the all-clear, a line each; NULL */
};

/* Incidents of which the same is to be said. */
struct alert_group {
	enum incident_kind kind;
	const char *to_operators; /* as in an incident */
	uint64_t count;
};

struct alert {
	const char *id; /* "SITE-aNUMBER": the same each time that it is sent */
	int64_t at;
	const char *site;
	const char *ledger_head; /* hex; "" where there is none yet */
	const char *thread; /* id of the alert that told first; NULL: this one does */
	const struct alert_case *cases; /* most severe first; none for TEST, ... */
	size_t cases_len;
	uint64_t more; /* incidents that are counted and not listed */
	const struct alert_group *groups; /* most first, of all, listed or not */
	size_t groups_len; /* 0: are counted from the cases */
	const char *list; /* of all where some are not listed, a line each; NULL */
	enum alert_event event; /* of the first case; or TEST, DAILY, BLIND */
	const char *note; /* what TEST, DAILY and BLIND have to say; else NULL */
	const void *picture; /* PNG of the first case's timeline; NULL */
	size_t picture_len;
};

/* The highest that one of its incidents reached; of no incident: BLIND is critical, the others are
 * info. */
enum incident_severity alert_severity(const struct alert *alert);

/* What happened in a few words: "MX of online.de moved to Apple iCloud"; the same rules. */
int alert_headline(const struct alert_case *one, char **ret_text)
	__attribute__((warn_unused_result));

/* One line that can be filtered: "critical: MX of online.de moved to Apple iCloud, 412 bounces".
 * Printable UTF-8 without line feeds; no sink's escaping is done. Returns 0 or -ENOMEM; free
 * *ret_text with free(). */
int alert_subject(const struct alert *alert, char **ret_text)
	__attribute__((warn_unused_result));
