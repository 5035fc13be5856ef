/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pulse — blocks of pulses as bytes: one byte version, then 48 bytes a point, little-endian.
 *
 * A block may be older than a span opened since (a crash between the span's transaction and the
 * next flush). Instants of one store do not run backwards, so a pulse that confirmed anything
 * after the span's first sight can only be that span's own: see pulse_is_of().
 * Private to storage/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/record.h"

#define PULSE_ENTRY 48
#define PULSE_DATA_MAX (1 + 256 * PULSE_ENTRY)

/* Returns the bytes used of ret_data. */
size_t pulse_pack(
	const struct pulse *pulses, size_t len, uint8_t ret_data[PULSE_DATA_MAX]);
/* The pulse at `index` of a block; all zero where the block does not reach so far. Returns 0, or
 * -EUCLEAN for bytes that pulse_pack cannot have made. */
int pulse_unpack(const uint8_t *data, size_t len, size_t index, struct pulse *ret_pulse)
	__attribute__((warn_unused_result));
/* Whether the pulse tells something of the open span that began at first_at. */
bool pulse_is_of(const struct pulse *pulse, int64_t first_at);
/* Puts what the pulse tells into an open span of the view as a whole. */
void pulse_overlay(const struct pulse *pulse, struct span *span);
