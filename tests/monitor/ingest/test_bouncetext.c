/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/bouncetext.h"

static struct bouncetext_list list;

static size_t read_notice(const char *notice, const struct bouncetext_hints *hints)
{
	static const struct bouncetext_hints none = {0};

	bouncetext_read(notice, strlen(notice), hints == NULL ? &none : hints, &list);
	return list.len;
}

static void bouncetext_ends_the_notice_at_the_copy(void **state)
{
	static const char *const separators[] = {
		"--- Below this line is a copy of the message.",
		"------ This is a copy of the message, including all the headers. ------",
		"----- Original message -----",
		"Original message follows.",
		"   ----- Unsent message follows -----",
		"Message headers follow.",
		"--- The header of the original message is following. ---",
		"------- Returned Message --------",
		"Received: from a by b",
		"return-path: <a@b.example>",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof separators / sizeof separators[0]; i++) {
		snprintf(text, sizeof text, "\nnotice\n\n%s\nrest\n", separators[i]);
		assert_int_equal(bouncetext_notice_length(text, strlen(text)),
			(size_t)(strstr(text, separators[i]) - text) +
				strspn(separators[i], " "));
	}
	snprintf(text, sizeof text, "returning message to sender\nReceived mail\n");
	assert_int_equal(bouncetext_notice_length(text, strlen(text)), strlen(text));
}

static void bouncetext_weighs_headers(void **state)
{
	(void)state;
	assert_int_equal(bouncetext_is_bounce("MAILER-DAEMON@a.example",
				 "Undelivered Mail Returned to Sender"),
		2);
	assert_int_equal(bouncetext_is_bounce("postmaster@a.example", "Hello"), 1);
	assert_int_equal(bouncetext_is_bounce("kim@a.example", "failure notice"), 1);
	assert_int_equal(bouncetext_is_bounce("kim@a.example", "Re: March"), 0);
	assert_true(bouncetext_says_so("It could NOT be delivered", 25));
	assert_false(bouncetext_says_so("It was delivered", 16));
	assert_true(bouncetext_is_delay("has been delayed", 16));
	assert_false(bouncetext_is_delay("has been lost", 13));
}

static void bouncetext_reads_a_paragraph_for_each(void **state)
{
	(void)state;
	assert_int_equal(read_notice("I could not deliver.\n\n"
				     "<kim@example.org>:\n"
				     "192.0.2.1 does not like recipient.\n"
				     "Remote host said: 550 5.1.1 no such\nuser\n\n"
				     "<alex@example.org>:\nno such host\n\n"
				     "<KIM@example.org>: again\n\nGoodbye\n",
				 NULL),
		2);
	assert_string_equal(list.items[0].recipient, "kim@example.org");
	assert_string_equal(list.items[0].text, "550 5.1.1 no such user");
	assert_string_equal(list.items[0].ip, "192.0.2.1");
	assert_true(list.items[0].answered);
	assert_string_equal(list.items[1].recipient, "alex@example.org");
	assert_string_equal(list.items[1].text, "no such host");
	assert_false(list.items[1].answered);
}

static void bouncetext_prefers_an_answer_to_prose(void **state)
{
	(void)state;
	assert_int_equal(read_notice("Delivery failed to:\n\nkim@example.org\n"
				     "The address was not found.\n\nDetails:\n\n"
				     "kim@example.org\nServer returned '550 5.1.10 x'\n",
				 NULL),
		1);
	assert_string_equal(list.items[0].text, "550 5.1.10 x'");
}

static void bouncetext_shares_what_is_said_of_all(void **state)
{
	(void)state;
	assert_int_equal(
		read_notice("The account is disabled.\n\n<kim@example.org>\n", NULL), 1);
	assert_string_equal(
		list.items[0].text, "The account is disabled. <kim@example.org>");
}

static void bouncetext_falls_back_on_hints_in_order(void **state)
{
	struct bouncetext_hints hints = {
		.failed = "a@example.org,\tb@example.org, nonsense",
		.sender = "news@example.net",
		.original_to = "Kim <kim@example.org>",
	};

	(void)state;
	assert_int_equal(read_notice("save to inbox\nmailbox is full\n", &hints), 2);
	assert_string_equal(list.items[0].recipient, "a@example.org");
	assert_string_equal(list.items[1].recipient, "b@example.org");
	hints.failed = "";
	assert_int_equal(
		read_notice("Dear news@example.net\nCould not deliver from "
			    "news@example.net to <x@example.org>, y@example.org\n",
			&hints),
		1);
	assert_string_equal(list.items[0].recipient, "x@example.org");
	assert_int_equal(read_notice("No valid recipients\n", &hints), 1);
	assert_string_equal(list.items[0].recipient, "kim@example.org");
	hints.original_to = "";
	assert_int_equal(read_notice("No valid recipients\n", &hints), 0);
	/* Who gets the bounce was not missed by it. */
	assert_int_equal(read_notice("news@example.net\n", &hints), 0);
}

static void bouncetext_is_bounded(void **state)
{
	size_t lines = 20000;
	char *text = malloc(lines * 32);
	size_t used = 0;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < lines; i++)
		used += (size_t)sprintf(text + used, "<a%zu@example.org>: 550 x\n", i);
	bouncetext_read(text, used, &(struct bouncetext_hints){0}, &list);
	assert_int_equal(list.len, BOUNCETEXT_RECIPIENTS_MAX);
	memset(text, 'x', used);
	memcpy(text, "<a@example.org>:\n", 17);
	bouncetext_read(text, used, &(struct bouncetext_hints){0}, &list);
	assert_int_equal(list.len, 1);
	assert_int_equal(strlen(list.items[0].text), REPORT_TEXT_MAX - 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bouncetext_ends_the_notice_at_the_copy),
		cmocka_unit_test(bouncetext_weighs_headers),
		cmocka_unit_test(bouncetext_reads_a_paragraph_for_each),
		cmocka_unit_test(bouncetext_prefers_an_answer_to_prose),
		cmocka_unit_test(bouncetext_shares_what_is_said_of_all),
		cmocka_unit_test(bouncetext_falls_back_on_hints_in_order),
		cmocka_unit_test(bouncetext_is_bounded),
	};

	return cmocka_run_group_tests_name("bouncetext", tests, NULL, NULL);
}
