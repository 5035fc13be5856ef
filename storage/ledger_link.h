/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ledger_link — what the store itself needs of the ledger. Private to storage/.
 */
#include <stdint.h>

struct store;

/* Adds the link of the open transaction, where it wrote immutable records. Errors stick. */
void ledger_link(struct store *store, int64_t now);
/* Returns 0, or -EUCLEAN where the last ledger row cannot be a link. */
int ledger_check_head(struct store *store) __attribute__((warn_unused_result));
