/* SPDX-License-Identifier: MIT */
/* answer_print(), the half of answer that shows evidence to people. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/answer.h"
#include "tests/fake/ldns.h"
#include "tests/fake/message.h"

#define DOMAIN "example.com"

static struct message message; /* too large for the stack */

/* What answer_print() writes of the first len bytes; free with free(). */
static char *print(size_t len, int *ret_result)
{
	char *text = NULL;
	size_t text_len = 0;
	FILE *out = open_memstream(&text, &text_len);

	assert_non_null(out);
	*ret_result = answer_print(message.bytes, len, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), text_len);
	return text;
}

static void assert_prints(const char *expected)
{
	int r;
	char *text = print(message.len, &r);

	assert_int_equal(r, 0);
	assert_string_equal(text, expected);
	free(text);
}

static void assert_prints_part(const char *expected)
{
	int r;
	char *text = print(message.len, &r);

	assert_int_equal(r, 0);
	if (strstr(text, expected) == NULL)
		fail_msg("%s\nis not in\n%s", expected, text);
	free(text);
}

static void answer_print_shows_a_message(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA | WIRE_RD | WIRE_AD);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_mx(&message, DOMAIN, 300, 0, ".");
	message_name(
		&message, WIRE_ANSWER, "a.example", WIRE_TYPE_CNAME, 60, "b.example");
	message_soa(&message, DOMAIN, 3600, 60);
	message_name(&message, WIRE_AUTHORITY, DOMAIN, WIRE_TYPE_NS, 1, "ns.example");
	message_record(
		&message, WIRE_ADDITIONAL, "ns.example", WIRE_TYPE_A, 1, "\xc0\0\2\1", 4);
	message_record(&message, WIRE_ADDITIONAL, "ns.example", WIRE_TYPE_AAAA, 1,
		"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	message_record(&message, WIRE_ADDITIONAL, DOMAIN, 16, 1, "\2a\"\1b", 5);
	message_record(&message, WIRE_ADDITIONAL, DOMAIN, 65280, 1, "\1\2", 2);
	message_ede(&message, 22);
	assert_prints(";; ->>HEADER<<- opcode: 0, status: NOERROR, id: 4660\n"
		      ";; flags: qr aa rd ad; QUERY: 1, ANSWER: 3, AUTHORITY: 2, "
		      "ADDITIONAL: 5\n"
		      "\n"
		      ";; QUESTION SECTION:\n"
		      ";example.com.\tIN\tMX\n"
		      "\n"
		      ";; ANSWER SECTION:\n"
		      "example.com.\t300\tIN\tMX\t10 mx1.example.\n"
		      "example.com.\t300\tIN\tMX\t0 .\n"
		      "a.example.\t60\tIN\tCNAME\tb.example.\n"
		      "\n"
		      ";; AUTHORITY SECTION:\n"
		      "example.com.\t3600\tIN\tSOA\tns.example. hostmaster.example. "
		      "0 0 0 0 60\n"
		      "example.com.\t1\tIN\tNS\tns.example.\n"
		      "\n"
		      ";; ADDITIONAL SECTION:\n"
		      "ns.example.\t1\tIN\tA\t192.0.2.1\n"
		      "ns.example.\t1\tIN\tAAAA\t2001:db8::1\n"
		      "example.com.\t1\tIN\tTXT\t\"a\\\"\" \"b\"\n"
		      "example.com.\t1\tIN\tTYPE65280\t\\# 2 0102\n"
		      "; EDNS: version: 0, extended rcode: 0, udp: 1232\n"
		      "; EDE: 22: wh\n");
}

static void answer_print_shows_states(void **state)
{
	static const char *const statuses[] = {"NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "RCODE6"};
	char expected[64];

	(void)state;
	for (uint16_t rcode = 0; rcode < 7; rcode++) {
		message_start(&message, DOMAIN, WIRE_TC | WIRE_RA | rcode);
		snprintf(expected, sizeof expected,
			"status: %s, id: 4660\n"
			";; flags: qr tc ra;",
			statuses[rcode]);
		assert_prints_part(expected);
	}
}

static void answer_print_escapes_for_a_terminal(void **state)
{
	static const uint8_t txt[] = "\7\033[2J\x9b\t\n";
	static const uint8_t ede[] = "\0\xf\0\7\0\6\033[1m\x9b";
	static const uint8_t mx[] = "\0\12\4\033\r\n \0";
	int r;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_record(&message, WIRE_ANSWER, "\\027x.example", 16, 1, txt, 8);
	message_record(&message, WIRE_ANSWER, "\\027x.example", 15, 1, mx, 8);
	message_record(&message, WIRE_ANSWER, "\\027x.example", 999, 1, txt, 8);
	message_opt(&message, 0, ede, 11);
	message_opt(&message, 0x81, "\0\12\0\2\033[", 6);
	assert_prints_part("; EDE: 6: \\x1b[1m\\x9b\n");
	assert_prints_part("; EDNS: version: 0, extended rcode: 129, udp: 1232\n"
			   "; OPT=10: 1b5b\n");
	assert_prints_part("\\027x.example.\t1\tIN\tMX\t10 \\027\\013\\010\\032.\n");

	char *text = print(message.len, &r);
	assert_int_equal(r, 0);
	for (const char *at = text; *at != '\0'; at++)
		assert_true((*at >= ' ' && *at <= '~') || *at == '\n' || *at == '\t');
	free(text);
}

static void answer_print_shows_bad_rdata_as_hex(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t len;
		const char *expected;
	} cases[] = {
		{WIRE_TYPE_MX, "", 0, "\tMX\t\\# 0 \n"},
		{WIRE_TYPE_MX, "\0", 1, "\tMX\t\\# 1 00\n"},
		{WIRE_TYPE_MX, "\0\12\1a\0x", 6, "\tMX\t\\# 6 000a01610078\n"},
		{WIRE_TYPE_MX, "\0\12\1a", 4, "\tMX\t\\# 4 000a0161\n"},
		{WIRE_TYPE_MX, "\0\12\xc0\xff", 4, "\tMX\t\\# 4 000ac0ff\n"},
		{WIRE_TYPE_A, "abc", 3, "\tA\t\\# 3 616263\n"},
		{WIRE_TYPE_AAAA, "abc", 3, "\tAAAA\t\\# 3 616263\n"},
		{WIRE_TYPE_SOA, "\0\0x", 3, "\tSOA\t\\# 3 000078\n"},
		{16, "", 0, "\tTXT\t\\# 0 \n"},
		{16, "\5ab", 3, "\tTXT\t\\# 3 056162\n"},
		{46, "abc", 3, "\tRRSIG\t\\# 3 616263\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		message_start(&message, DOMAIN, WIRE_AA);
		message_record(&message, WIRE_ANSWER, DOMAIN, cases[i].type, 300,
			cases[i].rdata, cases[i].len);
		message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_A, 1, "abcd", 4);
		assert_prints_part(cases[i].expected);
		assert_prints_part("\tA\t97.98.99.100\n");
	}
}

static void answer_print_bounds_each_line(void **state)
{
	static uint8_t bomb[65000]; /* empty strings, or an option and its value */
	int r;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_record(&message, WIRE_ANSWER, DOMAIN, 16, 300, bomb, sizeof bomb);
	char *text = print(message.len, &r);
	assert_int_equal(r, 0);
	assert_true(strlen(text) < 500);
	assert_non_null(strstr(text, "\tTXT\t\\# 65000 0000"));
	assert_non_null(strstr(text, "00...\n"));
	free(text);

	message_start(&message, DOMAIN, WIRE_AA);
	memcpy(bomb, "\0\xf\xfd\xe4\0\6", 6); /* an extended error of 64,996 bytes */
	memset(bomb + 6, 'x', sizeof bomb - 6);
	message_opt(&message, 0, bomb, sizeof bomb);
	text = print(message.len, &r);
	assert_int_equal(r, 0);
	assert_non_null(strstr(text, "; EDE: 6: xxxx"));
	assert_true(strlen(text) < 700);
	free(text);
}

static void answer_print_bounds_the_records(void **state)
{
	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	for (int i = 0; i < 512; i++)
		message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_A, 1, "abcd", 4);
	int r;
	char *text = print(message.len, &r);
	assert_null(strstr(text, ";; more"));
	free(text);
	message_record(&message, WIRE_ANSWER, DOMAIN, WIRE_TYPE_A, 1, "zzzz", 4);
	assert_prints_part("\tA\t97.98.99.100\n;; more than 512 records\n");
}

static void answer_print_says_where_a_message_breaks(void **state)
{
	int r;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	size_t start = message.len;
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	size_t second = message.len;
	message_mx(&message, DOMAIN, 300, 20, "mx2.example");
	for (size_t len = 0; len < message.len; len++) {
		char *text = print(len, &r);

		assert_int_equal(r, 0);
		assert_non_null(strstr(text, ";; broken"));
		assert_int_equal(strstr(text, "mx1.example.\n") != NULL, len >= second);
		if (len >= start)
			assert_non_null(strstr(text,
				len >= second ? ";; broken at byte 67 of "
					      : ";; broken at byte 29 of "));
		free(text);
	}
	assert_int_equal(start, 29);
	assert_int_equal(second, 67);

	message_start(&message, DOMAIN, WIRE_AA);
	message_opt(&message, 0, "\0\12\0\1", 4);
	assert_prints_part(";; broken options\n");
}

static void answer_print_reports_want_of_memory(void **state)
{
	bool failed = true;
	int calls = 0;

	(void)state;
	message_start(&message, DOMAIN, WIRE_AA);
	message_mx(&message, DOMAIN, 300, 10, "mx1.example");
	message_record(&message, WIRE_ANSWER, DOMAIN, 999, 1, "x", 1);
	for (; failed; calls++) {
		int r;

		ldns_fail_after(calls);
		free(print(message.len, &r));
		failed = ldns_stop_failing();
		assert_int_equal(r, failed ? -ENOMEM : 0);
	}
	/* The types of question and unknown record, the MX record and its text. */
	assert_int_equal(calls, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_print_shows_a_message),
		cmocka_unit_test(answer_print_shows_states),
		cmocka_unit_test(answer_print_escapes_for_a_terminal),
		cmocka_unit_test(answer_print_shows_bad_rdata_as_hex),
		cmocka_unit_test(answer_print_bounds_each_line),
		cmocka_unit_test(answer_print_bounds_the_records),
		cmocka_unit_test(answer_print_says_where_a_message_breaks),
		cmocka_unit_test(answer_print_reports_want_of_memory),
	};

	return cmocka_run_group_tests_name("answer_print", tests, NULL, NULL);
}
