/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * operators_inside — the table of operators as it is read and asked. Private to operators.c and
 * operators_read.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/operators.h"
#include "monitor/wordmap.h"

struct asn;
struct textfile_error;

/* Where a line of the table came from; the first one decides. */
enum operators_source {
	OPERATORS_LOCAL = 0,
	OPERATORS_BUILTIN = 1,
	OPERATORS_SOURCES = 2,
	OPERATORS_MET = 2, /* no line: an operator of a host that was asked for */
};

struct operators_provider {
	struct operator_entry entry;
	char *name; /* owned; the entry's */
	enum operators_source source;
};

/* What the table says of an AS number. */
struct operators_as {
	uint32_t number;
	bool hosting; /* rents its addresses to anybody */
	enum operators_source source;
	const struct operator_entry *entry; /* NULL: several share it, or anybody */
};

struct operators {
	struct operators_provider **providers; /* owned array of owned providers */
	size_t len;
	size_t listed; /* of them, those of the table */
	struct wordmap names; /* of the listed, folded -> struct operators_provider */
	struct wordmap domains; /* of the met -> struct operators_provider */
	struct wordmap suffixes[OPERATORS_SOURCES]; /* -> struct operators_provider */
	struct operators_as *as; /* owned array of as_len, by number */
	size_t as_len;
	struct asn *asn; /* owned; NULL: no file */
};

/* name with ASCII letters in lower case, as the maps hold it: owned by the caller, NULL without
 * memory. */
char *operators_fold(const char *name);
/* Adds a provider: a listed one whose folded name no listed one has, or a met one whose name no
 * met one has. Returns 0 or -ENOMEM. */
int operators_add(struct operators *operators, const char *name, enum operator_kind kind,
	enum operators_source source, struct operators_provider **ret_provider)
	__attribute__((warn_unused_result));
/* NULL where the table says nothing of the AS. */
const struct operators_as *operators_find_as(
	const struct operators *operators, uint32_t number);

/* Reads the lines of a table. Returns 0, -ENOMEM or -EINVAL with ret_error. */
int operators_read(struct operators *operators, enum operators_source source,
	const char *path, const char *text, size_t len, struct textfile_error *ret_error)
	__attribute__((warn_unused_result));
