/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * casebook_inside — what the files of casebook share. Private to them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/casebook.h"
#include "monitor/decide/lexicon.h"
#include "monitor/orphans.h"
#include "resolvers/name.h"
#include "storage/incident.h"

#define CASEBOOK_UNLISTED SIZE_MAX /* no watch with expectations names the domain */

/* A domain of which there was something to tell. */
struct acquainted {
	bool met; /* the detector knows what the views say */
	bool recalled; /* it knew the domain before this run */
	bool involved; /* in an incident of before this run */
	bool expected; /* the store has expectations of it */
	size_t watch; /* of the configuration, with `expect`; or CASEBOOK_UNLISTED */
	uint8_t domain[]; /* wire name */
};

/* What was last said of an incident. */
struct standing {
	int64_t number;
	enum incident_kind kind;
	enum incident_state state;
};

/* An incident that was put into the open transaction. */
struct entry {
	uint64_t serial;
	bool is_new; /* it has got its number in this transaction */
	struct standing now;
	enum incident_severity severity;
	uint8_t domain[NAME_WIRE_MAX]; /* empty name: of all domains */
	char summary[512];
};

struct casebook {
	struct store *store;
	const struct conf *conf;
	struct operators *operators; /* owned */
	struct decide *decide; /* owned */
	int64_t now; /* latest instant that was told */
	struct lexicon domains;
	struct acquainted **acquainted; /* owned, in the order they were met */
	size_t acquainted_len;
	size_t acquainted_room;

	struct standing *standings; /* owned; by number */
	size_t standings_len;
	size_t standings_room;
	struct entry *entries; /* owned */
	size_t entries_len;
	size_t entries_room;
	bool begun; /* a transaction of our own is open */
	bool own; /* one may be opened */
	bool urgent; /* a bounce or a change was learnt */
	bool learnt; /* anything was */
	bool erasing; /* rows are to be overwritten: something was forgotten */
	uint8_t *names; /* owned; rows of memory that are in the open transaction */
	size_t names_len;
	size_t names_room;
	int64_t remembering_at; /* of that transaction; 0: it has none */
	int64_t remembered_at;
	struct orphans orphans; /* deliveries that were told, and not written */
	casebook_put_fn on_put; /* NULL: nobody attends */
	void *put_owner;
	casebook_durable_fn on_durable; /* NULL: nobody listens */
	void *durable_owner;
	bool troubled; /* want of memory, or of the store, has been logged */
};

/* --- casebook.c --- */
/* The record of a domain, made where there is none; NULL for want of memory. */
struct acquainted *casebook_acquaint(struct casebook *casebook, const uint8_t *domain);
/* The detector's number of a view of the configuration, -1 for none. */
int casebook_view(const struct casebook *casebook, const char *name);
/* Logs an error once, until it has passed. */
void casebook_check(struct casebook *casebook, int error);

/* --- casebook_save.c --- */
/* Notes what stands of an incident, as if it had been announced. Returns 0 or -ENOMEM. */
int casebook_note(struct casebook *casebook, const struct standing *standing)
	__attribute__((warn_unused_result));
/* Where time alone has brought something up: begins a transaction, unless there is one. */
void casebook_begin(struct casebook *casebook);

/* --- casebook_facts.c --- */
/* Tells what views say of a domain until now, as the store has it. */
void casebook_meet(struct casebook *casebook, struct acquainted *one);

/* --- casebook_memory.c --- */
/* Writes what was learnt, where that is due; and what became of the transaction. */
void casebook_remember(struct casebook *casebook, int64_t now);
void casebook_remembered(struct casebook *casebook, int error);
/* Takes up what the store remembers. Returns 0, -ENOMEM, or an error of the store. */
int casebook_recall(struct casebook *casebook) __attribute__((warn_unused_result));
