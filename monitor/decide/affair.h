/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * affair — an incident being worked on: its life, what speaks for it, whom it hit. Inside the
 * detector.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/decide/tolls.h"
#include "storage/incident.h"

struct decide;
struct exchanges;
struct operator_entry;
struct own;
struct subject;

/* What of an incident is worked on at a time; one of each for a domain. */
enum slot {
	SLOT_MOVE,
	SLOT_SPIKE,
	SLOT_DNS,
	SLOT_RECEIVER,
	SLOT_ROTATION,
	SLOTS,
};

#define AFFAIR_OPERATORS 6
#define AFFAIR_TEXT 240
#define AFFAIR_WORD 32 /* longer than any name of a proof */

struct proof {
	char name[AFFAIR_WORD];
	double weight;
	int64_t at;
	char text[AFFAIR_TEXT];
};

struct affair {
	uint64_t serial;
	int64_t number; /* in the store; 0: not there yet */
	struct subject *subject; /* NULL: of all domains */
	struct affair *older; /* in the slot before it; matters while it is not taken */
	enum slot slot;
	enum incident_kind kind;
	enum incident_kind kind_at_open;
	enum incident_severity severity;
	enum incident_severity severity_now;
	enum incident_state state;
	int64_t suspected_at;
	int64_t opened_at;
	int64_t change_at;
	int64_t change_not_before_at;
	int64_t first_bounce_at;
	int64_t last_bounce_at;
	int64_t reverted_at;
	int64_t closed_at;
	int64_t updated_at;
	const struct operator_entry *from[AFFAIR_OPERATORS];
	const struct operator_entry *to[AFFAIR_OPERATORS];
	unsigned from_len;
	unsigned to_len;
	struct proof *proofs; /* owned */
	unsigned proofs_len;
	unsigned proofs_room;
	struct tolls tolls;
	uint64_t recipients; /* of these, to be re-activated */
	uint64_t bounces; /* affected */
	uint64_t deferrals;
	uint64_t deliveries;
	bool dirty;

	/* what the rules go by */
	int view; /* the one that is misled; -1: not that kind */
	bool alarm; /* the test of foreign hosts, or a late verdict */
	bool spiked; /* the test of all or of known recipients */
	bool silent; /* no deliveries since it began */
	bool expected;
	bool blind; /* of our own trouble: no view sees anything */
	bool by_hand; /* somebody closed it */
	bool others_good; /* its hosts have taken mail of other domains since */
	bool missing; /* opened for names of exchanges without address */
	int64_t hold_until; /* not opened before: a view is to be heard first */
	int64_t hot_at; /* last sign that it goes on */
	uint32_t foreign_bounces;
	uint32_t foreign_known_bounces;
	uint32_t foreign_accepted;
	uint32_t foreign_known_accepted;
	uint32_t departed_bounces; /* by hosts that had left the set */
	uint32_t known_bounces;
	uint32_t siblings; /* domains whose deferrals belong to it */
	uint32_t good; /* deliveries through own hosts since the last bounce */
	int64_t good_at; /* first of these */
};

/* The affair in a slot that is not closed, or NULL. */
struct affair *affair_of(const struct subject *subject, enum slot slot);
/* A new one, or the last of the slot where it closed by itself within reopen_ms. NULL: no
 * memory. */
struct affair *affair_begin(struct decide *decide, struct subject *subject,
	enum slot slot, enum incident_kind kind, int64_t at, int64_t reopen_ms);
/* One that is nobody's yet; NULL for want of memory. */
struct affair *affair_make(struct subject *subject, enum slot slot);
/* Makes room in the detector's list for more. */
bool affair_reserve(struct decide *decide, size_t more);
void affair_set_kind(struct affair *affair, enum incident_kind kind, int64_t at);
void affair_open(struct affair *affair, int64_t at);
void affair_set_blind(struct affair *affair, bool blind, int64_t at);
void affair_revert(struct affair *affair, int64_t at);
void affair_close(struct affair *affair, int64_t at);
/* One proof of each name: a later one replaces text and weight, and keeps its time. One that there
 * is no memory for is left out. */
void affair_prove(struct affair *affair, const char *name, double weight, int64_t at,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
bool affair_has_proof(const struct affair *affair, const char *name);
/* Operators of the set that are not, or only as a backup, the domain's own. */
void affair_add_to(struct affair *affair, const struct exchanges *set);
void affair_set_from(struct affair *affair, const struct exchanges *set);
/* The hosts of the set that are tried first are run by who ran them before. */
bool affair_comes_from(const struct affair *affair, const struct exchanges *set);
bool affair_goes_to(const struct affair *affair, const struct operator_entry *entry);
/* Counts a bounce, or takes over those that were kept since then. */
void affair_toll(struct decide *decide, struct affair *affair, const struct toll *toll);
void affair_take_tolls(
	struct decide *decide, struct affair *affair, int64_t since, bool foreign_only);
enum incident_advice affair_advice(const struct affair *affair, const struct toll *toll);
/* It closed so long ago that it is never opened again: it matters only for its times and hosts. */
bool affair_is_over(const struct affair *affair, int64_t now);
/* Lets go of what is over, and of what others have replaced, once it has been taken. */
void affair_sweep(struct decide *decide);
void affair_destroy(struct affair *affair);
