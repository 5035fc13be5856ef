/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/name.h"
#include "resolvers/wire.h"
#include "tests/fake/message.h"

static const uint8_t example[] = "\7example\3com";

static struct message message; /* too large for the stack */

static void wire_builds_queries(void **state)
{
	static const uint8_t with_edns[] = "\xab\xcd\x01\x20\0\1\0\0\0\0\0\1"
					   "\7example\3com\0\0\x0f\0\1"
					   "\0\0\x29\x04\xd0\0\0\0\0\0";
	uint8_t query[WIRE_QUERY_MAX];

	(void)state;
	assert_int_equal(wire_build_query(query, 0xabcd, example, WIRE_TYPE_MX,
				 WIRE_RD | WIRE_AD, true),
		sizeof with_edns);
	assert_memory_equal(query, with_edns, sizeof with_edns);

	size_t len = wire_build_query(query, 1, example, WIRE_TYPE_AAAA, 0, false);
	assert_int_equal(len, sizeof with_edns - 11);
	assert_memory_equal(query, "\0\1\0\0\0\1\0\0\0\0\0\0", 12);
	assert_memory_equal(query + len - 4, "\0\x1c\0\1", 4);
}

static void wire_builds_the_longest_query(void **state)
{
	uint8_t query[WIRE_QUERY_MAX];
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < 254; i += 2)
		memcpy(name + i, "\1a", 2);
	name[254] = 0;
	assert_int_equal(
		wire_build_query(query, 1, name, WIRE_TYPE_MX, WIRE_RD, true), 282);
}

static bool is_reply(void)
{
	return wire_is_reply(
		message.bytes, message.len, MESSAGE_ID, example, WIRE_TYPE_MX);
}

static void wire_knows_its_reply(void **state)
{
	(void)state;
	message_start(&message, "example.com", WIRE_RD | WIRE_RA | WIRE_TC | 3);
	assert_true(is_reply());
	memcpy(message.bytes + 12, "\7ExAmPlE\3COM", 13);
	assert_true(is_reply());
	message_raw(&message, "garbage", 7);
	message_promise(&message, WIRE_ANSWER, 99);
	assert_true(is_reply());
}

static void wire_refuses_replies_to_other_questions(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} cases[] = {
		{0, 0x13}, /* id */
		{1, 0x35},
		{2, 0x01}, /* a query */
		{2, 0xa0}, /* opcode UPDATE */
		{2, 0x88},
		{4, 0x01}, /* 257 questions */
		{5, 0x00},
		{5, 0x02},
		{12, 6},
		{13, 'f'},
		{13, 'e' ^ 0x80},
		{20, 4},
		{24, 1},
		{25, 1}, /* type */
		{26, 1},
		{27, 1}, /* class */
		{28, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, "example.com", WIRE_RD);
		assert_true(is_reply());
		assert_int_not_equal(message.bytes[cases[i].at], cases[i].byte);
		message.bytes[cases[i].at] = cases[i].byte;
		assert_false(is_reply());
	}
	message_start(&message, "example.com", WIRE_RD);
	while (message.len-- > 0)
		assert_false(is_reply());
}

static void wire_reads_records_of_all_sections(void **state)
{
	static const char owner[] = "\7example\3com";
	struct wire_reader reader;
	struct wire_record record;

	(void)state;
	message_start(&message, "example.com", WIRE_AA);
	message_mx(&message, "EXAMPLE.com", 300, 10, "mx.example.com");
	message_name(
		&message, WIRE_AUTHORITY, "com", WIRE_TYPE_NS, 600, "ns.example.com");
	message_record(
		&message, WIRE_ADDITIONAL, "ns.example.com", WIRE_TYPE_A, 5, "abcd", 4);

	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_next(&reader, &record), 1);
	assert_int_equal(record.section, WIRE_ANSWER);
	assert_memory_equal(record.owner, owner, sizeof owner);
	assert_int_equal(record.type, WIRE_TYPE_MX);
	assert_int_equal(record.class, 1);
	assert_int_equal(record.ttl, 300);
	assert_int_equal(record.rdlength, 18);
	assert_int_equal(wire_next(&reader, &record), 1);
	assert_int_equal(record.section, WIRE_AUTHORITY);
	assert_int_equal(record.type, WIRE_TYPE_NS);
	assert_int_equal(wire_next(&reader, &record), 1);
	assert_int_equal(record.section, WIRE_ADDITIONAL);
	assert_memory_equal(message.bytes + record.rdata, "abcd", 4);
	assert_int_equal(wire_next(&reader, &record), 0);
	assert_int_equal(wire_next(&reader, &record), 0);
}

static void wire_reads_ttls_over_the_maximum_as_zero(void **state)
{
	static const struct {
		uint32_t ttl;
		uint32_t read;
	} cases[] = {
		{0, 0},
		{0x7fffffff, 0x7fffffff},
		{0x80000000, 0},
		{0xffffffff, 0},
	};
	struct wire_reader reader;
	struct wire_record record;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, "example.com", 0);
		message_mx(&message, "example.com", cases[i].ttl, 1, "mx.example");
		message_opt(&message, 0xff, NULL, 0);
		assert_int_equal(
			wire_reader_init(&reader, message.bytes, message.len), 0);
		assert_int_equal(wire_next(&reader, &record), 1);
		assert_int_equal(record.ttl, cases[i].read);
		assert_int_equal(wire_next(&reader, &record), 1);
		assert_int_equal(record.ttl, 0xff000000);
	}
}

static void wire_refuses_broken_heads(void **state)
{
	struct wire_reader reader;
	struct wire_head head;

	(void)state;
	message_start(&message, "example.com", 0);
	for (size_t len = 0; len < message.len; len++) {
		assert_int_equal(wire_reader_init(&reader, message.bytes, len), -EBADMSG);
		assert_int_equal(wire_read_head(message.bytes, len, &head), len >= 12);
	}
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	message.bytes[5] = 2;
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), -EBADMSG);
	message.bytes[5] = 0;
	assert_int_equal(wire_reader_init(&reader, message.bytes, 12), 0);
	assert_int_equal(reader.at, 12);
}

/* Reads the name that starts at the end of what is there and consists of the given bytes. */
static int read_tail(const void *bytes, size_t len, uint8_t *name, size_t *end)
{
	struct wire_reader reader;
	size_t at = message.len;

	message_raw(&message, bytes, len);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	int r = wire_read_name(&reader, at, name, end);
	*end -= r == 0 ? at : 0;
	return r;
}

static void wire_follows_pointers_back(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t end;
		const char *name;
	} cases[] = {
		{"\0", 1, 1, ""}, {"\2MX\0", 4, 4, "mx"},
		{"\xc0\x0c", 2, 2, "example.com"},
		{"\2MX\xc0\x0c", 5, 5, "mx.example.com"},
		{"\2mx\xc0\x14zz", 7, 5, "mx.com"},
		{"\xc0\x18", 2, 2, ""}, /* the question's final zero */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX];
		char text[NAME_TEXT_MAX];
		size_t end = 0;

		message_start(&message, "example.com", 0);
		assert_int_equal(read_tail(cases[i].bytes, cases[i].len, name, &end), 0);
		assert_int_equal(end, cases[i].end);
		assert_string_equal(name_format(name, text), cases[i].name);
	}
}

static void wire_refuses_bad_names(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{"", 0},
		{"\2mx", 3}, /* no end */
		{"\5mx\0", 4},
		{"\xc0", 1}, /* half a pointer */
		{"\xc0\x1d", 2}, /* to itself */
		{"\1a\xc0\x1d", 4}, /* to the start of the name it ends */
		{"\1a\xc0\x1f", 4}, /* into itself */
		{"\xc0\x1f\0", 3}, /* forward */
		{"\xff\xff", 2}, /* beyond the message */
		{"\xc0\x00", 2}, /* into the header */
		{"\xc0\x0b", 2},
		{"\x40\0", 2}, /* label types that are no longer in use */
		{"\x41\0", 2},
		{"\x80\0", 2},
		{"\xbf\0", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX];
		size_t end = 0;

		message_start(&message, "example.com", 0);
		assert_int_equal(message.len, 0x1d);
		assert_int_equal(
			read_tail(cases[i].bytes, cases[i].len, name, &end), -EBADMSG);
	}
}

static void wire_refuses_pointers_in_circles(void **state)
{
	static const uint8_t circle[] = {1, 'a', 0xc0, 0x21, 1, 'b', 0xc0, 0x1d};
	struct wire_reader reader;
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	message_start(&message, "example.com", 0);
	message_raw(&message, circle, sizeof circle);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_read_name(&reader, 0x1d, name, NULL), -EBADMSG);
	assert_int_equal(wire_read_name(&reader, 0x21, name, NULL), -EBADMSG);
}

static void wire_bounds_names_to_255_bytes(void **state)
{
	struct wire_reader reader;
	uint8_t name[NAME_WIRE_MAX];
	size_t at;

	(void)state;
	message_start(&message, "example.com", 0);
	at = message.len;
	for (int i = 0; i < 127; i++)
		message_raw(&message, "\1a", 2);
	message_raw(&message, "", 1);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_read_name(&reader, at, name, NULL), 0);
	assert_int_equal(name_length(name), 255);
	message.bytes[at + 252] = 2; /* swallows what was the end */
	message.bytes[at + 254] = 'a';
	message_raw(&message, "", 1);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_read_name(&reader, at, name, NULL), -EBADMSG);
	assert_int_equal(wire_read_name(&reader, at + 2, name, NULL), 0);
	assert_int_equal(name_length(name), 254);
}

static void wire_bounds_labels_to_63_bytes(void **state)
{
	uint8_t bytes[66] = {63};
	uint8_t name[NAME_WIRE_MAX];
	size_t end;

	(void)state;
	memset(bytes + 1, 'Z', 64);
	bytes[64] = 0;
	message_start(&message, "example.com", 0);
	assert_int_equal(read_tail(bytes, 65, name, &end), 0);
	assert_int_equal(end, 65);
	for (int i = 1; i <= 63; i++)
		assert_int_equal(name[i], 'z');
	bytes[0] = 64;
	bytes[64] = 'Z';
	message_start(&message, "example.com", 0);
	assert_int_equal(read_tail(bytes, 66, name, &end), -EBADMSG);
}

static void wire_folds_ascii_letters_only(void **state)
{
	uint8_t bytes[65] = {63};
	uint8_t name[NAME_WIRE_MAX];
	size_t end;

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		for (unsigned i = 0; i < 63; i++)
			bytes[1 + i] = (uint8_t)(first + i);
		message_start(&message, "example.com", 0);
		assert_int_equal(read_tail(bytes, sizeof bytes, name, &end), 0);
		assert_int_equal(name[0], 63);
		for (unsigned i = 1; i < 64; i++) {
			uint8_t byte = bytes[i];
			bool upper = byte >= 'A' && byte <= 'Z';

			assert_int_equal(name[i], upper ? byte + ('a' - 'A') : byte);
		}
	}
}

/* 64 pointers in a row are followed, 65 are not. */
static void wire_bounds_the_jumps_of_a_name(void **state)
{
	struct wire_reader reader;
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	message_start(&message, "example.com", 0);
	size_t first = message.len;
	for (size_t i = 0; i < 65; i++) {
		size_t target = i == 0 ? 12 : first + 2 * (i - 1);
		const uint8_t pointer[] = {
			(uint8_t)(0xc0 | target >> 8), (uint8_t)target};

		message_raw(&message, pointer, sizeof pointer);
	}
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_read_name(&reader, first + 2 * 63, name, NULL), 0);
	assert_true(name_equal(name, example));
	assert_int_equal(wire_read_name(&reader, first + 2 * 64, name, NULL), -EBADMSG);
}

static void wire_bounds_the_work_of_a_message(void **state)
{
	struct wire_reader reader;
	uint8_t name[NAME_WIRE_MAX];
	unsigned reads = 0;

	(void)state;
	message_start(&message, "example.com", 0);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	while (wire_read_name(&reader, 12, name, NULL) == 0)
		reads++;
	/* Three steps each: two labels and the root. The question was read once before. */
	assert_int_equal(reads, WIRE_WORK_MAX / 3 - 1);
}

static void wire_refuses_records_that_are_cut(void **state)
{
	struct wire_reader reader;
	struct wire_record record;

	(void)state;
	message_start(&message, "example.com", 0);
	size_t start = message.len;
	message_mx(&message, "example.com", 300, 10, "mx.example.com");
	for (size_t len = start; len < message.len; len++) {
		assert_int_equal(wire_reader_init(&reader, message.bytes, len), 0);
		assert_int_equal(wire_next(&reader, &record), -EBADMSG);
	}
	message_promise(&message, WIRE_ANSWER, 65534);
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_next(&reader, &record), 1);
	assert_int_equal(wire_next(&reader, &record), -EBADMSG);
	assert_int_equal(wire_next(&reader, &record), -EBADMSG);
}

static int read_mx(const char *rdata, size_t len, uint8_t *exchange)
{
	struct wire_reader reader;
	struct wire_record record;
	uint16_t preference = 0;

	message_start(&message, "example.com", 0);
	message_record(
		&message, WIRE_ANSWER, "example.com", WIRE_TYPE_MX, 300, rdata, len);
	message_raw(&message, "\0\0\0", 3); /* so that reading on would succeed */
	assert_int_equal(wire_reader_init(&reader, message.bytes, message.len), 0);
	assert_int_equal(wire_next(&reader, &record), 1);
	int r = wire_read_mx(&reader, &record, &preference, exchange);
	if (r == 0)
		assert_int_equal(preference, 0x010a);
	return r;
}

static void wire_reads_mx_records(void **state)
{
	static const struct {
		const char *rdata;
		size_t len;
		int result;
	} cases[] = {
		{"", 0, -EBADMSG},
		{"\1", 1, -EBADMSG},
		{"\1\12", 2, -EBADMSG},
		{"\1\12\0", 3, 0},
		{"\1\12\2mx\xc0\x0c", 7, 0},
		{"\1\12\2mx\0", 6, 0},
		{"\1\12\2mx\0x", 7, -EBADMSG}, /* something behind the name */
		{"\1\12\2mx", 5, -EBADMSG}, /* ends behind the record */
		{"\1\12\2mx\xc0", 6, -EBADMSG},
		{"\1\12\xc0\xff", 4, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t exchange[NAME_WIRE_MAX];

		assert_int_equal(
			read_mx(cases[i].rdata, cases[i].len, exchange), cases[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_builds_queries),
		cmocka_unit_test(wire_builds_the_longest_query),
		cmocka_unit_test(wire_knows_its_reply),
		cmocka_unit_test(wire_refuses_replies_to_other_questions),
		cmocka_unit_test(wire_reads_records_of_all_sections),
		cmocka_unit_test(wire_reads_ttls_over_the_maximum_as_zero),
		cmocka_unit_test(wire_refuses_broken_heads),
		cmocka_unit_test(wire_follows_pointers_back),
		cmocka_unit_test(wire_refuses_bad_names),
		cmocka_unit_test(wire_refuses_pointers_in_circles),
		cmocka_unit_test(wire_bounds_names_to_255_bytes),
		cmocka_unit_test(wire_bounds_labels_to_63_bytes),
		cmocka_unit_test(wire_folds_ascii_letters_only),
		cmocka_unit_test(wire_bounds_the_jumps_of_a_name),
		cmocka_unit_test(wire_bounds_the_work_of_a_message),
		cmocka_unit_test(wire_refuses_records_that_are_cut),
		cmocka_unit_test(wire_reads_mx_records),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
