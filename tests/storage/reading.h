/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reading — reads a store by every way there is, for tests of what may be wrong with it.
 */
#include <stdbool.h>

struct store;

/* Returns whether all of it could be read. */
bool reading_everything(struct store *store);
/* Returns whether the whole ledger could be verified and holds. */
bool reading_holds(struct store *store);
