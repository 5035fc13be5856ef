/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * phrase — what happened in a few words, by kind: for subjects and lists. Private to alerts/.
 *
 * Made of templates: %D the domain, %T the operator that its mail went to, %F the one that it was
 * at, %V the view that differs. What is foreign is printable afterwards, and cut where it is long.
 */
#include <stdio.h>

#include "storage/incident.h"

struct phrase {
	const char *domain;
	const char *spoken; /* U-label; NULL */
	const char *to; /* names, each ended by a line feed */
	const char *from;
	const char *view;
};

/* "MX of %D moved to %T"; of kind SELF: "" */
const char *phrase_of_one(enum incident_kind kind);
/* Said of several domains: "moved to %T". */
const char *phrase_of_several(enum incident_kind kind);

/* Returns 0 or -ENOMEM; free *ret_text with free(). */
int phrase_format(const char *template, const struct phrase *phrase, char **ret_text)
	__attribute__((warn_unused_result));
/* Foreign text, printable, cut where it is over most bytes. */
void phrase_put(const char *text, size_t len, size_t most, FILE *out);
