/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "storage/chain.h"
#include "tests/storage/fixture.h"

static void fill(struct chain *chain)
{
	for (int64_t number = 7; number < 10; number++)
		chain_note(&chain->opened, number);
	chain_note(&chain->gaps, 1);
	chain_note(&chain->changes, 300);
	chain_note(&chain->suspicions, 2);
	assert_int_equal(chain_note_closed(chain, 5), 0);
	assert_int_equal(chain_note_closed(chain, 3), 0);
	assert_int_equal(chain_note_closed(chain, INT64_C(1) << 40), 0);
	for (int i = 0; i < 40; i++) {
		struct chain_place place = {.point = 100 - i,
			.length_ms = i < 20 ? HOUR : 24 * HOUR,
			.from_at = T0 - i * HOUR,
			.version = (uint64_t)i % 2};
		assert_int_equal(chain_note_bucket(chain, &place), 0);
	}
	chain->pruning = true;
	chain_note(&chain->incidents, 12);
	chain_note(&chain->incidents, 13);
	chain_note(&chain->erasures, 4);
}

static void chain_reads_back_what_it_packed(void **state)
{
	(void)state;
	struct chain chain = {0};
	struct chain back = {0};
	struct bytes refs = {0};
	assert_true(chain_is_empty(&chain));
	fill(&chain);
	chain_pack(&chain, T0, &refs);
	assert_int_equal(chain_unpack(refs.data, refs.len, T0, &back), 0);
	assert_memory_equal(&back.opened, &chain.opened, sizeof chain.opened);
	assert_memory_equal(&back.gaps, &chain.gaps, sizeof chain.gaps);
	assert_memory_equal(&back.changes, &chain.changes, sizeof chain.changes);
	assert_memory_equal(&back.suspicions, &chain.suspicions, sizeof chain.suspicions);
	assert_int_equal(back.closed_len, 3);
	assert_memory_equal(back.closed, chain.closed, 3 * sizeof *chain.closed);
	assert_int_equal(back.buckets_len, 40);
	assert_memory_equal(back.buckets, chain.buckets, 40 * sizeof *chain.buckets);
	assert_true(back.pruning);
	assert_memory_equal(&back.incidents, &chain.incidents, sizeof chain.incidents);
	assert_memory_equal(&back.erasures, &chain.erasures, sizeof chain.erasures);

	chain_clear(&chain);
	assert_true(chain_is_empty(&chain));
	chain_finish(&chain);
	chain_finish(&back);
	bytes_finish(&refs);
}

/* Whatever bytes stand in `refs`: refused, or read as something that packs again. */
static void chain_refuses_damaged_refs(void **state)
{
	(void)state;
	struct chain chain = {0};
	struct chain back = {0};
	struct bytes refs = {0};
	fill(&chain);
	chain_pack(&chain, T0, &refs);
	for (size_t len = 1; len < refs.len; len++) {
		int error = chain_unpack(refs.data, len, T0, &back);
		assert_true(error == -EINVAL || error == 0);
	}
	static const struct {
		const char *bytes;
		size_t len;
	} wrong[] = {
		{"", 0},
		{"\x0a", 1}, /* no such kind */
		{"\x01\x00\x01", 3}, /* a range of none */
		{"\x01\x01\x00", 3}, /* from number 0 */
		{"\x01\x01\x01\x01\x01\x01", 6}, /* a range twice */
		{"\x02\x01\x02\x02\x01\x02", 6}, /* a list twice */
		{"\x07\x07", 2},
		{"\x02\x05\x02", 3}, /* ends early */
		{"\x06\x05\x02", 3},
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x7f", 11},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(chain_unpack((const uint8_t *)wrong[i].bytes,
					 wrong[i].len, T0, &back),
			-EINVAL);
	chain_finish(&chain);
	chain_finish(&back);
	bytes_finish(&refs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain_reads_back_what_it_packed),
		cmocka_unit_test(chain_refuses_damaged_refs),
	};
	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
