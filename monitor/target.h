/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * target — one domain in one view as the poller keeps it: what the open span says, and the
 * counters that confirming polls add.
 *
 * A million of these are kept, so they are small and flat: the name lies in the poller's names,
 * interval and view in a group shared by many. The rules of INTERFACE for gaps and buckets are
 * applied here and nowhere else; what has to be recorded comes back as notes.
 * Pure: the caller brings the time. All instants are milliseconds of the timeline.
 */
#include <stdbool.h>
#include <stdint.h>

#include "resolvers/digest.h"
#include "storage/record.h"

/* What targets share: a view at an interval, and what is asked for. */
struct target_group {
	uint8_t view; /* index of the poller's views */
	uint16_t rrtype;
	int64_t interval_ms;
	int64_t timeout_ms; /* of one try */
	int64_t bucket_ms;
};

enum {
	TARGET_ACTIVE = 1, /* watched: it is polled */
	TARGET_BUSY = 2, /* a poll is under way */
	TARGET_ROUND = 4, /* a confirming round is under way */
	TARGET_GAP = 8, /* the store has a gap of it that lasts */
	TARGET_UNWATCHED = 16, /* was not watched until lately */
	TARGET_DEVIANTS = 32, /* some of its servers are kept apart */
	TARGET_PACED = 64, /* has reserved its place at the server that `rotor` names */
	TARGET_POLLED = 128, /* has ended a poll since the start, whatever came of it */
	TARGET_QUEUED = 256, /* is in the schedule */
	TARGET_FAILED = 512, /* the last poll failed, which was told */
	TARGET_DEAF = 1024, /* the last two did */
};

struct target {
	struct digest digest; /* of the open span's answer */
	int64_t last_at; /* last usable poll that agreed with it; 0 for none */
	uint32_t name; /* offset of its wire name */
	uint32_t polls; /* of the open span */
	uint32_t ttl_min; /* seconds; UINT32_MAX for none */
	uint32_t ttl_max;
	uint32_t bucket_polls; /* of the bucket that is filling */
	uint32_t bucket_usable;
	uint32_t bucket_longest_ms; /* distances that are gaps left out */
	uint32_t bucket_no; /* its start / its length; 0 for none */
	uint16_t group;
	uint8_t state; /* enum answer_state of the open span, NONE without one */
	uint8_t failure; /* of the last poll, 0 when it was usable */
	uint16_t flags;
	uint8_t rotor; /* server to be asked next, modulo their number */
	uint8_t last_failure; /* of the last try, whatever came of the poll */
};

/* When polling was interrupted for all, and why: a start, a suspended machine, a stepped clock.
 * It explains every distance that spans it. */
struct interruption {
	int64_t at;
	unsigned reason; /* enum gap_reason, 0 for none */
};

/* What a poll gives to record. */
struct target_notes {
	bool bucket_full;
	struct bucket bucket; /* without its point */
	enum {
		TARGET_GAP_NONE,
		TARGET_GAP_OPEN, /* from gap_from, lasting */
		TARGET_GAP_CLOSE, /* the lasting one ends at gap_to */
		TARGET_GAP_ADD, /* from gap_from to gap_to */
	} gap;
	int64_t gap_from;
	int64_t gap_to;
	unsigned gap_reason;
};

/* The largest distance between usable polls that is no gap: 2 x interval + time-out. */
int64_t target_patience_ms(const struct target_group *group);

/* A usable poll at `at` agreed with the open span. */
void target_agree(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, uint32_t ttl,
	struct target_notes *ret_notes);
/* A poll ended at `at` without a usable answer. */
void target_fail(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, enum answer_state failure,
	struct target_notes *ret_notes);
/* A new span begins: first seen at `at`, after the last poll that agreed with the old one. */
void target_turn(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, enum answer_state state,
	struct digest digest, uint32_t ttl, struct target_notes *ret_notes);

/* To and from what is stored. */
struct pulse target_pulse(const struct target *target, const struct target_group *group);
void target_resume(struct target *target, const struct target_group *group,
	const struct pulse *pulse);
