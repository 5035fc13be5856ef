/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * past_head — the fronts of rows of a history, {"rrname": ..., "rrtype": ..., "rdata": ...,
 * up to "time_first": what was made of one is remembered by its bytes.
 *
 * A history says the same of a domain over and over, at other times and from other views. Where
 * the front of a row is one that came before, only the rest of the row is parsed: a front that
 * is an object of these three members once it is closed, and a rest that is one without them
 * once it is opened, are together the row. Rows whose members are in another order have no front,
 * and are read as they are. A fixed number of fronts is remembered. Of past.c.
 */
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "resolvers/mxset.h"

struct past_heads; /* the memory */

/* What rows with one front have in common. */
struct past_head {
	const uint8_t *domain; /* the past's */
	const struct mxset *set; /* the past's; NULL: rdata is [] */
	enum answer_state state; /* of the set */
};

/* NULL for want of memory. */
struct past_heads *past_heads_create(void);
void past_heads_destroy(struct past_heads *heads);

/* How much of the line is its front; 0: it has none. */
size_t past_head_length(const char *line, size_t len);
/* What is known of the front; NULL: nothing. */
const struct past_head *past_heads_find(
	const struct past_heads *heads, const char *front, size_t len);
/* The object that the line is without its front, or NULL where it is none: then the row is to be
 * parsed as a whole. The line is as it was afterwards. */
json_t *past_head_rest(char *line, size_t len, size_t front_len);
/* A row of MX with this front was taken as right. What it said is kept when it comes for the
 * second time: most that come once never come again. */
void past_heads_add(struct past_heads *heads, const char *front, size_t len,
	const struct past_head *head);
