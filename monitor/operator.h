/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * operator — who runs a set of mail hosts.
 *
 * The operators of its exchanges as monitor/operators.h tells them: providers by name, others by
 * their registrable domain. The null MX has no operator. Of addresses, those to whom alone their
 * AS belongs. On the thread of the operators.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mxset;
struct operator_entry;
struct operators;

/* Sorted by name, without duplicates. */
struct operator_list {
	const struct operator_entry **entries; /* owned array; entries of the operators */
	size_t len;
};

/* Returns 0 or -ENOMEM. */
int operator_list_of(struct operators *operators, uint16_t rrtype,
	const struct mxset *set, struct operator_list *ret_list)
	__attribute__((warn_unused_result));
void operator_list_finish(struct operator_list *list);
bool operator_list_has(
	const struct operator_list *list, const struct operator_entry *entry);
