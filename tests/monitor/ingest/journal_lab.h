/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * journal_lab — a store, and a journal that systemd-journal-remote makes from export text.
 *
 * Files are archived and vacuumed as journald does it. Tests are skipped where the program is
 * not installed.
 */
#include <stdint.h>
#include <stdio.h>

#include "tests/storage/fixture.h"

#define UNIT "postfix@-.service"

struct journal;
struct journal_source;
struct operators;
struct reply_rules;

struct journal_lab {
	struct fixture *fixture;
	struct reply_rules *rules;
	struct operators *operators;
	struct journal_source *source;
	struct journal *journal;
	char dir[96];
	char live[128]; /* the file that is written to */
	FILE *out; /* export text on its way into the journal */
	int written; /* deliveries */
	int entries;
	int archived;
	int64_t now;
	uint64_t mono_ms;
};

/* cmocka set-up and tear-down; *state is a struct journal_lab. */
int journal_lab_setup(void **state);
int journal_lab_teardown(void **state);

/* Entries are written between these; one a second, all of one boot. */
void journal_lab_begin(struct journal_lab *lab);
void journal_lab_end(struct journal_lab *lab);
/* All but the message and the empty line at the end of the entry. */
void journal_lab_head(struct journal_lab *lab, const char *unit, const char *identifier);
void journal_lab_text(struct journal_lab *lab, const char *unit, const char *identifier,
	const char *text);
void journal_lab_bytes(struct journal_lab *lab, const void *bytes, size_t len);
void journal_lab_delivery(struct journal_lab *lab);
/* That many deliveries, each to a recipient of its own, from begin to end. */
void journal_lab_deliver(struct journal_lab *lab, int count);

/* The file gets another name, the next entry a new file. */
void journal_lab_archive(struct journal_lab *lab);
void journal_lab_vacuum(const struct journal_lab *lab);
/* The files whose name has the prefix. */
void journal_lab_remove(const struct journal_lab *lab, const char *prefix);
