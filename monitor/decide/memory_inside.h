/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * memory_inside — how what the detector's rows speak of is named. Inside memory.
 *
 * Operators, hosts and sets are written out the first time a row speaks of them, and by their
 * place after that.
 */
#include "monitor/decide/archive.h"
#include "monitor/decide/inside.h"

#define MEMORY_VERSION 3
#define MEMORY_OLDEST 1 /* that can be read */
#define MEMORY_KNOWN 64 /* of a kind; more are written out each time */

struct memory_known {
	const void *things[MEMORY_KNOWN];
	size_t len;
};

struct memory {
	struct archive archive;
	struct decide *decide; /* whose tables are used */
	unsigned version; /* of what is loaded or stored */
	struct memory_known operators;
	struct memory_known hosts;
	struct memory_known sets;
};

/* --- memory_name.c: each stores what is pointed at, or loads it --- */
void memory_operator(struct memory *memory, const struct operator_entry **entry);
/* May be NULL. */
void memory_host(struct memory *memory, const struct host **host);
void memory_set(struct memory *memory, const struct exchanges **set);
/* -1 of a view that the engine has not. */
void memory_view(struct memory *memory, int *view);

/* --- memory_affair.c --- */
void memory_tolls(struct memory *memory, struct tolls *tolls);
/* With those before it that were not taken yet. *affair: NULL for none. */
void memory_affairs(struct memory *memory, struct subject *subject, enum slot slot,
	struct affair **affair);

/* --- memory_subject.c --- */
void memory_subject(struct memory *memory, struct subject *subject);

/* --- memory_all.c --- */
/* all: the engine itself, or an empty one to be loaded. */
void memory_all(struct memory *memory, struct decide *all);
