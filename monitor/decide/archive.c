/* SPDX-License-Identifier: MIT */
#include "monitor/decide/archive.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/digest.h"

#define SUM_LEN 4
#define ROOM_FIRST 512

/* Against damage, not against people: whoever can write to the store can write anything. */
static const struct digest_key sum_key = {
	.k0 = UINT64_C(0x6d7876696769c001),
	.k1 = UINT64_C(0x6d656d6f72790001),
};

static void sum_of(const void *bytes, size_t len, uint8_t ret_sum[SUM_LEN])
{
	const uint64_t digest = digest_bytes(&sum_key, bytes, len).lo;
	for (unsigned i = 0; i < SUM_LEN; i++)
		ret_sum[i] = (uint8_t)(digest >> (8 * i));
}

static void fail(struct archive *archive, int error)
{
	if (archive->error == 0)
		archive->error = error;
}

void archive_refuse(struct archive *archive)
{
	fail(archive, -EUCLEAN);
}

/* --- whole --- */

void archive_begin(struct archive *archive)
{
	archive->loading = false;
	archive->error = 0;
	archive->base = 0;
	archive->len = 0;
}

int archive_seal(struct archive *archive)
{
	uint8_t sum[SUM_LEN];
	if (archive->error == 0)
		sum_of(archive->bytes, archive->len, sum);
	archive_bytes(archive, sum, sizeof sum);
	return archive->error;
}

int archive_open(struct archive *archive, const void *bytes, size_t len)
{
	uint8_t sum[SUM_LEN];
	*archive = (struct archive){.loading = true, .at = bytes};
	if (len < SUM_LEN)
		return -EUCLEAN;
	archive->left = len - SUM_LEN;
	sum_of(bytes, archive->left, sum);
	return memcmp(sum, archive->at + archive->left, SUM_LEN) == 0 ? 0 : -EUCLEAN;
}

int archive_end(struct archive *archive)
{
	if (archive->left > 0)
		archive_refuse(archive);
	return archive->error;
}

void archive_finish(struct archive *archive)
{
	free(archive->bytes);
	*archive = (struct archive){0};
}

/* --- bytes --- */

static bool make_room(struct archive *archive, size_t len)
{
	size_t room = archive->room > 0 ? archive->room : ROOM_FIRST;
	if (len <= archive->room - archive->len)
		return true;
	while (room - archive->len < len)
		room *= 2;
	uint8_t *bytes = realloc(archive->bytes, room);
	if (bytes == NULL) {
		fail(archive, -ENOMEM);
		return false;
	}
	archive->bytes = bytes;
	archive->room = room;
	return true;
}

void archive_store(struct archive *archive, const void *bytes, size_t len)
{
	if (len == 0 || archive->error != 0 || !make_room(archive, len))
		return;
	memcpy(archive->bytes + archive->len, bytes, len);
	archive->len += len;
}

const uint8_t *archive_take(struct archive *archive, size_t len)
{
	if (len > archive->left)
		archive_refuse(archive);
	if (archive->error != 0)
		return NULL;
	const uint8_t *bytes = archive->at;
	archive->at += len;
	archive->left -= len;
	return bytes;
}

void archive_bytes(struct archive *archive, void *bytes, size_t len)
{
	if (!archive->loading) {
		archive_store(archive, bytes, len);
		return;
	}
	const uint8_t *from = archive_take(archive, len);
	if (from == NULL)
		memset(bytes, 0, len);
	else if (len > 0)
		memcpy(bytes, from, len);
}

/* --- numbers --- */

static void store_number(struct archive *archive, uint64_t value)
{
	uint8_t bytes[10];
	size_t len = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	archive_bytes(archive, bytes, len);
}

static uint64_t load_number(struct archive *archive)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;
	for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
		archive_bytes(archive, &byte, 1);
		if (shift == 63 && byte > 1)
			archive_refuse(archive);
		if (archive->error != 0)
			return 0;
		value |= (uint64_t)(byte & 0x7f) << shift;
	}
	return value;
}

void archive_u64(struct archive *archive, uint64_t *value, uint64_t most)
{
	if (!archive->loading) {
		store_number(archive, *value < most ? *value : most);
		return;
	}
	*value = load_number(archive);
	if (*value <= most)
		return;
	archive_refuse(archive);
	*value = 0;
}

void archive_u32(struct archive *archive, uint32_t *value)
{
	uint64_t number = *value;
	archive_u64(archive, &number, UINT32_MAX);
	*value = (uint32_t)number;
}

void archive_u16(struct archive *archive, uint16_t *value)
{
	uint64_t number = *value;
	archive_u64(archive, &number, UINT16_MAX);
	*value = (uint16_t)number;
}

void archive_u8(struct archive *archive, uint8_t *value, uint8_t most)
{
	uint64_t number = *value;
	archive_u64(archive, &number, most);
	*value = (uint8_t)number;
}

void archive_bool(struct archive *archive, bool *value)
{
	/* What is to be overwritten may be no bool yet. */
	*value = archive_has(archive, !archive->loading && *value);
}

bool archive_has(struct archive *archive, bool has)
{
	uint64_t number = has;
	archive_u64(archive, &number, 1);
	return number != 0;
}

unsigned archive_choice(
	struct archive *archive, unsigned value, unsigned least, unsigned most)
{
	uint64_t number = value;
	archive_u64(archive, &number, most);
	if (number < least) {
		archive_refuse(archive);
		return least;
	}
	return (unsigned)number;
}

size_t archive_count(struct archive *archive, size_t count, size_t most)
{
	uint64_t number = count;
	archive_u64(archive, &number, most);
	if (!archive->loading || number <= archive->left)
		return (size_t)number;
	archive_refuse(archive);
	return 0;
}

void archive_time(struct archive *archive, int64_t *value)
{
	uint64_t number = 0;
	if (!archive->loading && *value > 0) {
		const int64_t at =
			*value < ARCHIVE_TIME_MOST ? *value : ARCHIVE_TIME_MOST;
		const int64_t past = archive->base - at;
		number = (past >= 0 ? (uint64_t)past * 2 : (uint64_t)-past * 2 - 1) + 1;
	}
	archive_u64(archive, &number, (uint64_t)ARCHIVE_TIME_MOST * 4);
	if (!archive->loading)
		return;
	const int64_t step = (int64_t)((number - (number > 0)) / 2);
	*value = number == 0            ? 0
		: (number - 1) % 2 == 0 ? archive->base - step
					: archive->base + step + 1;
	if (*value >= 0 && *value <= ARCHIVE_TIME_MOST && (*value > 0 || number == 0))
		return;
	archive_refuse(archive);
	*value = 0;
}

/* --- the rest --- */

void archive_float(struct archive *archive, float *value)
{
	uint32_t bits;
	uint8_t bytes[sizeof bits];
	memcpy(&bits, value, sizeof bits);
	for (unsigned i = 0; i < sizeof bits; i++)
		bytes[i] = (uint8_t)(bits >> (8 * i));
	archive_bytes(archive, bytes, sizeof bytes);
	if (!archive->loading)
		return;
	bits = 0;
	for (unsigned i = 0; i < sizeof bits; i++)
		bits |= (uint32_t)bytes[i] << (8 * i);
	memcpy(value, &bits, sizeof bits);
	if (isfinite(*value))
		return;
	archive_refuse(archive);
	*value = 0;
}

void archive_double(struct archive *archive, double *value)
{
	uint64_t bits;
	uint8_t bytes[sizeof bits];
	memcpy(&bits, value, sizeof bits);
	for (unsigned i = 0; i < sizeof bits; i++)
		bytes[i] = (uint8_t)(bits >> (8 * i));
	archive_bytes(archive, bytes, sizeof bytes);
	if (!archive->loading)
		return;
	bits = 0;
	for (unsigned i = 0; i < sizeof bits; i++)
		bits |= (uint64_t)bytes[i] << (8 * i);
	memcpy(value, &bits, sizeof bits);
	if (isfinite(*value))
		return;
	archive_refuse(archive);
	*value = 0;
}

void archive_text(struct archive *archive, char *text, size_t room)
{
	size_t len = archive->loading ? 0 : strnlen(text, room - 1);
	len = archive_count(archive, len, room - 1);
	archive_bytes(archive, text, len);
	if (!archive->loading)
		return;
	text[len] = '\0';
	if (strlen(text) != len)
		archive_refuse(archive);
}
