/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * history_row — rows that both the monitor's writes and imports make. Private to storage/.
 */
#include <stdint.h>

#include "storage/record.h"

struct store;

/* A span as it is given, open or not. */
int64_t history_insert_span(struct store *store, int64_t point, const struct span *span);
int64_t history_insert_gap(struct store *store, int64_t point, const struct gap *gap);
/* A change with a row of its own. Returns the number that is shown. */
int64_t history_insert_change(
	struct store *store, int64_t point, const struct change *change);
/* Notes for the ledger that the span is closed. */
void history_note_closed(struct store *store, int64_t number);
/* polls, ttl_min, ttl_max. */
void history_pack_counters(const struct pulse *pulse, uint8_t ret_counters[12]);
