/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES 65536
#define HEADER_BYTES 44
#define SPANS_MAX 4096

/* From `from` on, clocks show UTC plus offset. */
struct stretch {
	int64_t from;
	int32_t offset;
};

struct zone {
	size_t len; /* at least 1; the first begins with time */
	struct stretch stretches[];
};

/* The counts in a TZif header, in their order. */
struct counts {
	uint32_t isut;
	uint32_t isstd;
	uint32_t leap;
	uint32_t time;
	uint32_t type;
	uint32_t chars;
};

static uint32_t u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		(uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t i64(const uint8_t *bytes)
{
	return (int64_t)((uint64_t)u32(bytes) << 32 | u32(bytes + 4));
}

static bool read_header(const uint8_t *bytes, size_t len, struct counts *ret_counts)
{
	if (len < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
		return false;
	*ret_counts = (struct counts){u32(bytes + 20), u32(bytes + 24), u32(bytes + 28),
		u32(bytes + 32), u32(bytes + 36), u32(bytes + 40)};
	return ret_counts->time < SPANS_MAX && ret_counts->type > 0 &&
		ret_counts->type <= 256 && ret_counts->chars <= 256 &&
		ret_counts->leap <= 256 && ret_counts->isstd <= 256 &&
		ret_counts->isut <= 256;
}

static size_t block_bytes(const struct counts *counts, size_t time_bytes)
{
	return counts->time * (time_bytes + 1) + counts->type * 6 + counts->chars +
		counts->leap * (time_bytes + 4) + counts->isstd + counts->isut;
}

static int32_t offset_of(const uint8_t *types, unsigned type)
{
	return (int32_t)u32(types + (size_t)type * 6);
}

static int fill(const uint8_t *block, const struct counts *counts, struct zone **ret_zone)
{
	const uint8_t *indexes = block + (size_t)counts->time * 8;
	const uint8_t *types = indexes + counts->time;
	struct zone *zone =
		malloc(sizeof *zone + (counts->time + 1) * sizeof *zone->stretches);
	if (zone == NULL)
		return -ENOMEM;
	zone->len = counts->time + 1;
	zone->stretches[0] = (struct stretch){INT64_MIN, offset_of(types, 0)};
	for (size_t i = 0; i < counts->time; i++) {
		const int64_t from = i64(block + i * 8);
		if (indexes[i] >= counts->type || from < zone->stretches[i].from) {
			free(zone);
			return -EINVAL;
		}
		zone->stretches[i + 1] =
			(struct stretch){from, offset_of(types, indexes[i])};
	}
	*ret_zone = zone;
	return 0;
}

/* A file holds its data twice: with 32-bit times, which are skipped, and with 64-bit ones. */
static int parse(const uint8_t *bytes, size_t len, struct zone **ret_zone)
{
	struct counts counts;
	if (!read_header(bytes, len, &counts) || bytes[4] < '2')
		return -EINVAL;
	const size_t skipped = HEADER_BYTES + block_bytes(&counts, 4);
	if (skipped > len || !read_header(bytes + skipped, len - skipped, &counts) ||
		block_bytes(&counts, 8) > len - skipped - HEADER_BYTES)
		return -EINVAL;
	return fill(bytes + skipped + HEADER_BYTES, &counts, ret_zone);
}

static bool is_name(const char *name)
{
	if (!isalpha((unsigned char)*name) || strstr(name, "..") != NULL)
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("/_+-", *name) == NULL)
			return false;
	return true;
}

static int load_utc(struct zone **ret_zone)
{
	struct zone *zone = malloc(sizeof *zone + sizeof *zone->stretches);
	if (zone == NULL)
		return -ENOMEM;
	zone->len = 1;
	zone->stretches[0] = (struct stretch){INT64_MIN, 0};
	*ret_zone = zone;
	return 0;
}

int zone_load(const char *name, struct zone **ret_zone)
{
	char path[256];

	if (name == NULL || strcmp(name, "UTC") == 0)
		return load_utc(ret_zone);
	if (!is_name(name) || strlen(name) > 128)
		return -EINVAL;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return -EINVAL;
	uint8_t *bytes = malloc(FILE_MAX_BYTES);
	int rc = -ENOMEM;
	if (bytes != NULL)
		rc = parse(bytes, fread(bytes, 1, FILE_MAX_BYTES, file), ret_zone);
	free(bytes);
	fclose(file);
	return rc;
}

void zone_destroy(struct zone *zone)
{
	free(zone);
}

/* The stretch that utc_s lies in. */
static size_t find(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0;
	size_t high = zone->len;
	while (high - low > 1) {
		const size_t middle = (low + high) / 2;
		if (zone->stretches[middle].from <= utc_s)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int64_t zone_to_utc(const struct zone *zone, int64_t local_s, int64_t not_before_s)
{
	const int64_t widest = 86400 + 43200;
	const size_t last = find(zone, local_s + widest);
	size_t at = find(zone, local_s - widest);
	int64_t found = local_s - zone->stretches[at].offset;
	bool has_found = false;

	for (; at <= last; at++) {
		const struct stretch *stretch = &zone->stretches[at];
		const int64_t utc_s = local_s - stretch->offset;
		const bool begun = utc_s >= stretch->from;
		const bool ended = at + 1 < zone->len && utc_s >= stretch[1].from;
		if (begun && (!ended || !has_found))
			found = utc_s;
		if (begun && !ended) {
			has_found = true;
			if (found >= not_before_s)
				break;
		}
	}
	return found;
}
