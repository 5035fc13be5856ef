/* SPDX-License-Identifier: MIT */
/* wire_summarise() and messages that are broken, lying or expensive. */
#include <string.h>
#include <time.h>

#include "tests/resolvers/summarise.h"

static void wire_hostile_refuses_alias_loops(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, DOMAIN);
	assert_int_equal(summarise().state, ANSWER_MALFORMED);

	message_start(&message, DOMAIN, RECURSIVE);
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "a.example");
	message_name(
		&message, WIRE_ANSWER, "a.example", WIRE_TYPE_CNAME, 60, "b.example");
	message_name(
		&message, WIRE_ANSWER, "b.example", WIRE_TYPE_CNAME, 60, "a.example");
	assert_int_equal(summarise().state, ANSWER_MALFORMED);
}

static void wire_hostile_refuses_aliases_that_differ(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "a.example");
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "b.example");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MALFORMED);
	assert_string_equal(summary.why, "one name has several aliases");
}

static void wire_hostile_refuses_broken_aliases(void **state)
{
	static const struct {
		const char *rdata;
		size_t len;
	} cases[] = {{"", 0}, {"\1a", 2}, {"\1a\0x", 4}, {"\xc0\xff", 2}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60,
			cases[i].rdata, cases[i].len);
		message_raw(&message, "\0\0", 2);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_MALFORMED);
		assert_string_equal(summary.why, "a CNAME record cannot be read");
	}
}

static void wire_hostile_refuses_broken_soa(void **state)
{
	static const struct {
		const char *rdata;
		size_t len;
	} cases[] = {
		{"", 0},
		{"\0", 1},
		{"\0\0", 2},
		{"\0\0"
		 "0123456789012345678",
			21},
		{"\0\0"
		 "012345678901234567890",
			23},
		{"\xc0\xff\0"
		 "01234567890123456789",
			23},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		message_record(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_SOA, 60,
			cases[i].rdata, cases[i].len);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_MALFORMED);
		assert_string_equal(summary.why, "an SOA record cannot be read");
	}
}

static void wire_hostile_refuses_broken_options(void **state)
{
	static const struct {
		const char *options;
		size_t len;
	} cases[] = {{"\0", 1}, {"\0\x0f\0", 3}, {"\0\x0f\0\1", 4},
		{"\0\x0f\xff\xff\0\6", 6}, {"\0\x0f\0\2\0\6z", 7}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE | 2);
		message_opt(&message, 0, cases[i].options, cases[i].len);
		assert_int_equal(summarise().state, ANSWER_MALFORMED);
	}
	message_start(&message, DOMAIN, RECURSIVE | 2);
	message_opt(&message, 0, NULL, 0);
	message_opt(&message, 0, NULL, 0);
	assert_int_equal(summarise().state, ANSWER_MALFORMED);
}

static void wire_hostile_refuses_broken_mx(void **state)
{
	static const struct {
		const char *rdata;
		size_t len;
	} cases[] = {{"", 0}, {"\0", 1}, {"\0\12", 2}, {"\0\12\1a\0x", 6},
		{"\0\12\1a", 4}, {"\0\12\xc0\xff", 4}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		message_mx(&message, DOMAIN, 300, 10, "mx.example");
		message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_MX, 300,
			cases[i].rdata, cases[i].len);
		message_raw(&message, "\0\0", 2);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_MALFORMED);
		assert_string_equal(summary.why, "an MX record cannot be read");
	}
}

static void wire_hostile_takes_256_records_at_most(void **state)
{
	static const char record[] = "\xc0\x0c\0\x0f\0\1\0\0\1\x2c\0\4\0\12\xc0\x0c";
	size_t len = sizeof record - 1;
	unsigned count = 256;

	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_promise(&message, WIRE_ANSWER, count);
	for (unsigned i = 0; i < count; i++)
		message_raw(&message, record, len);
	assert_int_equal(summarise().state, ANSWER_MX);
	assert_int_equal(summarise().records, 256);
	message_promise(&message, WIRE_ANSWER, 1);
	message_raw(&message, record, len);
	assert_int_equal(summarise().state, ANSWER_MALFORMED);

	for (count = 257; message.len + len <= WIRE_MESSAGE_MAX; count++)
		message_raw(&message, record, len);
	message_promise(&message, WIRE_ANSWER, count - 257);
	assert_int_equal(count, 4094);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MALFORMED);
	assert_string_equal(summary.why, "more records than any domain needs");
}

static void wire_hostile_skips_what_it_need_not_read(void **state)
{
	static uint8_t txt[65400]; /* 65,400 empty strings */

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_record(&message, WIRE_ANSWER, DOMAIN, 16, 300, txt, sizeof txt);
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.records, 1);
}

static void wire_hostile_refuses_counts_that_lie(void **state)
{
	static const enum wire_section sections[] = {
		WIRE_ANSWER, WIRE_AUTHORITY, WIRE_ADDITIONAL};

	(void)state;
	for (int i = 0; i < 3; i++) {
		message_start(&message, DOMAIN, AUTHORITATIVE);
		message_mx(&message, DOMAIN, 300, 10, "mx.example");
		assert_int_equal(summarise().state, ANSWER_MX);
		message_promise(&message, sections[i],
			sections[i] == WIRE_ANSWER ? 65534 : 65535);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_MALFORMED);
		assert_string_equal(summary.why, "a record cannot be read");
	}
}

static void wire_hostile_refuses_messages_that_are_cut(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	size_t start = message.len;
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	message_soa(&message, DOMAIN, 300, 60);
	message_ede(&message, 1);
	size_t whole = message.len;
	for (message.len = start; message.len < whole; message.len++)
		assert_int_equal(summarise().state, ANSWER_MALFORMED);
	assert_int_equal(summarise().state, ANSWER_MX);
}

static void wire_hostile_takes_what_a_truncated_message_holds(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE | WIRE_TC);
	size_t start = message.len;
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	size_t second = message.len;
	message_mx(&message, DOMAIN, 300, 10, "mx2.example");
	size_t whole = message.len;
	for (message.len = start; message.len <= whole; message.len++) {
		unsigned records = message.len >= whole ? 2
			: message.len >= second         ? 1
							: 0;
		struct wire_summary summary = summarise();

		assert_int_equal(summary.state, records > 0 ? ANSWER_MX : ANSWER_NODATA);
		assert_int_equal(summary.records, records);
		assert_true(summary.flags & WIRE_TC);
	}
	/* A chain that is cut is followed as far as it goes. */
	message_start(&message, DOMAIN, RECURSIVE | WIRE_TC);
	put_chain(2, false);
	message.len -= 3;
	struct wire_summary summary = summarise();
	assert_true(summary.alias_only);
	assert_alias(&summary, "a1.example");
}

static void wire_hostile_keeps_every_byte_of_a_label(void **state)
{
	static const char *const labels[] = {"\\000", "\\032", "\\013\\010", "\\046",
		"\\060", "\\034", "\\027", "\\155", "\\255\\254", "\\061cmd"};

	(void)state;
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		const char *const exchanges[] = {labels[i], NULL};

		message_start(&message, DOMAIN, AUTHORITATIVE);
		message_mx(&message, DOMAIN, 300, 10, labels[i]);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_MX);
		assert_true(digest_equal(
			summary.digest, digest_of(ANSWER_MX, exchanges, 10)));
		for (size_t j = 0; j < i; j++) {
			const char *const other[] = {labels[j], NULL};

			assert_false(digest_equal(
				summary.digest, digest_of(ANSWER_MX, other, 10)));
		}
	}
}

static void wire_hostile_refuses_a_broken_question(void **state)
{
	struct wire_summary summary;

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	wire_summarise(message.bytes, 20, domain, WIRE_TYPE_MX, &key, &summary);
	assert_int_equal(summary.state, ANSWER_MALFORMED);
	assert_string_equal(summary.why, "header or question cannot be read");
	wire_summarise(message.bytes, 0, domain, WIRE_TYPE_MX, &key, &summary);
	assert_int_equal(summary.state, ANSWER_MALFORMED);
}

/* Processor time of this thread, in microseconds. */
static int64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The shortest of several runs, so that a busy machine does not fail the test. */
static int64_t measure_us(struct wire_summary *ret_summary)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t start = cpu_us();
		*ret_summary = summarise();
		int64_t took = cpu_us() - start;
		best = took < best ? took : best;
	}
	return best;
}

/* 64 KiB of records whose owners each lead over the longest allowed way, once as MX records and
 * once as the links of a chain of aliases, which are looked through nine times. */
static void wire_hostile_spends_5_ms_at_most(void **state)
{
	static const uint16_t types[] = {WIRE_TYPE_MX, WIRE_TYPE_CNAME, 16};

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		put_chain(types[i] == WIRE_TYPE_CNAME ? 8 : 0, true);
		size_t first = message.len + 11;
		uint8_t ways[WIRE_JUMPS_MAX * 2];
		for (size_t j = 0; j < WIRE_JUMPS_MAX; j++) {
			size_t target = j == 0 ? 12 : first + 2 * (j - 1);
			ways[2 * j] = (uint8_t)(0xc0 | target >> 8);
			ways[2 * j + 1] = (uint8_t)target;
		}
		message_record(&message, WIRE_ANSWER, ".", 16, 0, ways, sizeof ways);
		size_t last = message.len - 4;
		uint8_t record[16] = {(uint8_t)(0xc0 | last >> 8), (uint8_t)last, 0,
			(uint8_t)types[i], 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0xc0, 0x0c};
		while (message.len + sizeof record <= WIRE_MESSAGE_MAX) {
			message_raw(&message, record, sizeof record);
			message_promise(&message, WIRE_ANSWER, 1);
		}
		struct wire_summary summary;
		assert_true(measure_us(&summary) < 5000);
		assert_int_equal(summary.state, ANSWER_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_hostile_refuses_alias_loops),
		cmocka_unit_test(wire_hostile_refuses_aliases_that_differ),
		cmocka_unit_test(wire_hostile_refuses_broken_aliases),
		cmocka_unit_test(wire_hostile_refuses_broken_soa),
		cmocka_unit_test(wire_hostile_refuses_broken_options),
		cmocka_unit_test(wire_hostile_refuses_broken_mx),
		cmocka_unit_test(wire_hostile_takes_256_records_at_most),
		cmocka_unit_test(wire_hostile_skips_what_it_need_not_read),
		cmocka_unit_test(wire_hostile_refuses_counts_that_lie),
		cmocka_unit_test(wire_hostile_refuses_messages_that_are_cut),
		cmocka_unit_test(wire_hostile_takes_what_a_truncated_message_holds),
		cmocka_unit_test(wire_hostile_keeps_every_byte_of_a_label),
		cmocka_unit_test(wire_hostile_refuses_a_broken_question),
		cmocka_unit_test(wire_hostile_spends_5_ms_at_most),
	};

	return cmocka_run_group_tests_name("wire_hostile", tests, NULL, NULL);
}
