/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ldns — lets the functions of ldns fail that resolvers/answer uses.
 *
 * Allocations inside a shared library are out of memory.h's reach. These definitions stand before
 * the library's, and call them.
 */
#include <stdbool.h>

/* Lets so many calls succeed, then has one fail for want of memory. */
void ldns_fail_after(int calls);
/* Ends it. Returns whether a call was made to fail. */
bool ldns_stop_failing(void);

/* Has ldns find every record malformed. */
void ldns_refuse_records(bool refuse);
