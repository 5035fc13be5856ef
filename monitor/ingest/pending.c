/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/pending.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_KEPT 256
#define STRINGS 7
#define NONE UINT32_MAX

/* An entry is in two chains: that of its id, and that of its id and recipient. */
enum chain {
	BY_ID,
	BY_RECIPIENT,
	CHAINS,
};

/* One deferral in the ring; its strings follow, each with its NUL. */
struct entry {
	uint32_t bytes; /* of all of it, a multiple of 8 */
	uint32_t next[CHAINS]; /* older entry of the same bucket, NONE at the end */
	uint32_t hash[CHAINS];
	uint16_t code;
	uint8_t alive;
	uint8_t origin;
	char strings[];
};

/* Entries lie behind each other from `oldest` to `end`, in a ring whose last entry may end before
 * the ring does. Chains go from newer to older; an entry that was overwritten is cut off at the
 * end of its chain, because it is the oldest of it. */
struct pending {
	char *ring; /* owned, of size bytes; NULL before the first deferral */
	uint32_t *buckets; /* owned, bucket_count of them for each chain; likewise */
	uint32_t
		*alive; /* owned; entries of each bucket of BY_RECIPIENT that are alive */
	uint8_t *any; /* owned; of these numbers, a bit each: is it more than 0? */
	uint32_t size;
	uint32_t bucket_count; /* a power of two */
	uint32_t oldest;
	uint32_t end;
	uint32_t
		wrap; /* where entries stop before they go on at 0; size if not wrapped */
	uint32_t entries;
};

struct pending *pending_create(size_t bytes)
{
	struct pending *pending = calloc(1, sizeof *pending);
	if (pending == NULL)
		return NULL;
	pending->size = (uint32_t)bytes & ~7U;
	pending->wrap = pending->size;
	pending->bucket_count = 256;
	while (pending->bucket_count < bytes / 256)
		pending->bucket_count *= 2;
	return pending;
}

/* At the first deferral: many logs have none. */
static bool allocate(struct pending *pending)
{
	const size_t buckets = (size_t)pending->bucket_count * CHAINS;
	if (pending->ring == NULL)
		pending->ring = malloc(pending->size);
	if (pending->alive == NULL)
		pending->alive = calloc(pending->bucket_count, sizeof *pending->alive);
	if (pending->any == NULL)
		pending->any = calloc(pending->bucket_count / 8, sizeof *pending->any);
	if (pending->ring == NULL || pending->alive == NULL || pending->any == NULL)
		return false;
	if (pending->buckets != NULL)
		return true;
	pending->buckets = malloc(buckets * sizeof *pending->buckets);
	if (pending->buckets == NULL)
		return false;
	for (size_t i = 0; i < buckets; i++)
		pending->buckets[i] = NONE;
	return true;
}

void pending_destroy(struct pending *pending)
{
	if (pending == NULL)
		return;
	free(pending->ring);
	free(pending->buckets);
	free(pending->alive);
	free(pending->any);
	free(pending);
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ sum >> 32;
}

/* As FNV-1a, going on from `hash`, but eight bytes at a time: each delivery is hashed. */
static uint32_t hash_on(uint32_t hash, struct span bytes)
{
	uint64_t sum = hash ^ (uint64_t)bytes.len << 32;
	uint64_t word = 0;
	for (; bytes.len > sizeof word; bytes = span_from(bytes, sizeof word)) {
		memcpy(&word, bytes.at, sizeof word);
		sum = mix(sum, word);
	}
	word = 0;
	for (size_t i = 0; i < bytes.len; i++)
		word = word << 8 | (unsigned char)bytes.at[i];
	return (uint32_t)mix(sum, word);
}

static uint32_t hash_of(struct span id)
{
	return hash_on(2166136261U, id);
}

static struct entry *entry_at(const struct pending *pending, uint32_t at)
{
	return (struct entry *)(void *)(pending->ring + at);
}

static uint32_t *bucket_of(struct pending *pending, enum chain chain, uint32_t hash)
{
	return &pending->buckets[(hash & (pending->bucket_count - 1)) * CHAINS + chain];
}

/* The oldest entry is the last of its chains. */
static void unlink_oldest(struct pending *pending, enum chain chain)
{
	const struct entry *entry = entry_at(pending, pending->oldest);
	uint32_t *link = bucket_of(pending, chain, entry->hash[chain]);
	while (*link != pending->oldest)
		link = &entry_at(pending, *link)->next[chain];
	*link = NONE;
}

/* The bits are few enough to stay in the cache while a log goes by; the numbers are not. */
static bool any_like(const struct pending *pending, uint32_t hash)
{
	const uint32_t bucket = hash & (pending->bucket_count - 1);
	return (pending->any[bucket / 8] >> bucket % 8 & 1) != 0;
}

static void count_alive(struct pending *pending, uint32_t hash)
{
	const uint32_t bucket = hash & (pending->bucket_count - 1);
	pending->alive[bucket]++;
	pending->any[bucket / 8] |= (uint8_t)(1U << bucket % 8);
}

static void kill_entry(struct pending *pending, struct entry *entry)
{
	if (entry->alive == 0)
		return;
	entry->alive = 0;
	const uint32_t bucket = entry->hash[BY_RECIPIENT] & (pending->bucket_count - 1);
	if (--pending->alive[bucket] == 0)
		pending->any[bucket / 8] &= (uint8_t) ~(1U << bucket % 8);
}

static void overwrite_oldest(struct pending *pending)
{
	kill_entry(pending, entry_at(pending, pending->oldest));
	unlink_oldest(pending, BY_ID);
	unlink_oldest(pending, BY_RECIPIENT);
	pending->oldest += entry_at(pending, pending->oldest)->bytes;
	pending->entries--;
	if (pending->oldest == pending->wrap) {
		pending->oldest = 0;
		pending->wrap = pending->size;
	}
}

static bool is_free(const struct pending *pending, uint32_t bytes)
{
	if (pending->entries == 0)
		return bytes <= pending->size - pending->end;
	if (pending->end > pending->oldest)
		return bytes <= pending->size - pending->end;
	return bytes <= pending->oldest - pending->end;
}

/* Where `bytes` may be written. */
static uint32_t make_room(struct pending *pending, uint32_t bytes)
{
	while (!is_free(pending, bytes)) {
		if (pending->entries == 0) {
			pending->oldest = 0;
			pending->end = 0;
			pending->wrap = pending->size;
		} else if (pending->end > pending->oldest) {
			pending->wrap = pending->end;
			pending->end = 0;
		} else {
			overwrite_oldest(pending);
		}
	}
	return pending->end;
}

static const char *id_of(const struct entry *entry)
{
	return entry->strings;
}

static const char *recipient_of(const struct entry *entry)
{
	return entry->strings + strlen(entry->strings) + 1;
}

void pending_drop(struct pending *pending, const struct report *report)
{
	if (pending->entries == 0)
		return;
	const struct span id = span_of(report->id);
	const uint32_t hash = hash_on(hash_of(id), span_of(report->recipient));
	/* Most that is dropped was never deferred: the ring need not be looked at. */
	if (!any_like(pending, hash))
		return;
	uint32_t at = *bucket_of(pending, BY_RECIPIENT, hash);
	for (; at != NONE; at = entry_at(pending, at)->next[BY_RECIPIENT]) {
		struct entry *entry = entry_at(pending, at);
		if (entry->hash[BY_RECIPIENT] == hash &&
			span_is(span_of(id_of(entry)), id) &&
			strcmp(recipient_of(entry), report->recipient) == 0)
			kill_entry(pending, entry);
	}
}

static void link_newest(struct pending *pending, enum chain chain, uint32_t at)
{
	struct entry *entry = entry_at(pending, at);
	uint32_t *bucket = bucket_of(pending, chain, entry->hash[chain]);
	entry->next[chain] = *bucket;
	*bucket = at;
}

void pending_put(struct pending *pending, const struct report *report)
{
	const char *const strings[STRINGS] = {report->id, report->recipient,
		report->original, report->relay_host, report->relay_ip, report->status,
		report->text};
	size_t lengths[STRINGS];
	size_t bytes = sizeof(struct entry);

	if (!allocate(pending))
		return;
	pending_drop(pending, report);
	for (size_t i = 0; i < STRINGS; i++) {
		lengths[i] = strnlen(strings[i], i == STRINGS - 1 ? TEXT_KEPT : SIZE_MAX);
		bytes += lengths[i] + 1;
	}
	bytes = (bytes + 7) & ~(size_t)7;
	const uint32_t at = make_room(pending, (uint32_t)bytes);
	struct entry *entry = entry_at(pending, at);
	const uint32_t hash = hash_of(span_of(report->id));
	*entry = (struct entry){.bytes = (uint32_t)bytes,
		.hash = {hash, hash_on(hash, span_of(report->recipient))},
		.code = report->code,
		.alive = 1,
		.origin = (uint8_t)report->origin};
	char *to = entry->strings;
	for (size_t i = 0; i < STRINGS; i++) {
		memcpy(to, strings[i], lengths[i]);
		to[lengths[i]] = '\0';
		to += lengths[i] + 1;
	}
	link_newest(pending, BY_ID, at);
	link_newest(pending, BY_RECIPIENT, at);
	count_alive(pending, entry->hash[BY_RECIPIENT]);
	pending->end = at + (uint32_t)bytes;
	if (pending->entries++ == 0)
		pending->oldest = at;
}

static void fill(const struct entry *entry, struct report *report)
{
	const struct {
		char *text;
		size_t size;
	} fields[STRINGS] = {
		{report->id, sizeof report->id},
		{report->recipient, sizeof report->recipient},
		{report->original, sizeof report->original},
		{report->relay_host, sizeof report->relay_host},
		{report->relay_ip, sizeof report->relay_ip},
		{report->status, sizeof report->status},
		{report->text, sizeof report->text},
	};
	const char *from = entry->strings;
	for (size_t i = 0; i < STRINGS; i++) {
		const struct span field = span_of(from);
		span_copy(field, fields[i].text, fields[i].size);
		from += field.len + 1;
	}
	report->code = entry->code;
	report->origin = (enum report_origin)entry->origin;
}

size_t pending_take(struct pending *pending, struct span id, struct report *into,
	void *owner, void (*on_recipient)(void *owner, struct report *report))
{
	size_t taken = 0;
	if (pending->entries == 0)
		return 0;
	const uint32_t hash = hash_of(id);
	uint32_t at = *bucket_of(pending, BY_ID, hash);
	for (; at != NONE; at = entry_at(pending, at)->next[BY_ID]) {
		struct entry *entry = entry_at(pending, at);
		if (entry->alive == 0 || entry->hash[BY_ID] != hash ||
			!span_is(span_of(id_of(entry)), id))
			continue;
		kill_entry(pending, entry);
		taken++;
		if (on_recipient != NULL) {
			fill(entry, into);
			on_recipient(owner, into);
		}
	}
	return taken;
}

void pending_forget(struct pending *pending, struct span id)
{
	(void)pending_take(pending, id, NULL, NULL, NULL);
}
