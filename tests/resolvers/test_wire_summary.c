/* SPDX-License-Identifier: MIT */
/* What wire_summarise() makes of well-formed messages. */
#include <string.h>

#include "tests/resolvers/summarise.h"

static void wire_summary_reads_an_answer(void **state)
{
	static const char *const exchanges[] = {"mx1.example", "mx2.example", NULL};

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_mx(&message, DOMAIN, 200, 11, "mx2.example");
	message_name(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_NS, 1, "ns.example");
	message_opt(&message, 0, NULL, 0);
	struct wire_summary summary = summarise();

	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.flags, WIRE_QR | WIRE_AA);
	assert_int_equal(summary.rcode, 0);
	assert_int_equal(summary.ede, 0xffff);
	assert_int_equal(summary.records, 2);
	assert_int_equal(summary.foreign, 0);
	assert_int_equal(summary.ttl_min, 200);
	assert_int_equal(summary.alias_len, 0);
	assert_false(summary.referral);
	assert_false(summary.alias_only);
	assert_false(summary.beside_null);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_MX, exchanges, 10)));
}

static void wire_summary_ignores_order_repeats_case_and_ttl(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	message_mx(&message, DOMAIN, 300, 20, "mx3.example");
	struct digest first = summarise().digest;

	message_start(&message, DOMAIN, RECURSIVE);
	memcpy(message.bytes + 12, "\7eXample\3COM", 13);
	message_mx(&message, DOMAIN, 1, 20, "mx3.example");
	message_mx(&message, DOMAIN, 2, 10, "mx1.example");
	message_mx(&message, DOMAIN, 3, 20, "mx2.example");
	message_mx(&message, DOMAIN, 4, 20, "mx3.example");
	/* name_parse() folds, so upper case is put in afterwards. */
	memcpy(message.bytes + message.len - 9, "\7EXAMPLE", 8);
	struct wire_summary summary = summarise();

	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.records, 4);
	assert_int_equal(summary.ttl_min, 1);
	assert_true(digest_equal(first, summary.digest));
}

static void wire_summary_reads_compressed_records_alike(void **state)
{
	static const char record[] = "\xc0\x0c\0\x0f\0\1\0\0\1\x2c\0\7\0\12\2MX\xc0\x0c";

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, DOMAIN, 300, 10, "mx.example.com");
	struct digest plain = summarise().digest;

	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_raw(&message, record, sizeof record - 1);
	message_promise(&message, WIRE_ANSWER, 1);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.ttl_min, 300);
	assert_true(digest_equal(plain, summary.digest));
}

static void wire_summary_knows_null_mx(void **state)
{
	static const char *const root[] = {".", NULL};

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, DOMAIN, 300, 0, ".");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_NULL_MX);
	assert_false(summary.beside_null);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_NULL_MX, root, 0)));
}

static void wire_summary_notices_null_mx_beside_others(void **state)
{
	static const char *const both[] = {".", "mx.example", NULL};

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, DOMAIN, 300, 1, "mx.example");
	message_mx(&message, DOMAIN, 300, 0, ".");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_true(summary.beside_null);
	assert_int_equal(summary.records, 2);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_MX, both, 0)));
}

static void wire_summary_ignores_mx_of_others(void **state)
{
	static const char *const exchanges[] = {"mx.example", NULL};

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, "example.org", 1, 5, "evil.example");
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	message_mx(&message, "sub.example.com", 1, 5, "evil.example");
	message_mx(&message, "com", 1, 5, "evil.example");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.records, 1);
	assert_int_equal(summary.foreign, 3);
	assert_int_equal(summary.ttl_min, 300);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_MX, exchanges, 10)));

	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_mx(&message, "example.org", 1, 5, "evil.example");
	summary = summarise();
	assert_int_equal(summary.state, ANSWER_MALFORMED); /* no statement about us */
	assert_int_equal(summary.foreign, 1);
}

static void wire_summary_ignores_mx_of_other_classes_and_sections(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	size_t start = message.len;
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	message.bytes[start + 13 + 3] = 3; /* CHAOS */
	message_record(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_MX, 1, "\0\1\1x", 5);
	message_record(&message, WIRE_ADDITIONAL, DOMAIN, WIRE_TYPE_MX, 1, "\0\1\1x", 5);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MALFORMED);
	assert_int_equal(summary.foreign, 1);
	assert_int_equal(summary.records, 0);
}

static void wire_summary_follows_eight_aliases(void **state)
{
	static const char *const exchanges[] = {"mx.example", NULL};

	(void)state;
	for (unsigned len = 1; len <= 9; len++) {
		for (int backwards = 0; backwards < 2; backwards++) {
			char last[32];

			snprintf(last, sizeof last, "a%u.example", len);
			message_start(&message, DOMAIN, RECURSIVE);
			if (backwards)
				message_mx(&message, last, 300, 10, "mx.example");
			put_chain(len, backwards);
			if (!backwards)
				message_mx(&message, last, 300, 10, "mx.example");
			struct wire_summary summary = summarise();

			if (len > WIRE_ALIAS_MAX) {
				assert_int_equal(summary.state, ANSWER_MALFORMED);
				continue;
			}
			assert_int_equal(summary.state, ANSWER_MX);
			assert_alias(&summary, last);
			assert_false(summary.alias_only);
			assert_int_equal(summary.records, 1);
			assert_int_equal(summary.foreign, 0);
			assert_int_equal(summary.ttl_min, 100);
			assert_true(digest_equal(
				summary.digest, digest_of(ANSWER_MX, exchanges, 10)));
		}
	}
}

static void wire_summary_lets_the_alias_win(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_mx(&message, DOMAIN, 5, 10, "beside.example");
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "a.example");
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 60, "a.example");
	message_mx(&message, "a.example", 300, 10, "mx.example");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_alias(&summary, "a.example");
	assert_int_equal(summary.records, 1);
	assert_int_equal(summary.foreign, 1);
	assert_int_equal(summary.ttl_min, 60);
}

static void wire_summary_passes_over_aliases_of_others(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_name(&message, WIRE_ANSWER, "b.example", WIRE_TYPE_CNAME, 1, "a.example");
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.alias_len, 0);
	assert_int_equal(summary.records, 1);
	assert_int_equal(summary.ttl_min, 300);
}

static void wire_summary_knows_aliases_that_end_elsewhere(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	put_chain(2, false);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_NODATA);
	assert_true(summary.alias_only);
	assert_alias(&summary, "a2.example");
	assert_int_equal(summary.ttl_min, 100);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_NODATA, none, 0)));

	/* The SOA of the first owner's zone says nothing about the alias. */
	message_soa(&message, DOMAIN, 300, 60);
	assert_true(summarise().alias_only);
	/* That of the alias' zone does. */
	message_soa(&message, "example", 300, 60);
	summary = summarise();
	assert_int_equal(summary.state, ANSWER_NODATA);
	assert_false(summary.alias_only);
	assert_alias(&summary, "a2.example");
	assert_int_equal(summary.ttl_min, 60);
}

static void wire_summary_knows_nodata(void **state)
{
	static const struct {
		uint32_t ttl;
		uint32_t minimum;
		uint32_t read;
	} cases[] = {{300, 60, 60}, {60, 300, 60}, {0, 9, 0}, {60, 0x80000000, 0},
		{0xffffffff, 60, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		message_soa(&message, DOMAIN, cases[i].ttl, cases[i].minimum);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_NODATA);
		assert_int_equal(summary.ttl_min, cases[i].read);
		assert_false(summary.alias_only);
		assert_false(summary.referral);
	}
	/* With delegation and SOA it is no referral; an SOA of a parent does as well. */
	message_start(&message, DOMAIN, 0);
	message_name(&message, WIRE_AUTHORITY, "com", WIRE_TYPE_NS, 1, "ns.example");
	message_soa(&message, "com", 300, 60);
	assert_int_equal(summarise().state, ANSWER_NODATA);
}

static void wire_summary_knows_nodata_without_soa(void **state)
{
	static const uint16_t flags[] = {WIRE_AA, WIRE_RA, WIRE_RD | WIRE_RA};

	(void)state;
	for (int i = 0; i < 3; i++) {
		message_start(&message, DOMAIN, flags[i]);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_NODATA);
		assert_int_equal(summary.ttl_min, UINT32_MAX);
	}
	message_start(&message, DOMAIN, WIRE_AA);
	message_name(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_NS, 1, "ns.example");
	assert_int_equal(summarise().state, ANSWER_NODATA);
}

static void wire_summary_ignores_soa_of_others(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_soa(&message, "example.org", 300, 60);
	message_soa(&message, "sub.example.com", 300, 60);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_NODATA);
	assert_int_equal(summary.ttl_min, UINT32_MAX);
}

static void wire_summary_knows_nxdomain(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	message_start(&message, DOMAIN, RECURSIVE | 3);
	message_soa(&message, "com", 900, 60);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_NXDOMAIN);
	assert_int_equal(summary.rcode, 3);
	assert_int_equal(summary.ttl_min, 60);
	assert_true(digest_equal(summary.digest, digest_of(ANSWER_NXDOMAIN, none, 0)));

	message_start(&message, DOMAIN, RECURSIVE | 3);
	put_chain(2, false);
	message_soa(&message, "example", 900, 900);
	summary = summarise();
	assert_int_equal(summary.state, ANSWER_NXDOMAIN);
	assert_false(summary.alias_only);
	assert_alias(&summary, "a2.example");
	assert_int_equal(summary.ttl_min, 100);

	message_start(&message, DOMAIN, RECURSIVE | 3);
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	assert_int_equal(summarise().state, ANSWER_MALFORMED);
}

static void wire_summary_tells_bogus_from_servfail(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, RECURSIVE | 2);
	assert_int_equal(summarise().state, ANSWER_SERVFAIL);
	for (uint16_t code = 0; code < 30; code++) {
		bool bogus = code == 1 || code == 2 || (code >= 5 && code <= 12);

		message_start(&message, DOMAIN, RECURSIVE | 2);
		message_ede(&message, code);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, bogus ? ANSWER_BOGUS : ANSWER_SERVFAIL);
		assert_int_equal(summary.ede, code);
		assert_int_equal(summary.rcode, 2);
	}
	/* An error beside an answer does not make it unusable. */
	message_start(&message, DOMAIN, RECURSIVE);
	message_mx(&message, DOMAIN, 300, 10, "mx.example");
	message_ede(&message, 6);
	assert_int_equal(summarise().state, ANSWER_MX);
}

static void wire_summary_reads_all_options(void **state)
{
	static const uint8_t options[] = {0, 10, 0, 3, 'a', 'b', 'c', /* a cookie */
		0, 15, 0, 1, 7, /* too short for a code */
		0, 15, 0, 2, 0, 22, 0, 15, 0, 2, 0, 6};

	(void)state;
	message_start(&message, DOMAIN, RECURSIVE | 2);
	message_opt(&message, 0, options, sizeof options);
	struct wire_summary summary = summarise();
	assert_int_equal(summary.state, ANSWER_BOGUS);
	assert_int_equal(summary.ede, 22);
}

static void wire_summary_knows_refusals(void **state)
{
	(void)state;
	for (uint16_t rcode = 1; rcode < 16; rcode++) {
		if (rcode == 2 || rcode == 3)
			continue;
		message_start(&message, DOMAIN, rcode);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_REFUSED);
		assert_int_equal(summary.rcode, rcode);
		assert_false(summary.referral);
	}
	/* BADVERS looks like NOERROR in the header. */
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_opt(&message, 1, NULL, 0);
	assert_int_equal(summarise().state, ANSWER_REFUSED);
	assert_int_equal(summarise().rcode, 16);
	message_start(&message, DOMAIN, AUTHORITATIVE);
	message_opt(&message, 0x10, NULL, 0); /* 256 */
	assert_int_equal(summarise().state, ANSWER_REFUSED);
	assert_int_equal(summarise().rcode, 255);
	/* Neither authoritative nor recursive, and no word about who is. */
	message_start(&message, DOMAIN, 0);
	assert_int_equal(summarise().state, ANSWER_REFUSED);
}

static void wire_summary_knows_referrals(void **state)
{
	static const char *const ancestors[] = {DOMAIN, "com", "."};

	(void)state;
	for (int i = 0; i < 3; i++) {
		message_start(&message, DOMAIN, 0);
		message_name(&message, WIRE_AUTHORITY, ancestors[i], WIRE_TYPE_NS, 900,
			"ns.example");
		message_record(&message, WIRE_ADDITIONAL, "ns.example", WIRE_TYPE_A, 900,
			"\xc0\0\2\1", 4);
		struct wire_summary summary = summarise();
		assert_int_equal(summary.state, ANSWER_REFUSED);
		assert_true(summary.referral);
	}
	message_start(&message, DOMAIN, 0);
	message_name(
		&message, WIRE_AUTHORITY, "example.org", WIRE_TYPE_NS, 1, "ns.example");
	assert_int_equal(summarise().state, ANSWER_REFUSED);
	assert_false(summarise().referral);
}

/* Addresses are the set of an answer to a question for A or AAAA. */
static void wire_summary_reads_addresses(void **state)
{
	static const uint8_t low[] = {10, 0, 0, 1};
	static const uint8_t high[] = {192, 0, 2, 65};
	static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8};
	static const char *const names[] = {"0a000001", "c0000241", NULL};
	struct wire_summary summary;
	struct digest_set set = {.len = 0};
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	message_start(&message, DOMAIN, RECURSIVE);
	message_name(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_CNAME, 90, "mx.example");
	message_record(&message, WIRE_ANSWER, "mx.example", WIRE_TYPE_A, 60, high, 4);
	message_record(&message, WIRE_ANSWER, "mx.example", WIRE_TYPE_A, 50, low, 4);
	message_record(&message, WIRE_ANSWER, "mx.example", WIRE_TYPE_A, 60, high, 4);
	message_record(&message, WIRE_ANSWER, "mx.example", WIRE_TYPE_AAAA, 5, six, 16);
	wire_summarise(message.bytes, message.len, domain, WIRE_TYPE_A, &key, &summary);
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.records, 3);
	assert_int_equal(summary.ttl_min, 50);
	assert_alias(&summary, "mx.example");
	for (size_t i = 0; names[i] != NULL; i++) {
		assert_int_equal(name_parse(names[i], name), 0);
		assert_int_equal(digest_set_add(&set, &key, 0, name), 0);
	}
	assert_true(digest_equal(summary.digest, digest_set_end(&set, &key, ANSWER_MX)));
	wire_summarise(
		message.bytes, message.len, domain, WIRE_TYPE_AAAA, &key, &summary);
	assert_int_equal(summary.state, ANSWER_MX);
	assert_int_equal(summary.records, 1);
}

static void wire_summary_refuses_addresses_of_a_wrong_length(void **state)
{
	static const uint8_t bytes[16] = {192, 0, 2, 1};
	static const struct {
		uint16_t type;
		size_t len;
	} cases[] = {{WIRE_TYPE_A, 3}, {WIRE_TYPE_A, 5}, {WIRE_TYPE_A, 16},
		{WIRE_TYPE_AAAA, 4}, {WIRE_TYPE_AAAA, 0}};
	struct wire_summary summary;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, RECURSIVE);
		message_record(&message, WIRE_ANSWER, DOMAIN, cases[i].type, 60, bytes,
			cases[i].len);
		wire_summarise(message.bytes, message.len, domain, cases[i].type, &key,
			&summary);
		assert_int_equal(summary.state, ANSWER_MALFORMED);
		assert_string_equal(summary.why, "an address record cannot be read");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_summary_reads_an_answer),
		cmocka_unit_test(wire_summary_reads_addresses),
		cmocka_unit_test(wire_summary_refuses_addresses_of_a_wrong_length),
		cmocka_unit_test(wire_summary_ignores_order_repeats_case_and_ttl),
		cmocka_unit_test(wire_summary_reads_compressed_records_alike),
		cmocka_unit_test(wire_summary_knows_null_mx),
		cmocka_unit_test(wire_summary_notices_null_mx_beside_others),
		cmocka_unit_test(wire_summary_ignores_mx_of_others),
		cmocka_unit_test(wire_summary_ignores_mx_of_other_classes_and_sections),
		cmocka_unit_test(wire_summary_follows_eight_aliases),
		cmocka_unit_test(wire_summary_lets_the_alias_win),
		cmocka_unit_test(wire_summary_passes_over_aliases_of_others),
		cmocka_unit_test(wire_summary_knows_aliases_that_end_elsewhere),
		cmocka_unit_test(wire_summary_knows_nodata),
		cmocka_unit_test(wire_summary_knows_nodata_without_soa),
		cmocka_unit_test(wire_summary_ignores_soa_of_others),
		cmocka_unit_test(wire_summary_knows_nxdomain),
		cmocka_unit_test(wire_summary_tells_bogus_from_servfail),
		cmocka_unit_test(wire_summary_reads_all_options),
		cmocka_unit_test(wire_summary_knows_refusals),
		cmocka_unit_test(wire_summary_knows_referrals),
	};

	return cmocka_run_group_tests_name("wire_summary", tests, NULL, NULL);
}
