/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/answer.h"
#include "resolvers/name.h"
#include "tests/fake/ldns.h"
#include "tests/fake/memory.h"
#include "tests/fake/message.h"

#define DOMAIN "example.com"

static const uint8_t domain[] = "\7example\3com";
static const struct digest_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static struct message message; /* too large for the stack */

static struct answer read_answer(void)
{
	struct answer answer;

	assert_int_equal(answer_read(message.bytes, message.len, domain, WIRE_TYPE_MX,
				 &key, &answer),
		0);
	return answer;
}

static void assert_host(
	const struct mxset *set, size_t index, uint16_t preference, const char *exchange)
{
	char text[NAME_TEXT_MAX];

	assert_true(index < set->len);
	assert_int_equal(set->hosts[index].preference, preference);
	assert_string_equal(name_format(set->hosts[index].exchange, text), exchange);
}

static void answer_reads_the_canonical_set(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_record(&message, WIRE_ANSWER, DOMAIN, 16, 300, "\1x", 2);
	message_mx(&message, "example.org", 300, 5, "evil.example");
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	message_name(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_NS, 1, "ns.example");
	struct answer answer = read_answer();

	assert_int_equal(answer.summary.state, ANSWER_MX);
	assert_int_equal(answer.summary.records, 3);
	assert_int_equal(answer.set.len, 2);
	assert_host(&answer.set, 0, 10, "mx1.example");
	assert_host(&answer.set, 1, 20, "mx2.example");
	answer_finish(&answer);
	assert_int_equal(answer.set.len, 0);
}

static void answer_reads_null_mx_and_what_stands_beside(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 0, ".");
	struct answer answer = read_answer();
	assert_int_equal(answer.summary.state, ANSWER_NULL_MX);
	assert_int_equal(answer.set.len, 1);
	assert_host(&answer.set, 0, 0, "");
	answer_finish(&answer);

	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	answer = read_answer();
	assert_int_equal(answer.summary.state, ANSWER_MX);
	assert_true(answer.summary.beside_null);
	assert_int_equal(answer.set.len, 2);
	assert_host(&answer.set, 0, 0, "");
	assert_host(&answer.set, 1, 10, "mx.example");
	answer_finish(&answer);
}

static void answer_reads_the_end_of_the_chain(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_RA);
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "a.example");
	message_mx(&message, DOMAIN, 300, 10, "beside.example");
	message_mx(&message, "a.example", 300, 10, "mx.example");
	struct answer answer = read_answer();
	assert_int_equal(answer.set.len, 1);
	assert_host(&answer.set, 0, 10, "mx.example");
	assert_true(digest_equal(
		answer.summary.digest, digest_answer(&key, ANSWER_MX, &answer.set)));
	answer_finish(&answer);
}

static void answer_has_no_set_without_records(void **state)
{
	static const uint16_t rcodes[] = {0, 2, 3, 5};

	(void)state;
	for (int i = 0; i < 4; i++) {
		message_start(&message, DOMAIN, WIRE_AA | rcodes[i]);
		struct answer answer = read_answer();
		assert_int_equal(answer.set.len, 0);
		assert_null(answer.set.hosts);
		answer_finish(&answer);
	}
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_MX, 1, NULL, 0);
	struct answer answer = read_answer();
	assert_int_equal(answer.summary.state, ANSWER_MALFORMED);
	assert_int_equal(answer.set.len, 0);
	answer_finish(&answer);
}

static void answer_reads_a_truncated_message_as_far_as_it_goes(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA | WIRE_TC);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	message.len -= 1;
	struct answer answer = read_answer();
	assert_int_equal(answer.summary.state, ANSWER_MX);
	assert_int_equal(answer.set.len, 1);
	answer_finish(&answer);
}

static void answer_keeps_every_byte_of_a_label(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		char exchange[32];
		char folded[32];
		bool upper = byte >= 'A' && byte <= 'Z';
		uint8_t wire[NAME_WIRE_MAX];

		snprintf(exchange, sizeof exchange, "x\\%03uy.example", byte);
		snprintf(folded, sizeof folded, "x\\%03uy.example",
			upper ? byte + 0x20 : byte);
		message_start(&message, DOMAIN, WIRE_AA);
		message_mx(&message, DOMAIN, 300, 10, exchange);
		message.bytes[message.len - 11] = (uint8_t)byte;
		struct answer answer = read_answer();
		assert_int_equal(name_parse(folded, wire), 0);
		assert_int_equal(answer.set.len, 1);
		assert_true(mxset_has(&answer.set, 10, wire));
		answer_finish(&answer);
	}
}

/* A generator of its own, so that a failure repeats everywhere. */
static uint32_t random_below(uint32_t bound)
{
	static uint64_t seed = 20240229;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % bound);
}

/* Writes a name of up to three labels with any bytes, or a pointer to the question. */
static size_t random_name(uint8_t *at)
{
	size_t len = 0;

	for (uint32_t labels = random_below(4); labels > 0; labels--) {
		uint8_t size = (uint8_t)(1 + random_below(4));

		at[len++] = size;
		for (; size > 0; size--)
			at[len++] = (uint8_t)(random_below(3) > 0 ? 'a' + random_below(3)
								  : random_below(256));
	}
	if (random_below(2) > 0) {
		at[len++] = 0xc0;
		at[len++] = 12;
	} else {
		at[len++] = 0;
	}
	return len;
}

struct rdata {
	uint8_t bytes[32];
	size_t len;
};

/* Writes the answer with its records in random order, some twice, some in other case. */
static void put_shuffled(struct rdata *records, size_t len)
{
	message_start(&message, DOMAIN, WIRE_AA);
	for (size_t left = len; left > 0; left--) {
		size_t pick = random_below((uint32_t)left);
		struct rdata rdata = records[pick];

		records[pick] = records[left - 1];
		records[left - 1] = rdata;
		for (size_t i = 3; random_below(2) > 0 && i < rdata.len; i++)
			if (rdata.bytes[i] >= 'a' && rdata.bytes[i] <= 'z')
				rdata.bytes[i] ^= 0x20;
		for (uint32_t times = 1 + random_below(2); times > 0; times--)
			message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_MX,
				random_below(86400), rdata.bytes, rdata.len);
	}
}

static void answer_digest_is_that_of_its_set(void **state)
{
	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct rdata records[6];
		size_t len = 1 + random_below(6);

		for (size_t i = 0; i < len; i++) {
			records[i].bytes[0] = (uint8_t)random_below(2);
			records[i].bytes[1] = (uint8_t)random_below(3);
			records[i].len = 2 + random_name(records[i].bytes + 2);
		}
		put_shuffled(records, len);
		struct answer first = read_answer();
		put_shuffled(records, len);
		struct answer second = read_answer();

		assert_true(answer_state_is_usable(first.summary.state));
		assert_int_equal(first.summary.state, second.summary.state);
		assert_true(mxset_equal(&first.set, &second.set));
		assert_true(digest_equal(first.summary.digest, second.summary.digest));
		assert_true(digest_equal(first.summary.digest,
			digest_answer(&key, first.summary.state, &first.set)));

		/* One more host is another answer. */
		assert_int_equal(
			mxset_add(&second.set, 9999, (const uint8_t *)"\5other"), 0);
		assert_false(digest_equal(first.summary.digest,
			digest_answer(&key, first.summary.state, &second.set)));
		answer_finish(&first);
		answer_finish(&second);
	}
}

static void answer_does_not_trust_ldns(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	ldns_refuse_records(true);
	struct answer answer = read_answer();
	ldns_refuse_records(false);
	assert_int_equal(answer.summary.state, ANSWER_MALFORMED);
	assert_non_null(answer.summary.why);
	assert_int_equal(answer.set.len, 0);
	answer_finish(&answer);
}

static void answer_survives_each_failing_allocation(void **state)
{
	struct answer answer;
	bool failed = true;
	size_t walked = 0;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	for (; failed; walked++) {
		memory_fail_after(walked);
		int r = answer_read(
			message.bytes, message.len, domain, WIRE_TYPE_MX, &key, &answer);
		failed = memory_stop_failing();
		assert_int_equal(r, failed ? -ENOMEM : 0);
	}
	assert_int_equal(walked, 5);
	answer_finish(&answer);
	for (int i = 0; i < 2; i++) {
		ldns_fail_after(i);
		assert_int_equal(answer_read(message.bytes, message.len, domain,
					 WIRE_TYPE_MX, &key, &answer),
			-ENOMEM);
	}
	assert_true(ldns_stop_failing());
}

static void answer_is_a_set_of_addresses(void **state)
{
	static const uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	struct answer answer;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_AAAA, 60, address, 16);
	message_mx(&message, DOMAIN, 60, 10, "mx.example");
	assert_int_equal(answer_read(message.bytes, message.len, domain, WIRE_TYPE_AAAA,
				 &key, &answer),
		0);
	assert_int_equal(answer.summary.state, ANSWER_MX);
	assert_int_equal(answer.set.len, 1);
	assert_int_equal(answer.set.hosts[0].preference, 0);
	assert_string_equal((const char *)answer.set.hosts[0].exchange,
		"\04020010db8000000000000000000000001");
	answer_finish(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_a_set_of_addresses),
		cmocka_unit_test(answer_reads_the_canonical_set),
		cmocka_unit_test(answer_reads_null_mx_and_what_stands_beside),
		cmocka_unit_test(answer_reads_the_end_of_the_chain),
		cmocka_unit_test(answer_has_no_set_without_records),
		cmocka_unit_test(answer_reads_a_truncated_message_as_far_as_it_goes),
		cmocka_unit_test(answer_keeps_every_byte_of_a_label),
		cmocka_unit_test(answer_digest_is_that_of_its_set),
		cmocka_unit_test(answer_does_not_trust_ldns),
		cmocka_unit_test(answer_survives_each_failing_allocation),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
