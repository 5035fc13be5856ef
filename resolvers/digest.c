/* SPDX-License-Identifier: MIT */
#include "resolvers/digest.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "resolvers/name.h"

/* The four words of SipHash's state. */
struct sip {
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v2 += sip->v3;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v1;
	sip->v0 += sip->v3;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 = rotate(sip->v2, 32);
}

static inline void sip_word(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	sip_round(sip);
	sip_round(sip);
	sip->v0 ^= word;
}

static inline uint64_t sip_output(struct sip *sip)
{
	for (int i = 0; i < 4; i++)
		sip_round(sip);
	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

static struct sip sip_start(const struct digest_key *key)
{
	return (struct sip){
		.v0 = key->k0 ^ 0x736f6d6570736575,
		.v1 = key->k1 ^ 0x646f72616e646f6d ^ 0xee,
		.v2 = key->k0 ^ 0x6c7967656e657261,
		.v3 = key->k1 ^ 0x7465646279746573,
	};
}

/* Hashes the last len of `total` bytes, and ends. */
static struct digest sip_finish(
	struct sip *sip, const uint8_t *at, size_t len, size_t total)
{
	struct digest digest;
	uint64_t word;

	for (; len >= sizeof word; len -= sizeof word) {
		memcpy(&word, at, sizeof word);
		sip_word(sip, le64toh(word));
		at += sizeof word;
	}
	word = 0;
	if (len > 0)
		memcpy(&word, at, len);
	sip_word(sip, le64toh(word) | (uint64_t)total << 56);
	sip->v2 ^= 0xee;
	digest.lo = sip_output(sip);
	sip->v1 ^= 0xdd;
	digest.hi = sip_output(sip);
	return digest;
}

/* SipHash-2-4 with 128 bits of output: 2 rounds a word, 4 before each half. */
struct digest digest_bytes(const struct digest_key *key, const void *bytes, size_t len)
{
	struct sip sip = sip_start(key);

	return sip_finish(&sip, bytes, len, len);
}

bool digest_equal(struct digest a, struct digest b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

/* The preference is hashed as a word before the exchange. */
int digest_set_add(struct digest_set *set, const struct digest_key *key,
	uint16_t preference, const uint8_t *exchange)
{
	size_t len = name_length(exchange);
	struct sip sip = sip_start(key);

	if (set->len == DIGEST_RECORDS_MAX)
		return -E2BIG;
	sip_word(&sip, preference);
	set->records[set->len++] = sip_finish(&sip, exchange, len, 8 + len);
	return 0;
}

static bool is_before(struct digest a, struct digest b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* By insertion: sets are small, and qsort() may allocate. */
static void sort(struct digest *records, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		struct digest record = records[i];
		size_t place = i;

		for (; place > 0 && is_before(record, records[place - 1]); place--)
			records[place] = records[place - 1];
		records[place] = record;
	}
}

/* Hashed are: each record's hash once, and the state. */
struct digest digest_set_end(
	struct digest_set *set, const struct digest_key *key, enum answer_state state)
{
	struct sip sip = sip_start(key);
	const uint8_t tail = (uint8_t)state;
	size_t total = 0;

	sort(set->records, set->len);
	for (size_t i = 0; i < set->len; i++) {
		if (i > 0 && digest_equal(set->records[i], set->records[i - 1]))
			continue;
		sip_word(&sip, set->records[i].lo);
		sip_word(&sip, set->records[i].hi);
		total += sizeof *set->records;
	}
	return sip_finish(&sip, &tail, sizeof tail, total + sizeof tail);
}

struct digest digest_answer(
	const struct digest_key *key, enum answer_state state, const struct mxset *set)
{
	struct digest_set records;

	records.len = 0;
	for (size_t i = 0; i < set->len; i++) {
		int r = digest_set_add(
			&records, key, set->hosts[i].preference, set->hosts[i].exchange);
		assert(r == 0); /* no set is larger, see mxset.h */
	}
	return digest_set_end(&records, key, state);
}
