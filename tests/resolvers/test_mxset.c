/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "tests/fake/memory.h"

static void add(struct mxset *set, uint16_t preference, const char *exchange)
{
	uint8_t name[NAME_WIRE_MAX];

	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(set, preference, name), 0);
}

static bool has(const struct mxset *set, uint16_t preference, const char *exchange)
{
	uint8_t name[NAME_WIRE_MAX];

	assert_int_equal(name_parse(exchange, name), 0);
	return mxset_has(set, preference, name);
}

static void mxset_ignores_order(void **state)
{
	static const unsigned orders[][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const struct {
		uint16_t preference;
		const char *exchange;
	} hosts[] = {{10, "b.example"}, {10, "a.example"}, {5, "c.example"}};
	struct mxset first = {0};

	(void)state;
	for (int i = 0; i < 3; i++)
		add(&first, hosts[i].preference, hosts[i].exchange);
	for (int i = 0; i < 6; i++) {
		struct mxset set = {0};

		for (int j = 0; j < 3; j++)
			add(&set, hosts[orders[i][j]].preference,
				hosts[orders[i][j]].exchange);
		assert_true(mxset_equal(&first, &set));
		mxset_finish(&set);
	}
	assert_int_equal(first.len, 3);
	assert_int_equal(first.hosts[0].preference, 5);
	assert_memory_equal(first.hosts[1].exchange, "\1a\7example", 11);
	assert_memory_equal(first.hosts[2].exchange, "\1b\7example", 11);
	mxset_finish(&first);
}

static void mxset_collapses_identical_pairs_only(void **state)
{
	struct mxset set = {0};

	(void)state;
	add(&set, 10, "mx.example");
	add(&set, 10, "MX.Example.");
	assert_int_equal(set.len, 1);
	add(&set, 20, "mx.example");
	add(&set, 10, "mx2.example");
	assert_int_equal(set.len, 3);
	mxset_finish(&set);
	assert_int_equal(set.len, 0);
	assert_null(set.hosts);
	mxset_finish(&set);
}

static void mxset_tells_sets_apart(void **state)
{
	struct mxset a = {0};
	struct mxset b = {0};

	(void)state;
	assert_true(mxset_equal(&a, &b));
	add(&a, 10, "mx.example");
	assert_false(mxset_equal(&a, &b));
	add(&b, 11, "mx.example");
	assert_false(mxset_equal(&a, &b));
	add(&a, 11, "mx.example");
	add(&b, 10, "mx.example");
	assert_true(mxset_equal(&a, &b));
	add(&a, 10, "mx.example.com");
	add(&b, 10, "mx.example.org");
	assert_false(mxset_equal(&a, &b));
	mxset_finish(&a);
	mxset_finish(&b);
}

static void mxset_finds_hosts(void **state)
{
	struct mxset set = {0};

	(void)state;
	add(&set, 10, "mx1.example");
	add(&set, 20, "mx2.example");
	assert_true(has(&set, 10, "mx1.example"));
	assert_true(has(&set, 20, "mx2.example"));
	assert_false(has(&set, 20, "mx1.example"));
	assert_false(has(&set, 30, "mx3.example"));
	assert_true(mxset_has_exchange(&set, (const uint8_t *)"\3mx2\7example"));
	assert_false(mxset_has_exchange(&set, (const uint8_t *)"\3mx3\7example"));
	mxset_finish(&set);
}

static void mxset_copies_deeply(void **state)
{
	struct mxset set = {0};
	struct mxset copy;

	(void)state;
	add(&set, 10, "mx1.example");
	add(&set, 20, "mx2.example");
	assert_int_equal(mxset_copy(&set, &copy), 0);
	assert_true(mxset_equal(&set, &copy));
	mxset_finish(&set);
	assert_true(has(&copy, 10, "mx1.example"));
	add(&copy, 30, "mx3.example");
	assert_int_equal(copy.len, 3);
	mxset_finish(&copy);
}

static void mxset_encodes_canonically(void **state)
{
	static const uint8_t expected[] = "\1\0\5\1c\7example\0\1\0\1a\7example";
	struct mxset set = {0};
	struct mxset back;
	enum answer_state answer;
	uint8_t *bytes;
	size_t len;

	(void)state;
	add(&set, 256, "a.example");
	add(&set, 5, "C.EXAMPLE");
	assert_int_equal(mxset_encode(ANSWER_MX, &set, &bytes, &len), 0);
	assert_int_equal(len, sizeof expected);
	assert_memory_equal(bytes, expected, len);
	assert_int_equal(mxset_decode(bytes, len, &answer, &back), 0);
	assert_int_equal(answer, ANSWER_MX);
	assert_true(mxset_equal(&set, &back));
	free(bytes);
	mxset_finish(&set);
	mxset_finish(&back);
}

static void mxset_encodes_answers_without_hosts(void **state)
{
	static const enum answer_state states[] = {ANSWER_NODATA, ANSWER_NXDOMAIN};
	struct mxset set = {0};
	enum answer_state answer;
	uint8_t *bytes;
	size_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct mxset back;

		assert_int_equal(mxset_encode(states[i], &set, &bytes, &len), 0);
		assert_int_equal(len, 1);
		assert_int_equal(mxset_decode(bytes, len, &answer, &back), 0);
		assert_int_equal(answer, states[i]);
		assert_int_equal(back.len, 0);
		free(bytes);
	}
	add(&set, 0, ".");
	assert_int_equal(mxset_encode(ANSWER_NULL_MX, &set, &bytes, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "\3\0\0", 4);
	free(bytes);
	mxset_finish(&set);
}

static void mxset_decodes_only_what_it_encodes(void **state)
{
#define BYTES(text)                                                                      \
	{                                                                                \
		(const uint8_t *)(text), sizeof(text) - 1                                \
	}
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} cases[] = {
		BYTES(""),
		BYTES("\0"), /* no answer */
		BYTES("\x10"), /* a failure is no answer */
		BYTES("\x05"),
		BYTES("\xff"),
		BYTES("\1"), /* mx without hosts */
		BYTES("\3"), /* null-mx without its root */
		BYTES("\1\0\0\0"), /* mx with the root alone */
		BYTES("\3\0\0\1a\0"), /* null-mx with a host */
		BYTES("\2\0\12\1a\0"), /* nodata with a host */
		BYTES("\4\0\12\1a\0"),
		BYTES("\1\0"),
		BYTES("\1\0\12"),
		BYTES("\1\0\12\1a"), /* name cut */
		BYTES("\1\0\12\5a\0"),
		BYTES("\1\0\12\1A\0"), /* upper case */
		BYTES("\1\0\12\xc0\x0c"), /* compressed */
		BYTES("\1\0\12\1a\0\0\12\1a\0"), /* repeated */
		BYTES("\1\0\12\1b\0\0\12\1a\0"), /* out of order */
		BYTES("\1\0\13\1a\0\0\12\1a\0"),
		BYTES("\1\0\12\1a\0x"),
	};
#undef BYTES

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mxset set = {.len = 99};
		enum answer_state answer = ANSWER_BOGUS;

		assert_int_equal(
			mxset_decode(cases[i].bytes, cases[i].len, &answer, &set),
			-EINVAL);
		assert_int_equal(set.len, 99);
		assert_int_equal(answer, ANSWER_BOGUS);
	}
}

static void mxset_decodes_names_of_255_bytes_at_most(void **state)
{
	uint8_t bytes[3 + 256 + 1] = {ANSWER_MX, 0, 10};
	struct mxset set;
	enum answer_state answer;
	size_t at = 3;

	(void)state;
	for (; at < 3 + 254; at += 2)
		memcpy(bytes + at, "\1a", 2);
	bytes[at] = 0;
	assert_int_equal(mxset_decode(bytes, 3 + 255, &answer, &set), 0);
	assert_int_equal(name_length(set.hosts[0].exchange), 255);
	mxset_finish(&set);
	memcpy(bytes + at - 2, "\2aa", 4);
	assert_int_equal(mxset_decode(bytes, 3 + 256, &answer, &set), -EINVAL);
}

static void mxset_decodes_256_hosts_at_most(void **state)
{
	uint8_t bytes[1 + 257 * 5] = {ANSWER_MX};
	struct mxset set;
	enum answer_state answer;

	(void)state;
	for (unsigned i = 0; i < 257; i++) {
		const uint8_t host[] = {(uint8_t)(i >> 8), (uint8_t)i, 1, 'a', 0};
		memcpy(bytes + 1 + (size_t)i * 5, host, sizeof host);
	}
	assert_int_equal(mxset_decode(bytes, 1 + 256 * 5, &answer, &set), 0);
	assert_int_equal(set.len, MXSET_HOSTS_MAX);
	mxset_finish(&set);
	assert_int_equal(mxset_decode(bytes, sizeof bytes, &answer, &set), -EINVAL);
}

/* add, copy, encode and decode, each allocation failing once. Returns the first error. */
static int use_memory(const struct mxset *set)
{
	struct mxset copy = {0};
	struct mxset back = {0};
	enum answer_state answer;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int r = mxset_copy(set, &copy);

	if (r == 0)
		r = mxset_add(&copy, 1, (const uint8_t *)"\5fresh");
	if (r == 0)
		r = mxset_encode(ANSWER_MX, &copy, &bytes, &len);
	if (r == 0)
		r = mxset_decode(bytes, len, &answer, &back);
	free(bytes);
	mxset_finish(&copy);
	mxset_finish(&back);
	return r;
}

static void mxset_survives_each_failing_allocation(void **state)
{
	struct mxset set = {0};
	size_t walked = 0;
	bool failed = true;

	(void)state;
	add(&set, 10, "mx1.example");
	add(&set, 20, "mx2.example");
	for (; failed; walked++) {
		memory_fail_after(walked);
		int r = use_memory(&set);
		failed = memory_stop_failing();
		assert_int_equal(r, failed ? -ENOMEM : 0);
	}
	assert_true(walked > 10);
	mxset_finish(&set);
}

static void answer_state_has_a_name_and_back(void **state)
{
	static const struct {
		enum answer_state state;
		const char *name;
		bool usable;
	} cases[] = {
		{ANSWER_NONE, "none", false},
		{ANSWER_MX, "mx", true},
		{ANSWER_NODATA, "nodata", true},
		{ANSWER_NULL_MX, "null-mx", true},
		{ANSWER_NXDOMAIN, "nxdomain", true},
		{ANSWER_SERVFAIL, "servfail", false},
		{ANSWER_REFUSED, "refused", false},
		{ANSWER_TIMEOUT, "timeout", false},
		{ANSWER_NETWORK, "network", false},
		{ANSWER_MALFORMED, "malformed", false},
		{ANSWER_BOGUS, "bogus", false},
	};
	enum answer_state answer = ANSWER_MX;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(answer_state_name(cases[i].state), cases[i].name);
		assert_int_equal(answer_state_from_name(cases[i].name, &answer), 0);
		assert_int_equal(answer, cases[i].state);
		assert_int_equal(answer_state_is_usable(answer), cases[i].usable);
	}
	answer = ANSWER_MX;
	assert_int_equal(answer_state_from_name("MX", &answer), -EINVAL);
	assert_int_equal(answer_state_from_name("", &answer), -EINVAL);
	assert_int_equal(answer, ANSWER_MX);
	assert_string_equal(answer_state_name((enum answer_state)9), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mxset_ignores_order),
		cmocka_unit_test(mxset_collapses_identical_pairs_only),
		cmocka_unit_test(mxset_tells_sets_apart),
		cmocka_unit_test(mxset_finds_hosts),
		cmocka_unit_test(mxset_copies_deeply),
		cmocka_unit_test(mxset_encodes_canonically),
		cmocka_unit_test(mxset_encodes_answers_without_hosts),
		cmocka_unit_test(mxset_decodes_only_what_it_encodes),
		cmocka_unit_test(mxset_decodes_names_of_255_bytes_at_most),
		cmocka_unit_test(mxset_decodes_256_hosts_at_most),
		cmocka_unit_test(mxset_survives_each_failing_allocation),
		cmocka_unit_test(answer_state_has_a_name_and_back),
	};

	return cmocka_run_group_tests_name("mxset", tests, NULL, NULL);
}
