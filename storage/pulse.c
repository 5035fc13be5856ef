/* SPDX-License-Identifier: MIT */
#include "storage/pulse.h"

#include <assert.h>
#include <errno.h>

#include "storage/history.h"

#define PULSE_VERSION 1

static uint8_t *put(uint8_t *at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + len;
}

static uint64_t take(const uint8_t **at, size_t len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)(*at)[i] << (8 * i);
	*at += len;
	return value;
}

size_t pulse_pack(
	const struct pulse *pulses, size_t len, uint8_t ret_data[PULSE_DATA_MAX])
{
	assert(len <= PULSE_BLOCK);
	uint8_t *at = put(ret_data, PULSE_VERSION, 1);
	for (size_t i = 0; i < len; i++) {
		const struct pulse *pulse = &pulses[i];
		at = put(at, (uint64_t)pulse->last_at, 8);
		at = put(at, (uint64_t)pulse->confirmed_at, 8);
		at = put(at, (uint64_t)pulse->bucket_at, 8);
		at = put(at, pulse->polls, 4);
		at = put(at, pulse->ttl_min, 4);
		at = put(at, pulse->ttl_max, 4);
		at = put(at, pulse->bucket_polls, 4);
		at = put(at, pulse->bucket_usable, 4);
		at = put(at, pulse->bucket_longest_ms, 4);
	}
	return (size_t)(at - ret_data);
}

int pulse_unpack(const uint8_t *data, size_t len, size_t index, struct pulse *ret_pulse)
{
	*ret_pulse = (struct pulse){0};
	if (len == 0)
		return 0;
	if (data[0] != PULSE_VERSION || (len - 1) % PULSE_ENTRY != 0)
		return -EUCLEAN;
	if (index >= (len - 1) / PULSE_ENTRY)
		return 0;
	const uint8_t *at = data + 1 + index * PULSE_ENTRY;
	ret_pulse->last_at = (int64_t)take(&at, 8);
	ret_pulse->confirmed_at = (int64_t)take(&at, 8);
	ret_pulse->bucket_at = (int64_t)take(&at, 8);
	ret_pulse->polls = (uint32_t)take(&at, 4);
	ret_pulse->ttl_min = (uint32_t)take(&at, 4);
	ret_pulse->ttl_max = (uint32_t)take(&at, 4);
	ret_pulse->bucket_polls = (uint32_t)take(&at, 4);
	ret_pulse->bucket_usable = (uint32_t)take(&at, 4);
	ret_pulse->bucket_longest_ms = (uint32_t)take(&at, 4);
	return 0;
}

bool pulse_is_of(const struct pulse *pulse, int64_t first_at)
{
	return pulse->confirmed_at > first_at;
}

void pulse_overlay(const struct pulse *pulse, struct span *span)
{
	if (!pulse_is_of(pulse, span->first_at))
		return;
	span->last_at = pulse->confirmed_at;
	span->polls = pulse->polls;
	span->ttl_min = pulse->ttl_min;
	span->ttl_max = pulse->ttl_max;
}
