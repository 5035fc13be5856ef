/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reply_text.h"

static struct reply_text text;

/* The words of an answer, with blanks between. */
static const char *words_of(const char *answer, const char *recipient)
{
	static char words[2 * REPORT_TEXT_MAX];
	size_t len = 0;

	reply_text_read(answer, recipient, &text);
	words[0] = '\0';
	for (size_t i = 0; i < text.words_len; i++)
		len += (size_t)snprintf(words + len, sizeof words - len, "%s%.*s",
			i > 0 ? " " : "", (int)text.words[i].len,
			text.bytes + text.words[i].at);
	return words;
}

static void expect(const char *answer, const char *words)
{
	assert_string_equal(words_of(answer, "jane.doe@example.com"), words);
}

static void reply_text_lowers_and_divides_words(void **state)
{
	(void)state;
	expect("User Unknown!", "user unknown");
	expect("over-quota_now/then", "over quota now then");
	expect("", "");
	expect(" \t\r\n", "");
	expect("a\\nb\\r\\nc", "a b c");
}

static void reply_text_joins_what_is_one_word(void **state)
{
	(void)state;
	expect("This user doesn't have an e-mail", "this user doesnt have an email");
	expect("doesn\xe2\x80\x99t 'quoted' words'", "doesnt quoted words");
	expect("E-Mail", "email");
	expect("e-mailbox e mail", "e mailbox email");
}

static void reply_text_divides_what_has_no_blanks(void **state)
{
	(void)state;
	expect("\xe7\x94\xa8\xe6\x88\xb7 no\xe4\xb8\x8d\xef\xbc\x8cyes",
		"\xe7\x94\xa8 \xe6\x88\xb7 no \xe4\xb8\x8d yes");
	expect("\xe2\x80\x9cunknown\xe2\x80\x9d user", "unknown user");
}

static void reply_text_reads_a_link_where_there_is_nothing_else(void **state)
{
	(void)state;
	expect("553 http://www.example.com/blocked", "http www example com blocked");
	expect("553 see http://www.example.com/blocked", "see");
}

/* What a server tells of a third one's answer is part of its own. */
static void reply_text_keeps_an_answer_within_an_answer(void **state)
{
	(void)state;
	expect("host mx.example.com[192.0.2.1] said: 550 no", "no");
	expect("550 sender: host mx.example.com[192.0.2.1] said: 550 no",
		"sender host said no");
}

static void reply_text_drops_accents(void **state)
{
	(void)state;
	expect("Bo\xc3\xaete pleine", "boite pleine");
	expect("Bo\xeete archiv\xe9"
	       "e",
		"boite archivee");
	expect("Empf\xc3\xa4nger", "empfanger");
	expect("\xd0\xbd\xd0\xb5\xd1\x82", "\xd0\xbd\xd0\xb5\xd1\x82");
}

static void reply_text_cuts_codes_and_keeps_them(void **state)
{
	(void)state;
	expect("550-5.1.1 Not here 550 5.1.1  Bye", "not here bye");
	assert_int_equal(text.code, 550);
	assert_int_equal(text.statuses_len, 1);
	assert_string_equal(text.statuses[0], "5.1.1");
	expect("550 #5.1.0 Address rejected (5.7.1)", "address rejected");
	assert_int_equal(text.statuses_len, 2);
	assert_string_equal(text.statuses[1], "5.7.1");
	expect("smtp;421 later", "smtp later");
	assert_int_equal(text.code, 421);
	expect("did not like it:550 no", "did not like it no");
	assert_int_equal(text.code, 550);
	expect("250 ok", "ok");
	assert_int_equal(text.code, 0);
	expect("more than 500 messages", "more than messages");
	assert_int_equal(text.code, 0);
}

static void reply_text_takes_no_address_for_a_code(void **state)
{
	(void)state;
	words_of("5.1.1.7 and 5.1.1x and 5.1234.1 and 3.1.1 and 5.1 and 5..1", "");
	assert_int_equal(text.statuses_len, 0);
}

static void reply_text_keeps_few_codes(void **state)
{
	(void)state;
	words_of("5.0.1 5.0.2 5.0.3 5.0.4 5.0.5 5.0.6 5.0.7 5.0.8 5.0.9", "");
	assert_int_equal(text.statuses_len, REPLY_STATUSES_MAX);
}

static void reply_text_cuts_addresses(void **state)
{
	(void)state;
	expect("a <quota@spam.example>: b", "a b");
	expect("a spam@quota.example, b", "a b");
	expect("a (spam@[192.0.2.1]) b", "a b");
	expect("\"over quota\"@spam.example b", "b");
	expect("<\"over quota\"@spam.example> b", "b");
	expect("<not an address> b", "not an address b");
	expect("\"quoted\" b", "quoted b");
	expect("user<spam@example.com>x", "user x");
	expect("<spam@", "");
}

static void reply_text_cuts_the_local_part_where_it_stands_alone(void **state)
{
	(void)state;
	expect("(jane.doe) <Jane.Doe> \"jane.doe\" x", "x");
	assert_string_equal(words_of("quota... User (quota) unknown", "quota@a.example"),
		"user unknown");
	assert_string_equal(words_of("user quota exceeded", "quota@a.example"),
		"user quota exceeded");
	assert_string_equal(words_of("user () unknown", "@a.example"), "user unknown");
}

static void reply_text_cuts_hosts_links_and_ids(void **state)
{
	(void)state;
	expect("at mx10.spam.example [192.0.2.1] x", "at x");
	expect("x https://spam.example/?p=OverQuota y", "x y");
	expect("x HTTP://SPAM.EXAMPLE y", "x y");
	expect("does not exist.Please try", "does not exist please try");
	expect("RESOLVER.ADR.RecipNotFound; not", "resolver adr recipnotfound not");
	expect("x p22nn000202cat.22 - gsmtp 1234567890", "x gsmtp");
	expect("OFR_416 IB607 LPN007_420 CS01", "ofr 416 ib607 lpn007 420 cs01");
	expect("end. of sentence.", "end of sentence");
}

static void reply_text_takes_off_an_introduction(void **state)
{
	(void)state;
	expect("host MX1.Example.com[192.0.2.1] said: 550 no (in reply to RCPT TO "
	       "command)",
		"no in reply to rcpt to command");
	assert_string_equal(text.host, "mx1.example.com");
	assert_int_equal(text.code, 550);
	expect("Remote host said: 550 5.1.1 no", "no");
	assert_string_equal(text.host, "");
	expect("he said: no", "he said no");
}

static void reply_text_bounds_everything(void **state)
{
	char long_text[4096];

	(void)state;
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	assert_int_equal(strlen(words_of(long_text, "")), REPORT_TEXT_MAX - 1);
	for (size_t i = 0; i < sizeof long_text - 1; i += 2)
		long_text[i] = ' ';
	words_of(long_text, "");
	assert_true(text.words_len <= REPLY_WORDS_MAX);
	assert_true(text.words_len >= REPORT_TEXT_MAX / 2 - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_text_lowers_and_divides_words),
		cmocka_unit_test(reply_text_joins_what_is_one_word),
		cmocka_unit_test(reply_text_divides_what_has_no_blanks),
		cmocka_unit_test(reply_text_reads_a_link_where_there_is_nothing_else),
		cmocka_unit_test(reply_text_keeps_an_answer_within_an_answer),
		cmocka_unit_test(reply_text_drops_accents),
		cmocka_unit_test(reply_text_cuts_codes_and_keeps_them),
		cmocka_unit_test(reply_text_takes_no_address_for_a_code),
		cmocka_unit_test(reply_text_keeps_few_codes),
		cmocka_unit_test(reply_text_cuts_addresses),
		cmocka_unit_test(reply_text_cuts_the_local_part_where_it_stands_alone),
		cmocka_unit_test(reply_text_cuts_hosts_links_and_ids),
		cmocka_unit_test(reply_text_takes_off_an_introduction),
		cmocka_unit_test(reply_text_bounds_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
