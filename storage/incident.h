/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incident — the durable noun: a change, a spike, or both tied together, with its evidence.
 *
 * Stored numbers never change. Times are milliseconds since 1970 UTC, 0 where there is none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum incident_kind {
	INCIDENT_TRANSIENT_MOVE = 1,
	INCIDENT_TRANSIENT_HIJACK = 2,
	INCIDENT_MIGRATION = 3,
	INCIDENT_MIGRATION_FALLOUT = 4,
	INCIDENT_ROTATION = 5,
	INCIDENT_RESOLVER_POISONING = 6,
	INCIDENT_DNS_OUTAGE = 7,
	INCIDENT_RECEIVER_FAULT = 8,
	INCIDENT_RECEIVER_OUTAGE = 9,
	INCIDENT_LIST_QUALITY = 10,
	INCIDENT_EXPIRY = 11,
	INCIDENT_NULL_MX = 12,
	INCIDENT_SELF = 13,
};
#define INCIDENT_KINDS 14

enum incident_severity {
	SEVERITY_INFO = 1,
	SEVERITY_WARNING = 2,
	SEVERITY_CRITICAL = 3,
};

enum incident_state {
	INCIDENT_SUSPECTED = 1, /* seen, not sure what it is */
	INCIDENT_OPEN = 2,
	INCIDENT_REVERTED = 3, /* what caused it is undone; caches may still lag */
	INCIDENT_CLOSED = 4,
};

/* One reason to believe it. */
struct incident_evidence {
	const char *name; /* a word from the list in docs/incidents.md: "foreign-relay" */
	double weight; /* natural logarithm of odds; 0: said, not weighed */
	int64_t at;
	const char *text; /* one sentence */
};
#define INCIDENT_EVIDENCE_MOST 32

struct incident {
	int64_t number; /* 0: not in the store yet */
	const uint8_t *domain; /* wire name; NULL: of kind SELF */
	enum incident_kind kind;
	enum incident_kind kind_at_open; /* 0: was never open */
	enum incident_severity severity; /* the highest reached */
	enum incident_severity severity_now;
	enum incident_state state;
	int64_t suspected_at; /* first sign of it that was acted on */
	int64_t opened_at; /* first open; while it never was: suspected_at */
	int64_t change_at; /* first sight of the other answer */
	int64_t change_not_before; /* last usable poll of the old one */
	int64_t first_bounce_at;
	int64_t last_bounce_at;
	int64_t reverted_at;
	int64_t closed_at;
	int64_t updated_at; /* what of the above, or of the counts, last became another */
	int64_t acked_at; /* somebody has seen it */
	const char *from_operators; /* names, each ended by a line feed; "" for none */
	const char *to_operators;
	const char *view; /* of a poisoning: the view that differs; else "" */
	uint64_t recipients; /* to be re-activated */
	uint64_t bounces; /* affected ones */
	uint64_t deferrals; /* of the domain, in the window */
	uint64_t deliveries; /* accepted, in the window */
	const char *summary; /* one sentence */
	const struct incident_evidence *evidence; /* by time */
	size_t evidence_len;
};

enum incident_advice {
	ADVICE_REACTIVATE = 1, /* bounced only because of the incident */
	ADVICE_LEAVE = 2, /* unknown at the domain's own hosts too */
};

#define INCIDENT_HASH 16

struct incident_recipient {
	uint8_t hash
		[INCIDENT_HASH]; /* keyed; as recipients are known by in deliveries.h */
	const char *address; /* NULL where the store did not keep it */
	const char *relay_host;
	int64_t first_bounce_at;
	int64_t last_bounce_at;
	uint64_t bounces;
	bool accepted_before;
	enum incident_advice advice;
};

/* "transient-hijack", "critical", "reverted", "re-activate", ... Static. */
const char *incident_kind_name(enum incident_kind kind);
const char *incident_severity_name(enum incident_severity severity);
const char *incident_state_name(enum incident_state state);
const char *incident_advice_name(enum incident_advice advice);
/* A copy in one piece, what it points to included; free with free(). NULL without memory. */
struct incident *incident_copy(const struct incident *incident);

/* Return 0 or -EINVAL. */
int incident_kind_from_name(const char *name, enum incident_kind *ret_kind)
	__attribute__((warn_unused_result));
int incident_severity_from_name(const char *name, enum incident_severity *ret_severity)
	__attribute__((warn_unused_result));
int incident_state_from_name(const char *name, enum incident_state *ret_state)
	__attribute__((warn_unused_result));
