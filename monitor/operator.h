/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * operator — who runs a set of mail hosts.
 *
 * An operator is the registrable domain of an exchange by the public suffix list that libpsl
 * carries; an exchange that has none (a public suffix, a single label) stands for itself. The
 * null MX has no operator. Any thread after the first call.
 */
#include <stddef.h>

struct mxset;

/* Sorted, without duplicates. */
struct operator_list {
	char **names; /* owned texts as name_format() writes them */
	size_t len;
};

/* Returns 0 or -ENOMEM. */
int operator_list_of(const struct mxset *set, struct operator_list *ret_list)
	__attribute__((warn_unused_result));
void operator_list_finish(struct operator_list *list);
